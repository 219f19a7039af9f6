package backup

import (
	"slices"
	"time"
)

// Merge brings together what two places know of an account's codes, such as the
// vault and the ledger: what is used in either is used. Of two generations the
// newer one is current; of two of the same number, which two machines may have
// made, the one recorded later, or a. No code that the service may still take is
// lost: what the newer record does not know becomes a superseded set. In all else
// the newer record counts.
func Merge(a, b Record) Record {
	newer, older := a.Clone(), b.Clone()
	if b.isNewerThan(a) {
		newer, older = older, newer
	}
	known := make(map[identity]place)
	for i := range newer.Sets {
		s := &newer.Sets[i]
		for j, c := range s.Codes {
			known[identity{c.Number, s.since(c)}] = place{s, &s.Codes[j]}
		}
	}
	var left []Set // what the older one has beside the codes of the newer one
	for _, s := range older.Sets {
		rest := Set{Generation: s.Generation, Made: s.Made}
		for _, c := range s.Codes {
			if at, found := known[identity{c.Number, s.since(c)}]; found && at.isOf(s, c) {
				at.code.absorb(c, newer.Policy)
			} else {
				rest.Codes = append(rest.Codes, c)
			}
		}
		if len(rest.Codes) > 0 {
			left = append(left, rest)
		}
	}
	for _, s := range left {
		newer.keep(s)
	}
	if newer.Service == "" {
		newer.Service = older.Service
	}
	if newer.Other == nil {
		newer.Other = older.Other
	}
	return newer
}

// MergePaper is Merge with what a sheet of paper says, which anybody can print. It returns
// ErrHides if a code that is left would not be any more, unless the paper has that code.
func MergePaper(known, paper Record) (Record, error) {
	merged := Merge(known, paper)
	for _, c := range known.unused() {
		isSame := func(other Code) bool { return other.Text == c.Text && other.Number == c.Number }
		onPaper := slices.ContainsFunc(paper.Sets, func(s Set) bool { return slices.ContainsFunc(s.Codes, isSame) })
		if c.Text != "" && !onPaper && !slices.ContainsFunc(merged.unused(), isSame) {
			return known, ErrHides
		}
	}
	return merged, nil
}

func (r Record) isNewerThan(other Record) bool {
	if r.Generation() != other.Generation() || r.Generation() == 0 {
		return r.Generation() > other.Generation()
	}
	return r.Current().Made.After(other.Current().Made)
}

// An identity is what makes a code the same one in two records. Its text cannot:
// the ledger has none.
type identity struct{ number, since int }

// A place is where a code is in the newer record.
type place struct {
	set  *Set
	code *Code
}

// isOf reports whether a code of the same identity, from a set of the older record,
// is the same. Two that came with sets of the same generation are the same only if
// these were recorded on the same day: else each machine made a set of its own.
func (p place) isOf(s Set, c Code) bool {
	differ := p.code.Text != "" && c.Text != "" && p.code.Text != c.Text
	return !differ && (p.code.Since != 0 || c.Since != 0 || sameDay(p.set.Made, s.Made))
}

func sameDay(a, b time.Time) bool { return a.IsZero() || b.IsZero() || a.Equal(b) }

// absorb takes over what another record knows of the same code. Of two dates, the
// first is the one on which it was spent.
func (c *Code) absorb(other Code, p Policy) {
	if c.Text == "" {
		c.Text = other.Text
	}
	switch {
	case c.Used.IsZero():
		c.Used = other.Used
	case other.Used.IsZero():
	case other.Used.Before(c.Used) != (p == Reusable):
		c.Used = other.Used
	}
}

// keep adds a set of the older record, as a superseded one. If it has texts for the
// very generation that is current, they complete that one, or it makes room.
func (r *Record) keep(s Set) {
	if current := r.Current(); s.Generation == current.Generation {
		hasText := slices.ContainsFunc(s.Codes, func(c Code) bool { return c.Text != "" })
		if !hasText {
			return
		}
		if !current.isPartOf(s) {
			current.Generation++
		}
	}
	i, found := slices.BinarySearchFunc(r.Sets, s.Generation, func(s Set, g int) int { return s.Generation - g })
	if !found {
		r.Sets = slices.Insert(r.Sets, i, s)
		return
	}
	for _, c := range s.Codes {
		if j, taken := r.Sets[i].place(c.Number); !taken {
			r.Sets[i].Codes = slices.Insert(r.Sets[i].Codes, j, c)
		}
	}
}

// isPartOf reports whether further codes of the same generation are of the same
// set, as when each of two scans lacked some: it was recorded on the same day, and
// their numbers are free.
func (s Set) isPartOf(rest Set) bool {
	return sameDay(s.Made, rest.Made) && !slices.ContainsFunc(rest.Codes, func(c Code) bool {
		_, taken := s.place(c.Number)
		return taken
	})
}
