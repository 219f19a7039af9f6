package layout

import (
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strconv"
)

// line makes the rows of a typed line: one, if its groups fit side by side.
func (g grid) line(pen *canvas, l line.Line) []row {
	height := lineHeight
	if l.Tick {
		height = tickHeight
	}
	rows := g.groupRows(pen, l, height)
	last := len(rows) - 1
	check := cells(checkStyle, g.check, height, pen.wrap(checkStyle, l.Check, checkRoom))
	rows = append(rows[:last:last], abreast(rows[last:], check)...)
	rows = abreast(rows, cells(typedDate, g.date, height, pen.wrap(typedDate, l.Used, dateRoom)))
	rows[0] = beside([]row{g.mark(l, height)}, rows[:1])
	return rows
}

// cells makes a row of each text.
func cells(s style, x, height float64, texts []string) []row {
	return each(texts, func(text string) row {
		return row{height: height, draw: func(pen *canvas, y float64) { pen.text(s, x, typedBase(y, height), text) }}
	})
}

// typedBase is the baseline of a row of a height, such that capitals stand in its
// middle.
func typedBase(y, height float64) float64 { return y + height/2 + typedStyle.middle() }

// groupRows makes the rows of a line's groups, each struck through if it is used.
func (g grid) groupRows(pen *canvas, l line.Line, height float64) []row {
	return each(pen.flow(l.Groups, g.groupsWidth), func(groups []group) row {
		return row{height: height, draw: func(pen *canvas, y float64) {
			for _, group := range groups {
				pen.text(typedStyle, g.groups+group.x, typedBase(y, height), group.text)
			}
			if n := len(groups); n > 0 && l.Used != "" {
				const over = 1.0
				last := groups[n-1]
				pen.line(g.groups-over, y+height/2, g.groups+last.x+pen.width(typedStyle, last.text)+over, y+height/2, thinRule)
			}
		}}
	})
}

// mark makes the row with a line's number, and what is there to tick.
func (g grid) mark(l line.Line, height float64) row {
	return row{height: height, draw: func(pen *canvas, y float64) {
		pen.textTo(countStyle, g.number, typedBase(y, height), strconv.Itoa(l.Number))
		if !l.Tick {
			return
		}
		pen.box(g.x, y+(height-boxSide)/2, boxSide, l.Used != "")
		under := y + height - 1
		pen.line(g.date, under, g.date+dateRoom, under, thinRule)
	}}
}

// A group of characters stands so far right of the first one.
type group struct {
	x    float64
	text string
}

// flow breaks groups into lines of a width. A group that is wider than that is
// broken itself.
func (pen *canvas) flow(groups []string, width float64) [][]group {
	lines := make([][]group, 1)
	x := 0.0
	for _, g := range groups {
		for i, part := range pen.wrap(typedStyle, g, width) {
			wide := pen.width(typedStyle, part)
			if i > 0 || x > 0 && x+wide > width {
				lines, x = append(lines, nil), 0
			}
			lines[len(lines)-1] = append(lines[len(lines)-1], group{x, part})
			x += wide + groupGap
		}
	}
	return lines
}
