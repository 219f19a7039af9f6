package backup

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Code is one of a set.
type Code struct {
	Number int       // what the service calls it, or its place in the set, from 1
	Text   string    // as the service showed it; empty for a code that is on paper alone
	Used   time.Time // the day of its use, or of the last one where codes are Reusable; zero before

	// Since is the generation that the code came with, where that is an earlier
	// one than its set's: the others of the set came later. Else it is zero.
	Since int
}

// A Set is what a service has an account's owner keep at one time.
type Set struct {
	// Generation counts from 1. It grows whenever codes come: a sheet of paper
	// that has the set in this generation has all of its codes.
	Generation int

	// Made is the day on which the generation was recorded; zero if unknown.
	Made time.Time

	// Codes are in the order of their numbers, each number once.
	Codes []Code
}

// A Record is all that is kept of one account's codes.
type Record struct {
	Service string // its name in package services, or ""
	Policy  Policy

	// Sets are in the order of their generations. The last is the current one;
	// the service no longer takes the codes of those before it.
	Sets []Set

	// Other holds lines of the head of a Record's text that mean nothing to this
	// package, such as a note in the owner's own hand. They stay as they are.
	Other []string
}

// A Policy is what a service does with its codes. The zero value is AnyOrder, as
// most do.
type Policy byte

// Each code is good once, unless they are Reusable.
const (
	AnyOrder          Policy = iota // whichever comes first
	InOrder                         // using one voids those before it
	ByNumber                        // the service asks for the code of a number
	Replaced                        // the service then shows a new one instead: see Record.ReplaceCode
	DisablesTwoFactor               // using one turns two-factor authentication off for the account: warn before
	Reusable                        // stays good however often it is used; the date of its last use is kept
)

// A State is what may still be done with a code.
type State byte

const (
	Unused     State = iota // or Reusable, whether it was used or not
	Used                    // on the day that Code.Used has
	Void                    // a later one was used, where they go InOrder
	Superseded              // by a newer set, which made the service forget it
)

// Current returns the set that the service takes codes of, to read or to change;
// nil if there is none.
func (r Record) Current() *Set {
	if len(r.Sets) == 0 {
		return nil
	}
	return &r.Sets[len(r.Sets)-1]
}

// Generation returns that of the current set, 0 if there is none.
func (r Record) Generation() int {
	if s := r.Current(); s != nil {
		return s.Generation
	}
	return 0
}

// Superseded returns the sets before the current one, oldest first.
func (r Record) Superseded() []Set {
	return r.Sets[:max(len(r.Sets)-1, 0)]
}

// WithoutTexts returns a copy that has no code's text, and none of the Other
// lines: what the ledger keeps.
func (r Record) WithoutTexts() Record {
	r = r.Clone()
	r.Other = nil
	for _, s := range r.Sets {
		for i := range s.Codes {
			s.Codes[i].Text = ""
		}
	}
	return r
}

// HasTexts reports whether the current set has codes, and each of them its text.
func (r Record) HasTexts() bool {
	s := r.Current()
	return s != nil && len(s.Codes) > 0 &&
		!slices.ContainsFunc(s.Codes, func(c Code) bool { return c.Text == "" })
}

// Clone returns a copy that shares nothing with the record.
func (r Record) Clone() Record {
	r.Sets = slices.Clone(r.Sets)
	for i := range r.Sets {
		r.Sets[i].Codes = slices.Clone(r.Sets[i].Codes)
	}
	r.Other = slices.Clone(r.Other)
	return r
}

// index returns where in the current set the code of that number is. It returns
// ErrNoCodes or ErrNoSuchNumber.
func (r Record) index(number int) (int, error) {
	if len(r.current()) == 0 {
		return 0, ErrNoCodes
	}
	i, found := r.Current().place(number)
	if !found {
		return 0, fmt.Errorf("number %d: %w", number, ErrNoSuchNumber)
	}
	return i, nil
}

// place returns where in the set the code of that number is, or belongs.
func (s Set) place(number int) (int, bool) {
	return slices.BinarySearchFunc(s.Codes, number, func(c Code, n int) int { return c.Number - n })
}

// since returns the generation that a code of the set came with.
func (s Set) since(c Code) int {
	if c.Since != 0 {
		return c.Since
	}
	return s.Generation
}

// current returns the codes of the current set.
func (r Record) current() []Code {
	if s := r.Current(); s != nil {
		return s.Codes
	}
	return nil
}

// State returns that of a code of the record's i-th set, which is one of r.Sets.
// A code that was used stays Used when its set is superseded.
func (r Record) State(i int, c Code) State {
	switch {
	case !c.Used.IsZero() && r.Policy != Reusable:
		return Used
	case i < len(r.Sets)-1:
		return Superseded
	case r.Policy == InOrder && slices.ContainsFunc(r.Sets[i].Codes, func(other Code) bool {
		return other.Number > c.Number && !other.Used.IsZero()
	}):
		return Void
	}
	return Unused
}

// Left returns how many codes of the current set can still be used.
func (r Record) Left() int { return len(r.unused()) }

// Next returns the code to use next: of those that can be used, the one with the
// lowest number. It returns ErrNoCodes or ErrNoneLeft.
func (r Record) Next() (Code, error) {
	if len(r.current()) == 0 {
		return Code{}, ErrNoCodes
	}
	unused := r.unused()
	if len(unused) == 0 {
		return Code{}, ErrNoneLeft
	}
	return unused[0], nil
}

// LeftInWords says how many codes can still be used: "none is left", "1 is left", "2 are
// left".
func LeftInWords(n int) string {
	switch n {
	case 0:
		return "none is left"
	case 1:
		return "1 is left"
	}
	return fmt.Sprintf("%d are left", n)
}

func (r Record) unused() (codes []Code) {
	for _, c := range r.current() {
		if r.State(len(r.Sets)-1, c) == Unused {
			codes = append(codes, c)
		}
	}
	return codes
}

// Validate reports what in the record is not as the comments of its types say.
func (r Record) Validate() error {
	if _, err := r.Policy.MarshalText(); err != nil {
		return err
	}
	if slices.ContainsFunc(r.Other, func(line string) bool { return !isOther(line) }) {
		return errors.New("a line of the head would be misread")
	}
	generation := 0
	for _, s := range r.Sets {
		if s.Generation <= generation || s.Generation > maxNumber {
			return fmt.Errorf("generation %d after generation %d", s.Generation, generation)
		}
		generation = s.Generation
		if err := s.validate(); err != nil {
			return fmt.Errorf("generation %d: %w", generation, err)
		}
	}
	return nil
}

func (s Set) validate() error {
	if _, err := Date(s.Made).MarshalText(); err != nil {
		return err
	}
	if len(s.Codes) > MaxCodes {
		return ErrTooLarge
	}
	number := 0
	for _, c := range s.Codes {
		_, err := Date(c.Used).MarshalText()
		switch {
		case err != nil:
			return fmt.Errorf("number %d: %w", c.Number, err)
		case c.Number <= number || c.Number > maxNumber:
			return fmt.Errorf("number %d after number %d", c.Number, number)
		case c.Since < 0 || c.Since >= s.Generation:
			return fmt.Errorf("number %d is from generation %d", c.Number, c.Since)
		case !IsPrintable(c.Text):
			return fmt.Errorf("number %d: %w", c.Number, ErrUnprintable)
		}
		number = c.Number
	}
	return nil
}

// IsPrintable reports whether a text has nothing in it but what shows, and spaces: no
// control character, which could take over a terminal, and no mark that changes the
// direction of what stands beside it. A code is shown as it stands.
func IsPrintable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) })
}

// maxNumber is the highest generation, and the highest number of a code.
const maxNumber = 1_000_000_000

var policyNames = [...]string{
	AnyOrder: "any order", InOrder: "in order", ByNumber: "by number", Replaced: "replaced",
	DisablesTwoFactor: "disables two-factor", Reusable: "reusable",
}

// String returns the policy as a Record's text and the ledger have it: "any
// order", "in order", "by number", "replaced", "disables two-factor", "reusable".
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return fmt.Sprintf("policy %d", byte(p))
}

// ParsePolicy reads what String returns.
func ParsePolicy(text string) (Policy, error) {
	for p, name := range policyNames {
		if text == name {
			return Policy(p), nil
		}
	}
	return 0, fmt.Errorf("%q must be one of %q", text, policyNames)
}

// MarshalText returns the same as String, or an error for an unknown policy.
func (p Policy) MarshalText() ([]byte, error) {
	if int(p) >= len(policyNames) {
		return nil, fmt.Errorf("%v is not known", p)
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (p *Policy) UnmarshalText(text []byte) error {
	parsed, err := ParsePolicy(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}

// String returns "unused", "used", "void" or "superseded".
func (s State) String() string {
	return [...]string{"unused", "used", "void", "superseded"}[s]
}

// Fits reports whether a code has a form, as it is or as services compare codes:
// without spaces and dashes, in small or capital letters.
func Fits(form *regexp.Regexp, code string) bool {
	joined := strings.ReplaceAll(code, " ", "")
	last := ""
	for _, s := range [...]string{code, joined, strings.ReplaceAll(joined, "-", "")} {
		if s != last && fitsInAnyCase(form, s) {
			return true
		}
		last = s
	}
	return false
}

func fitsInAnyCase(form *regexp.Regexp, s string) bool {
	lower, upper := strings.ToLower(s), strings.ToUpper(s)
	return form.MatchString(s) || lower != s && form.MatchString(lower) || upper != s && form.MatchString(upper)
}
