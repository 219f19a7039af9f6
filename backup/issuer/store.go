package issuer

import (
	"context"
	"slices"
	"time"
)

// A Store keeps the codes of users, and what they tried. [MemoryStore], [FileStore] and
// [SQLStore] are stores; one of your own is held to this contract by issuertest.Run.
//
// A store is safe for concurrent use. Every method is atomic among all goroutines, processes
// and machines that use the store: of what is done at the same time, one is done before the
// other. A method that returns an error has changed nothing, unless the connection broke
// under it. Times are kept to the microsecond, in UTC. A user has one current set at most,
// and one pending.
type Store interface {
	// Load returns what is kept of a user as it was at one time: nothing, and no error,
	// for a user who has nothing.
	Load(ctx context.Context, user string) (Record, error)

	// Add stores a pending set instead of one that is there, and returns the
	// generation that it gave it: one more than the last that the user ever had. The
	// set's own generation and state do not matter; its codes are numbered 1, 2, ....
	Add(ctx context.Context, user string, set Set) (generation int, err error)

	// Confirm makes a pending set the current one, supersedes that, forgets those
	// beyond KeptSuperseded, and sets the attempts to zero. For the current set it
	// does nothing. It returns ErrNotPending for any other.
	Confirm(ctx context.Context, user string, generation int) error

	// Abandon forgets a pending set. It returns ErrNotPending if it is not that.
	Abandon(ctx context.Context, user string, generation int) error

	// Spend marks an unused code as used, sets the attempts to zero, and returns what
	// is left then. A pending set is confirmed thereby. It returns ErrUnknown if there
	// is no such code any more: none of this generation and number with this hash; else
	// a *UsedError; else ErrSuperseded; else ErrChanged if the user's attempts are not
	// those seen. Of several who spend one code, one gets no error.
	Spend(ctx context.Context, user string, c Claim) (Redeemed, error)

	// Attempt replaces a user's attempts, if they are those seen. It returns ErrChanged
	// if they are not, and ErrNoCodes for a user of whom nothing is kept.
	Attempt(ctx context.Context, user string, seen, next Attempts) error

	// Remove forgets all about a user. That there is nothing is no error.
	Remove(ctx context.Context, user string) error
}

// A Record is what a store keeps of one user.
type Record struct {
	Sets     []Set    `json:"sets,omitempty"` // by generation
	Attempts Attempts `json:"attempts"`
}

// A Set is what is kept of the codes that were made at once.
type Set struct {
	Generation int       `json:"generation"` // 1 for a user's first set, and so on
	State      State     `json:"state"`
	Made       time.Time `json:"made"`
	Alphabet   Alphabet  `json:"alphabet"`
	Length     int       `json:"length"` // characters in a code
	Codes      []Code    `json:"codes"`  // by number
}

// A State is where a set is in its life.
type State string

const (
	// Pending is a set that was prepared, and is not confirmed: the owner may not have
	// it yet, or only on a screen.
	Pending State = "pending"

	// Current is the set that is in force.
	Current State = "current"

	// Superseded is a set that a newer one has replaced.
	Superseded State = "superseded"
)

// A Code is what is kept of one: its hash, and not its text.
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

// Attempts is what is kept of the codes that a user tried.
type Attempts struct {
	Failed int       `json:"failed"` // since the last one that was right
	Last   time.Time `json:"last,omitzero"`
}

// Equal reports whether two are the same.
func (a Attempts) Equal(b Attempts) bool { return a.Failed == b.Failed && a.Last.Equal(b.Last) }

// A Claim is a code to be spent.
type Claim struct {
	Generation int
	Code       Code // its number and hash, as they were read
	At         time.Time
	Seen       Attempts // that allowed one more
}

// KeptSuperseded is how many superseded sets a store keeps of a user, the youngest
// ones. They are kept so that the owner of an old paper learns that it is old; each may
// cost a hash more for a wrong code.
const KeptSuperseded = 2
