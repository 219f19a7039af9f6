package issuer

import (
	"context"
	"slices"
	"time"
)

// A State is where a set is in its life.
type State string

const (
	// Pending is a set that was prepared, and is not confirmed: the owner may not have
	// it yet, or only on a screen.
	Pending State = "pending"

	// Current is the set that is in force.
	Current State = "current"

	// Superseded is a set whose place a newer one has taken.
	Superseded State = "superseded"
)

// A Set is what a store keeps of the codes that were made at once.
type Set struct {
	Generation int       `json:"generation"` // 1 for a user's first set, and so on
	State      State     `json:"state"`
	Made       time.Time `json:"made"`
	Alphabet   Alphabet  `json:"alphabet"`
	Length     int       `json:"length"` // characters in a code
	Codes      []Code    `json:"codes"`  // by number
}

// A Code is what a store keeps of one: its text is not among it.
type Code struct {
	Number int       `json:"number"`        // in the set, from 1
	Hash   string    `json:"hash"`          // of a Hasher
	Used   time.Time `json:"used,omitzero"` // zero while unused
}

// Left returns how many codes of the set are unused.
func (s Set) Left() int {
	left := 0
	for _, c := range s.Codes {
		if c.Used.IsZero() {
			left++
		}
	}
	return left
}

// Next returns the lowest number that is unused, or 0.
func (s Set) Next() int {
	for _, c := range s.Codes {
		if c.Used.IsZero() {
			return c.Number
		}
	}
	return 0
}

func (s Set) code(number int) *Code {
	i := slices.IndexFunc(s.Codes, func(c Code) bool { return c.Number == number })
	if i < 0 {
		return nil
	}
	return &s.Codes[i]
}

// Attempts is what a store keeps of the codes that a user tried.
type Attempts struct {
	Failed int       `json:"failed"` // since the last one that was right
	Last   time.Time `json:"last,omitzero"`
}

// KeptSuperseded is how many superseded sets a store keeps of a user, the youngest
// ones. They are kept to tell the owner of an old paper that it is old; each may
// cost a hash more for a wrong code.
const KeptSuperseded = 2

// A Store keeps sets and attempts. Every method is atomic, among all processes and
// machines that use the store: of what is done at the same time, one is done before
// the other. Times are kept to the microsecond.
//
// A user has one current set at most, and one pending.
type Store interface {
	// Sets returns a user's sets by generation, or nothing for one who has none, as
	// they were at one time.
	Sets(ctx context.Context, user string) ([]Set, error)

	// Add stores a pending set, in the place of one that is there, and returns the
	// generation that it gave it: one more than the last that the user ever had.
	Add(ctx context.Context, user string, set Set) (generation int, err error)

	// Confirm makes a pending set the current one, supersedes that, forgets those
	// beyond KeptSuperseded, and sets the attempts to zero. For the current set it
	// does nothing. It returns ErrNotPending for any other.
	Confirm(ctx context.Context, user string, generation int) error

	// Abandon forgets a pending set. It returns ErrNotPending if it is not that.
	Abandon(ctx context.Context, user string, generation int) error

	// Spend marks an unused code as used, and sets the attempts to zero. A pending set
	// is confirmed thereby. It returns ErrUsed, ErrSuperseded, or ErrUnknown if
	// there is no such code any more: none of this generation and number with this
	// hash. Then it changes nothing. Of several who spend one code, one gets no error.
	Spend(ctx context.Context, user string, generation int, code Code, at time.Time) error

	// Attempt replaces a user's attempts by what next makes of them. If next returns
	// an error, so does Attempt, and nothing is changed. It returns ErrNoCodes for
	// a user who never had a set. next may be called more than once, and does not use
	// the store.
	Attempt(ctx context.Context, user string, next func(Attempts) (Attempts, error)) error

	// Remove forgets all about a user.
	Remove(ctx context.Context, user string) error
}
