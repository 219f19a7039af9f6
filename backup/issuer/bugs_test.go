package issuer

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// Each test here is for a bug that another implementation of backup codes had, or
// has. TestNoModuloBias, of drawing codes, is in form_test.go; the races of many
// processes and machines are in once_test.go.

// stores runs a test over memory, a file and, where there is one, PostgreSQL.
func stores(t *testing.T, test func(t *testing.T, i *Issuer)) {
	for name, open := range Openers {
		t.Run(name, func(t *testing.T) {
			i, _ := newIssuer(t)
			i.Store = open(t)
			test(t, i)
		})
	}
}

var Openers = map[string]func(*testing.T) Store{
	"memory": func(t *testing.T) Store { return NewMemoryStore() },
	"file":   func(t *testing.T) Store { return newFileStore(t) },
}

// A code that was used works again: the list without it was not saved.
func TestBugReuse(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		codes := issue(t, i, "alice")
		redeems(t, i, "alice", codes[0], nil)
		redeems(t, i, "alice", codes[0], ErrUsed)
		redeems(t, i, "alice", codes[1], nil)
		redeems(t, i, "alice", codes[0], ErrUsed)
		prepare(t, i, "alice")
		redeems(t, i, "alice", codes[0], ErrUsed)
		issue(t, i, "alice")
		redeems(t, i, "alice", codes[0], ErrUsed)
	})
}

// After one code is used all the others are dead: the set was saved as the text of
// a list.
func TestBugOneUseKillsTheRest(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		codes := issue(t, i, "alice")
		for n, code := range codes {
			done := redeems(t, i, "alice", code, nil)
			if done.Number != n+1 || done.Left != 9-n {
				t.Errorf("code %d: redeemed %+v", n+1, done)
			}
			remains(t, i, "alice", 9-n)
		}
	})
}

// A code that is a part of another one, or two of them, joined by what the store
// joins them with, are taken for one.
func TestBugSharedHashString(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		codes := issue(t, i, "alice")
		for _, typed := range []string{
			codes[0][:5], codes[0] + codes[1], codes[0] + "|" + codes[1], codes[0] + "," + codes[1],
			"%", "_", "*", "|", `","`, "", strings.Repeat("_", 10), codes[0] + "%",
		} {
			redeems(t, i, "alice", typed, ErrUnknown)
		}
		remains(t, i, "alice", 10)
	})
}

// Two codes that are used at the same time are both marked, or one mark is lost:
// the store was read, changed and written back.
func TestBugLostUpdate(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		i.Throttle.Free = 100
		codes := issue(t, i, "alice")
		inParallel(len(codes), func(n int) { redeems(t, i, "alice", codes[n], nil) })
		remains(t, i, "alice", 0)
		for _, code := range codes {
			redeems(t, i, "alice", code, ErrUsed)
		}
	})
}

// Codes are distinguished by their case, or by spaces, which paper does not show.
func TestBugCaseAndSpaces(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		codes := issue(t, i, "alice")
		for n, change := range []func(string) string{
			strings.ToLower,
			func(s string) string { return strings.ReplaceAll(s, "-", "") },
			func(s string) string { return strings.ReplaceAll(s, "-", " ") },
			func(s string) string { return "\t" + s + " \n" },
			func(s string) string { return strings.Join(strings.Split(s, ""), " ") },
			func(s string) string { return strings.ReplaceAll(s, "0", "O") },
			func(s string) string { return strings.ReplaceAll(s, "1", "l") },
			func(s string) string { return strings.ReplaceAll(s, "-", "—") },
		} {
			redeems(t, i, "alice", change(codes[n]), nil)
		}
		redeems(t, i, "alice", strings.ToLower(codes[0]), ErrUsed)
	})
}

// The store holds the codes themselves, or what they can be computed from.
func TestBugCodesInTheStore(t *testing.T) {
	i, _ := newIssuer(t)
	file := newFileStore(t)
	i.Store = file
	codes := issue(t, i, "alice")
	redeems(t, i, "alice", codes[0], nil)
	text, err := os.ReadFile(file.path())
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes {
		for _, part := range append(strings.Split(code, "-"), strings.ReplaceAll(code, "-", "")) {
			if strings.Contains(strings.ToUpper(string(text)), part) {
				t.Errorf("%s of %s is in the file", part, code)
			}
		}
	}
}

// The same code has the same hash wherever it is: one table is good for all users.
func TestBugNoSalt(t *testing.T) {
	keyed := keyed("1", testKey)
	seen := make(map[string]string)
	for _, user := range []string{"alice", "bob"} {
		for _, h := range []Hasher{quick, keyed} {
			hashes, err := h.Hash(context.Background(), user, []string{"AAAAAAAAAA"}, seeded(user[0]))
			if err != nil {
				t.Fatal(err)
			}
			if other, there := seen[hashes[0]]; there {
				t.Errorf("%s and %s have the same hash", user, other)
			}
			seen[hashes[0]] = user
		}
	}
}

// User and code are hashed one after the other, so that a part of the code is as
// good in the name.
func TestBugNoLengthPrefix(t *testing.T) {
	keyed := keyed("1", testKey)
	hashes, err := keyed.Hash(context.Background(), "alice", []string{"BAAAAAAAAA"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := keyed.Match(context.Background(), "aliceB", "AAAAAAAAA", hashes); err != nil || got[0] {
		t.Errorf("a code of alice's is one of aliceB's, %v", err)
	}
}

// Comparing ends at the first that fits, and so shows by the time it takes which it
// is. That within one hash the bytes are all compared is crypto/subtle's promise.
func TestBugEarlyExit(t *testing.T) {
	for name, h := range hashers {
		hashes, err := h.Hash(context.Background(), "alice", []string{"AAAAAAAAAA", "BBBBBBBBBB"}, seeded(1))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Match(context.Background(), "alice", "AAAAAAAAAA", append(hashes, h.damaged[0]))
		wants(t, name+" does not look at what comes after the right one: Match", err, ErrDamaged)
	}
}

// Whoever types a used code learns only that it is wrong, and tries it again.
func TestBugUsedIsUnknown(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		codes := issue(t, i, "alice")
		redeems(t, i, "alice", codes[0], nil)
		_, err := i.Redeem(t.Context(), "alice", codes[0])
		if !errors.Is(err, ErrUsed) || errors.Is(err, ErrUnknown) || errors.Is(err, ErrSuperseded) {
			t.Errorf("used: %v", err)
		}
		_, err = i.Redeem(t.Context(), "alice", wrong)
		if !errors.Is(err, ErrUnknown) || errors.Is(err, ErrUsed) {
			t.Errorf("unknown: %v", err)
		}
		issue(t, i, "alice")
		_, err = i.Redeem(t.Context(), "alice", codes[1])
		if !errors.Is(err, ErrSuperseded) || errors.Is(err, ErrUnknown) || errors.Is(err, ErrUsed) {
			t.Errorf("superseded: %v", err)
		}
	})
}

// New codes void the old ones before they are on paper: the window is closed, or
// the printer is empty, and there are none.
func TestBugVoidTooEarly(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		codes := issue(t, i, "alice")
		prepare(t, i, "alice")
		redeems(t, i, "alice", codes[0], nil)
	})
}

// Codes can be tried without end.
func TestBugNoThrottle(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		issue(t, i, "alice")
		for range 5 {
			redeems(t, i, "alice", wrong, ErrUnknown)
		}
		redeems(t, i, "alice", wrong, ErrThrottled)
	})
}

// The code that is asked for is of a number, and any other is taken as well.
func TestBugNumberIgnored(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		codes := issue(t, i, "alice")
		_, err := i.RedeemNumber(t.Context(), "alice", 2, codes[0])
		wants(t, "code 1 for number 2", err, ErrUnknown)
		remains(t, i, "alice", 10)
	})
}

// Of codes that are redeemed at the same time, each is said to leave as many as the
// first one did.
func TestBugLeft(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		codes := issue(t, i, "alice")
		left := make([]int, len(codes))
		inParallel(len(codes), func(n int) { left[n] = redeems(t, i, "alice", codes[n], nil).Left })
		slices.Sort(left)
		if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(left, want) {
			t.Errorf("what was left is %v", left)
		}
	})
}

// A form that is sent eight times, or a code that eight requests bring, lets one in and
// locks the owner out: those that came too late count as wrong tries.
func TestBugRightCodeIsWrongTry(t *testing.T) {
	stores(t, func(t *testing.T, i *Issuer) {
		codes := issue(t, i, "alice")
		var outcomes [8]string
		inParallel(len(outcomes), func(n int) { outcomes[n] = redeemed(i, codes[0]) })
		slices.Sort(outcomes[:])
		if want := [8]string{"redeemed", "used", "used", "used", "used", "used", "used", "used"}; outcomes != want {
			t.Errorf("the outcomes are %v", outcomes)
		}
		status, err := i.Status(t.Context(), "alice")
		if err != nil || status.Failed != 0 || status.Throttled {
			t.Errorf("the status is %+v, %v", status, err)
		}
		redeems(t, i, "alice", codes[1], nil)
	})
}

// redeemed says in a word what became of a code.
func redeemed(i *Issuer, code string) string {
	_, err := i.Redeem(context.Background(), "alice", code)
	switch {
	case err == nil:
		return "redeemed"
	case errors.Is(err, ErrUsed):
		return "used"
	}
	return err.Error()
}
