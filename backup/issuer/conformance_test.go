package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// day is a time with microseconds, all of which a store keeps.
var day = time.Date(2026, 11, 23, 18, 4, 5, 123456000, time.UTC)

// testStore holds a store to what Store promises. Each test has one of its own.
func testStore(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"Empty": testEmpty, "Add": testAdd, "Confirm": testConfirm, "Forget": testForget, "Abandon": testAbandon,
		"Spend": testSpend, "SpendPending": testSpendPending, "SpendForgotten": testSpendForgotten, "Attempts": testAttempts, "Remove": testRemove,
		"Names": testNames, "Cancelled": testCancelled, "SpendOnce": testSpendOnce, "CountAll": testCountAll,
		"AddAtOnce": testAddAtOnce, "ConfirmAtOnce": testConfirmAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// someSet returns a set of three codes, whose hashes begin with the mark.
func someSet(mark string) Set {
	s := Set{Made: day, Alphabet: Crockford, Length: 10}
	for n := range 3 {
		s.Codes = append(s.Codes, Code{Number: n + 1, Hash: fmt.Sprintf("$%s$%d", mark, n+1)})
	}
	return s
}

// added adds a set, and returns its generation.
func added(t *testing.T, s Store, user, mark string) int {
	t.Helper()
	generation, err := s.Add(t.Context(), user, someSet(mark))
	if err != nil {
		t.Fatal(err)
	}
	return generation
}

// confirmed adds a set and confirms it.
func confirmed(t *testing.T, s Store, user, mark string) int {
	t.Helper()
	generation := added(t, s, user, mark)
	if err := s.Confirm(t.Context(), user, generation); err != nil {
		t.Fatal(err)
	}
	return generation
}

// spend spends the code of a number, as a reader of the store knows it.
func spend(ctx context.Context, s Store, user string, generation, number int, at time.Time) error {
	code := Code{Number: number}
	sets, _ := s.Sets(context.WithoutCancel(ctx), user) // Spend tells what is wrong
	for _, set := range sets {
		if c := set.code(number); c != nil && set.Generation == generation {
			code = *c
		}
	}
	return s.Spend(ctx, user, generation, code, at)
}

// holds compares what a user has with the words of each set: generation, state, and
// a letter for each code, u if it is used.
func holds(t *testing.T, s Store, user string, want ...string) {
	t.Helper()
	sets, err := s.Sets(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, set := range sets {
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

func testEmpty(t *testing.T, s Store) {
	ctx := t.Context()
	holds(t, s, "nobody")
	wants(t, "Confirm", s.Confirm(ctx, "nobody", 1), ErrNotPending)
	wants(t, "Abandon", s.Abandon(ctx, "nobody", 1), ErrNotPending)
	wants(t, "Spend", spend(ctx, s, "nobody", 1, 1, day), ErrUnknown)
	wants(t, "Remove", s.Remove(ctx, "nobody"), nil)
	wants(t, "Attempt", s.Attempt(ctx, "nobody", failOnce), ErrNoCodes)
	holds(t, s, "nobody")
}

func failOnce(a Attempts) (Attempts, error) { return Attempts{a.Failed + 1, day}, nil }

func testAdd(t *testing.T, s Store) {
	if g := added(t, s, "alice", "a"); g != 1 {
		t.Errorf("the first generation is %d", g)
	}
	holds(t, s, "alice", "1 pending ---")
	if g := added(t, s, "alice", "b"); g != 2 {
		t.Errorf("the second generation is %d", g)
	}
	holds(t, s, "alice", "2 pending ---")
	holds(t, s, "bob")
	sets, err := s.Sets(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	got := sets[0]
	if !got.Made.Equal(day) || got.Alphabet != Crockford || got.Length != 10 || got.Codes[2].Hash != "$b$3" {
		t.Errorf("the set came back as %+v", got)
	}
}

func testConfirm(t *testing.T, s Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	holds(t, s, "alice", "1 current ---")
	wants(t, "again", s.Confirm(ctx, "alice", 1), nil)
	added(t, s, "alice", "b")
	holds(t, s, "alice", "1 current ---", "2 pending ---")
	wants(t, "one to come", s.Confirm(ctx, "alice", 3), ErrNotPending)
	wants(t, "the second", s.Confirm(ctx, "alice", 2), nil)
	holds(t, s, "alice", "1 superseded ---", "2 current ---")
	wants(t, "the superseded", s.Confirm(ctx, "alice", 1), ErrNotPending)
	holds(t, s, "alice", "1 superseded ---", "2 current ---")
	added(t, s, "alice", "c")
	added(t, s, "alice", "d")
	wants(t, "the replaced", s.Confirm(ctx, "alice", 3), ErrNotPending)
	holds(t, s, "alice", "1 superseded ---", "2 current ---", "4 pending ---")
}

func testForget(t *testing.T, s Store) {
	var want []string
	for g := range KeptSuperseded + 3 {
		confirmed(t, s, "alice", "a")
		want = append(want, fmt.Sprintf("%d superseded ---", g+1))
	}
	want = want[len(want)-KeptSuperseded-1:]
	want[KeptSuperseded] = strings.Replace(want[KeptSuperseded], "superseded", "current", 1)
	holds(t, s, "alice", want...)
	wants(t, "a forgotten one", spend(t.Context(), s, "alice", 1, 1, day), ErrUnknown)
}

func testAbandon(t *testing.T, s Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	wants(t, "the current", s.Abandon(ctx, "alice", 1), ErrNotPending)
	added(t, s, "alice", "b")
	wants(t, "the pending", s.Abandon(ctx, "alice", 2), nil)
	wants(t, "again", s.Abandon(ctx, "alice", 2), ErrNotPending)
	holds(t, s, "alice", "1 current ---")
	wants(t, "spending an abandoned one", spend(ctx, s, "alice", 2, 1, day), ErrUnknown)
	if g := added(t, s, "alice", "c"); g != 3 {
		t.Errorf("generation %d comes after an abandoned one, not 3", g)
	}
}

func testSpend(t *testing.T, s Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	confirmed(t, s, "bob", "a")
	wants(t, "a number beyond", spend(ctx, s, "alice", 1, 4, day), ErrUnknown)
	wants(t, "the second", spend(ctx, s, "alice", 1, 2, day), nil)
	holds(t, s, "alice", "1 current -u-")
	wants(t, "again", spend(ctx, s, "alice", 1, 2, day.Add(time.Hour)), ErrUsed)
	wants(t, "another", spend(ctx, s, "alice", 1, 3, day), nil)
	holds(t, s, "alice", "1 current -uu")
	holds(t, s, "bob", "1 current ---")
	if sets, err := s.Sets(ctx, "alice"); err != nil || !sets[0].Codes[1].Used.Equal(day) {
		t.Errorf("used at %v, %v; want %v", sets[0].Codes[1].Used, err, day)
	}
	confirmed(t, s, "alice", "b")
	wants(t, "a superseded one", spend(ctx, s, "alice", 1, 1, day), ErrSuperseded)
	wants(t, "a superseded, used one", spend(ctx, s, "alice", 1, 2, day), ErrUsed)
	holds(t, s, "alice", "1 superseded -uu", "2 current ---")
}

// A code that was read before its user was forgotten is none of the codes that have
// its generation and number since.
func testSpendForgotten(t *testing.T, s Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	sets, err := s.Sets(ctx, "alice")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "Remove", s.Remove(ctx, "alice"), nil)
	confirmed(t, s, "alice", "b")
	wants(t, "a forgotten code", s.Spend(ctx, "alice", 1, sets[0].Codes[0], day), ErrUnknown)
	holds(t, s, "alice", "1 current ---")
	wants(t, "the new one", spend(ctx, s, "alice", 1, 1, day), nil)
	wants(t, "a forgotten code", s.Spend(ctx, "alice", 1, sets[0].Codes[0], day), ErrUnknown)
}

func testSpendPending(t *testing.T, s Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	added(t, s, "alice", "b")
	wants(t, "the old", spend(ctx, s, "alice", 1, 1, day), nil)
	holds(t, s, "alice", "1 current u--", "2 pending ---")
	wants(t, "the new", spend(ctx, s, "alice", 2, 3, day), nil)
	holds(t, s, "alice", "1 superseded u--", "2 current --u")
	wants(t, "the new again", spend(ctx, s, "alice", 2, 3, day), ErrUsed)
	wants(t, "the old", spend(ctx, s, "alice", 1, 2, day), ErrSuperseded)
}

// attempts returns what a store keeps of a user's attempts.
func attempts(t *testing.T, s Store, user string) (kept Attempts) {
	t.Helper()
	stop := errors.New("that is all")
	err := s.Attempt(t.Context(), user, func(a Attempts) (Attempts, error) {
		kept = a
		return Attempts{Failed: 99}, stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("Attempt returned %v", err)
	}
	return kept
}

func testAttempts(t *testing.T, s Store) {
	ctx := t.Context()
	confirmed(t, s, "alice", "a")
	confirmed(t, s, "bob", "a")
	if a := attempts(t, s, "alice"); a != (Attempts{}) {
		t.Errorf("at first there are %+v", a)
	}
	wants(t, "Attempt", s.Attempt(ctx, "alice", failOnce), nil)
	wants(t, "Attempt", s.Attempt(ctx, "alice", failOnce), nil)
	if a := attempts(t, s, "alice"); a.Failed != 2 || !a.Last.Equal(day) {
		t.Errorf("after two there are %+v", a)
	}
	if a := attempts(t, s, "bob"); a != (Attempts{}) {
		t.Errorf("somebody else has %+v", a)
	}
	wants(t, "an unknown code", spend(ctx, s, "alice", 1, 9, day), ErrUnknown)
	if a := attempts(t, s, "alice"); a.Failed != 2 {
		t.Errorf("after spending nothing there are %+v", a)
	}
	wants(t, "Spend", spend(ctx, s, "alice", 1, 1, day), nil)
	if a := attempts(t, s, "alice"); a != (Attempts{}) {
		t.Errorf("after a right one there are %+v", a)
	}
	wants(t, "Attempt", s.Attempt(ctx, "alice", failOnce), nil)
	added(t, s, "alice", "b")
	if a := attempts(t, s, "alice"); a.Failed != 1 {
		t.Errorf("after preparing there are %+v", a)
	}
	wants(t, "Confirm", s.Confirm(ctx, "alice", 2), nil)
	if a := attempts(t, s, "alice"); a != (Attempts{}) {
		t.Errorf("after confirming there are %+v", a)
	}
}

func testRemove(t *testing.T, s Store) {
	confirmed(t, s, "alice", "a")
	confirmed(t, s, "bob", "a")
	wants(t, "Remove", s.Remove(t.Context(), "alice"), nil)
	holds(t, s, "alice")
	holds(t, s, "bob", "1 current ---")
	confirmed(t, s, "alice", "b")
	holds(t, s, "alice", "1 current ---")
}

func testNames(t *testing.T, s Store) {
	names := []string{
		"a", "A", "a ", " a", "'; DROP TABLE backup_codes; --", `"\`, "%", "_", "$1", "Ünï©ôdé 😀", "é", "e\u0301",
		"a\nb", strings.Repeat("x", maxUser), strings.Repeat("x", maxUser-1), "<&>\u2028",
	}
	for i, name := range names {
		added(t, s, name, "a")
		for range i {
			wants(t, "Attempt", s.Attempt(t.Context(), name, failOnce), nil)
		}
	}
	for i, name := range names {
		holds(t, s, name, "1 pending ---")
		if a := attempts(t, s, name); a.Failed != i {
			t.Errorf("%q has %d attempts, want %d", name, a.Failed, i)
		}
	}
}

func testCancelled(t *testing.T, s Store) {
	confirmed(t, s, "alice", "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Sets(ctx, "alice")
	wants(t, "Sets", err, context.Canceled)
	_, err = s.Add(ctx, "alice", someSet("b"))
	wants(t, "Add", err, context.Canceled)
	wants(t, "Spend", spend(ctx, s, "alice", 1, 1, day), context.Canceled)
	wants(t, "Remove", s.Remove(ctx, "alice"), context.Canceled)
	holds(t, s, "alice", "1 current ---")
}

// atOnce calls f a number of times, all of which begin together.
func atOnce(n int, f func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	group.Wait()
}

func testSpendOnce(t *testing.T, s Store) {
	confirmed(t, s, "alice", "a")
	added(t, s, "alice", "b")
	for generation := 1; generation <= 2; generation++ { // the current one, and one that waits
		var spent, used atomic.Int32
		atOnce(50, func(int) {
			switch err := spend(t.Context(), s, "alice", generation, 2, day); {
			case err == nil:
				spent.Add(1)
			case errors.Is(err, ErrUsed):
				used.Add(1)
			default:
				t.Error(err)
			}
		})
		if spent.Load() != 1 || used.Load() != 49 {
			t.Errorf("generation %d: spent %d times, refused %d times", generation, spent.Load(), used.Load())
		}
	}
}

func testCountAll(t *testing.T, s Store) {
	confirmed(t, s, "alice", "a")
	full := errors.New("full")
	var passed atomic.Int32
	atOnce(50, func(int) {
		err := s.Attempt(t.Context(), "alice", func(a Attempts) (Attempts, error) {
			if a.Failed == 20 {
				return a, full
			}
			return failOnce(a)
		})
		switch {
		case err == nil:
			passed.Add(1)
		case !errors.Is(err, full):
			t.Error(err)
		}
	})
	if a := attempts(t, s, "alice"); passed.Load() != 20 || a.Failed != 20 {
		t.Errorf("%d passed, and %d were counted; want 20", passed.Load(), a.Failed)
	}
}

func testAddAtOnce(t *testing.T, s Store) {
	var mu sync.Mutex
	var given []int
	atOnce(20, func(int) {
		g, err := s.Add(t.Context(), "alice", someSet("a"))
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		given = append(given, g)
	})
	slices.Sort(given)
	for i, g := range given {
		if g != i+1 {
			t.Fatalf("the generations are %v", given)
		}
	}
	holds(t, s, "alice", "20 pending ---")
}

// While a new set is confirmed, an old code is spent before that, or not at all.
func testConfirmAtOnce(t *testing.T, s Store) {
	confirmed(t, s, "alice", "a")
	for round := range 5 {
		old := round + 1
		generation := added(t, s, "alice", "b")
		var spent error
		atOnce(2, func(i int) {
			if i == 0 {
				wants(t, "Confirm", s.Confirm(t.Context(), "alice", generation), nil)
			} else {
				spent = spend(t.Context(), s, "alice", old, 1, day)
			}
		})
		sets, err := s.Sets(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		superseded := sets[len(sets)-2]
		switch isUsed := !superseded.Codes[0].Used.IsZero(); {
		case sets[len(sets)-1].State != Current || superseded.State != Superseded:
			t.Fatalf("the sets are %v", sets)
		case isUsed && spent != nil, !isUsed && !errors.Is(spent, ErrSuperseded):
			t.Errorf("round %d: spending returned %v, and used is %t", round, spent, isUsed)
		}
	}
}
