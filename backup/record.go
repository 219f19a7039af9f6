package backup

import (
	"slices"
	"time"
)

// A Code is one of a set.
type Code struct {
	// Number is what the service calls it, or its place in the set, from 1.
	Number int

	// Text is the code as the service showed it. It is empty for a code that is on
	// paper alone.
	Text string

	// Used is the day of its use, or of the last one where codes are Reusable;
	// zero before.
	Used time.Time

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

	// Codes are in the order of their numbers, none of which comes twice.
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
