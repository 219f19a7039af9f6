package layout

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/bidi"
)

// isPlain reports whether the fonts in the program show a text, from left to right.
func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !printable(r) })
}

// text writes from x to the right, y being the baseline.
func (c canvas) text(s textStyle, x, y float64, text string) {
	c.pdf.SetFont(s.family, "", s.size)
	x += c.origin
	if isPlain(text) {
		c.pdf.Text(x, y, text)
		return
	}
	runes := []rune(text)
	for _, p := range c.script.line(runes) {
		switch {
		case p.face != nowhere:
			for _, shape := range p.shapes {
				isBold := s.family == bold || s.family == monoBold
				c.path(s, x, y, shape, isBold && unicode.IsLetter(runes[shape.start]))
				wide := shape.width * s.size * point
				c.invisible(x, y, wide, p.visual(runes[shape.start:shape.end]))
				x += wide
			}
		case p.isRightToLeft():
			for _, r := range p.visual([]rune(p.text)) {
				mirrored := bidi.ReverseString(string(r))
				c.meaning(r, func() { c.pdf.Text(x, y, mirrored) })
				x += c.pdf.GetStringWidth(mirrored)
			}
		default:
			c.pdf.Text(x, y, p.text)
			x += c.pdf.GetStringWidth(p.text)
		}
	}
}

// path draws a shape. A bold one has a contour, which would fill the holes of pictures.
func (c canvas) path(s textStyle, x, y float64, drawn shape, isBold bool) {
	operator := "f"
	if isBold {
		const contour = 0.02 // of the size
		operator = fmt.Sprintf("1 j %.2f w B", contour/drawn.unit)
	}
	scale := drawn.unit * s.size
	c.pdf.RawWriteStr(fmt.Sprintf("q %.6f 0 0 %.6f %.4f %.4f cm\n%s%s Q",
		scale, scale, x/point, (c.paperHeight-y)/point, drawn.path, operator))
}

// invisible writes what a shape means where it stands, without ink: fpdf's fonts say what
// a character is, whether they have it or not. Programs that read a PDF take the order of
// characters from their places.
func (c canvas) invisible(x, y, wide float64, runes []rune) {
	wide /= float64(len(runes))
	for i, r := range runes {
		text := string(r)
		if r > lastOfBMP || c.pdf.GetStringWidth(text) == 0 {
			text = " " // for programs that know replacement texts
		}
		const percent = 100
		c.meaning(r, func() {
			c.pdf.RawWriteStr(fmt.Sprintf("q 3 Tr %.4f Tz", percent*wide/c.pdf.GetStringWidth(text)))
			c.pdf.Text(x+wide*float64(i), y, text)
			c.pdf.RawWriteStr("Q")
		})
	}
}

// meaning has programs read what is drawn as a character (ISO 32000-1, 14.9.4,
// "Replacement text").
func (c canvas) meaning(r rune, draw func()) {
	var actual string
	for _, unit := range utf16.Encode([]rune{r}) {
		actual += fmt.Sprintf("%04X", unit)
	}
	c.pdf.RawWriteStr("/Span <</ActualText <FEFF" + actual + ">>> BDC")
	draw()
	c.pdf.RawWriteStr("EMC")
}

// wrap breaks a text into lines of a width.
func (c canvas) wrap(s textStyle, text string, width float64) []string {
	c.pdf.SetFont(s.family, "", s.size)
	if isPlain(text) {
		return wrap(text, width, func(r rune) float64 { return c.pdf.GetStringWidth(string(r)) })
	}
	advances := c.advances(s, text)
	return wrap(text, width, func(rune) float64 { // asks for each in turn
		next := advances[0]
		advances = advances[1:]
		return next
	})
}

// textWidth is that of a text in one line.
func (c canvas) textWidth(s textStyle, text string) (width float64) {
	c.pdf.SetFont(s.family, "", s.size)
	if isPlain(text) {
		return c.pdf.GetStringWidth(text)
	}
	for _, advance := range c.advances(s, text) {
		width += advance
	}
	return width
}

// advances returns how far each character of a text takes the next, in the current font.
// What is drawn as one shape is with the first of its characters.
func (c canvas) advances(s textStyle, text string) []float64 {
	runes := []rune(text)
	all := make([]float64, len(runes))
	for _, p := range c.script.line(runes) {
		for i := p.start; i < p.end && p.face == nowhere; i++ {
			all[i] = c.pdf.GetStringWidth(legible(string(runes[i]), isPlain))
		}
		for _, shape := range p.shapes {
			all[shape.start] = shape.width * s.size * point
		}
	}
	return all
}
