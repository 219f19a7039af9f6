package issuer

import (
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// day is a time with microseconds, all of which a store keeps.
var day = time.Date(2026, 11, 23, 18, 4, 5, 123456000, time.UTC)

// quick is Argon2id at the least that it can cost.
var quick = Argon2id{Memory: 8, Time: 1, Threads: 1}

// keyed returns a Hasher with one key.
func keyed(id string, secret []byte) Keyed {
	key, err := NewKey(id, secret)
	if err != nil {
		panic(err)
	}
	return Keyed{key}
}

// wants fails a test unless the error is the one wanted; nil for none.
func wants(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// inParallel calls f a number of times, all of which begin together.
func inParallel(n int, f func(i int)) {
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

// A clock stands still until it is moved.
type clock struct {
	mu   sync.Mutex
	time time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

// newIssuer returns an issuer over a store in memory, and its clock.
func newIssuer(t testing.TB) (*Issuer, *clock) {
	c := &clock{time: day}
	return &Issuer{Store: NewMemoryStore(), Now: c.now, Random: rand.Reader, Hasher: quick}, c
}

// issue puts new codes of a user in force.
func issue(t testing.TB, i *Issuer, user string) []string {
	t.Helper()
	p := prepare(t, i, user)
	if err := i.Confirm(context.Background(), user, p.Generation); err != nil {
		t.Fatal(err)
	}
	return p.Codes()
}

func prepare(t testing.TB, i *Issuer, user string) Prepared {
	t.Helper()
	p, err := i.Prepare(context.Background(), user)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// redeems fails a test unless redeeming returns the error wanted; nil for none.
func redeems(t testing.TB, i *Issuer, user, code string, want error) Redeemed {
	t.Helper()
	done, err := i.Redeem(context.Background(), user, code)
	if !errors.Is(err, want) {
		t.Errorf("redeeming: error %v, want %v", err, want)
	}
	return done
}

func remains(t testing.TB, i *Issuer, user string, want int) {
	t.Helper()
	if left, err := i.Remaining(context.Background(), user); err != nil || left != want {
		t.Errorf("%d codes remain, %v; want %d", left, err, want)
	}
}

func TestRedeem(t *testing.T) {
	i, clock := newIssuer(t)
	codes := issue(t, i, "alice")
	if len(codes) != 10 || len(codes[0]) != 11 {
		t.Fatalf("the codes are %q", codes)
	}
	remains(t, i, "alice", 10)
	if done := redeems(t, i, "alice", codes[3], nil); done != (Redeemed{Generation: 1, Number: 4, Left: 9}) {
		t.Errorf("redeemed %+v", done)
	}
	remains(t, i, "alice", 9)
	clock.wait(time.Hour)
	_, err := i.Redeem(t.Context(), "alice", codes[3])
	var used *UsedError
	if !errors.As(err, &used) || used.Number != 4 || used.Generation != 1 || !used.At.Equal(day) {
		t.Errorf("the second time: %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "2026-11-23T18:04:05Z") || strings.Contains(text, codes[3]) {
		t.Errorf("the error says %q", text)
	}
	redeems(t, i, "alice", "00000-00000", ErrUnknown)
	redeems(t, i, "bob", codes[0], ErrNoCodes)
	remains(t, i, "bob", 0)
}

func TestStatus(t *testing.T) {
	i, _ := newIssuer(t)
	_, err := i.Status(t.Context(), "alice")
	wants(t, "nobody's", err, ErrNoCodes)
	codes := issue(t, i, "alice")
	redeems(t, i, "alice", codes[0], nil)
	redeems(t, i, "alice", codes[2], nil)
	prepare(t, i, "alice")
	status, err := i.Status(t.Context(), "alice")
	want := Status{Generation: 1, Made: day, Codes: 10, Left: 8, Next: 2, Used: []Use{{1, day}, {3, day}}, Pending: 2}
	if err != nil || !reflect.DeepEqual(status, want) {
		t.Errorf("the status is %+v, %v; want %+v", status, err, want)
	}
	for _, n := range []int{1, 3, 4, 5, 6, 7, 8, 9} {
		done := redeems(t, i, "alice", codes[n], nil)
		if low := done.Left <= 2; done.Low() != low {
			t.Errorf("with %d left, Low is %t", done.Left, done.Low())
		}
	}
	if status, err = i.Status(t.Context(), "alice"); err != nil || status.Next != 0 || status.Left != 0 || !status.Low() || len(status.Used) != 10 {
		t.Errorf("with all used the status is %+v, %v", status, err)
	}
}

// The old codes work until the new ones are confirmed.
func TestRotation(t *testing.T) {
	ctx := t.Context()
	i, _ := newIssuer(t)
	old := issue(t, i, "alice")
	p := prepare(t, i, "alice")
	redeems(t, i, "alice", old[0], nil)
	remains(t, i, "alice", 9)
	wants(t, "Confirm", i.Confirm(ctx, "alice", p.Generation), nil)
	remains(t, i, "alice", 10)
	redeems(t, i, "alice", old[1], ErrSuperseded)
	redeems(t, i, "alice", old[0], ErrUsed)
	redeems(t, i, "alice", p.Codes()[0], nil)
}

// A page left open cannot confirm codes that its reader never saw.
func TestConfirmWhatWasSeen(t *testing.T) {
	i, _ := newIssuer(t)
	seen := prepare(t, i, "alice")
	prepare(t, i, "alice")
	wants(t, "Confirm", i.Confirm(t.Context(), "alice", seen.Generation), ErrNotPending)
	redeems(t, i, "alice", seen.Codes()[0], ErrUnknown)
}

func TestConfirmByCode(t *testing.T) {
	ctx := t.Context()
	i, _ := newIssuer(t)
	old := issue(t, i, "alice")
	wants(t, "with nothing prepared", i.ConfirmByCode(ctx, "alice", old[0]), ErrNotPending)
	p := prepare(t, i, "alice")
	wants(t, "an old code", i.ConfirmByCode(ctx, "alice", old[0]), ErrUnknown)
	wants(t, "rubbish", i.ConfirmByCode(ctx, "alice", "rubbish"), ErrMalformed)
	redeems(t, i, "alice", old[0], nil)
	wants(t, "a new code", i.ConfirmByCode(ctx, "alice", strings.ToLower(p.Codes()[9])), nil)
	redeems(t, i, "alice", old[1], ErrSuperseded)
	redeems(t, i, "alice", p.Codes()[9], nil)
	wants(t, "nobody's", i.ConfirmByCode(ctx, "bob", old[0]), ErrNoCodes)
}

// Whoever printed the new codes, and never said so, is let in by them.
func TestRedeemingConfirms(t *testing.T) {
	i, _ := newIssuer(t)
	old := issue(t, i, "alice")
	p := prepare(t, i, "alice")
	done := redeems(t, i, "alice", p.Codes()[5], nil)
	if done != (Redeemed{Generation: 2, Number: 6, Left: 9, Confirmed: true}) {
		t.Errorf("redeemed %+v", done)
	}
	redeems(t, i, "alice", old[0], ErrSuperseded)
	redeems(t, i, "alice", p.Codes()[5], ErrUsed)
}

func TestAbandon(t *testing.T) {
	i, _ := newIssuer(t)
	old := issue(t, i, "alice")
	p := prepare(t, i, "alice")
	wants(t, "Abandon", i.Abandon(t.Context(), "alice", p.Generation), nil)
	redeems(t, i, "alice", p.Codes()[0], ErrUnknown)
	redeems(t, i, "alice", old[0], nil)
}

func TestRemove(t *testing.T) {
	i, _ := newIssuer(t)
	codes := issue(t, i, "alice")
	wants(t, "Remove", i.Remove(t.Context(), "alice"), nil)
	redeems(t, i, "alice", codes[0], ErrNoCodes)
}

func TestByNumber(t *testing.T) {
	ctx := t.Context()
	i, _ := newIssuer(t)
	codes := issue(t, i, "alice")
	_, err := i.RedeemNumber(ctx, "alice", 3, codes[0])
	wants(t, "another's number", err, ErrUnknown)
	for _, number := range []int{-1, 0, 11} {
		_, err = i.RedeemNumber(ctx, "alice", number, codes[0])
		wants(t, "no number", err, ErrUnknown)
	}
	done, err := i.RedeemNumber(ctx, "alice", 1, codes[0])
	if err != nil || done.Number != 1 {
		t.Errorf("redeemed %+v, %v", done, err)
	}
	_, err = i.RedeemNumber(ctx, "alice", 1, codes[0])
	wants(t, "again", err, ErrUsed)
	status, err := i.Status(ctx, "alice")
	if err != nil || status.Next != 2 {
		t.Errorf("the next is %d, %v", status.Next, err)
	}
}

func TestUsers(t *testing.T) {
	i, _ := newIssuer(t)
	for _, user := range []string{"", "a\x00b", "\xff", strings.Repeat("x", maxUser+1)} {
		_, err := i.Prepare(t.Context(), user)
		wants(t, "Prepare", err, ErrUser)
		redeems(t, i, user, "00000-00000", ErrUser)
		_, err = i.Remaining(t.Context(), user)
		wants(t, "Remaining", err, ErrUser)
	}
	codes := issue(t, i, "alice")
	issue(t, i, "bob")
	redeems(t, i, "bob", codes[0], ErrUnknown)
}

func TestIncomplete(t *testing.T) {
	whole, _ := newIssuer(t)
	for _, i := range []Issuer{{}, {Store: whole.Store, Now: whole.Now}, {Store: whole.Store, Random: rand.Reader}} {
		if _, err := i.Prepare(t.Context(), "alice"); err == nil {
			t.Errorf("%+v prepares codes", i)
		}
	}
	for _, bad := range []Throttle{{Limit: -1}, {Free: -1}, {Wait: -1}, {MaxWait: -1}} {
		i := *whole
		i.Throttle = bad
		if _, err := i.Prepare(t.Context(), "alice"); err == nil {
			t.Errorf("%+v prepares codes", bad)
		}
	}
	whole.Form = Form{Count: 10, Alphabet: Digits, Groups: 1, GroupSize: 6}
	_, err := whole.Prepare(t.Context(), "alice")
	wants(t, "six digits", err, ErrWeak)
}

// What a set was made like stays with it when the service changes its mind.
func TestFormsSideBySide(t *testing.T) {
	i, _ := newIssuer(t)
	i.Form = Form{Count: 3, Alphabet: Hex, Groups: 1, GroupSize: 16}
	i.Hasher = quick
	old := issue(t, i, "alice")
	i.Form = Form{}
	i.Hasher = AnyOf(keyed("1", make([]byte, 32)), quick)
	p := prepare(t, i, "alice")
	redeems(t, i, "alice", strings.ToUpper(old[0]), nil)
	redeems(t, i, "alice", p.Codes()[0], nil)
	redeems(t, i, "alice", old[1], ErrSuperseded)
	redeems(t, i, "alice", old[0], ErrUsed)
}

// A right code whose key is not at hand is not called wrong.
func TestKeyNotAtHand(t *testing.T) {
	i, _ := newIssuer(t)
	keyed := keyed("1", make([]byte, 32))
	i.Hasher = keyed
	codes := issue(t, i, "alice")
	i.Hasher = quick
	redeems(t, i, "alice", codes[0], ErrNoKey)
	i.Hasher = AnyOf(quick, keyed)
	fresh := issue(t, i, "alice")
	i.Hasher = quick
	redeems(t, i, "alice", codes[0], ErrNoKey) // of the superseded set
	redeems(t, i, "alice", fresh[0], nil)
}
