package issuertest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tokenctl/tokenctl/backup/issuer"
)

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

func testSpendOnce(t *testing.T, s issuer.Store) {
	confirmed(t, s, "alice", "a")
	added(t, s, "alice", "b")
	for generation := 1; generation <= 2; generation++ { // the current one, and one that waits
		var outcomes [50]error
		atOnce(len(outcomes), func(i int) { _, outcomes[i] = spend(t.Context(), s, "alice", generation, 2, day) })
		spent := 0
		for _, err := range outcomes {
			if err == nil {
				spent++
			} else {
				wants(t, "another Spend", err, issuer.ErrUsed)
			}
		}
		if spent != 1 {
			t.Errorf("generation %d: a code was spent %d times", generation, spent)
		}
	}
}

// Of several codes that are spent at the same time, each leaves one fewer.
func testLeftAtOnce(t *testing.T, s issuer.Store) {
	set := someSet("a")
	for n := len(set.Codes); n < 20; n++ {
		set.Codes = append(set.Codes, issuer.Code{Number: n + 1, Hash: fmt.Sprintf("$a$%d", n+1)})
	}
	if _, err := s.Add(t.Context(), "alice", set); err != nil {
		t.Fatal(err)
	}
	left := make([]int, len(set.Codes))
	atOnce(len(left), func(i int) {
		done, err := spend(t.Context(), s, "alice", 1, i+1, day)
		wants(t, "Spend", err, nil)
		left[i] = done.Left
	})
	slices.Sort(left)
	for i, n := range left {
		if n != i {
			t.Fatalf("what was left is %v", left)
		}
	}
}

// Of many who count a try at the same time, each counts one more.
func testCountAll(t *testing.T, s issuer.Store) {
	confirmed(t, s, "alice", "a")
	atOnce(50, func(int) {
		err := error(issuer.ErrChanged)
		for errors.Is(err, issuer.ErrChanged) {
			seen := attempts(t, s, "alice")
			err = s.Attempt(t.Context(), "alice", seen, failed(seen.Failed+1))
		}
		wants(t, "Attempt", err, nil)
	})
	if a := attempts(t, s, "alice"); a.Failed != 50 {
		t.Errorf("%d were counted; want 50", a.Failed)
	}
}

func testAddAtOnce(t *testing.T, s issuer.Store) {
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
func testConfirmAtOnce(t *testing.T, s issuer.Store) {
	confirmed(t, s, "alice", "a")
	for round := range 5 {
		old := round + 1
		generation := added(t, s, "alice", "b")
		var spent error
		atOnce(2, func(i int) {
			if i == 0 {
				wants(t, "Confirm", s.Confirm(t.Context(), "alice", generation), nil)
			} else {
				_, spent = spend(t.Context(), s, "alice", old, 1, day)
			}
		})
		sets := loaded(t, s, "alice").Sets
		superseded := sets[len(sets)-2]
		switch isUsed := !superseded.Codes[0].Used.IsZero(); {
		case sets[len(sets)-1].State != issuer.Current || superseded.State != issuer.Superseded:
			t.Fatalf("the sets are %v", sets)
		case isUsed && spent != nil, !isUsed && !errors.Is(spent, issuer.ErrSuperseded):
			t.Errorf("round %d: spending returned %v, and used is %t", round, spent, isUsed)
		}
	}
}
