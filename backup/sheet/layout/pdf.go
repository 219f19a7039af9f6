package layout

import (
	"bytes"
	"fmt"
	"io"
	"slices"
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
	p, blocks, err := d.pages(paper)
	if err == nil {
		err = encode(blocks)
	}
	if err != nil {
		return err
	}
	p.draw(d.Foot)
	if err := p.pdf.Output(w); err != nil {
		return fmt.Errorf("writing the PDF: %w", err)
	}
	return nil
}

// Pages returns the pages, from 1, on which WritePDF begins each block, and how many
// there are.
func (d Document) Pages(paper Paper) (ofBlocks []int, all int, err error) {
	p, _, err := d.pages(paper)
	if err != nil {
		return nil, 0, err
	}
	return p.ofBlocks, len(p.all), nil
}

// pages lays the document out, with the QR codes still to be encoded. Blocks stand on the
// page of those that they belong to, unless that takes more pages.
func (d Document) pages(paper Paper) (*pages, []*drawn, error) {
	script := newTypesetter(d.Fonts)
	d, blocks, err := d.measured(paper, script.shows)
	if err != nil {
		return nil, nil, err
	}
	var together [][]*drawn
	for i, b := range blocks {
		if !b.Belongs || i == 0 {
			together = append(together, nil)
		}
		last := &together[len(together)-1]
		*last = append(*last, b)
	}
	apart := slices.Collect(slices.Chunk(blocks, 1))
	p := d.laidOut(newPages(paper, script), blocks, together)
	if len(together) < len(apart) {
		if q := d.laidOut(newPages(paper, script), blocks, apart); len(q.all) < len(p.all) {
			p = q
		}
	}
	return p, blocks, nil
}

// laidOut fills the pages: what the document is goes across the first, and all else in two
// columns.
func (d Document) laidOut(p *pages, blocks []*drawn, together [][]*drawn) *pages {
	p.add(p.banner(p.column(), d.Title), nil)
	p.add(spaced(sectionGap, p.front(d)), nil)
	p.divide()
	p.steps(d.Steps)
	p.list(d.List, blocks)
	p.steps(d.Later)
	for _, all := range together {
		p.blocks(all)
	}
	return p
}

func (p *pages) banner(c column, title string) []row {
	if title == "" {
		return nil
	}
	return append(p.paragraph(c, titleStyle, title), row{gap: 2, height: thickRule, draw: func(y float64) {
		p.line(c.x, y, c.x+c.width, y, thickRule)
	}})
}

// front makes rows of the facts, beside a box with lines to write on.
func (p *pages) front(d Document) []row {
	const lines, pitch, width, inset = 3, 7.0, 52.0, 3.0
	c := p.column()
	if d.Blank == "" {
		return p.facts(c, d.Facts)
	}
	left, height := c.width-width, inset+strongStyle.height()+lines*pitch
	box := row{height: height, draw: func(y float64) {
		p.frame(left, y, width, height)
		p.text(strongStyle, left+inset, y+inset+strongStyle.baseline()-1, p.shortened(strongStyle, d.Blank, width-2*inset))
		for i := range lines {
			under := y + height - inset - float64(i)*pitch
			p.line(left+inset, under, left+width-inset, under, thinRule)
		}
	}}
	facts := p.facts(column{c.x, left - columnGap}, d.Facts)
	if length(facts) > p.height()/2 {
		return append([]row{box}, facts...)
	}
	return []row{beside(facts, []row{box})}
}

// steps places instructions. Their heading stays with the first.
func (p *pages) steps(all []Steps) {
	const indent, between = 6, 0.7
	c := p.column()
	for _, s := range all {
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
		p.add(spaced(sectionGap, rows), nil)
	}
}

// list places the list of the numbered blocks. Their pages are known when it is drawn.
func (p *pages) list(heading string, blocks []*drawn) {
	const indent = 9
	if heading == "" {
		return
	}
	c := p.column()
	rows := spaced(sectionGap, p.paragraph(c, sectionStyle, heading))
	label := p.paragraph(c, labelStyle, "page")
	rows = append(rows, label...)
	for i, b := range blocks {
		if b.Number == 0 {
			continue
		}
		name := p.shortened(smallStyle, b.Heading, c.width-indent)
		rows = append(rows, row{height: smallStyle.height(), header: &label[0], draw: func(y float64) {
			y += smallStyle.baseline()
			p.textTo(smallStyle, c.x+indent-3, y, strconv.Itoa(p.ofBlocks[i]))
			p.text(smallStyle, c.x+indent, y, name)
		}})
		if len(rows) == 3 {
			rows = p.keep(rows) // the heading does not stay behind
		}
	}
	p.add(rows, nil)
}

// A textStyle is how text looks.
type textStyle struct {
	family string
	size   float64 // in points
}

// The styles of a sheet.
var (
	titleStyle   = textStyle{bold, 20}
	sectionStyle = textStyle{bold, 11}
	headingStyle = textStyle{bold, 10}
	bodyStyle    = textStyle{regular, 9}
	strongStyle  = textStyle{bold, 9}
	smallStyle   = textStyle{regular, 7.5}
	typedStyle   = textStyle{mono, 9}
	checkStyle   = textStyle{monoBold, 9}
	countStyle   = textStyle{mono, 7}
	labelStyle   = textStyle{regular, 7}
	typedDate    = textStyle{mono, 8}
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
// from the upper left corner; those from the left, of the column that is drawn in.
type canvas struct {
	pdf         *fpdf.Fpdf
	paperHeight float64
	script      *typesetter // of what the fonts in the program lack
	origin      float64     // the left end of the column
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
	return canvas{pdf: pdf, paperHeight: height, script: script}
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
	c.pdf.Line(c.origin+x1, y1, c.origin+x2, y2)
}

func (c canvas) frame(x, y, width, height float64) {
	c.pdf.SetLineWidth(thinRule)
	c.pdf.Rect(c.origin+x, y, width, height, "D")
}

// box draws a square to tick, ticked or not.
func (c canvas) box(x, y, side float64, ticked bool) {
	const thick, inset = 0.45, 0.7
	c.frame(x, y, side, side)
	if ticked {
		c.line(x+inset, y+inset, x+side-inset, y+side-inset, thick)
		c.line(x+inset, y+side-inset, x+side-inset, y+inset, thick)
	}
}

// symbol draws a QR code without its margin. All of it is one path, since viewers
// leave hairlines between shapes that touch.
func (c canvas) symbol(x, y float64, s *qr.Symbol) {
	scale := module / point
	path := fmt.Appendf(nil, "q %.4f 0 0 %.4f %.4f %.4f cm", scale, -scale, (c.origin+x)/point, (c.paperHeight-y)/point)
	for _, r := range runsOf(s) {
		for _, n := range [...]int{r.x, r.y, r.length} {
			path = strconv.AppendInt(append(path, ' '), int64(n), 10)
		}
		path = append(path, " 1 re"...)
	}
	c.pdf.RawWriteBuf(bytes.NewBuffer(append(path, " f Q\n"...)))
}
