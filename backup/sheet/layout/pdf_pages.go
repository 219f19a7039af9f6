package layout

import (
	"fmt"
	"slices"
)

// What printers keep free of ink differs; 12 mm on each side suit all of them.
const (
	sideMargin  = 15.0
	topMargin   = 13.0
	footMargin  = 13.0 // below the foot
	footHeight  = 7.0
	blockGap    = 5.0
	sectionGap  = 3.0
	columnGap   = 6.0
	thinRule    = 0.25
	thickRule   = 0.7
	footSetting = 2.5  // between the foot's rule and its text
	headerRoom  = 14.0 // for what stands again where a block is continued
)

// A row is what no page cuts. It is drawn with its top at y.
type row struct {
	gap    float64 // free above it, but not at the head of a page
	height float64
	draw   func(pen *canvas, y float64)
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
	return row{gap: firstGap(rows), height: length(rows), draw: func(pen *canvas, y float64) {
		for i, r := range rows {
			if i > 0 {
				y += r.gap
			}
			r.draw(pen, y)
			y += r.height
		}
	}}
}

func firstGap(rows []row) float64 {
	if len(rows) == 0 {
		return 0
	}
	return rows[0].gap
}

// beside makes one row of two columns.
func beside(left, right []row) row {
	l, r := joined(left), joined(right)
	return row{height: max(l.height, r.height), draw: func(pen *canvas, y float64) {
		l.draw(pen, y)
		r.draw(pen, y)
	}}
}

// A placed row knows its page by the list that it is in.
type placed struct {
	row
	y float64
}

// pages collects rows for one page after the other.
type pages struct {
	left, right, top, bottom float64 // of where rows go
	all                      [][]placed
	y                        float64 // where the next row goes
}

func newPages(paper Paper) *pages {
	width, height := paper.size()
	return &pages{
		left: sideMargin, right: width - sideMargin,
		top: topMargin, bottom: height - footMargin - footHeight,
		all: make([][]placed, 1), y: topMargin,
	}
}

func (p *pages) width() float64  { return p.right - p.left }
func (p *pages) height() float64 { return p.bottom - p.top }
func (p *pages) fresh() bool     { return len(p.all[len(p.all)-1]) == 0 }

func (p *pages) turn() {
	p.all = append(p.all, nil)
	p.y = p.top
}

// fits reports whether a row has room on the page that was begun.
func (p *pages) fits(gap, height float64) bool {
	return p.fresh() || p.y+gap+height <= p.bottom
}

// keep makes rows that belong together one row, if a page can hold that below a
// heading.
func (p *pages) keep(rows []row) []row {
	if len(rows) < 2 || length(rows) > p.height()-headerRoom {
		return rows
	}
	return []row{joined(rows)}
}

// add places rows. Where they go on to another page, the row again stands first.
func (p *pages) add(rows []row, again *row) {
	for _, r := range rows {
		if !p.fits(r.gap, r.height) {
			p.turn()
			p.placeAny(again)
			p.placeAny(r.header)
		}
		p.place(r)
	}
}

func (p *pages) placeAny(r *row) {
	if r != nil {
		p.place(*r)
	}
}

func (p *pages) place(r row) {
	if !p.fresh() {
		p.y += r.gap
	}
	last := len(p.all) - 1
	p.all[last] = append(p.all[last], placed{r, p.y})
	p.y += r.height
}

// draw draws all pages, each with its foot.
func (p *pages) draw(pen *canvas, foot string) {
	for i, page := range p.all {
		pen.pdf.AddPage()
		for _, r := range page {
			r.draw(pen, r.y)
		}
		p.foot(pen, foot, fmt.Sprintf("page %d of %d", i+1, len(p.all)))
	}
}

// foot writes below the rows. A foot that is too long for the line is cut short.
func (p *pages) foot(pen *canvas, foot, number string) {
	y := p.bottom + footHeight
	top := y - smallStyle.baseline() - footSetting + 1
	pen.line(p.left, top, p.right, top, thinRule)
	pen.textTo(smallStyle, p.right, y, number)
	pen.text(smallStyle, p.left, y, pen.shortened(smallStyle, foot, p.width()-pen.width(smallStyle, number)-columnGap))
}
