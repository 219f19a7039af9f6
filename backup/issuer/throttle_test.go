package issuer

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

const wrong = "00000-00000" // with a chance of 10 in 2^50 it is not

// throttledUntil fails a test unless redeeming is refused until then.
func throttledUntil(t *testing.T, i *Issuer, code string, until time.Time) {
	t.Helper()
	_, err := i.Redeem(t.Context(), "alice", code)
	var throttled *ThrottledError
	if !errors.As(err, &throttled) || !errors.Is(err, ErrThrottled) || !throttled.Until.Equal(until) {
		t.Errorf("redeeming: %v, want ErrThrottled until %v", err, until)
	}
}

func TestThrottle(t *testing.T) {
	i, clock := newIssuer(t)
	codes := issue(t, i, "alice")
	for range 5 {
		redeems(t, i, "alice", wrong, ErrUnknown)
	}
	throttledUntil(t, i, wrong, day.Add(30*time.Second))
	throttledUntil(t, i, codes[0], day.Add(30*time.Second)) // right ones as well
	clock.wait(29 * time.Second)
	throttledUntil(t, i, codes[0], day.Add(30*time.Second)) // trying did not make it longer
	clock.wait(time.Second)
	redeems(t, i, "alice", wrong, ErrUnknown)
	throttledUntil(t, i, codes[0], clock.now().Add(time.Minute))
	clock.wait(time.Minute)
	redeems(t, i, "alice", codes[0], nil)
	for range 5 { // and all is forgotten
		redeems(t, i, "alice", wrong, ErrUnknown)
	}
	if err := i.Forgive(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	redeems(t, i, "alice", codes[1], nil)
}

// NIST SP 800-63B-4, section 3.2.2: no more than 100 wrong ones in a row.
func TestThrottleLimit(t *testing.T) {
	i, clock := newIssuer(t)
	codes := issue(t, i, "alice")
	start := clock.now()
	for range 100 {
		redeems(t, i, "alice", wrong, ErrUnknown)
		clock.wait(time.Hour)
	}
	if waited := clock.now().Sub(start); waited != 100*time.Hour {
		t.Fatalf("waited %v", waited)
	}
	clock.wait(10000 * time.Hour)
	throttledUntil(t, i, codes[0], time.Time{})
	old := codes
	codes = issue(t, i, "alice") // which ends it
	redeems(t, i, "alice", old[0], ErrSuperseded)
	redeems(t, i, "alice", codes[0], nil)
}

func TestWaits(t *testing.T) {
	for _, test := range []struct {
		throttle Throttle
		failed   int
		want     time.Duration
	}{
		{Throttle{}, 0, 0},
		{Throttle{}, 4, 0},
		{Throttle{}, 5, 30 * time.Second},
		{Throttle{}, 6, time.Minute},
		{Throttle{}, 11, 32 * time.Minute},
		{Throttle{}, 12, time.Hour},
		{Throttle{}, 99, time.Hour},
		{Throttle{}, 1 << 40, time.Hour},
		{Throttle{Free: 1, Wait: time.Second, MaxWait: 1<<63 - 1}, 1, time.Second},
		{Throttle{Free: 1, Wait: time.Second, MaxWait: 1<<63 - 1}, 34, time.Second << 33},
		{Throttle{Free: 1, Wait: time.Second, MaxWait: 1<<63 - 1}, 35, 1<<63 - 1},
		{Throttle{Free: 1, Wait: 1<<63 - 1, MaxWait: 1<<63 - 1}, 1, 1<<63 - 1},
	} {
		if got := test.throttle.withDefaults().wait(test.failed); got != test.want {
			t.Errorf("%+v: after %d the wait is %v, want %v", test.throttle, test.failed, got, test.want)
		}
	}
}

// A clock that was in the next century locks nobody out until then.
func TestClockSetBack(t *testing.T) {
	i, clock := newIssuer(t)
	codes := issue(t, i, "alice")
	clock.wait(100 * 365 * 24 * time.Hour)
	for range 6 {
		i.Redeem(t.Context(), "alice", wrong)
	}
	clock.wait(-100 * 365 * 24 * time.Hour)
	redeems(t, i, "alice", wrong, ErrUnknown)
	throttledUntil(t, i, codes[0], day.Add(time.Minute)) // the count continues
	clock.wait(time.Minute)
	redeems(t, i, "alice", codes[0], nil)
}

// What cannot be a code is a slip, which costs nothing.
func TestSlipsAreFree(t *testing.T) {
	i, _ := newIssuer(t)
	codes := issue(t, i, "alice")
	for range 50 {
		redeems(t, i, "alice", codes[0][1:], ErrMalformed)
		redeems(t, i, "alice", codes[0]+"0", ErrUnknown)
		redeems(t, i, "alice", "pa$sword!!", ErrMalformed)
		redeems(t, i, "alice", "", ErrMalformed)
	}
	redeems(t, i, "alice", codes[0], nil)
}

// Many guesses at the same time do not get past the count.
func TestGuessesAtOnce(t *testing.T) {
	i, _ := newIssuer(t)
	issue(t, i, "alice")
	var looked atomic.Int32
	inParallel(40, func(int) {
		_, err := i.Redeem(t.Context(), "alice", wrong)
		switch {
		case errors.Is(err, ErrUnknown):
			looked.Add(1)
		case !errors.Is(err, ErrThrottled):
			t.Error(err)
		}
	})
	if looked.Load() != 5 {
		t.Errorf("%d guesses were looked at, want 5", looked.Load())
	}
}

// Of two machines, one is twenty seconds behind the other, which counted: there the wait is
// longer by that, and not by more.
func TestClocksApart(t *testing.T) {
	ahead, clock := newIssuer(t)
	behind := *ahead
	behind.Now = func() time.Time { return clock.now().Add(-20 * time.Second) }
	codes := issue(t, ahead, "alice")
	for range 5 {
		redeems(t, ahead, "alice", wrong, ErrUnknown)
	}
	throttledUntil(t, ahead, codes[0], day.Add(30*time.Second))
	clock.wait(30 * time.Second)
	throttledUntil(t, &behind, codes[0], day.Add(30*time.Second))
	clock.wait(20 * time.Second)
	redeems(t, &behind, "alice", codes[0], nil)
	redeems(t, ahead, "alice", codes[0], ErrUsed)
}
