package layout

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// visible reports whether all characters of a text show as themselves. Others change
// how their neighbours read, or hide: U+202E turns the text around, U+200B makes two
// names of one.
func visible(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		switch {
		case r == ' ':
			return false
		case !unicode.IsGraphic(r), unicode.Is(unicode.Zs, r), r == '\u2800': // the last is an empty Braille cell
			return true
		}
		return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	})
}

// cluster returns the length in bytes of the first character of a text and the marks on
// it.
func cluster(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	for {
		r, more := utf8.DecodeRuneInString(text[size:])
		if !unicode.IsMark(r) {
			return size
		}
		size += more
	}
}

// legible writes characters that do not show by their number in Unicode,
// [U+202E], and bytes that are not UTF-8 by theirs, [0xFF]. A character is asked for
// with the marks on it, and alone where that does not show.
func legible(text string, shows func(string) bool) string {
	if line.IsASCII(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		whole := text[:cluster(text)]
		text = text[len(whole):]
		if utf8.ValidString(whole) && shows(whole) {
			b.WriteString(whole)
			continue
		}
		for len(whole) > 0 {
			r, size := utf8.DecodeRuneInString(whole)
			switch {
			case r == utf8.RuneError && size == 1:
				fmt.Fprintf(&b, "[0x%02X]", whole[0])
			case shows(whole[:size]):
				b.WriteRune(r)
			default:
				fmt.Fprintf(&b, "[U+%04X]", r)
			}
			whole = whole[size:]
		}
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
	shows   func(string) bool
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
func (d Document) spell(shows func(string) bool) Document {
	s := &speller{shows: shows}
	front := Document{Title: s.text(d.Title), Facts: s.facts(d.Facts), Blank: s.text(d.Blank), List: s.text(d.List), Foot: s.text(d.Foot)}
	steps := func(l Steps) Steps { return Steps{s.text(l.Heading), each(l.Steps, s.text)} }
	front.Steps, front.Later = each(d.Steps, steps), each(d.Later, steps)
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

// joints end parts of names and addresses, where it can be seen that no space is meant.
const joints = ":@/"

// wrap breaks a text into lines that are at most so wide: at spaces, or where there is
// none in a line, at the joints of names and addresses, or else anywhere. Each line has at least one character; a
// text without any is one empty line. The widths are in the same unit.
func wrap(text string, width float64, of func(rune) float64) []string {
	var lines []string
	start, space := 0, -1 // of the line, and its last space, in bytes
	joint := 0            // what follows the last one
	wide, wideAfter, wideJoint := 0.0, 0.0, 0.0
	for i, r := range text {
		w := of(r)
		for w > 0 && wide+w > width && i > start && r != ' ' {
			if space <= start && joint > start {
				lines = append(lines, text[start:joint])
				start, wide = joint, wide-wideJoint
				continue
			}
			if space <= start {
				lines = append(lines, text[start:i])
				start, wide = i, 0
				continue
			}
			lines = append(lines, text[start:space])
			start, wide, wideJoint = space+1, wide-wideAfter, wideJoint-wideAfter
		}
		wide += w
		if strings.ContainsRune(joints, r) {
			joint, wideJoint = i+1, wide
		}
		if r == ' ' {
			space, wideAfter = i, wide
		}
	}
	return append(lines, text[start:])
}
