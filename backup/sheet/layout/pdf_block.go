package layout

import (
	"strconv"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

const (
	textGap = 2.5 // between the parts of a block
	noteGap = 0.8 // between notes
)

// block lays out a block, on a page of its own if it must be, and on several if
// it is longer than one.
func (p *pages) block(b drawn) {
	rows := p.blockRows(b)
	if length(rows) <= p.height() {
		p.add([]row{joined(rows)}, nil)
		return
	}
	if !p.fresh() {
		p.turn()
	}
	again := joined(p.heading(b.Block, true))
	p.add(rows, &again)
}

// blockRows makes the rows of a block: with the QR codes beside the text if that
// fits on a page, else above it.
func (p *pages) blockRows(b drawn) []row {
	head := p.heading(b.Block, false)
	head = head[:len(head):len(head)]
	above := append(append(head, p.strips(b)...), p.blockText(p.column(), b.Block)...)
	room, fits := b.column()
	if !fits {
		return above
	}
	var left []row
	for i := range b.symbols {
		left = append(left, p.symbolRows(p.left, b, i)...)
	}
	both := append(head, beside(left, p.blockText(p.column().from(room), b.Block)))
	both[len(head)].gap = quiet
	if n := length(both); n > p.height() || n > length(above) {
		return above
	}
	return both
}

// heading makes the rows that a block begins with.
func (p *pages) heading(b Block, again bool) []row {
	c, text, number := p.column(), b.Heading, ""
	if b.Number > 0 {
		number = strconv.Itoa(b.Number)
		c = c.from(max(8, p.textWidth(headingStyle, number)+3))
	}
	if again {
		text = p.shortened(headingStyle, text, c.width-p.textWidth(headingStyle, continued)) + continued
	}
	rows := p.paragraph(c, headingStyle, text)
	first := rows[0]
	const below = 1.2
	rows[0] = row{gap: blockGap, height: below + first.height, draw: func(y float64) {
		p.line(p.left, y, p.right, y, thinRule)
		p.text(headingStyle, p.left, y+below+headingStyle.baseline(), number)
		first.draw(y + below)
	}}
	return rows
}

// symbolRows makes rows of a QR code and its caption.
func (p *pages) symbolRows(x float64, b drawn, i int) []row {
	s := b.symbols[i]
	code := row{gap: quiet, height: side(s) + quiet, draw: func(y float64) { p.symbol(x, y, s) }}
	return append([]row{code}, p.paragraph(column{x, side(s)}, smallStyle, b.Symbols[i].Caption)...)
}

// strips makes rows of QR codes side by side, as many as fit.
func (p *pages) strips(b drawn) (rows []row) {
	for i := 0; i < len(b.symbols); {
		x := p.left
		var strip, lines []row
		for ; i < len(b.symbols) && (x == p.left || x+side(b.symbols[i]) <= p.right); i++ {
			column := p.symbolRows(x, b, i)
			strip, lines = []row{beside(strip, column)}, abreast(lines, column)
			x += side(b.symbols[i]) + 2*quiet
		}
		if strip[0].height > p.height()-headerRoom {
			strip = lines // since a caption is very long
		}
		rows = append(rows, spaced(quiet, strip)...)
	}
	return rows
}

// blockText makes the rows of facts, lines and notes. Lines to tick stand apart from
// the others.
func (p *pages) blockText(c column, b Block) []row {
	rows := spaced(textGap, p.facts(c, b.Facts))
	for _, alike := range byTick(b.Lines) {
		rows = append(rows, spaced(textGap, p.lines(c, alike))...)
	}
	var notes []row
	for _, n := range b.Notes {
		notes = append(notes, spaced(noteGap, p.keep(p.paragraph(c, bodyStyle, n)))...)
	}
	return append(rows, spaced(textGap, notes)...)
}

// Measures of typed lines.
const (
	lineHeight = 4.9
	tickHeight = 6.8 // of a line with a box
	boxSide    = 4.0
	boxRoom    = boxSide + 2
	groupGap   = 2.7
	checkGap   = 4.5
	checkRoom  = 14.0 // at most, for the check group
	dateGap    = 5.0
	dateRoom   = 22.0
)

// A grid has the places of what the typed lines of a block consist of, so that
// they stand below each other.
type grid struct {
	x                   float64 // the box
	number              float64 // the right end of the number
	groups, check, date float64 // their left ends
	groupsWidth         float64
	tick                bool // there are boxes and dates
}

// newGrid divides a column for lines, of which all are to be ticked or none.
func (p *pages) newGrid(c column, lines []line.Line) grid {
	g := grid{x: c.x, number: c.x, tick: lines[0].Tick}
	numbers, check, natural := p.textWidth(labelStyle, numberLabel), 0.0, 0.0
	for _, l := range lines {
		numbers = max(numbers, p.textWidth(countStyle, strconv.Itoa(l.Number)))
		check = max(check, min(checkRoom, p.textWidth(checkStyle, l.Check)))
		natural = max(natural, p.groupsWidth(l.Groups))
	}
	end := c.x + c.width - check - checkGap
	if g.tick {
		g.number += boxRoom
		end -= dateRoom + dateGap
	}
	g.number += numbers
	g.groups = g.number + 2.5
	g.groupsWidth = min(natural, end-g.groups)
	g.check = g.groups + g.groupsWidth + checkGap
	g.date = g.check + check + dateGap
	return g
}

// groupsWidth is that of all groups in one line. All characters of typed lines are
// equally wide.
func (p *pages) groupsWidth(groups []string) (width float64) {
	for i, group := range groups {
		if i > 0 {
			width += groupGap
		}
		width += p.textWidth(typedStyle, "0") * float64(utf8.RuneCountInString(group))
	}
	return width
}

// lines makes rows of typed lines, below a row that says what is what.
func (p *pages) lines(c column, lines []line.Line) []row {
	g := p.newGrid(c, lines)
	header := row{height: labelStyle.height(), draw: func(y float64) {
		y += labelStyle.baseline()
		p.textTo(labelStyle, g.number, y, numberLabel)
		p.text(labelStyle, g.groups, y, groupsLabel)
		p.text(labelStyle, g.check, y, checkLabel)
		if g.tick {
			p.text(labelStyle, g.date, y, dateLabel)
		}
	}}
	rows := []row{header}
	for i, l := range lines {
		for _, r := range p.keep(p.typedLine(g, l)) {
			r.header = &header
			rows = append(rows, r)
		}
		if i == 0 {
			rows = p.keep(rows) // the header does not stay behind
		}
	}
	return rows
}

// typedLine makes the rows of a line: one, if its groups fit side by side. They are
// struck through if it is used.
func (p *pages) typedLine(g grid, l line.Line) []row {
	height := lineHeight
	if l.Tick {
		height = tickHeight
	}
	base := height/2 + typedStyle.middle() // such that capitals stand in the middle of the row
	cells := func(s textStyle, x float64, texts []string) []row {
		return each(texts, func(text string) row {
			return row{height: height, draw: func(y float64) { p.text(s, x, y+base, text) }}
		})
	}
	rows := each(p.flow(l.Groups, g.groupsWidth), func(groups []group) row {
		return row{height: height, draw: func(y float64) {
			for _, group := range groups {
				p.text(typedStyle, g.groups+group.x, y+base, group.text)
			}
			if n := len(groups); n > 0 && l.Used != "" {
				const over = 1.0
				last := groups[n-1]
				p.line(g.groups-over, y+height/2, g.groups+last.x+p.textWidth(typedStyle, last.text)+over, y+height/2, thinRule)
			}
		}}
	})
	last := len(rows) - 1
	rows = append(rows[:last:last], abreast(rows[last:], cells(checkStyle, g.check, p.wrap(checkStyle, l.Check, checkRoom)))...)
	rows = abreast(rows, cells(typedDate, g.date, p.wrap(typedDate, l.Used, dateRoom)))
	mark := row{height: height, draw: func(y float64) {
		p.textTo(countStyle, g.number, y+base, strconv.Itoa(l.Number))
		if !l.Tick {
			return
		}
		p.box(g.x, y+(height-boxSide)/2, boxSide, l.Used != "")
		under := y + height - 1
		p.line(g.date, under, g.date+dateRoom, under, thinRule)
	}}
	rows[0] = beside([]row{mark}, rows[:1])
	return rows
}

// A group of characters stands so far right of the first one.
type group struct {
	x    float64
	text string
}

// flow breaks groups into lines of a width. A group that is wider than that is
// broken itself.
func (p *pages) flow(groups []string, width float64) [][]group {
	lines := make([][]group, 1)
	x := 0.0
	for _, g := range groups {
		for i, part := range p.wrap(typedStyle, g, width) {
			wide := p.textWidth(typedStyle, part)
			if i > 0 || x > 0 && x+wide > width {
				lines, x = append(lines, nil), 0
			}
			lines[len(lines)-1] = append(lines[len(lines)-1], group{x, part})
			x += wide + groupGap
		}
	}
	return lines
}
