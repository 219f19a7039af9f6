package backup

import (
	"fmt"
	"time"
)

// A State is what may still be done with a code.
type State byte

const (
	Unused     State = iota // or Reusable, whether it was used or not
	Used                    // on the day that the Code tells
	Void                    // a later one was used, where they go InOrder
	Superseded              // by a newer set, which made the service forget it
)

// String returns "unused", "used", "void" or "superseded".
func (s State) String() string {
	return [...]string{"unused", "used", "void", "superseded"}[s]
}

// State returns that of a code of the record's i-th set, which is one of r.Sets.
// A code that was used stays Used when its set is superseded.
func (r Record) State(i int, c Code) State {
	switch {
	case !c.Used.IsZero() && r.Policy != Reusable:
		return Used
	case i < len(r.Sets)-1:
		return Superseded
	case r.Policy == InOrder && r.Sets[i].usedAfter(c.Number):
		return Void
	}
	return Unused
}

// usedAfter reports whether a code of a higher number was used.
func (s Set) usedAfter(number int) bool {
	for _, c := range s.Codes {
		if c.Number > number && !c.Used.IsZero() {
			return true
		}
	}
	return false
}

// Left returns how many codes of the current set can still be used.
func (r Record) Left() int {
	left := 0
	for _, c := range r.current() {
		if r.State(len(r.Sets)-1, c) == Unused {
			left++
		}
	}
	return left
}

// Next returns the code to use next: of those that can be used, the one with the
// lowest number. It returns ErrNoCodes or ErrNoneLeft.
func (r Record) Next() (Code, error) {
	if len(r.current()) == 0 {
		return Code{}, ErrNoCodes
	}
	for _, c := range r.current() {
		if r.State(len(r.Sets)-1, c) == Unused {
			return c, nil
		}
	}
	return Code{}, ErrNoneLeft
}

// Use records that a code of the current set was used on a day, and returns the
// code. It returns ErrNoCodes or ErrNoSuchNumber; or ErrUsed or ErrVoid together
// with the code, which stays as it is.
func (r *Record) Use(number int, day time.Time) (Code, error) {
	if len(r.current()) == 0 {
		return Code{}, ErrNoCodes
	}
	i, found := r.Current().place(number)
	if !found {
		return Code{}, fmt.Errorf("number %d: %w", number, ErrNoSuchNumber)
	}
	c := &r.Current().Codes[i]
	switch r.State(len(r.Sets)-1, *c) {
	case Used:
		return *c, fmt.Errorf("number %d: %w, on %s", number, ErrUsed, c.Used.Format(time.DateOnly))
	case Void:
		return *c, fmt.Errorf("number %d: %w", number, ErrVoid)
	}
	c.Used = Day(day)
	return *c, nil
}

// current returns the codes of the current set.
func (r Record) current() []Code {
	if s := r.Current(); s != nil {
		return s.Codes
	}
	return nil
}
