package layout

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// columns is how wide the text of a sheet is at most.
const columns = 78

// Text returns the document as plain text in UTF-8, of 78 columns at most, for
// Reader.AddLines to read back. It leaves out the QR codes. Characters that do not
// show are written as [U+202E].
func (d Document) Text() []byte {
	d = d.spell(visible)
	var t textWriter
	t.prose("", d.Title)
	t.facts(d.Facts)
	if d.Blank != "" {
		t.prose("", d.Blank+": ____________")
	}
	t.prose("", "", "This is the sheet as text, and has no QR codes. Where it speaks of scanning, give tokenctl this file, or type the lines in.")
	for _, s := range slices.Concat(d.Steps, d.Later) {
		t.prose("", "", s.Heading)
		for i, step := range s.Steps {
			t.prose(fmt.Sprintf("%2d. ", i+1), step)
		}
	}
	for _, b := range d.Body {
		heading := b.Heading
		if b.Number > 0 {
			heading = fmt.Sprintf("%d. %s", b.Number, b.Heading)
		}
		t.prose("", "", heading)
		t.facts(b.Facts)
		t.prose("", b.Notes...)
		for _, l := range b.Lines {
			t.WriteString(l.String() + "\n")
		}
	}
	t.prose("", "", d.Foot)
	return t.Bytes()
}

type textWriter struct{ bytes.Buffer }

func (t *textWriter) facts(facts []Fact) {
	for _, f := range facts {
		t.prose("", f.Name+": "+f.Value)
	}
}

// prose writes texts under a hanging indent. No line of them looks like one that can
// be typed in.
func (t *textWriter) prose(indent string, texts ...string) {
	for _, text := range texts {
		hanging := indent
		for _, piece := range wrap(text, float64(columns-len("- ")-len(indent)), columnsOf) {
			if line.IsBarred(hanging + piece) {
				t.WriteString("- ")
			}
			t.WriteString(hanging + piece + "\n")
			hanging = strings.Repeat(" ", len(indent))
		}
	}
}

// columnsOf returns how wide a character is on a terminal.
func columnsOf(r rune) float64 {
	switch kind := width.LookupRune(r).Kind(); {
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
		return 0
	case kind == width.EastAsianWide, kind == width.EastAsianFullwidth:
		return 2
	}
	return 1
}
