package backup

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ParseRecord reads what MarshalText writes. If a person edited it, it is read as
// it is meant where that can be told: the sets may come in any order, as may the
// codes of one; blank lines, spaces and capital letters mean nothing; the first
// set may lack its heading, and codes their numbers. It returns ErrDamaged, with
// the number of the line, and never with a code.
func ParseRecord(text []byte) (Record, error) {
	var p recordParser
	lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
	for i, line := range lines {
		err := p.line(strings.TrimSpace(line))
		if err != nil {
			return Record{}, fmt.Errorf("%w: line %d: %w", ErrDamaged, i+1, err)
		}
	}
	if err := p.finish(); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return p.record, nil
}

type recordParser struct {
	record               Record
	hasService, hasRules bool
}

// line reads a line without the space around it.
func (p *recordParser) line(line string) error {
	if !utf8.ValidString(line) {
		return ErrNotText
	}
	if line == "" {
		return nil
	}
	kind := kindOf(line)
	inSet := len(p.record.Sets) > 0
	switch {
	case kind == setLine:
		return p.set(line)
	case kind == serviceLine:
		return p.service(afterColon(line))
	case kind == policyLine:
		return p.policy(afterColon(line))
	case kind == codeLine || inSet:
		return p.code(line)
	}
	p.record.Other = append(p.record.Other, line)
	return nil
}

// A lineKind is what a line looks like by itself.
type lineKind byte

const (
	otherLine lineKind = iota
	serviceLine
	policyLine
	setLine
	codeLine
)

func kindOf(line string) lineKind {
	key, _, hasColon := strings.Cut(line, ":")
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case hasColon && strings.EqualFold(strings.TrimSpace(key), "service"):
		return serviceLine
	case hasColon && strings.EqualFold(strings.TrimSpace(key), "policy"):
		return policyLine
	case strings.EqualFold(word, "generation") && startsWithDigit(strings.TrimSpace(rest)):
		return setLine
	}
	if number, _ := cutNumber(line); number > 0 {
		return codeLine
	}
	return otherLine
}

func startsWithDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }

func afterColon(line string) string {
	_, value, _ := strings.Cut(line, ":")
	return strings.TrimSpace(value)
}

func (p *recordParser) service(value string) (err error) {
	if p.hasService {
		return errors.New("a second service")
	}
	p.hasService = true
	p.record.Service, err = unquoted(value)
	return err
}

func (p *recordParser) policy(value string) (err error) {
	if p.hasRules {
		return errors.New("a second policy")
	}
	p.hasRules = true
	p.record.Policy, err = ParsePolicy(strings.ToLower(value))
	return err
}

// set begins a set: "generation 2, recorded 2026-11-23, superseded". Which set is
// superseded is told by the generations alone.
func (p *recordParser) set(line string) error {
	var s Set
	for i, part := range strings.Split(line, ",") {
		words := strings.Fields(strings.ToLower(part))
		var err error
		switch {
		case i == 0 && len(words) == 2:
			s.Generation, err = parseNumber(words[1])
		case len(words) == 2 && words[0] == "recorded":
			s.Made, err = ParseDay(words[1])
		case len(words) == 1 && words[0] == "superseded":
		default:
			err = errors.New("not understood; a set begins as in: generation 2, recorded 2026-11-23")
		}
		if err != nil {
			return err
		}
	}
	same := func(other Set) bool { return other.Generation == s.Generation }
	if slices.ContainsFunc(p.record.Sets, same) {
		return fmt.Errorf("generation %d for the second time", s.Generation)
	}
	p.record.Sets = append(p.record.Sets, s)
	return nil
}

// code adds a code to the set that was begun last.
func (p *recordParser) code(line string) error {
	if len(p.record.Sets) == 0 {
		p.record.Sets = []Set{{Generation: 1}}
	}
	s := p.record.Current()
	number, rest := cutNumber(line)
	c, err := parseCode(rest)
	switch {
	case err != nil:
		return err
	case number == 0 && strings.ContainsAny(c.Text, " \t:"):
		return errors.New("not understood; a code stands behind its number, as in: 1. 4f3c2-9a1be")
	case number == 0:
		number = s.last() + 1
	}
	c.Number = number
	i, taken := s.place(number)
	if taken {
		return fmt.Errorf("number %d for the second time", number)
	}
	if len(s.Codes) == MaxCodes {
		return ErrTooLarge
	}
	s.Codes = slices.Insert(s.Codes, i, c)
	return nil
}

// finish puts the sets into their order.
func (p *recordParser) finish() error {
	slices.SortFunc(p.record.Sets, func(a, b Set) int { return a.Generation - b.Generation })
	for _, s := range p.record.Sets {
		for i, c := range s.Codes {
			if c.Since == s.Generation {
				s.Codes[i].Since = 0
			}
		}
	}
	return p.record.Validate()
}

func parseNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxNumber {
		return 0, errors.New("a number from 1 was expected")
	}
	return n, nil
}

func ParseDay(text string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.IsZero() || !IsDay(day) {
		return time.Time{}, errors.New("a date as 2026-11-23 was expected")
	}
	return day, nil
}
