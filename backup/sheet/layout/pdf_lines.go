package layout

import (
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strconv"
	"unicode/utf8"
)

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
// they stand below each other. A place that is not used has no width.
type grid struct {
	x                         float64 // the box
	number                    float64 // the right end of the number
	groups, check, date       float64 // their left ends
	groupsWidth, checkWidth   float64
	dateWidth, numbers, boxes float64
}

// newGrid divides a column for lines, of which the first is to be ticked or none.
func newGrid(pen *canvas, c column, lines []line.Line) grid {
	g := grid{x: c.x, numbers: pen.width(labelStyle, numberLabel)}
	natural := 0.0
	for _, l := range lines {
		g.numbers = max(g.numbers, pen.width(countStyle, strconv.Itoa(l.Number)))
		g.checkWidth = max(g.checkWidth, min(checkRoom, pen.width(checkStyle, l.Check)))
		natural = max(natural, pen.groupsWidth(l.Groups))
	}
	if lines[0].Tick {
		g.boxes, g.dateWidth = boxRoom, dateRoom
	}
	g.number = g.x + g.boxes + g.numbers
	g.groups = g.number + 2.5
	end := c.x + c.width - g.checkWidth - checkGap
	if g.dateWidth > 0 {
		end -= g.dateWidth + dateGap
	}
	g.groupsWidth = min(natural, end-g.groups)
	g.check = g.groups + g.groupsWidth + checkGap
	g.date = g.check + g.checkWidth + dateGap
	return g
}

// groupsWidth is that of all groups in one line.
func (pen *canvas) groupsWidth(groups []string) (width float64) {
	for i, group := range groups {
		if i > 0 {
			width += groupGap
		}
		width += pen.typed() * float64(utf8.RuneCountInString(group))
	}
	return width
}

// typed is the width of every character of typed lines.
func (pen *canvas) typed() float64 { return pen.width(typedStyle, "0") }

// lines makes rows of typed lines: those to tick apart from the others, below rows
// that say what is what.
func (p *pages) lines(pen *canvas, c column, lines []line.Line) (rows []row) {
	for _, alike := range byTick(lines) {
		rows = append(rows, spaced(textGap, p.linesAlike(pen, c, alike))...)
	}
	return rows
}

func (p *pages) linesAlike(pen *canvas, c column, lines []line.Line) []row {
	g := newGrid(pen, c, lines)
	header := g.header()
	rows := []row{header}
	for i, l := range lines {
		for _, r := range p.keep(g.line(pen, l)) {
			r.header = &header
			rows = append(rows, r)
		}
		if i == 0 {
			rows = p.keep(rows) // the header does not stay behind
		}
	}
	return rows
}

// header names the columns.
func (g grid) header() row {
	return row{height: labelStyle.height(), draw: func(pen *canvas, y float64) {
		y += labelStyle.baseline()
		pen.textTo(labelStyle, g.number, y, numberLabel)
		pen.text(labelStyle, g.groups, y, groupsLabel)
		pen.text(labelStyle, g.check, y, checkLabel)
		if g.dateWidth > 0 {
			pen.text(labelStyle, g.date, y, dateLabel)
		}
	}}
}
