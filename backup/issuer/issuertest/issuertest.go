// Package issuertest is for tests of what keeps backup codes, and of services that hand
// them out. [Hasher] is safe for concurrent use.
package issuertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup/issuer"
)

// Hasher hashes as little as Argon2id can: a test that makes codes, or takes them, waits
// for microseconds. It is not for codes that anybody is given.
var Hasher issuer.Hasher = issuer.Argon2id{Memory: 8, Time: 1, Threads: 1}

// Run holds a store to what issuer.Store promises, in subtests that run in parallel, each
// on a store of its own that is empty. Up to fifty goroutines use one at the same time.
func Run(t *testing.T, open func(t *testing.T) issuer.Store) {
	for name, test := range map[string]func(*testing.T, issuer.Store){
		"Empty": testEmpty, "Add": testAdd, "Imported": testImported, "Confirm": testConfirm, "Forget": testForget,
		"Abandon": testAbandon, "Spend": testSpend, "SpendPending": testSpendPending, "SpendForgotten": testSpendForgotten,
		"SpendChanged": testSpendChanged, "Attempts": testAttempts, "Remove": testRemove, "Names": testNames,
		"Cancelled": testCancelled, "SpendOnce": testSpendOnce, "LeftAtOnce": testLeftAtOnce, "CountAll": testCountAll,
		"AddAtOnce": testAddAtOnce, "ConfirmAtOnce": testConfirmAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// day is a time with microseconds, all of which a store keeps.
var day = time.Date(2026, 11, 23, 18, 4, 5, 123456000, time.UTC)

// someSet returns a set of three codes, whose hashes begin with the mark.
func someSet(mark string) issuer.Set {
	s := issuer.Set{Made: day, Alphabet: issuer.Crockford, Length: 10}
	for n := range 3 {
		s.Codes = append(s.Codes, issuer.Code{Number: n + 1, Hash: fmt.Sprintf("$%s$%d", mark, n+1)})
	}
	return s
}

// added adds a set, and returns its generation.
func added(t *testing.T, s issuer.Store, user, mark string) int {
	t.Helper()
	generation, err := s.Add(t.Context(), user, someSet(mark))
	if err != nil {
		t.Fatal(err)
	}
	return generation
}

// confirmed adds a set and confirms it.
func confirmed(t *testing.T, s issuer.Store, user, mark string) int {
	t.Helper()
	generation := added(t, s, user, mark)
	if err := s.Confirm(t.Context(), user, generation); err != nil {
		t.Fatal(err)
	}
	return generation
}

// loaded returns what is kept of a user.
func loaded(t *testing.T, s issuer.Store, user string) issuer.Record {
	t.Helper()
	r, err := s.Load(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// spend spends the code of a number, as a reader of the store knows it.
func spend(ctx context.Context, s issuer.Store, user string, generation, number int, at time.Time) (issuer.Redeemed, error) {
	claim := issuer.Claim{Generation: generation, Code: issuer.Code{Number: number}, At: at}
	r, _ := s.Load(context.WithoutCancel(ctx), user) // Spend returns what is wrong
	claim.Seen = r.Attempts
	for _, set := range r.Sets {
		for _, c := range set.Codes {
			if set.Generation == generation && c.Number == number {
				claim.Code = c
			}
		}
	}
	return s.Spend(ctx, user, claim)
}

// spends fails a test unless spending a code returns the error wanted; nil for none.
func spends(t *testing.T, s issuer.Store, user string, generation, number int, want error) {
	t.Helper()
	done, err := spend(t.Context(), s, user, generation, number, day)
	if !errors.Is(err, want) {
		t.Errorf("spending %d.%d of %q: error %v, want %v", generation, number, user, err, want)
	}
	if err != nil && done != (issuer.Redeemed{}) {
		t.Errorf("spending %d.%d of %q: %+v beside the error %v", generation, number, user, done, err)
	}
}

// holds compares what a user has with the words of each set: generation, state, and
// a letter for each code, u if it is used.
func holds(t *testing.T, s issuer.Store, user string, want ...string) {
	t.Helper()
	var got []string
	for _, set := range loaded(t, s, user).Sets {
		codes := ""
		for i, c := range set.Codes {
			switch {
			case c.Number != i+1 || !strings.HasSuffix(c.Hash, fmt.Sprintf("$%d", c.Number)):
				codes += "?"
			case c.Used.IsZero():
				codes += "-"
			default:
				codes += "u"
			}
		}
		got = append(got, fmt.Sprintf("%d %s %s", set.Generation, set.State, codes))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q has %q, want %q", user, got, want)
	}
}

// wants fails a test unless the error is the one wanted; nil for none.
func wants(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}
