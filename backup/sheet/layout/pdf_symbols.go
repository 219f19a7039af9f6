package layout

import (
	"github.com/tokenctl/tokenctl/oath/qr"
)

// module is the side of a QR code's smallest square. At 0.8 mm it is three pixels
// of a scan at 100 dpi, which survives blur, skew and noise.
const module = 0.8

// quiet is the margin that a QR code needs around it.
const quiet = qr.QuietZone * module

const textGap = 2.5 // between the parts of a block

func side(s *qr.Symbol) float64 { return float64(s.Size()) * module }

// symbolColumn returns the width of the column of QR codes beside text, and whether
// they fit. Text begins at one of two places, that it may stand below other text.
func symbolColumn(symbols []*qr.Symbol) (width float64, fits bool) {
	for _, version := range []float64{11, 15} { // of most accounts, and the largest of backup codes
		width = (17+4*version)*module + quiet + 1
		if widest(symbols) <= width {
			return width, true
		}
	}
	return width, false
}

// widest returns the width of the widest symbol, with its margin on one side: on
// the other is that of the page, or of its neighbour.
func widest(symbols []*qr.Symbol) (width float64) {
	for _, s := range symbols {
		width = max(width, side(s)+quiet)
	}
	return width
}

// symbolRows makes rows of a QR code and its caption.
func (pen *canvas) symbolRows(x float64, s *qr.Symbol, caption string) []row {
	code := row{gap: quiet, height: side(s) + quiet, draw: func(pen *canvas, y float64) { pen.symbol(x, y, s) }}
	return append([]row{code}, pen.paragraph(column{x, side(s)}, smallStyle, caption)...)
}

// strips makes rows of QR codes side by side, as many as fit.
func (p *pages) strips(pen *canvas, b Block, symbols []*qr.Symbol) (rows []row) {
	for i := 0; i < len(symbols); {
		x := p.left
		var strip, lines []row
		for ; i < len(symbols) && (x == p.left || x+side(symbols[i]) <= p.right); i++ {
			column := pen.symbolRows(x, symbols[i], b.Symbols[i].Caption)
			strip, lines = []row{beside(strip, column)}, abreast(lines, column)
			x += side(symbols[i]) + 2*quiet
		}
		if strip[0].height > p.height()-headerRoom {
			strip = lines // since a caption is very long
		}
		rows = append(rows, spaced(quiet, strip)...)
	}
	return rows
}
