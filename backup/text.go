package backup

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
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
// The lines of Other stand below the policy. Superseded sets follow, newest first.
// A code that is on paper alone is written as (on paper). One that would be misread
// as it stands, as with a quotation mark in front or a line break in it, is written
// as a string of Go. What replaced nothing when its set was last added to has "from
// generation 1" behind it.
//
// MarshalText returns the error of Validate.
func (r Record) MarshalText() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if r.Service != "" {
		fmt.Fprintf(&b, "%s%s\n", serviceMark, quoted(r.Service))
	}
	fmt.Fprintf(&b, "%s%s\n", policyMark, r.Policy)
	for _, line := range r.Other {
		fmt.Fprintf(&b, "%s\n", line)
	}
	for i, s := range slices.Backward(r.Sets) {
		fmt.Fprintf(&b, "\ngeneration %d", s.Generation)
		if !s.Made.IsZero() {
			fmt.Fprintf(&b, ", recorded %s", Date(s.Made))
		}
		if i < len(r.Sets)-1 {
			b.WriteString(", superseded")
		}
		b.WriteByte('\n')
		for _, c := range s.Codes {
			text := onPaper
			if c.Text != "" {
				text = quoted(c.Text)
			}
			fmt.Fprintf(&b, "%d. %s", c.Number, text)
			if c.Since != 0 {
				fmt.Fprintf(&b, "  from generation %d", c.Since)
			}
			if !c.Used.IsZero() {
				fmt.Fprintf(&b, "  used %s", Date(c.Used))
			}
			b.WriteByte('\n')
		}
	}
	return b.Bytes(), nil
}

const (
	serviceMark = "service: "
	policyMark  = "policy: "
	onPaper     = "(on paper)" // stands for the text of a code that is not in the record
)

// A recordGrammar is how the lines of a record look.
type recordGrammar struct {
	set, code *regexp.Regexp
	likeMarks *regexp.Regexp // what at the end of a code is easily taken for the marks behind it
	ours      *regexp.Regexp // how the lines begin that are not Other
}

var recordLines = sync.OnceValue(func() recordGrammar {
	return recordGrammar{
		set:       regexp.MustCompile(`^generation ([1-9][0-9]{0,9})(?:, recorded ([0-9-]+))?(, superseded)?$`),
		code:      regexp.MustCompile(`^([1-9][0-9]{0,9})\. (.+?)(?:  from generation ([1-9][0-9]{0,9}))?(?:  used ([0-9-]+))?$`),
		likeMarks: regexp.MustCompile(`(^| )(used( [0-9]\S*)?|from generation [0-9]\S*)$`),
		ours:      regexp.MustCompile(`^(service:|policy:|generation [0-9]|[1-9][0-9]*[.)])`),
	}
})

// quoted returns a text as it is if it reads back, and as a string of Go otherwise.
func quoted(text string) string {
	if isBare(text) {
		return text
	}
	return strconv.Quote(text)
}

func isBare(text string) bool {
	unprintable := func(r rune) bool { return !strconv.IsPrint(r) }
	return utf8.ValidString(text) && strings.TrimSpace(text) == text && !strings.ContainsFunc(text, unprintable) &&
		!strings.HasPrefix(text, `"`) && text != onPaper && !recordLines().likeMarks.MatchString(text)
}

func unquoted(text string) (string, error) {
	if !strings.HasPrefix(text, `"`) {
		return text, nil
	}
	text, err := strconv.Unquote(text)
	if err != nil {
		return "", errors.New("the quotation marks do not match")
	}
	return text, nil
}

// isOther reports whether a line of the head stays as it is and is like none of ours.
func isOther(line string) bool {
	return line != "" && strings.TrimSpace(line) == line && utf8.ValidString(line) && !strings.Contains(line, "\n") && !recordLines().ours.MatchString(line)
}

// ParseRecord reads what MarshalText writes, and nothing else, but for line ends as
// Windows has them and a byte order mark. It returns ErrDamaged, with the number of
// the line, and never with a code.
func ParseRecord(text []byte) (Record, error) {
	var r Record
	policy := false
	lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		value, isPolicy := strings.CutPrefix(line, policyMark)
		var err error
		switch {
		case !utf8.ValidString(line):
			err = ErrNotText
		case line == "":
		case recordLines().set.MatchString(line):
			err = r.parseSet(recordLines().set.FindStringSubmatch(line))
		case len(r.Sets) > 0:
			err = r.Sets[len(r.Sets)-1].parseCode(recordLines().code.FindStringSubmatch(line))
		case isPolicy && !policy:
			policy = true
			r.Policy, err = ParsePolicy(value)
		case i == 0 && strings.HasPrefix(line, serviceMark):
			r.Service, err = unquoted(line[len(serviceMark):])
		case !isOther(line):
			err = errors.New("it does not belong there")
		default:
			r.Other = append(r.Other, line)
		}
		if err != nil {
			return Record{}, fmt.Errorf("%w: line %d: %w", ErrDamaged, i+1, err)
		}
	}
	slices.Reverse(r.Sets)
	err := r.Validate()
	if err == nil && !policy {
		err = errors.New("the policy is missing")
	}
	if err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r, nil
}

// parseSet begins a set, from the parts of its line. The newest comes first.
func (r *Record) parseSet(parts []string) error {
	s := Set{Generation: numberOf(parts[1])}
	n := len(r.Sets)
	if n > 0 && s.Generation >= r.Sets[n-1].Generation {
		return fmt.Errorf("generation %d after generation %d", s.Generation, r.Sets[n-1].Generation)
	}
	if isSuperseded := parts[3] != ""; isSuperseded != (n > 0) {
		return errors.New("all sets but the first are superseded")
	}
	r.Sets = append(r.Sets, s)
	return parseDay(&r.Sets[n].Made, parts[2])
}

// parseCode adds a code, from the parts of its line, which are nil if it does not look like one.
func (s *Set) parseCode(parts []string) (err error) {
	if parts == nil {
		return errors.New("not a code behind its number, as in: 1. 4f3c2-9a1be")
	}
	c := Code{Number: numberOf(parts[1]), Since: numberOf(parts[3])}
	if parts[2] != onPaper {
		if c.Text, err = unquoted(parts[2]); err != nil {
			return err
		}
		if isAsWritten := c.Text == parts[2]; c.Text == "" || isAsWritten && !isBare(c.Text) {
			return errors.New("the code is missing, or belongs in quotation marks")
		}
	}
	if c.Number <= s.last() {
		return fmt.Errorf("number %d after number %d", c.Number, s.last())
	}
	s.Codes = append(s.Codes, c)
	return parseDay(&s.Codes[len(s.Codes)-1].Used, parts[4])
}

// numberOf reads up to ten digits; 0 if there are none.
func numberOf(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// parseDay reads a date, if there is one.
func parseDay(day *time.Time, text string) error {
	if text == "" {
		return nil
	}
	return (*Date)(day).UnmarshalText([]byte(text))
}
