package issuer

import (
	"context"
	"errors"
	"time"
)

// A Status is what may be shown of a user's codes.
type Status struct {
	Generation int       // of the current set; 0 if there is none
	Made       time.Time // when it was
	Codes      int       // in it
	Left       int       // of them, unused
	Next       int       // the lowest unused number, to ask for; 0 if there is none
	Used       []Use     // by number
	Pending    int       // generation of the set that waits to be confirmed, or 0

	Failed    int       // wrong codes in a row
	Throttled bool      // whether a code would be refused now, right or wrong
	Until     time.Time // when that ends; zero if only Forgive or new codes end it
}

// A Use is when the code of a number was used.
type Use struct {
	Number int
	At     time.Time
}

// Low reports whether new codes are due: of those in force, two are left, or fewer.
func (s Status) Low() bool { return s.Left <= lowLeft }

// Status returns how a user's codes are doing. It returns ErrNoCodes if there are
// none.
func (i *Issuer) Status(ctx context.Context, user string) (Status, error) {
	r, err := i.load(ctx, user)
	if err != nil {
		return Status{}, err
	}
	status := Status{Failed: r.Attempts.Failed}
	for _, s := range r.Sets {
		switch s.State {
		case Current:
			status.Generation, status.Made = s.Generation, s.Made
			status.Codes, status.Left, status.Next = len(s.Codes), s.Left(), s.Next()
			for _, c := range s.Codes {
				if !c.Used.IsZero() {
					status.Used = append(status.Used, Use{c.Number, c.Used})
				}
			}
		case Pending:
			status.Pending = s.Generation
		}
	}
	var throttled *ThrottledError
	if _, err := i.Throttle.count(r.Attempts, i.now()); errors.As(err, &throttled) {
		status.Throttled, status.Until = true, throttled.Until
	}
	return status, nil
}

// Remaining returns how many codes of the current set are unused. A user without
// codes has none.
func (i *Issuer) Remaining(ctx context.Context, user string) (int, error) {
	status, err := i.Status(ctx, user)
	if errors.Is(err, ErrNoCodes) {
		return 0, nil
	}
	return status.Left, err
}

// An Event is what happened to a user's codes, for a log, a counter, or a message to
// the owner. There is no code in it.
type Event struct {
	// Kind is "prepared", "confirmed", "abandoned", "redeemed", "refused", "throttled",
	// "forgiven" or "removed". To redeem a code of a set that waits confirms that first.
	Kind string

	User       string
	At         time.Time
	Generation int       // of the set; 0 if it is of none
	Number     int       // of a code that was redeemed, or used before
	Left       int       // unused codes of a set that was prepared or redeemed from
	Reason     string    // why it was refused, as of Reason
	Until      time.Time // throttled until then; zero if no time helps
}

// Reason returns the word for why a code was refused, which stays the same: "used",
// "superseded", "malformed", "unknown" or "throttled", as in docs/json.md. For other
// errors, and for none, it returns "".
func Reason(err error) string {
	for _, r := range []struct {
		of   error
		word string
	}{
		{ErrUsed, "used"},
		{ErrSuperseded, "superseded"},
		{ErrMalformed, "malformed"}, // which is an ErrUnknown as well
		{ErrUnknown, "unknown"},
		{ErrThrottled, "throttled"},
	} {
		if errors.Is(err, r.of) {
			return r.word
		}
	}
	return ""
}

// observe reports an event, if there was no error and anybody observes.
func (i *Issuer) observe(ctx context.Context, err error, e Event) error {
	if err == nil && i.Observe != nil {
		e.At = i.now()
		i.Observe(ctx, e)
	}
	return err
}

// observeTyped reports what became of a code that was typed.
func (i *Issuer) observeTyped(ctx context.Context, user string, done Redeemed, err error) {
	e := Event{Kind: "redeemed", User: user, Generation: done.Generation, Number: done.Number, Left: done.Left, Reason: Reason(err)}
	var used *UsedError
	var throttled *ThrottledError
	switch {
	case err == nil && done.Confirmed:
		i.observe(ctx, nil, Event{Kind: "confirmed", User: user, Generation: done.Generation})
	case err == nil:
	case errors.As(err, &throttled):
		e.Kind, e.Until = "throttled", throttled.Until
	case errors.As(err, &used):
		e.Kind, e.Generation, e.Number = "refused", used.Generation, used.Number
	case e.Reason != "":
		e.Kind = "refused"
	default: // nothing is known of the code
		return
	}
	i.observe(ctx, nil, e)
}
