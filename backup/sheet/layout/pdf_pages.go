package layout

import (
	"fmt"
	"slices"
)

// What printers keep free of ink differs; 12 mm on each side suit all of them.
const (
	sideMargin  = 12.3
	topMargin   = 12.3
	footMargin  = 12.6 // below the baseline of the foot
	footHeight  = 6.8
	blockGap    = quiet
	sectionGap  = quiet
	columnGap   = 5.0
	thinRule    = 0.25
	thickRule   = 0.7
	footSetting = 1.9  // between the foot's rule and its text
	headerRoom  = 14.0 // for what stands again where a block is continued
)

// A row is what no page cuts. It is drawn with its top at y.
type row struct {
	gap    float64 // free above it, but not at the head of a page
	height float64
	draw   func(y float64)
	header *row // stands above it at the head of a page
}

// length is the height of rows one below the other, with the gaps between them.
func length(rows []row) (total float64) {
	for i, r := range rows {
		if i > 0 {
			total += r.gap
		}
		total += r.height
	}
	return total
}

// joined makes one row of several, one below the other.
func joined(rows []row) row {
	rows = slices.Clone(rows) // callers go on to replace theirs
	one := row{height: length(rows), draw: func(y float64) {
		for i, r := range rows {
			if i > 0 {
				y += r.gap
			}
			r.draw(y)
			y += r.height
		}
	}}
	if len(rows) > 0 {
		one.gap = rows[0].gap
	}
	return one
}

// beside makes one row of two columns.
func beside(left, right []row) row {
	l, r := joined(left), joined(right)
	return row{height: max(l.height, r.height), draw: func(y float64) {
		l.draw(y)
		r.draw(y)
	}}
}

// abreast makes rows of two columns, line by line.
func abreast(left, right []row) (rows []row) {
	for i := range max(len(left), len(right)) {
		switch {
		case i >= len(left):
			rows = append(rows, right[i])
		case i >= len(right):
			rows = append(rows, left[i])
		default:
			rows = append(rows, beside(left[i:i+1], right[i:i+1]))
		}
	}
	return rows
}

// spaced gives the first of the rows a gap above it.
func spaced(gap float64, rows []row) []row {
	if len(rows) > 0 {
		rows[0].gap = gap
	}
	return rows
}

// A column is where text goes on the page.
type column struct{ x, width float64 }

// from returns the part of the column that begins so far in.
func (c column) from(indent float64) column { return column{c.x + indent, c.width - indent} }

// A placed row knows its page by the list that it is in.
type placed struct {
	row
	x, y float64
}

// pages collects rows for one page after the other, and on each for one column after
// the other.
type pages struct {
	canvas
	width, top, bottom float64 // of where rows go
	columns            int     // on a page
	head               float64 // where the columns of the page begin
	current            int     // the column that rows go to
	isFresh            bool    // there is nothing in it
	y                  float64 // where the next row goes
	ruled              float64 // the side of the QR code that may end the last block
	all                [][]placed
	ofBlocks           []int // the pages of the blocks
}

func newPages(paper Paper, script *typesetter) *pages {
	width, height := paper.size()
	return &pages{
		canvas: newCanvas(paper, script), width: width - 2*sideMargin,
		top: topMargin, bottom: height - footMargin - footHeight,
		columns: 1, head: topMargin, isFresh: true, y: topMargin,
		all: make([][]placed, 1),
	}
}

// column returns where rows go, from the left end of their column on.
func (p *pages) column() column {
	return column{0, (p.width - float64(p.columns-1)*columnGap) / float64(p.columns)}
}

func (p *pages) height() float64 { return p.bottom - p.top }

// divide has two columns begin below what was placed.
func (p *pages) divide() {
	p.columns, p.isFresh = 2, true
	p.head = p.y + sectionGap
	p.y = p.head
}

// turn goes on with the next column, which may be on the next page.
func (p *pages) turn() {
	if p.current++; p.current == p.columns {
		p.all = append(p.all, nil)
		p.current, p.head = 0, p.top
	}
	p.y, p.isFresh = p.head, true
}

// keep makes rows that belong together one row, if a page can hold that below a
// heading.
func (p *pages) keep(rows []row) []row {
	if len(rows) < 2 || length(rows) > p.height()-headerRoom {
		return rows
	}
	return []row{joined(rows)}
}

// fits reports whether rows go in what is left of the column.
func (p *pages) fits(rows []row) bool {
	all := joined(rows)
	if !p.isFresh {
		all.height += all.gap
	}
	return p.y+all.height <= p.bottom
}

// add places rows. Where they go on to another column, the row again stands first.
func (p *pages) add(rows []row, again *row) {
	for i := range rows {
		r := &rows[i]
		turned := false
		for p.isFresh && p.y > p.top && p.y+r.height > p.bottom || !p.isFresh && p.y+r.gap+r.height > p.bottom {
			p.turn()
			turned = true
		}
		if turned {
			p.place(again)
			p.place(r.header)
		}
		p.place(r)
	}
}

func (p *pages) place(r *row) {
	if r == nil {
		return
	}
	if !p.isFresh {
		p.y += r.gap
	}
	last := len(p.all) - 1
	x := sideMargin + float64(p.current)*(p.column().width+columnGap)
	p.all[last] = append(p.all[last], placed{*r, x, p.y})
	p.y, p.isFresh = p.y+r.height, false
}

// draw draws all pages, each with a foot below its rows. A foot that is too long for
// the line is cut short.
func (p *pages) draw(foot string) {
	y := p.bottom + footHeight
	top := y - smallStyle.baseline() - footSetting + 1
	for i, page := range p.all {
		p.pdf.AddPage()
		for _, r := range page {
			p.origin = r.x
			r.draw(r.y)
		}
		p.origin = sideMargin
		number := fmt.Sprintf("page %d of %d", i+1, len(p.all))
		p.line(0, top, p.width, top, thinRule)
		p.text(smallStyle, 0, y, p.shortened(smallStyle, foot, p.width-p.textWidth(smallStyle, number)-columnGap))
		p.textTo(smallStyle, p.width, y, number)
	}
}

// paragraph makes a row of each line of a text.
func (p *pages) paragraph(c column, s textStyle, text string) []row {
	return each(p.wrap(s, text, c.width), func(line string) row {
		return row{height: s.height(), draw: func(y float64) { p.text(s, c.x, y+s.baseline(), line) }}
	})
}

// facts makes rows of facts, their values below each other. Where a name is long, its
// lines go on as well.
func (p *pages) facts(c column, facts []Fact) (rows []row) {
	const least, between = 24, 4
	room := float64(least)
	for _, f := range facts {
		room = max(room, p.textWidth(bodyStyle, f.Name)+between)
	}
	room = min(room, c.width*0.4)
	for _, f := range facts {
		name := p.paragraph(column{c.x, room - 2}, bodyStyle, f.Name)
		rows = append(rows, p.keep(abreast(name, p.paragraph(c.from(room), strongStyle, f.Value)))...)
	}
	return rows
}
