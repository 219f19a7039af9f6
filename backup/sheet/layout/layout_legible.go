package layout

import (
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible reports whether a character shows as itself. Others change how their
// neighbours read, or hide: U+202E turns the text around, U+200B makes two names
// of one.
func visible(r rune) bool {
	switch {
	case r == ' ':
		return true
	case !unicode.IsGraphic(r), unicode.Is(unicode.Zs, r), r == '\u2800': // the last is an empty Braille cell
		return false
	default:
		return !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	}
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

func (s *speller) texts(texts []string) []string {
	return each(texts, s.text)
}

func (s *speller) facts(facts []Fact) []Fact {
	return each(facts, func(f Fact) Fact { return Fact{s.text(f.Name), s.text(f.Value)} })
}

// spell returns the document in characters that show. What QR codes hold stays as
// it is.
func (d Document) spell(shows func(rune) bool) Document {
	s := &speller{shows: shows}
	front := Document{Title: s.text(d.Title), Facts: s.facts(d.Facts), Foot: s.text(d.Foot)}
	front.Steps = each(d.Steps, func(l Steps) Steps { return Steps{s.text(l.Heading), s.texts(l.Steps)} })
	if s.changed {
		front.Facts = append(front.Facts, Fact{"Note", respelled})
	}
	front.Body = each(d.Body, func(b Block) Block { return b.spell(shows) })
	return front
}

func (b Block) spell(shows func(rune) bool) Block {
	s := &speller{shows: shows}
	b.Heading, b.Facts, b.Notes = s.text(b.Heading), s.facts(b.Facts), s.texts(b.Notes)
	b.Symbols = each(b.Symbols, func(y Symbol) Symbol { return Symbol{s.text(y.Caption), y.Text} })
	b.Lines = each(b.Lines, func(l line.Line) line.Line {
		l.Groups, l.Check, l.Used = s.texts(l.Groups), s.text(l.Check), s.text(l.Used)
		return l
	})
	if !s.changed {
		return b
	}
	note := respelled
	if len(b.Symbols) > 0 {
		note += respelledSymbol
	}
	b.Notes = append(b.Notes, note)
	return b
}

// each returns what f makes of each element.
func each[T, U any](all []T, f func(T) U) []U {
	made := make([]U, len(all), len(all)+1)
	for i, one := range all {
		made[i] = f(one)
	}
	return made
}
