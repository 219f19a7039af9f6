package backup

import (
	"fmt"
	"slices"
	"time"
)

// Use records that a code of the current set was used on a day, and returns the
// code. It returns ErrNoCodes or ErrNoSuchNumber; or ErrUsed or ErrVoid together
// with the code, which stays as it is.
func (r *Record) Use(number int, day time.Time) (Code, error) {
	i, err := r.index(number)
	if err != nil {
		return Code{}, err
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

// Supersede records a new set, which makes the service forget the one before.
// Codes without a number are given one by their place.
func (r *Record) Supersede(codes []Code, day time.Time) error {
	next := Set{Generation: r.Generation() + 1, Made: Day(day)}
	if err := next.add(codes); err != nil {
		return err
	}
	r.Sets = append(r.Sets, next)
	return nil
}

// Append records codes that the service takes beside those of the current set,
// which thereby becomes a newer generation of itself. Codes without a number are
// numbered on.
func (r *Record) Append(codes []Code, day time.Time) error {
	if r.Current() == nil {
		return r.Supersede(codes, day)
	}
	next := r.Current().renewed(day)
	if err := next.add(codes); err != nil {
		return err
	}
	*r.Current() = next
	return nil
}

// ReplaceCode records that the service put a new code instead of the one of that
// number. The current set thereby becomes a newer generation of itself; what
// was replaced becomes a superseded set. It returns ErrNoCodes or
// ErrNoSuchNumber.
func (r *Record) ReplaceCode(number int, text string, day time.Time) error {
	i, err := r.index(number)
	if err != nil {
		return err
	}
	old := *r.Current()
	next := old.renewed(day)
	next.Codes[i] = Code{Number: number, Text: text}
	old.Codes = []Code{old.Codes[i]}
	r.Sets = append(r.Superseded(), old, next)
	return nil
}

// renewed returns the set's next generation, with the same codes so far.
func (s Set) renewed(day time.Time) Set {
	codes := slices.Clone(s.Codes)
	for i := range codes {
		codes[i].Since = s.since(codes[i])
	}
	return Set{Generation: s.Generation + 1, Made: Day(day), Codes: codes}
}

// add puts codes into the set, in the order of their numbers.
func (s *Set) add(codes []Code) error {
	if len(codes) == 0 {
		return ErrNoCodes
	}
	if len(s.Codes)+len(codes) > MaxCodes {
		return ErrTooLarge
	}
	for _, c := range codes {
		if c.Number == 0 {
			c.Number = s.last() + 1
		}
		i, taken := s.place(c.Number)
		if taken || c.Number < 0 || c.Number > maxNumber {
			return fmt.Errorf("number %d is taken or invalid", c.Number)
		}
		c.Used, c.Since = Day(c.Used), 0
		s.Codes = slices.Insert(s.Codes, i, c)
	}
	return nil
}

// last returns the highest number of the set.
func (s Set) last() int {
	if len(s.Codes) == 0 {
		return 0
	}
	return s.Codes[len(s.Codes)-1].Number
}
