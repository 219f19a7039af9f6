package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tokenctl/tokenctl/backup/issuer"
)

// redeemedJSON says what became of a code, as other programs read it.
type redeemedJSON struct {
	User       string     `json:"user"`
	Redeemed   bool       `json:"redeemed"`
	Generation int        `json:"generation,omitempty"`
	Number     int        `json:"number,omitempty"`
	Left       *int       `json:"left,omitempty"`
	Confirmed  bool       `json:"confirmed,omitempty"`
	Reason     string     `json:"reason,omitempty"` // used, superseded, malformed, unknown or throttled
	Used       *time.Time `json:"used,omitempty"`   // when, if it was
	Until      *time.Time `json:"until,omitempty"`  // throttled
}

// redeemedReasons are those that a code may be refused for, in words of redeemedJSON.
var redeemedReasons = []struct {
	of   error
	word string
}{
	{issuer.ErrUsed, "used"},
	{issuer.ErrSuperseded, "superseded"},
	{issuer.ErrMalformed, "malformed"}, // which is an ErrUnknown as well
	{issuer.ErrUnknown, "unknown"},
	{issuer.ErrThrottled, "throttled"},
}

// printRedeemed prints what became of a code. Of other failures JSON says nothing.
func (p *program) printRedeemed(user string, done issuer.Redeemed, failure error) error {
	j := redeemedJSON{User: user, Redeemed: failure == nil}
	if failure == nil {
		j.Generation, j.Number, j.Left, j.Confirmed = done.Generation, done.Number, &done.Left, done.Confirmed
		return p.printJSON(j)
	}
	for _, r := range redeemedReasons {
		if j.Reason == "" && errors.Is(failure, r.of) {
			j.Reason = r.word
		}
	}
	if j.Reason == "" {
		return nil
	}
	var used *issuer.UsedError
	var throttled *issuer.ThrottledError
	switch {
	case errors.As(failure, &used):
		j.Generation, j.Number, j.Used = used.Generation, used.Number, &used.At
	case errors.As(failure, &throttled) && !throttled.Until.IsZero():
		j.Until = &throttled.Until
	}
	return p.printJSON(j)
}

// issuedJSON is how a user's codes are doing, as other programs read it.
type issuedJSON struct {
	User       string     `json:"user"`
	Generation int        `json:"generation,omitempty"`
	Made       *time.Time `json:"made,omitempty"`
	Codes      int        `json:"codes"`
	Left       int        `json:"left"`
	Next       int        `json:"next,omitempty"`    // the lowest unused number
	Pending    int        `json:"pending,omitempty"` // generation that waits
}

func (p *program) printStatus(ctx context.Context, i *issuer.Issuer, user string, asJSON bool) error {
	s, err := i.Status(ctx, user)
	if err != nil {
		return err
	}
	if asJSON {
		j := issuedJSON{user, s.Generation, nil, s.Codes, s.Left, s.Next, s.Pending}
		if s.Generation != 0 {
			j.Made = &s.Made
		}
		return p.printJSON(j)
	}
	rows := [][]string{
		{"left", fmt.Sprintf("%d of %d", s.Left, s.Codes)},
		{"next", orNone(s.Next)},
		{"generation", orNone(s.Generation)},
		{"pending", orNone(s.Pending)},
	}
	p.printColumns(rows)
	return nil
}

func orNone(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}
