package issuertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup/issuer"
)

func testEmpty(t *testing.T, s issuer.Store) {
	ctx := t.Context()
	holds(t, s, "nobody")
	wants(t, "Confirm", s.Confirm(ctx, "nobody", 1), issuer.ErrNotPending)
	wants(t, "Abandon", s.Abandon(ctx, "nobody", 1), issuer.ErrNotPending)
	spends(t, s, "nobody", 1, 1, issuer.ErrUnknown)
	wants(t, "Remove", s.Remove(ctx, "nobody"), nil)
	wants(t, "Attempt", s.Attempt(ctx, "nobody", issuer.Attempts{}, failed(1)), issuer.ErrNoCodes)
	holds(t, s, "nobody")
}

func failed(times int) issuer.Attempts { return issuer.Attempts{Failed: times, Last: day} }

func testAdd(t *testing.T, s issuer.Store) {
	if g := added(t, s, "alice", "a"); g != 1 {
		t.Errorf("the first generation is %d", g)
	}
	holds(t, s, "alice", "1 pending ---")
	if g := added(t, s, "alice", "b"); g != 2 {
		t.Errorf("the second generation is %d", g)
	}
	holds(t, s, "alice", "2 pending ---")
	holds(t, s, "bob")
	got := loaded(t, s, "alice").Sets[0]
	if !got.Made.Equal(day) || got.Alphabet != issuer.Crockford || got.Length != 10 || got.Codes[2].Hash != "$b$3" {
		t.Errorf("the set reads back as %+v", got)
	}
}

// A set that comes from elsewhere may have codes that are used.
func testImported(t *testing.T, s issuer.Store) {
	set := someSet("a")
	set.Codes[1].Used, set.Codes[0].Hash = day, `"$a, \{NULL}'`+"\n$1"
	if _, err := s.Add(t.Context(), "alice", set); err != nil {
		t.Fatal(err)
	}
	holds(t, s, "alice", "1 pending -u-")
	got := loaded(t, s, "alice").Sets[0].Codes
	if got[0].Hash != set.Codes[0].Hash || !got[1].Used.Equal(day) {
		t.Errorf("the codes read back as %+v", got)
	}
	spends(t, s, "alice", 1, 2, issuer.ErrUsed)
	spends(t, s, "alice", 1, 1, nil)
	set.Codes[2].Number = 5
	if _, err := s.Add(t.Context(), "alice", set); err == nil {
		t.Error("it takes a set without a code 3")
	}
	holds(t, s, "alice", "1 current uu-")
}

func testConfirm(t *testing.T, s issuer.Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	holds(t, s, "alice", "1 current ---")
	wants(t, "again", s.Confirm(ctx, "alice", 1), nil)
	wants(t, "none", s.Confirm(ctx, "alice", 0), issuer.ErrNotPending) // what no set has
	added(t, s, "alice", "b")
	holds(t, s, "alice", "1 current ---", "2 pending ---")
	wants(t, "one to come", s.Confirm(ctx, "alice", 3), issuer.ErrNotPending)
	wants(t, "the second", s.Confirm(ctx, "alice", 2), nil)
	holds(t, s, "alice", "1 superseded ---", "2 current ---")
	wants(t, "the superseded", s.Confirm(ctx, "alice", 1), issuer.ErrNotPending)
	holds(t, s, "alice", "1 superseded ---", "2 current ---")
	added(t, s, "alice", "c")
	added(t, s, "alice", "d")
	wants(t, "the replaced", s.Confirm(ctx, "alice", 3), issuer.ErrNotPending)
	holds(t, s, "alice", "1 superseded ---", "2 current ---", "4 pending ---")
}

func testForget(t *testing.T, s issuer.Store) {
	var want []string
	for g := range issuer.KeptSuperseded + 3 {
		confirmed(t, s, "alice", "a")
		want = append(want, fmt.Sprintf("%d superseded ---", g+1))
	}
	want = want[len(want)-issuer.KeptSuperseded-1:]
	want[issuer.KeptSuperseded] = strings.Replace(want[issuer.KeptSuperseded], "superseded", "current", 1)
	holds(t, s, "alice", want...)
	spends(t, s, "alice", 1, 1, issuer.ErrUnknown)
}

func testAbandon(t *testing.T, s issuer.Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	wants(t, "the current", s.Abandon(ctx, "alice", 1), issuer.ErrNotPending)
	added(t, s, "alice", "b")
	wants(t, "the pending", s.Abandon(ctx, "alice", 2), nil)
	wants(t, "again", s.Abandon(ctx, "alice", 2), issuer.ErrNotPending)
	wants(t, "none", s.Abandon(ctx, "alice", 0), issuer.ErrNotPending)
	holds(t, s, "alice", "1 current ---")
	spends(t, s, "alice", 2, 1, issuer.ErrUnknown)
	if g := added(t, s, "alice", "c"); g != 3 {
		t.Errorf("generation %d comes after an abandoned one, not 3", g)
	}
}

func testSpend(t *testing.T, s issuer.Store) {
	confirmed(t, s, "alice", "a")
	confirmed(t, s, "bob", "a")
	spends(t, s, "alice", 1, 4, issuer.ErrUnknown)
	spends(t, s, "alice", 1, 2, nil)
	holds(t, s, "alice", "1 current -u-")
	spends(t, s, "alice", 1, 2, issuer.ErrUsed)
	spends(t, s, "alice", 1, 3, nil)
	holds(t, s, "alice", "1 current -uu")
	holds(t, s, "bob", "1 current ---")
	var used *issuer.UsedError
	_, err := spend(t.Context(), s, "alice", 1, 2, day.Add(time.Hour))
	if !errors.As(err, &used) || used.Generation != 1 || used.Number != 2 || !used.At.Equal(day) {
		t.Errorf("again: %v, want number 2 of 1, at %v", err, day)
	}
	confirmed(t, s, "alice", "b")
	spends(t, s, "alice", 1, 1, issuer.ErrSuperseded)
	spends(t, s, "alice", 1, 2, issuer.ErrUsed)
	holds(t, s, "alice", "1 superseded -uu", "2 current ---")
}

// A code that was read before its user was forgotten is not one of the codes that have
// its generation and number since.
func testSpendForgotten(t *testing.T, s issuer.Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	old := issuer.Claim{Generation: 1, Code: loaded(t, s, "alice").Sets[0].Codes[0], At: day}
	wants(t, "Remove", s.Remove(ctx, "alice"), nil)
	confirmed(t, s, "alice", "b")
	_, err := s.Spend(ctx, "alice", old)
	wants(t, "a forgotten code", err, issuer.ErrUnknown)
	holds(t, s, "alice", "1 current ---")
	spends(t, s, "alice", 1, 1, nil)
	_, err = s.Spend(ctx, "alice", old)
	wants(t, "a forgotten code", err, issuer.ErrUnknown)
}

// A code is not spent if others were tried since, nor is anything else changed.
func testSpendChanged(t *testing.T, s issuer.Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	added(t, s, "alice", "b")
	wants(t, "Attempt", s.Attempt(ctx, "alice", issuer.Attempts{}, failed(1)), nil)
	for generation, seen := range []issuer.Attempts{{}, failed(2), {Failed: 1, Last: day.Add(time.Second)}} {
		generation = min(generation+1, 2)
		for _, set := range loaded(t, s, "alice").Sets {
			if set.Generation == generation {
				_, err := s.Spend(ctx, "alice", issuer.Claim{Generation: generation, Code: set.Codes[0], At: day, Seen: seen})
				wants(t, "Spend", err, issuer.ErrChanged)
			}
		}
	}
	holds(t, s, "alice", "1 current ---", "2 pending ---")
	if a := attempts(t, s, "alice"); !a.Equal(failed(1)) {
		t.Errorf("the attempts are %+v", a)
	}
}

func testSpendPending(t *testing.T, s issuer.Store) {
	confirmed(t, s, "alice", "a")
	confirmed(t, s, "alice", "b")
	confirmed(t, s, "alice", "c")
	added(t, s, "alice", "x")
	added(t, s, "alice", "d")
	spends(t, s, "alice", 3, 1, nil)
	holds(t, s, "alice", "1 superseded ---", "2 superseded ---", "3 current u--", "5 pending ---")
	done, err := spend(t.Context(), s, "alice", 5, 3, day)
	if want := (issuer.Redeemed{Generation: 5, Number: 3, Left: 2, Confirmed: true}); err != nil || done != want {
		t.Errorf("spent %+v, %v; want %+v", done, err, want)
	}
	holds(t, s, "alice", "2 superseded ---", "3 superseded u--", "5 current --u")
	spends(t, s, "alice", 5, 3, issuer.ErrUsed)
	spends(t, s, "alice", 3, 2, issuer.ErrSuperseded)
	spends(t, s, "alice", 4, 1, issuer.ErrUnknown)
}

// attempts returns what a store keeps of a user's attempts.
func attempts(t *testing.T, s issuer.Store, user string) issuer.Attempts {
	t.Helper()
	return loaded(t, s, user).Attempts
}

func testAttempts(t *testing.T, s issuer.Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	confirmed(t, s, "bob", "a")
	expect := func(when, user string, want issuer.Attempts) {
		t.Helper()
		if a := attempts(t, s, user); !a.Equal(want) {
			t.Errorf("%s: %s has %+v, want %+v", when, user, a, want)
		}
	}
	none := issuer.Attempts{}
	expect("at first", "alice", none)
	wants(t, "Attempt", s.Attempt(ctx, "alice", none, failed(1)), nil)
	wants(t, "Attempt", s.Attempt(ctx, "alice", none, failed(1)), issuer.ErrChanged)
	wants(t, "Attempt", s.Attempt(ctx, "alice", issuer.Attempts{Failed: 1}, failed(2)), issuer.ErrChanged)
	wants(t, "Attempt", s.Attempt(ctx, "alice", failed(1), failed(2)), nil)
	expect("after two", "alice", failed(2))
	expect("after two of somebody else", "bob", none)
	spends(t, s, "alice", 1, 9, issuer.ErrUnknown)
	expect("after spending nothing", "alice", failed(2))
	spends(t, s, "alice", 1, 1, nil)
	expect("after a right one", "alice", none)
	wants(t, "Attempt", s.Attempt(ctx, "alice", none, failed(1)), nil)
	added(t, s, "alice", "b")
	expect("after preparing", "alice", failed(1))
	wants(t, "Confirm", s.Confirm(ctx, "alice", 2), nil)
	expect("after confirming", "alice", none)
	wants(t, "Attempt", s.Attempt(ctx, "alice", none, failed(1)), nil)
	wants(t, "Confirm", s.Confirm(ctx, "alice", 2), nil)
	expect("after confirming what is confirmed", "alice", failed(1))
	wants(t, "Attempt", s.Attempt(ctx, "alice", failed(1), none), nil)
	expect("after forgiving", "alice", none)
}

func testRemove(t *testing.T, s issuer.Store) {
	confirmed(t, s, "alice", "a")
	confirmed(t, s, "bob", "a")
	wants(t, "Remove", s.Remove(t.Context(), "alice"), nil)
	holds(t, s, "alice")
	holds(t, s, "bob", "1 current ---")
	confirmed(t, s, "alice", "b")
	holds(t, s, "alice", "1 current ---")
}

func testNames(t *testing.T, s issuer.Store) {
	names := []string{
		"a", "A", "a ", " a", "'; DROP TABLE backup_codes; --", `"\`, "%", "_", "$1", "Ünï©ôdé 😀", "é", "e\u0301",
		"a\nb", strings.Repeat("x", 512), strings.Repeat("x", 511), "<&>\u2028",
	}
	for i, name := range names {
		added(t, s, name, "a")
		wants(t, "Attempt", s.Attempt(t.Context(), name, issuer.Attempts{}, failed(i)), nil)
	}
	for i, name := range names {
		holds(t, s, name, "1 pending ---")
		if a := attempts(t, s, name); a.Failed != i {
			t.Errorf("%q has %d attempts, want %d", name, a.Failed, i)
		}
	}
}

func testCancelled(t *testing.T, s issuer.Store) {
	confirmed(t, s, "alice", "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Load(ctx, "alice")
	wants(t, "Load", err, context.Canceled)
	_, err = s.Add(ctx, "alice", someSet("b"))
	wants(t, "Add", err, context.Canceled)
	_, err = spend(ctx, s, "alice", 1, 1, day)
	wants(t, "Spend", err, context.Canceled)
	wants(t, "Attempt", s.Attempt(ctx, "alice", issuer.Attempts{}, failed(1)), context.Canceled)
	wants(t, "Confirm", s.Confirm(ctx, "alice", 1), context.Canceled)
	wants(t, "Abandon", s.Abandon(ctx, "alice", 1), context.Canceled)
	wants(t, "Remove", s.Remove(ctx, "alice"), context.Canceled)
	holds(t, s, "alice", "1 current ---")
}
