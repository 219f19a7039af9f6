package layout

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

const (
	headingGap = 1.2 // between a rule and a heading
	besideGap  = 2.1 // around a rule beside QR codes
	textGap    = 1.5 // between the parts of a block
	noteGap    = 0.8 // between notes
)

// How wide text and typed lines beside a QR code are at least.
const (
	leastBeside  = 28.0
	leastOfLines = 34.0
)

// blocks lays out a block and those that belong to it: on the page that it is on, if that
// or the next one has room for all.
func (p *pages) blocks(all []*drawn) {
	place := func() {
		for _, b := range all {
			p.block(b)
		}
	}
	before, pages := *p, slices.Clone(p.all)
	place()
	begun, ended := p.ofBlocks[len(before.ofBlocks)], p.ofBlocks[len(p.ofBlocks)-1]
	if begun == ended || begun > len(pages) || before.current == 0 && before.isFresh {
		return
	}
	*p = before
	p.all = pages
	for p.current > 0 || !p.isFresh {
		p.turn()
	}
	place()
}

// block lays out a block: in one column, unless it is longer than that. Where only lines
// to tick are too many, they go on in the next column of the page.
func (p *pages) block(b *drawn) {
	const least = 3 // lines to tick, below all else
	_, ticks := byTick(b.Lines)
	all := p.blockRows(b)
	isSplit := len(ticks) > least && p.current+1 < p.columns && p.fits(all[:len(all)-len(ticks)+least])
	for !p.fits(all) && !isSplit && (!p.isFresh || p.y > p.top && length(all) <= p.height()) {
		p.turn()
		all = p.blockRows(b)
	}
	if p.fits(all) {
		all = []row{joined(all)}
	}
	again := p.again(b.Block)
	p.add(all[:1], nil)
	p.ofBlocks = append(p.ofBlocks, len(p.all))
	p.add(all[1:], &again)
	p.ruled = 0
	if len(ticks) == 0 {
		p.ruled = slices.Max(append(b.sides, 0))
	}
}

// blockRows makes the rows of a block: its QR codes beside the text, and lines too, where
// there is room and that is shorter; else one below the other. Lines to tick stand below
// all else.
func (p *pages) blockRows(b *drawn) []row {
	c := p.column()
	lines, ticks := byTick(b.Lines)
	below := spaced(textGap, p.lines(c, ticks))
	under := spaced(quiet, slices.Concat(p.lines(c, lines), below))
	best := slices.Concat(p.rule(c, blockGap), spaced(headingGap, p.title(c, b.Block)), p.strips(b), spaced(quiet, p.blockText(c, b.Block, nil)), under)
	if len(b.sides) == 0 {
		return best
	}
	right := c.from(slices.Max(b.sides) + quiet)
	if right.width < leastBeside {
		return best
	}
	for _, lines := range [][]line.Line{nil, lines} {
		text := p.title(right, b.Block)
		for _, y := range b.Symbols {
			if y.Caption != "" {
				text = append(text, spaced(noteGap, p.paragraph(right, smallStyle, y.Caption))...)
			}
		}
		text = append(text, spaced(textGap, p.blockText(right, b.Block, lines))...)
		rest := under
		if len(lines) > 0 {
			if right.width < leastOfLines {
				break
			}
			rest = spaced(quiet, below)
		}
		rows := slices.Concat(p.rule(right.from(max(0, p.ruled-slices.Max(b.sides))), besideGap), spaced(besideGap, []row{beside(text, p.stack(b))}), rest)
		if len(best) == 0 || length(rows) <= min(length(best), p.height()) {
			best = rows
		}
	}
	return best
}

// rule makes the row that a block begins with, which keeps clear of QR codes above it and
// below it. The first block in a column has none.
func (p *pages) rule(c column, gap float64) []row {
	if p.isFresh {
		return nil
	}
	return []row{{gap: gap, draw: func(y float64) { p.line(c.x, y, c.x+c.width, y, thinRule) }}}
}

// again makes the row that stands where a block is continued.
func (p *pages) again(b Block) row {
	c := p.column()
	b.Heading = p.shortened(headingStyle, b.Heading, c.width-p.textWidth(headingStyle, continued)-10) + continued
	return joined(p.title(c, b))
}

// title makes rows of a block's number and heading: on one row, if it fits in smaller
// letters.
func (p *pages) title(c column, b Block) []row {
	var number []row
	if b.Number > 0 {
		number = p.paragraph(c, countStyle, strconv.Itoa(b.Number))
		c = c.from(max(5, p.textWidth(countStyle, strconv.Itoa(b.Number))+2))
	}
	style := headingStyle
	for small := style; small.size >= smallStyle.size; small.size -= 0.5 {
		if p.textWidth(small, b.Heading) <= c.width {
			style = small
			break
		}
	}
	rows := p.paragraph(c, style, b.Heading)
	rows[0] = beside(number, rows[:1])
	return rows
}

// symbolRows makes rows of a QR code and its caption.
func (p *pages) symbolRows(x float64, b *drawn, i int) []row {
	rows := []row{{gap: quiet, height: b.sides[i], draw: func(y float64) { p.symbol(x, y, b.symbols[i]) }}}
	if caption := b.Symbols[i].Caption; caption != "" {
		rows = append(rows, spaced(quiet, p.paragraph(column{x, b.sides[i]}, smallStyle, caption))...)
	}
	return rows
}

// stack makes rows of QR codes one below the other, without their captions.
func (p *pages) stack(b *drawn) (rows []row) {
	for i := range b.sides {
		rows = append(rows, p.symbolRows(0, b, i)[0])
	}
	return rows
}

// strips makes rows of QR codes side by side, as many as fit.
func (p *pages) strips(b *drawn) (rows []row) {
	for i := 0; i < len(b.sides); {
		x := 0.0
		var strip, lines []row
		for ; i < len(b.sides) && (x == 0 || x+b.sides[i] <= p.column().width); i++ {
			column := p.symbolRows(x, b, i)
			strip, lines = []row{beside(strip, column)}, abreast(lines, column)
			x += b.sides[i] + quiet
		}
		if strip[0].height > p.height()-headerRoom {
			strip = lines // since a caption is very long
		}
		rows = append(rows, spaced(quiet, strip)...)
	}
	return rows
}

// blockText makes the rows of facts, lines and notes.
func (p *pages) blockText(c column, b Block, lines []line.Line) (rows []row) {
	for _, f := range b.Facts {
		rows = append(rows, p.keep(p.paragraph(c, smallStyle, f.Name+": "+f.Value))...)
	}
	rows = append(rows, spaced(textGap, p.lines(c, lines))...)
	var notes []row
	for _, n := range b.Notes {
		notes = append(notes, spaced(noteGap, p.keep(p.paragraph(c, smallStyle, n)))...)
	}
	return append(rows, spaced(textGap, notes)...)
}

// Measures of typed lines.
const (
	lineHeight = 3.9
	tickHeight = 5.1 // of a line with a box
	boxSide    = 3.6
	boxRoom    = boxSide + 1.5
	groupGap   = 2.1
	checkGap   = 3.2
	checkRoom  = 14.0 // at most, for the check group
	dateGap    = 3.5
	dateRoom   = 19.0
)

// A grid has the places of what the typed lines of a block consist of, so that
// they stand below each other.
type grid struct {
	x                   float64 // the box
	number              float64 // the right end of the number
	groups, check, date float64 // their left ends
	groupsWidth         float64 // of the row that the check is in
	wide                float64 // of rows above it
	tick                bool    // there are boxes and dates
}

// newGrid divides a column for lines, all of which can be ticked or none.
func (p *pages) newGrid(c column, lines []line.Line) grid {
	g := grid{x: c.x, number: c.x, tick: lines[0].Tick}
	numbers, check, natural := 0.0, 0.0, 0.0
	if g.tick {
		numbers = p.textWidth(labelStyle, numberLabel)
	}
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
	g.groups = g.number + 1.8
	const rounding = 0.1
	g.groupsWidth = min(natural+rounding, end-g.groups)
	g.wide = g.groupsWidth
	if !g.tick {
		g.wide = c.x + c.width - g.groups
	}
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

// lines makes rows of typed lines. Above those to tick, a row says what is what.
func (p *pages) lines(c column, lines []line.Line) (rows []row) {
	if len(lines) == 0 {
		return nil
	}
	g := p.newGrid(c, lines)
	var header *row
	if g.tick {
		header = &row{height: labelStyle.height(), draw: func(y float64) {
			y += labelStyle.baseline()
			p.textTo(labelStyle, g.number, y, numberLabel)
			p.text(labelStyle, g.groups, y, groupsLabel)
			p.text(labelStyle, g.check, y, checkLabel)
			p.text(labelStyle, g.date, y, dateLabel)
		}}
		rows = append(rows, *header)
	}
	for i, l := range lines {
		for _, r := range p.keep(p.typedLine(g, l)) {
			r.header = header
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
	rows := each(p.flow(l.Groups, g.wide, g.groupsWidth), func(groups []group) row {
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

// flow breaks groups into lines of a width, and the last of another. A group that is wider
// than that begins where there is room and is broken itself: at a joint, or else anywhere.
func (p *pages) flow(groups []string, width, ofLast float64) [][]group {
	lines := make([][]group, 1)
	x, one := 0.0, p.textWidth(typedStyle, "0")
	turn := func() { lines, x = append(lines, nil), 0 }
	for _, g := range groups {
		wide := one * float64(utf8.RuneCountInString(g))
		if x > 0 && x+wide > width && (wide <= width || x+one > width) {
			turn()
		}
		for g != "" {
			part := p.wrap(typedStyle, g, width-x)[0]
			if joint := strings.LastIndexAny(part, joints); part != g && joint >= 0 {
				part = part[:joint+1]
			} else if part != g && x > 0 {
				turn()
				continue
			}
			lines[len(lines)-1] = append(lines[len(lines)-1], group{x, part})
			x += p.textWidth(typedStyle, part) + groupGap
			if g = g[len(part):]; g != "" {
				turn()
			}
		}
	}
	last := len(lines) - 1
	if x-groupGap <= ofLast || width == ofLast {
		return lines
	}
	ends := each(lines[last], func(g group) string { return g.text })
	return append(lines[:last], p.flow(ends, ofLast, ofLast)...)
}
