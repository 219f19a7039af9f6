package layout

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/tokenctl/tokenctl/oath/qr"
)

// printed is the date in a PDF's metadata, always the same, so that the same
// document makes the same bytes.
var printed = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// WritePDF writes the document as a PDF that has all it needs in it, in black
// alone. The same document makes the same bytes. Each block stands on one page,
// unless it is longer than that; then it is continued in whole lines.
//
// Characters that neither the fonts in the program nor the document's have, and those
// that do not show, are written as [U+65E5], and the block says so. WritePDF returns ErrSymbolTooLarge for a
// document with such a QR code.
func (d Document) WritePDF(w io.Writer, paper Paper) error {
	p, err := d.pages(paper)
	if err != nil {
		return err
	}
	p.draw(d.Foot)
	if err := p.pdf.Output(w); err != nil {
		return fmt.Errorf("writing the PDF: %w", err)
	}
	return nil
}

// CountPages returns how many pages WritePDF fills.
func (d Document) CountPages(paper Paper) (int, error) {
	p, err := d.pages(paper)
	if err != nil {
		return 0, err
	}
	return len(p.all), nil
}

// pages lays the document out.
func (d Document) pages(paper Paper) (*pages, error) {
	script := newTypesetter(d.Fonts)
	d, blocks, err := d.encoded(paper, script.shows)
	if err != nil {
		return nil, err
	}
	p := newPages(paper, script)
	page := p.column()
	p.add(p.title(page, d.Title), nil)
	p.add(spaced(sectionGap, p.facts(page, d.Facts)), nil)
	for _, s := range d.Steps {
		p.add(p.keep(p.steps(page, s)), nil)
	}
	for _, b := range blocks {
		p.block(b)
	}
	return p, nil
}

func (p *pages) title(c column, title string) []row {
	if title == "" {
		return nil
	}
	return append(p.paragraph(c, titleStyle, title), row{gap: 2, height: thickRule, draw: func(y float64) {
		p.line(c.x, y, c.x+c.width, y, thickRule)
	}})
}

// steps makes rows of instructions. Their heading stays with the first.
func (p *pages) steps(c column, s Steps) []row {
	const indent, between = 7, 0.7
	rows := p.paragraph(c, sectionStyle, s.Heading)
	for i, step := range s.Steps {
		lines := p.paragraph(c.from(indent), bodyStyle, step)
		number := p.paragraph(c, strongStyle, strconv.Itoa(i+1)+".")
		lines[0] = beside(number[:1], lines[:1])
		rows = append(rows, spaced(between, p.keep(lines))...)
		if i == 0 {
			rows = p.keep(rows)
		}
	}
	return spaced(sectionGap, rows)
}

// A textStyle is how text looks.
type textStyle struct {
	family string
	size   float64 // in points
}

// The styles of a sheet.
var (
	titleStyle   = textStyle{bold, 22}
	sectionStyle = textStyle{bold, 13}
	headingStyle = textStyle{bold, 12}
	bodyStyle    = textStyle{regular, 10}
	strongStyle  = textStyle{bold, 10}
	smallStyle   = textStyle{regular, 8.5}
	typedStyle   = textStyle{mono, 10}
	checkStyle   = textStyle{monoBold, 10}
	countStyle   = textStyle{mono, 8}
	labelStyle   = textStyle{regular, 7}
	typedDate    = textStyle{mono, 9}
)

// point is 1/72 of an inch, in millimetres.
const point = 25.4 / 72

// height is that of a line of text, in millimetres.
func (s textStyle) height() float64 { return 1.3 * s.size * point }

// baseline is how far below the top of its line text stands.
func (s textStyle) baseline() float64 { return s.size * point }

// middle is how far above its baseline the middle of a capital is (the Go fonts'
// are 0.72 of their size high).
func (s textStyle) middle() float64 { return 0.36 * s.size * point }

// A canvas measures text, and draws on a page of a PDF. Lengths are in millimetres,
// from the upper left corner.
type canvas struct {
	pdf         *fpdf.Fpdf
	paperHeight float64
	script      *typesetter // of what the fonts in the program lack
}

// newCanvas returns an empty PDF that reveals nothing of who made it, when, and what
// for.
func newCanvas(paper Paper, script *typesetter) canvas {
	width, height := paper.size()
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: width, Ht: height}})
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(printed)
	pdf.SetModificationDate(printed)
	pdf.SetProducer("", false)
	pdf.SetTitle(neutralTitle, false)
	pdf.SetLang("en")
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	addFonts(pdf)
	return canvas{pdf, height, script}
}

// textTo writes such that the text ends at x.
func (c canvas) textTo(s textStyle, x, y float64, text string) {
	c.text(s, x-c.textWidth(s, text), y, text)
}

// shortened returns as much of a text as a line of a width holds.
func (c canvas) shortened(s textStyle, text string, width float64) string {
	const more = "…"
	if first := c.wrap(s, text, width)[0]; first != text {
		return c.wrap(s, text, width-c.textWidth(s, more))[0] + more
	}
	return text
}

func (c canvas) line(x1, y1, x2, y2, thickness float64) {
	c.pdf.SetLineWidth(thickness)
	c.pdf.Line(x1, y1, x2, y2)
}

// box draws a square to tick, ticked or not.
func (c canvas) box(x, y, side float64, ticked bool) {
	const thin, thick, inset = 0.25, 0.45, 0.7
	c.pdf.SetLineWidth(thin)
	c.pdf.Rect(x, y, side, side, "D")
	if ticked {
		c.line(x+inset, y+inset, x+side-inset, y+side-inset, thick)
		c.line(x+inset, y+side-inset, x+side-inset, y+inset, thick)
	}
}

// symbol draws a QR code without its margin. All of it is one path, since viewers
// leave hairlines between shapes that touch.
func (c canvas) symbol(x, y float64, s *qr.Symbol) {
	var path bytes.Buffer
	scale := module / point
	fmt.Fprintf(&path, "q %.4f 0 0 %.4f %.4f %.4f cm", scale, -scale, x/point, (c.paperHeight-y)/point)
	for _, r := range runsOf(s) {
		fmt.Fprintf(&path, " %d %d %d 1 re", r.x, r.y, r.length)
	}
	path.WriteString(" f Q\n")
	c.pdf.RawWriteBuf(&path)
}
