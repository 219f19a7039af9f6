package issuer

import (
	"slices"
	"time"
)

// A record is all that a FileStore keeps of one user.
type record struct {
	User     string   `json:"user"`
	Last     int      `json:"last_generation"` // that was ever given
	Attempts Attempts `json:"attempts"`
	Sets     []Set    `json:"sets,omitempty"` // by generation
}

// set returns the set of a generation, or nil.
func (r *record) set(generation int) *Set {
	i := slices.IndexFunc(r.Sets, func(s Set) bool { return s.Generation == generation })
	if i < 0 {
		return nil
	}
	return &r.Sets[i]
}

func (r *record) drop(unwanted func(Set) bool) { r.Sets = slices.DeleteFunc(r.Sets, unwanted) }

func (r *record) add(s Set) int {
	r.drop(func(s Set) bool { return s.State == Pending })
	r.Last++
	s.Generation, s.State = r.Last, Pending
	r.Sets = append(r.Sets, s)
	return r.Last
}

func (r *record) confirm(generation int) error {
	chosen := r.set(generation)
	switch {
	case chosen == nil || chosen.State == Superseded:
		return ErrNotPending
	case chosen.State == Current:
		return nil
	}
	for i := range r.Sets {
		if r.Sets[i].State == Current {
			r.Sets[i].State = Superseded
		}
	}
	chosen.State = Current
	r.Attempts = Attempts{}
	r.forgetOld()
	return nil
}

// forgetOld drops superseded sets beyond those to be kept.
func (r *record) forgetOld() {
	kept := 0
	for _, s := range slices.Backward(slices.Clone(r.Sets)) {
		if s.State != Superseded {
			continue
		}
		if kept++; kept > KeptSuperseded {
			r.drop(func(old Set) bool { return old.Generation == s.Generation })
		}
	}
}

func (r *record) abandon(generation int) error {
	if s := r.set(generation); s == nil || s.State != Pending {
		return ErrNotPending
	}
	r.drop(func(s Set) bool { return s.Generation == generation })
	return nil
}

func (r *record) spend(generation int, code Code, at time.Time) error {
	s := r.set(generation)
	if s == nil || s.code(code.Number) == nil {
		return ErrUnknown
	}
	c := s.code(code.Number)
	if c.Hash != code.Hash {
		return ErrUnknown
	}
	switch {
	case !c.Used.IsZero():
		return ErrUsed
	case s.State == Superseded:
		return ErrSuperseded
	}
	c.Used = at
	r.Attempts = Attempts{}
	if s.State == Pending {
		return r.confirm(generation)
	}
	return nil
}
