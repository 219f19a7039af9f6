package layout

import (
	"strconv"

	"github.com/tokenctl/tokenctl/oath/qr"
)

// block lays out a block, on a page of its own if it must be, and on several if
// it is longer than one.
func (p *pages) block(pen *canvas, b Block, symbols []*qr.Symbol) {
	rows := p.blockRows(pen, b, symbols)
	if length(rows) <= p.height() {
		p.add([]row{joined(rows)}, nil)
		return
	}
	if !p.fresh() {
		p.turn()
	}
	again := joined(p.heading(pen, b, true))
	p.add(rows, &again)
}

// blockRows makes the rows of a block: with the QR codes beside the text if that
// fits on a page, else above it.
func (p *pages) blockRows(pen *canvas, b Block, symbols []*qr.Symbol) []row {
	head := p.heading(pen, b, false)
	above := append(head[:len(head):len(head)], p.above(pen, b, symbols)...)
	if _, fits := symbolColumn(symbols); !fits || len(symbols) == 0 || !b.hasText() {
		return above
	}
	beside := append(head[:len(head):len(head)], p.beside(pen, b, symbols))
	if n := length(beside); n > p.height() || n > length(above) {
		return above
	}
	return beside
}

// heading makes the rows that a block begins with.
func (p *pages) heading(pen *canvas, b Block, again bool) []row {
	c, text := column{p.left, p.width()}, b.Heading
	number := ""
	if b.Number > 0 {
		number = strconv.Itoa(b.Number)
		c = c.from(max(8, pen.width(headingStyle, number)+3))
	}
	if again {
		text = pen.shortened(headingStyle, text, c.width-pen.width(headingStyle, continued)) + continued
	}
	rows := pen.paragraph(c, headingStyle, text)
	first := rows[0]
	const below = 1.2
	rows[0] = row{gap: blockGap, height: below + first.height, draw: func(pen *canvas, y float64) {
		pen.line(p.left, y, p.right, y, thinRule)
		pen.text(headingStyle, p.left, y+below+headingStyle.baseline(), number)
		first.draw(pen, y+below)
	}}
	return rows
}

// beside makes one row of a block's QR codes and its text at their right.
func (p *pages) beside(pen *canvas, b Block, symbols []*qr.Symbol) row {
	room, _ := symbolColumn(symbols)
	var left []row
	for i, s := range symbols {
		left = append(left, pen.symbolRows(p.left, s, b.Symbols[i].Caption)...)
	}
	r := beside(left, p.text(pen, column{p.left, p.width()}.from(room), b))
	r.gap = quiet
	return r
}

// above makes rows of a block's QR codes, and then of its text.
func (p *pages) above(pen *canvas, b Block, symbols []*qr.Symbol) []row {
	return append(p.strips(pen, b, symbols), p.text(pen, column{p.left, p.width()}, b)...)
}

// text makes the rows of facts, lines and notes.
func (p *pages) text(pen *canvas, c column, b Block) []row {
	rows := spaced(textGap, p.facts(pen, c, b.Facts))
	rows = append(rows, spaced(textGap, p.lines(pen, c, b.Lines))...)
	return append(rows, spaced(textGap, p.notes(pen, c, b.Notes))...)
}

func (b Block) hasText() bool { return len(b.Facts)+len(b.Lines)+len(b.Notes) > 0 }
