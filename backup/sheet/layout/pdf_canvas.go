package layout

import (
	"bytes"
	"fmt"

	"codeberg.org/go-pdf/fpdf"

	"github.com/tokenctl/tokenctl/oath/qr"
)

// A style is how text looks.
type style struct {
	family string
	size   float64 // in points
}

// The styles of a sheet.
var (
	titleStyle   = style{bold, 22}
	sectionStyle = style{bold, 13}
	headingStyle = style{bold, 12}
	bodyStyle    = style{regular, 10}
	strongStyle  = style{bold, 10}
	smallStyle   = style{regular, 8.5}
	typedStyle   = style{mono, 10}
	checkStyle   = style{monoBold, 10}
	countStyle   = style{mono, 8}
	labelStyle   = style{regular, 7}
	typedDate    = style{mono, 9}
)

// point is 1/72 of an inch, in millimetres.
const point = 25.4 / 72

// height is that of a line of text, in millimetres.
func (s style) height() float64 { return 1.3 * s.size * point }

// baseline is how far below the top of its line text stands.
func (s style) baseline() float64 { return s.size * point }

// middle is how far above its baseline the middle of a capital is (the Go fonts'
// are 0.72 of their size high).
func (s style) middle() float64 { return 0.36 * s.size * point }

// A canvas measures text, and draws on a page of a PDF. Lengths are in millimetres,
// from the upper left corner.
type canvas struct {
	pdf    *fpdf.Fpdf
	height float64 // of the page
}

func newCanvas(paper Paper) *canvas {
	_, height := paper.size()
	return &canvas{newPDF(paper), height}
}

// wrap breaks a text into lines of a width.
func (pen *canvas) wrap(s style, text string, width float64) []string {
	pen.pdf.SetFont(s.family, "", s.size)
	return wrap(text, width, func(r rune) float64 { return pen.pdf.GetStringWidth(string(r)) })
}

func (pen *canvas) width(s style, text string) float64 {
	pen.pdf.SetFont(s.family, "", s.size)
	return pen.pdf.GetStringWidth(text)
}

// text writes from x to the right, y being the baseline.
func (pen *canvas) text(s style, x, y float64, text string) {
	pen.pdf.SetFont(s.family, "", s.size)
	pen.pdf.Text(x, y, text)
}

// textTo writes such that the text ends at x.
func (pen *canvas) textTo(s style, x, y float64, text string) {
	pen.text(s, x-pen.width(s, text), y, text)
}

func (pen *canvas) line(x1, y1, x2, y2, thickness float64) {
	pen.pdf.SetLineWidth(thickness)
	pen.pdf.Line(x1, y1, x2, y2)
}

// box draws a square to tick, ticked or not.
func (pen *canvas) box(x, y, side float64, ticked bool) {
	const thin, thick, inset = 0.25, 0.45, 0.7
	pen.pdf.SetLineWidth(thin)
	pen.pdf.Rect(x, y, side, side, "D")
	if ticked {
		pen.line(x+inset, y+inset, x+side-inset, y+side-inset, thick)
		pen.line(x+inset, y+side-inset, x+side-inset, y+inset, thick)
	}
}

// symbol draws a QR code without its margin. All of it is one path, since viewers
// leave hairlines between shapes that touch.
func (pen *canvas) symbol(x, y float64, s *qr.Symbol) {
	var path bytes.Buffer
	scale := module / point
	fmt.Fprintf(&path, "q %.4f 0 0 %.4f %.4f %.4f cm", scale, -scale, x/point, (pen.height-y)/point)
	for _, r := range runsOf(s) {
		fmt.Fprintf(&path, " %d %d %d 1 re", r.x, r.y, r.length)
	}
	path.WriteString(" f Q\n")
	pen.pdf.RawWriteBuf(&path)
}
