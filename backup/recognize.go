package backup

import (
	"errors"
	"regexp"
	"time"
)

// Found is what Recognize took from a text, for its owner to confirm.
type Found struct {
	Codes    []FoundCode // in the order of the text
	Numbered bool        // the text itself numbers them

	// Ignored are the lines, or the pieces of lines, that were not taken for
	// codes: headings, dates, addresses.
	Ignored []Passage

	// Repeated are codes that came before in the same text.
	Repeated []FoundCode
}

// A FoundCode is a code as it stands in a text.
type FoundCode struct {
	Number int // the text's own; or its place, from 1
	Text   string
	Used   bool // marked as used
	Line   int  // from 1
}

// A Passage is a piece of a text.
type Passage struct {
	Line int // from 1
	Text string
}

// Set returns the codes for Record.Supersede or Record.Append. Those that are
// marked as used were used on the day, or before, for all that is known.
func (f Found) Set(day time.Time) []Code {
	codes := make([]Code, len(f.Codes))
	for i, c := range f.Codes {
		codes[i] = Code{Number: c.Number, Text: c.Text}
		if c.Used {
			codes[i].Used = Day(day)
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
// service offered for download. It returns ErrNotCodes, ErrNotText or ErrTooLarge;
// none of its errors quotes the text.
func Recognize(text []byte) (Found, error) { return RecognizeForm(text, nil) }

// RecognizeForm is Recognize where the form of the service's codes is known: what
// fits it is a code, and decides where the text may be read in several ways. Texts
// are read by their looks alone if nothing in them fits, or if form is nil.
func RecognizeForm(text []byte, form *regexp.Regexp) (Found, error) {
	return Found{}, errors.ErrUnsupported
}
