// Package recognize finds backup codes in what people paste or download. Codes
// takes a text apart as services write them, Verbatim takes each line for a code.
// Both return Found, for the owner to confirm: its FoundCodes, those that came
// twice, and each Line that was not taken for a code. Found.Set is what
// backup.Record's Supersede and Append take.
//
//	found, err := recognize.Codes(text, service.Regexp())
package recognize

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
)

// Found is what was taken from a text.
type Found struct {
	// Codes are in the order of their numbers if they are Numbered, else in the
	// order of the text.
	Codes    []FoundCode
	Numbered bool // the text itself numbers them

	// Ignored are the lines that were not taken for codes: headings, dates,
	// addresses. A code that was not recognized is among them. The secret of an
	// account is left out of their texts.
	Ignored []Line

	// Repeated are codes that came before in the same text.
	Repeated []FoundCode
}

// A FoundCode is a code as it is in a text.
type FoundCode struct {
	Number int    // the text's own; or its place, from 1
	Text   string // in groups, as it stands there, with one space between them
	Used   bool   // marked as used
	Line   int    // from 1
}

// A Line is one of a text, without the space around it.
type Line struct {
	Number int // from 1
	Text   string
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

// Codes finds the backup codes in a text that was pasted, or in a file that a
// service offered for download: lists with numbers, bullets or boxes, columns,
// tables, CSV, JSON, or one line of them. It returns backup.ErrNotCodes,
// backup.ErrNotText or backup.ErrTooLarge; none of its errors quotes the text.
//
// A form is a regular expression that each of the service's codes fits. What fits
// it is a code, and decides where the text may be read in several ways. What merely
// has the same groups is taken as well, for it may be mistyped.
//
// If nothing in the text fits, or the form is nil, codes are known by their looks:
// at least six letters and digits, or four where there is nothing but codes. They
// may have dashes in them, or spaces between groups of the same length. What looks
// like prose, a date or an address is left alone.
//
// Codes count as used that are struck through, ticked, or marked in words; or if
// some have an asterisk, or a word in parentheses, and others none.
//
// Of what google-authenticator prints, and of the file that it writes, the scratch codes
// are taken alone: beside them stand the account's secret and the code of the moment.
func Codes(text []byte, form *regexp.Regexp) (Found, error) {
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

// Verbatim takes each line of a text for a code, as it stands but for white space
// at its ends, whatever it looks like. Its errors are those of Codes; here,
// backup.ErrNotCodes comes with a line that no code can be, with a control
// character, say.
func Verbatim(text []byte) (Found, error) {
	decoded, err := decodeText(text)
	if err != nil {
		return Found{}, err
	}
	var f Found
	seen := make(map[string]bool)
	for i, line := range strings.Split(decoded, "\n") {
		c := FoundCode{Number: len(f.Codes) + 1, Text: strings.TrimSpace(line), Line: i + 1}
		switch {
		case c.Text == "":
		case strings.ContainsFunc(c.Text, func(r rune) bool { return !unicode.IsPrint(r) }):
			return Found{}, fmt.Errorf("%w: line %d has a character that does not print", backup.ErrNotCodes, c.Line)
		case seen[c.Text]:
			f.Repeated = append(f.Repeated, c)
		case len(f.Codes) == backup.MaxCodes:
			return Found{}, fmt.Errorf("%w: more than %d codes", backup.ErrTooLarge, backup.MaxCodes)
		default:
			seen[c.Text] = true
			f.Codes = append(f.Codes, c)
		}
	}
	if len(f.Codes) == 0 {
		return Found{}, backup.ErrNotCodes
	}
	return f, nil
}

// decodeText returns a text in UTF-8, without a byte order mark and with a line
// feed after each line.
func decodeText(text []byte) (string, error) {
	if len(text) > backup.MaxText {
		return "", fmt.Errorf("%w: more than %d bytes", backup.ErrTooLarge, backup.MaxText)
	}
	var decoded string
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		decoded = decodeUTF16(text[2:], binary.LittleEndian)
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		decoded = decodeUTF16(text[2:], binary.BigEndian)
	default:
		decoded = strings.TrimPrefix(string(text), "\ufeff")
	}
	if at := invalidAt(decoded); at >= 0 {
		return "", fmt.Errorf("%w: see line %d", backup.ErrNotText, 1+strings.Count(decoded[:at], "\n"))
	}
	lineEnds := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n",
		"\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
	return lineEnds.Replace(decoded), nil
}

// decodeUTF16 leaves a zero where the text is not UTF-16.
func decodeUTF16(text []byte, order binary.ByteOrder) string {
	units := make([]uint16, 0, len(text)/2+1)
	for ; len(text) >= 2; text = text[2:] {
		units = append(units, order.Uint16(text))
	}
	if len(text) > 0 {
		units = append(units, 0)
	}
	runes := utf16.Decode(units)
	for i, r := range runes {
		if r == utf8.RuneError {
			runes[i] = 0
		}
	}
	return string(runes)
}

// invalidAt returns where a text stops being text, -1 if it does not. A zero is
// what UTF-16 without a byte order mark, and pictures, have in them.
func invalidAt(text string) int {
	for i, r := range text {
		if r == 0 {
			return i
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}
