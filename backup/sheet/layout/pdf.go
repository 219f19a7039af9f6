package layout

import (
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// neutralTitle is what printers, queues and windows show of a document. Thieves
// look for names that tell more.
const neutralTitle = "Document"

// printed is the date in a PDF's metadata, always the same, so that the same
// document makes the same bytes.
var printed = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// WritePDF writes the document as a PDF that has all it needs in it, in black
// alone. The same document makes the same bytes. Each block stands on one page,
// unless it is longer than that; then it is continued in whole lines.
//
// Characters that the PDF's fonts lack, and those that do not show, are written as
// [U+65E5], and the block says so. WritePDF returns ErrSymbolTooLarge for a
// document with such a QR code.
func (d Document) WritePDF(w io.Writer, paper Paper) error {
	if !paper.known() {
		return fmt.Errorf("no paper is called %s", paper)
	}
	symbols, err := d.encodeSymbols()
	if err != nil {
		return err
	}
	pen := newCanvas(paper)
	pages := newPages(paper)
	d = d.spell(printable)
	pages.front(pen, d)
	for i, b := range d.Body {
		pages.block(pen, b, symbols[i])
	}
	pages.draw(pen, d.Foot)
	if err := pen.pdf.Output(w); err != nil {
		return fmt.Errorf("writing the PDF: %w", err)
	}
	return nil
}

// newPDF returns an empty PDF that tells nothing of who made it, when, and what
// for.
func newPDF(paper Paper) *fpdf.Fpdf {
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
	return pdf
}
