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
	m := merger{record: newer, codes: make(map[identity]place)}
	m.index()
	m.keep(m.marks(older))
	m.head(older)
	return m.record
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

type place struct{ set, code int }

type merger struct {
	record Record // the newer one
	codes  map[identity]place
}

func (m *merger) index() {
	for i, s := range m.record.Sets {
		for j, c := range s.Codes {
			m.codes[identity{c.Number, s.since(c)}] = place{i, j}
		}
	}
}

// marks takes over what the older record knows of the same codes, and returns what
// it has beside them.
func (m *merger) marks(older Record) (left []Set) {
	for _, s := range older.Sets {
		rest := Set{Generation: s.Generation, Made: s.Made}
		for _, c := range s.Codes {
			if same := m.find(s, c); same != nil {
				same.absorb(c, m.record.Policy)
			} else {
				rest.Codes = append(rest.Codes, c)
			}
		}
		if len(rest.Codes) > 0 {
			left = append(left, rest)
		}
	}
	return left
}

// find returns the code that is the same as one of a set in the older record. Two
// that came with sets of the same generation are the same only if these were
// recorded on the same day: else each machine made a set of its own.
func (m *merger) find(s Set, c Code) *Code {
	at, found := m.codes[identity{c.Number, s.since(c)}]
	if !found {
		return nil
	}
	set := &m.record.Sets[at.set]
	same := &set.Codes[at.code]
	differ := same.Text != "" && c.Text != "" && same.Text != c.Text
	if differ || same.Since == 0 && c.Since == 0 && !sameDay(set.Made, s.Made) {
		return nil
	}
	return same
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

// keep adds what the older record has beside the codes of the newer one, as
// superseded sets. If it has texts for the very generation that is current, they
// complete that one, or it makes room.
func (m *merger) keep(left []Set) {
	for _, s := range left {
		current := m.record.Current()
		if s.Generation == current.Generation {
			if !s.hasText() {
				continue
			}
			if !current.isPartOf(s) {
				current.Generation++
			}
		}
		i, found := slices.BinarySearchFunc(m.record.Sets, s.Generation, func(s Set, g int) int { return s.Generation - g })
		if !found {
			m.record.Sets = slices.Insert(m.record.Sets, i, s)
			continue
		}
		for _, c := range s.Codes {
			if j, taken := m.record.Sets[i].place(c.Number); !taken {
				m.record.Sets[i].Codes = slices.Insert(m.record.Sets[i].Codes, j, c)
			}
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

func (s Set) hasText() bool {
	return slices.ContainsFunc(s.Codes, func(c Code) bool { return c.Text != "" })
}

// head takes over what the newer record does not tell.
func (m *merger) head(older Record) {
	if m.record.Service == "" {
		m.record.Service = older.Service
	}
	if m.record.Other == nil {
		m.record.Other = older.Other
	}
}
