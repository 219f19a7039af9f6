package backup

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MarshalText writes the record for a person to read, and for ParseRecord:
//
//	service: GitHub
//	policy: any order
//
//	generation 2, recorded 2026-11-23
//	1. 4f3c2-9a1be
//	2. 8d2e1-00c4f  used 2026-11-24
//
// Superseded sets follow, newest first. A code that is on paper alone is written
// as (on paper). One that would be misread as it stands, as with a quotation mark
// in front or a line break in it, is written as a string of Go. What replaced
// nothing when its set was last added to has "from generation 1" behind it.
//
// MarshalText returns an error for a record that does not hold to the comments of
// Record, Set and Code.
func (r Record) MarshalText() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if r.Service != "" {
		fmt.Fprintf(&b, "service: %s\n", quoted(r.Service, unquoted))
	}
	fmt.Fprintf(&b, "policy: %s\n", r.Policy)
	for _, line := range r.Other {
		fmt.Fprintf(&b, "%s\n", line)
	}
	for i, s := range slices.Backward(r.Sets) {
		b.WriteByte('\n')
		s.write(&b, i < len(r.Sets)-1)
	}
	return b.Bytes(), nil
}

func (s Set) write(b *bytes.Buffer, superseded bool) {
	fmt.Fprintf(b, "generation %d", s.Generation)
	if !s.Made.IsZero() {
		fmt.Fprintf(b, ", recorded %s", s.Made.Format(time.DateOnly))
	}
	if superseded {
		b.WriteString(", superseded")
	}
	b.WriteByte('\n')
	for _, c := range s.Codes {
		c.write(b)
	}
}

func (c Code) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "%d. ", c.Number)
	if c.Text == "" {
		b.WriteString(onPaper)
	} else {
		b.WriteString(quoted(c.Text, codeText))
	}
	if c.Since != 0 {
		fmt.Fprintf(b, "  from generation %d", c.Since)
	}
	if !c.Used.IsZero() {
		fmt.Fprintf(b, "  used %s", c.Used.Format(time.DateOnly))
	}
	b.WriteByte('\n')
}

// onPaper stands for the text of a code that is not in the record.
const onPaper = "(on paper)"

// quoted returns a text as it is, if that reads back as the same, and as a string
// of Go otherwise.
func quoted(text string, read func(string) (string, error)) string {
	back, err := read(text)
	if err == nil && back == text && IsPlain(text) {
		return text
	}
	return strconv.Quote(text)
}

// isPlain reports whether a text survives as a part of a line.
func IsPlain(text string) bool {
	unprintable := func(r rune) bool { return !strconv.IsPrint(r) }
	return utf8.ValidString(text) && strings.TrimSpace(text) == text && !strings.ContainsFunc(text, unprintable)
}

// Validate reports what in the record is not as the comments of its types say.
func (r Record) Validate() error {
	if int(r.Policy) >= len(policyNames) {
		return fmt.Errorf("%v is not known", r.Policy)
	}
	for _, line := range r.Other {
		if kindOf(line) != otherLine || line == "" || strings.TrimSpace(line) != line || !utf8.ValidString(line) ||
			strings.Contains(line, "\n") {
			return errors.New("a line of the head would be misread")
		}
	}
	generation := 0
	for _, s := range r.Sets {
		if s.Generation <= generation || s.Generation > maxNumber {
			return fmt.Errorf("generation %d after generation %d", s.Generation, generation)
		}
		generation = s.Generation
		if err := s.check(); err != nil {
			return fmt.Errorf("generation %d: %w", generation, err)
		}
	}
	return nil
}

func (s Set) check() error {
	if !IsDay(s.Made) {
		return fmt.Errorf("recorded in the year %d", s.Made.Year())
	}
	if len(s.Codes) > MaxCodes {
		return ErrTooLarge
	}
	number := 0
	for _, c := range s.Codes {
		switch {
		case c.Number <= number || c.Number > maxNumber:
			return fmt.Errorf("number %d after number %d", c.Number, number)
		case c.Since < 0 || c.Since >= s.Generation:
			return fmt.Errorf("number %d is from generation %d", c.Number, c.Since)
		case !IsDay(c.Used):
			return fmt.Errorf("number %d was used in the year %d", c.Number, c.Used.Year())
		}
		number = c.Number
	}
	return nil
}

// maxNumber is the highest generation, and the highest number of a code.
const maxNumber = 1_000_000_000

// isDay reports whether a date can be written in four digits of a year and read
// back as what it is.
func IsDay(t time.Time) bool {
	return t.IsZero() || 1900 <= t.Year() && t.Year() <= 9999
}
