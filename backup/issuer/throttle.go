package issuer

import (
	"errors"
	"math/bits"
	"time"
)

// A Throttle bounds how many codes may be tried of one user. A field that is zero
// has the value of NIST SP 800-63B-4, section 3.2.2: waits of 30 seconds up to an
// hour, 100 wrong codes in a row at most. Five are free.
//
// Whoever tries wrong codes makes the owner wait as well. So ask for the password
// first.
type Throttle struct {
	Free    int           // wrong codes in a row that cost no wait; 5 if zero
	Wait    time.Duration // after those; each further one doubles it; 30 s if zero
	MaxWait time.Duration // 1 h if zero
	Limit   int           // wrong codes in a row, and then no more are taken; 100 if zero
}

func (t Throttle) withDefaults() Throttle {
	if t.Free == 0 {
		t.Free = 5
	}
	if t.Wait == 0 {
		t.Wait = 30 * time.Second
	}
	if t.MaxWait == 0 {
		t.MaxWait = time.Hour
	}
	if t.Limit == 0 {
		t.Limit = 100
	}
	return t
}

func (t Throttle) validate() error {
	if min(t.Free, t.Limit) < 0 || min(t.Wait, t.MaxWait) < 0 {
		return errors.New("issuer: a Throttle has a negative number")
	}
	return nil
}

// count returns the attempts with one more that failed, or a *ThrottledError if none
// may be made now.
func (t Throttle) count(a Attempts, now time.Time) (Attempts, error) {
	t = t.withDefaults()
	if a.Failed >= t.Limit {
		return a, &ThrottledError{}
	}
	if a.Last.After(now.Add(t.MaxWait)) { // some clock was wrong; do not wait for that
		a.Last = time.Time{}
	}
	if until := a.Last.Add(t.wait(a.Failed)); now.Before(until) {
		return a, &ThrottledError{until}
	}
	return Attempts{Failed: a.Failed + 1, Last: now}, nil
}

// wait returns how long to wait after so many wrong codes.
func (t Throttle) wait(failed int) time.Duration {
	doublings := failed - t.Free
	if doublings < 0 {
		return 0
	}
	if doublings > bits.LeadingZeros64(uint64(t.Wait))-1 { // it would overflow
		return t.MaxWait
	}
	return min(t.Wait<<doublings, t.MaxWait)
}
