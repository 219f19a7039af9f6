package recognize

import (
	"github.com/tokenctl/tokenctl/backup"
	"regexp"
	"time"
)

// Found is what Recognize took from a text, for its owner to confirm.
type Found struct {
	// Codes are in the order of their numbers if they are Numbered, else in the
	// order of the text.
	Codes    []FoundCode
	Numbered bool // the text itself numbers them

	// Ignored are the lines that were not taken for codes: headings, dates,
	// addresses. A code that was not recognized is among them.
	Ignored []Passage

	// Repeated are codes that came before in the same text.
	Repeated []FoundCode
}

// A FoundCode is a code as it stands in a text.
type FoundCode struct {
	Number int    // the text's own; or its place, from 1
	Text   string // in groups, as it stands there, with one space between them
	Used   bool   // marked as used
	Line   int    // from 1
}

// A Passage is a piece of a text.
type Passage struct {
	Line int // from 1
	Text string
}

// Set returns the codes for Record.Supersede or Record.Append. Those that are
// marked as used were used on the day, or before, for all that is known.
func (f Found) Set(day time.Time) []backup.Code {
	codes := make([]backup.Code, len(f.Codes))
	for i, c := range f.Codes {
		codes[i] = backup.Code{Number: c.Number, Text: c.Text}
		if c.Used {
			codes[i].Used = backup.Day(day)
		}
	}
	return codes
}

// Texts returns the codes alone.
func (f Found) Texts() []string {
	texts := make([]string, len(f.Codes))
	for i, c := range f.Codes {
		texts[i] = c.Text
	}
	return texts
}

// Recognize finds the backup codes in a text that was pasted, or in a file that a
// service offered for download: lists with numbers, bullets or boxes, columns,
// tables, CSV, JSON, or one line of them. It returns ErrNotCodes, ErrNotText or
// ErrTooLarge; none of its errors quotes the text.
//
// A code has at least six letters and digits, or four where there is nothing but
// codes, or whatever the form says. It may have dashes in it, or spaces
// between groups of the same length. What looks like prose, a date or an address
// is left alone. Codes count as used that are struck through, ticked, or marked in
// words; or if some have an asterisk, or a word in parentheses, and others none.
func Codes(text []byte) (Found, error) { return CodesOf(text, nil) }

// RecognizeForm is Recognize where the form of the service's codes is known: what
// fits it is a code, and decides where the text may be read in several ways. What
// merely has the same groups is taken as well, for it may be mistyped. Texts are
// read by their looks alone if nothing in them fits, or if form is nil.
func CodesOf(text []byte, form *regexp.Regexp) (Found, error) {
	decoded, err := decodeText(text)
	if err != nil {
		return Found{}, err
	}
	reader := textReader{form: form}
	lines, isJSON := reader.json(decoded)
	if !isJSON {
		lines = reader.lines(decoded)
	}
	chosen := reader.choose(lines)
	if len(chosen) == 0 {
		return Found{}, backup.ErrNotCodes
	}
	return collect(lines, chosen)
}
