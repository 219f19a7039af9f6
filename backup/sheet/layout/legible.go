package layout

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// The Go fonts are in the program, so that a sheet looks the same on every
// machine. Their letters were drawn to be told apart, 0 from O and 1 from l from I
// (go.dev/blog/go-fonts).
const (
	regular  = "regular"
	bold     = "bold"
	mono     = "mono"
	monoBold = "monobold"
)

var fonts = []struct {
	family string
	ttf    []byte
}{
	{regular, goregular.TTF},
	{bold, gobold.TTF},
	{mono, gomono.TTF},
	{monoBold, gomonobold.TTF},
}

// addFonts makes the fonts known to a PDF, which embeds what it uses of them.
func addFonts(pdf *fpdf.Fpdf) {
	for _, f := range fonts {
		// fpdf writes into the bytes when it cuts a font.
		pdf.AddUTF8FontFromBytes(f.family, "", bytes.Clone(f.ttf))
	}
}

// lastOfBMP is the last character that fpdf can print: of the others it prints
// half of their UTF-16.
const lastOfBMP = 0xffff

// glyphs returns the characters that every font has a picture of.
var glyphs = sync.OnceValue(func() map[rune]bool {
	count := make(map[rune]int)
	var buffer sfnt.Buffer
	for _, f := range fonts {
		font, err := sfnt.Parse(f.ttf)
		if err != nil {
			panic(err) // part of the program
		}
		for r := rune(0); r <= lastOfBMP; r++ {
			if glyph, err := font.GlyphIndex(&buffer, r); err == nil && glyph != 0 {
				count[r]++
			}
		}
	}
	all := make(map[rune]bool)
	for r, n := range count {
		if n == len(fonts) {
			all[r] = true
		}
	}
	return all
})

// visible reports whether a character shows as itself. Others change how their
// neighbours read, or hide: U+202E turns the text around, U+200B makes two names
// of one.
func visible(r rune) bool {
	switch {
	case r == ' ':
		return true
	case !unicode.IsGraphic(r), unicode.Is(unicode.Zs, r), r == '\u2800': // the last is an empty Braille cell
		return false
	}
	return !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// printable reports whether a character shows as itself in the fonts of the PDF.
// Marks do not: they stand beside their letters there, or on top of the wrong
// ones.
func printable(r rune) bool {
	return r == ' ' || visible(r) && !unicode.IsMark(r) && glyphs()[r]
}

// legible writes characters that do not show by their number in Unicode,
// [U+202E], and bytes that are not UTF-8 by theirs, [0xFF].
func legible(text string, shows func(rune) bool) string {
	if line.IsASCII(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "[0x%02X]", text[0])
		case shows(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
		text = text[size:]
	}
	return b.String()
}

// Where a block had characters written by their numbers, it says so.
const (
	respelled       = "[U+...] stands for a character that does not show here, by its number in Unicode."
	respelledSymbol = " The QR code holds the text itself."
)

// A speller makes the texts of a document legible, and knows whether it had to.
type speller struct {
	shows   func(rune) bool
	changed bool
}

func (s *speller) text(text string) string {
	spelled := legible(text, s.shows)
	s.changed = s.changed || spelled != text
	return spelled
}

func (s *speller) facts(facts []Fact) []Fact {
	return each(facts, func(f Fact) Fact { return Fact{s.text(f.Name), s.text(f.Value)} })
}

// spell returns the document in characters that show. What QR codes hold stays as
// it is.
func (d Document) spell(shows func(rune) bool) Document {
	s := &speller{shows: shows}
	front := Document{Title: s.text(d.Title), Facts: s.facts(d.Facts), Foot: s.text(d.Foot)}
	front.Steps = each(d.Steps, func(l Steps) Steps { return Steps{s.text(l.Heading), each(l.Steps, s.text)} })
	if s.changed {
		front.Facts = append(front.Facts, Fact{"Note", respelled})
	}
	front.Body = each(d.Body, func(b Block) Block {
		s := &speller{shows: shows}
		b.Heading, b.Facts, b.Notes = s.text(b.Heading), s.facts(b.Facts), each(b.Notes, s.text)
		b.Symbols = each(b.Symbols, func(y Symbol) Symbol { return Symbol{s.text(y.Caption), y.Text} })
		b.Lines = each(b.Lines, func(l line.Line) line.Line {
			l.Groups, l.Check, l.Used = each(l.Groups, s.text), s.text(l.Check), s.text(l.Used)
			return l
		})
		switch {
		case s.changed && len(b.Symbols) > 0:
			b.Notes = append(b.Notes, respelled+respelledSymbol)
		case s.changed:
			b.Notes = append(b.Notes, respelled)
		}
		return b
	})
	return front
}

// each returns what f makes of each element.
func each[T, U any](all []T, f func(T) U) []U {
	made := make([]U, len(all), len(all)+1)
	for i, one := range all {
		made[i] = f(one)
	}
	return made
}

// wrap breaks a text into lines that are at most so wide: at spaces, or where
// there is none in a line, anywhere. Each line has at least one character; a
// text without any is one empty line. The widths are in the same unit.
func wrap(text string, width float64, of func(rune) float64) []string {
	var lines []string
	start, space := 0, -1 // of the line, and its last space, in bytes
	wide, wideAfter := 0.0, 0.0
	for i, r := range text {
		w := of(r)
		for wide+w > width && i > start && r != ' ' {
			if space <= start {
				lines = append(lines, text[start:i])
				start, wide = i, 0
				continue
			}
			lines = append(lines, text[start:space])
			start, wide = space+1, wide-wideAfter
		}
		wide += w
		if r == ' ' {
			space, wideAfter = i, wide
		}
	}
	return append(lines, text[start:])
}
