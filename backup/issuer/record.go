package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// A record is a Record with what a store that keeps it as a whole has to know beside.
// Its methods are the rules of Store.
type record struct {
	User string `json:"user"`
	Last int    `json:"last_generation"` // that was ever given
	Record
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
	kept := 0
	for _, s := range slices.Backward(slices.Clone(r.Sets)) {
		if s.State != Superseded {
			continue
		}
		if kept++; kept > KeptSuperseded {
			r.drop(func(old Set) bool { return old.Generation == s.Generation })
		}
	}
	return nil
}

func (r *record) abandon(generation int) error {
	if s := r.set(generation); s == nil || s.State != Pending {
		return ErrNotPending
	}
	r.drop(func(s Set) bool { return s.Generation == generation })
	return nil
}

func (r *record) spend(c Claim) (Redeemed, error) {
	s := r.set(c.Generation)
	if s == nil {
		return Redeemed{}, ErrUnknown
	}
	code := s.code(c.Code.Number)
	switch {
	case code == nil || code.Hash != c.Code.Hash:
		return Redeemed{}, ErrUnknown
	case !code.Used.IsZero():
		return Redeemed{}, &UsedError{s.Generation, code.Number, code.Used}
	case s.State == Superseded:
		return Redeemed{}, ErrSuperseded
	case !r.Attempts.Equal(c.Seen):
		return Redeemed{}, ErrChanged
	}
	code.Used = c.At
	r.Attempts = Attempts{}
	done := Redeemed{s.Generation, code.Number, s.Left(), s.State == Pending}
	return done, r.confirm(s.Generation)
}

func (r *record) attempt(seen, next Attempts) error {
	if !r.Attempts.Equal(seen) {
		return ErrChanged
	}
	r.Attempts = next
	return nil
}

// validate refuses what the methods above do not make: to continue with it could spend a
// code twice.
func (r *record) validate() error {
	if r.User == "" || r.Attempts.Failed < 0 {
		return errors.New("a name or a number that cannot be")
	}
	last := 0
	states := make(map[State]int)
	for _, s := range r.Sets {
		if s.Generation <= last || s.Generation > r.Last {
			return fmt.Errorf("generation %d is out of order", s.Generation)
		}
		last = s.Generation
		states[s.State]++
		if err := s.validate(); err != nil {
			return fmt.Errorf("generation %d: %w", s.Generation, err)
		}
	}
	if states[Current] > 1 || states[Pending] > 1 {
		return errors.New("two sets are current, or pending")
	}
	return nil
}

func (s Set) validate() error {
	switch {
	case s.State != Pending && s.State != Current && s.State != Superseded:
		return fmt.Errorf("invalid state %q", s.State)
	case s.Length < 1 || len(s.Codes) == 0:
		return errors.New("there are no codes in it")
	}
	for n, c := range s.Codes {
		if c.Number != n+1 || c.Hash == "" {
			return fmt.Errorf("code %d is out of order, or has no hash", n+1)
		}
	}
	return s.Alphabet.validate()
}

// records keep one record a user, or none, which is nil. What a change makes of the
// record that is there is kept, unless it returns an error. It makes one where there is
// none only if it is adding.
type records interface {
	read(ctx context.Context, user string) (*record, error)
	change(ctx context.Context, user string, adding bool, change func(*record) (*record, error)) error
}

// A recordStore is the Store over records.
type recordStore struct{ records }

// alter changes a record that is there. It returns the error absent if none is.
func (s recordStore) alter(ctx context.Context, user string, absent error, change func(*record) error) error {
	return s.change(ctx, user, false, func(r *record) (*record, error) {
		if r == nil {
			return nil, absent
		}
		return r, change(r)
	})
}

// Load implements Store.
func (s recordStore) Load(ctx context.Context, user string) (Record, error) {
	r, err := s.read(ctx, user)
	if r == nil {
		return Record{}, err
	}
	return r.Record, err
}

// Add implements Store.
func (s recordStore) Add(ctx context.Context, user string, set Set) (generation int, err error) {
	err = s.change(ctx, user, true, func(r *record) (*record, error) {
		if r == nil {
			r = &record{User: user}
		}
		generation = r.add(set)
		return r, r.validate()
	})
	return generation, err
}

// Confirm implements Store.
func (s recordStore) Confirm(ctx context.Context, user string, generation int) error {
	return s.alter(ctx, user, ErrNotPending, func(r *record) error { return r.confirm(generation) })
}

// Abandon implements Store.
func (s recordStore) Abandon(ctx context.Context, user string, generation int) error {
	return s.alter(ctx, user, ErrNotPending, func(r *record) error { return r.abandon(generation) })
}

// Spend implements Store.
func (s recordStore) Spend(ctx context.Context, user string, c Claim) (done Redeemed, err error) {
	err = s.alter(ctx, user, ErrUnknown, func(r *record) (err error) {
		done, err = r.spend(c)
		return err
	})
	if err != nil {
		return Redeemed{}, err
	}
	return done, nil
}

// Attempt implements Store.
func (s recordStore) Attempt(ctx context.Context, user string, seen, next Attempts) error {
	return s.alter(ctx, user, ErrNoCodes, func(r *record) error { return r.attempt(seen, next) })
}

// Remove implements Store.
func (s recordStore) Remove(ctx context.Context, user string) error {
	return s.change(ctx, user, false, func(*record) (*record, error) { return nil, nil })
}

// A MemoryStore keeps codes for as long as the process lives: for tests, and to try the
// package. It is safe for concurrent use.
type MemoryStore struct{ recordStore }

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore {
	return &MemoryStore{recordStore{&memory{users: make(map[string][]byte)}}}
}

// memory has each user's record as JSON, so that no two share a slice.
type memory struct {
	mu    sync.Mutex
	users map[string][]byte
}

func (m *memory) read(ctx context.Context, user string) (*record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.load(ctx, user)
}

func (m *memory) load(ctx context.Context, user string) (*record, error) {
	text, there := m.users[user]
	if err := ctx.Err(); err != nil || !there {
		return nil, err
	}
	r := new(record)
	return r, json.Unmarshal(text, r)
}

func (m *memory) change(ctx context.Context, user string, _ bool, change func(*record) (*record, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.load(ctx, user)
	if err == nil {
		r, err = change(r)
	}
	switch {
	case err != nil:
		return err
	case r == nil:
		delete(m.users, user)
		return nil
	}
	m.users[user], err = json.Marshal(r)
	return err
}
