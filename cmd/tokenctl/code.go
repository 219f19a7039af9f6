package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

type codeOptions struct {
	tokens       tokenOptions
	query        string
	at           string
	next         bool
	minRemaining time.Duration
	json         bool
}

func newCodeCommand(p *program) *cobra.Command {
	var o codeOptions
	c := &cobra.Command{
		Use:   "code [QUERY]",
		Short: "Show one code, or all",
		Long: "Code prints the code of the account that QUERY fits, and nothing else, on\n" +
			"standard output. It looks on the keys that are plugged in, then in the vault.\n" +
			"Without a query it prints all codes but those that need a touch, move a counter,\n" +
			"or are in a locked vault alone.\n\n" +
			"The counter of an HOTP account moves each time its code is asked for.",
		Example: "  tokenctl code github\n  tokenctl code GitHub:alice | xclip",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.allCodes(c.Context(), o)
			}
			o.query = args[0]
			return p.oneCode(c.Context(), o)
		},
	}
	o.tokens.addFlags(c)
	f := c.Flags()
	f.StringVar(&o.at, "at", "", "compute the code of another `TIME`: RFC 3339, or seconds since 1970")
	f.BoolVar(&o.next, "next", false, "compute the code that follows the current one")
	f.DurationVar(&o.minRemaining, "min-remaining", 0, "wait for the next code if this one is valid for less than this `DURATION`")
	f.BoolVar(&o.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("at", "next", "min-remaining")
	return c
}

// maxTime is the last second, since 1970, that RFC 3339 can write: of the year 9999.
const maxTime = 253402300799

// when returns the time to compute codes for, which is now unless an option says
// otherwise.
func (o codeOptions) when(now time.Time) (time.Time, error) {
	if o.at == "" {
		return now, nil
	}
	if seconds, err := strconv.ParseInt(o.at, 10, 64); err == nil && seconds >= 0 && seconds <= maxTime {
		return time.Unix(seconds, 0), nil
	}
	at, err := time.Parse(time.RFC3339, o.at)
	if err != nil {
		return time.Time{}, usagef("--at %q is neither RFC 3339, as in 2026-01-31T12:00:00Z, nor seconds since 1970", o.at)
	}
	return at, nil
}

func (p *program) oneCode(ctx context.Context, o codeOptions) error {
	at, err := o.when(p.now())
	if err != nil {
		return err
	}
	if o.query == "" {
		return usagef("the query is empty")
	}
	t, err := p.openTokens(ctx, o.tokens, o.json)
	if err != nil {
		return err
	}
	defer t.close()
	h, err := p.findCode(t, o, at)
	if err != nil {
		return err
	}
	if h, err = p.adjust(ctx, o, h); err != nil {
		return err
	}
	if o.json {
		return p.printJSON(describeHolding(h))
	}
	p.printLine(h.Code.Value)
	if p.showsResults() {
		p.note("%s on %s%s", printable(h.Account.Label()), h.Members[0].Name, p.validity(h.Code))
	}
	return nil
}

// findCode finds the account and computes its code, in as few exchanges with a
// key as can be.
func (p *program) findCode(t *tokens, o codeOptions, at time.Time) (fleet.Holding, error) {
	if p.wantsOnlyDigits(o) {
		code, m, err := t.CodeOf(oath.ID(o.query), at)
		if !errors.Is(err, oath.ErrNotFound) {
			return fleet.Holding{Entry: oath.Entry{Code: code}, Members: []*fleet.Member{m}}, err
		}
	}
	h, err := t.Find(o.query, at)
	if err != nil || !h.Code.IsZero() {
		return h, err
	}
	return computeCode(h, at)
}

// wantsOnlyDigits reports whether the query looks like a whole ID, and nothing
// but the digits is wanted. Then a key can be asked for that account's code
// straight away; but the answer does not tell TOTP from HOTP, and so not whether
// the code expires.
func (p *program) wantsOnlyDigits(o codeOptions) bool {
	timed := o.next || o.minRemaining > 0
	return strings.Contains(o.query, ":") && len(o.query) <= ykoath.MaxIDSize && !o.json && !timed && !p.showsResults()
}

// computeCode asks for a code that was not told on the way.
func computeCode(h fleet.Holding, at time.Time) (fleet.Holding, error) {
	code, m, err := h.ComputeCode(at)
	if err != nil {
		return h, fmt.Errorf("%q: %w", printable(h.Account.Label()), err)
	}
	h.Code, h.Members = code, []*fleet.Member{m}
	h.Account = fleet.Complete(h.Account, shownBy(code, h.Account.Period))
	return h, nil
}

// shownBy returns what a code shows of its account, of which a vault that was
// locked told the name alone.
func shownBy(c oath.Code, period int) oath.Account {
	if c.Until.IsZero() {
		return oath.Account{Type: oath.HOTP, Digits: len(c.Value)}
	}
	return oath.Account{Type: oath.TOTP, Period: period, Digits: len(c.Value)}
}

// adjust computes the code that --next or --min-remaining ask for, in the place
// of the current one.
func (p *program) adjust(ctx context.Context, o codeOptions, h fleet.Holding) (fleet.Holding, error) {
	if life := h.Code.Until.Sub(h.Code.From); life > 0 && o.minRemaining > life {
		return h, usagef("a code of %q is never valid for more than %s", printable(h.Account.Label()), life)
	}
	if h.Code.Until.IsZero() || (!o.next && h.Code.Remaining(p.now()) >= o.minRemaining) {
		return h, nil
	}
	if !o.next {
		if err := p.waitUntil(ctx, h.Code.Until); err != nil {
			return h, err
		}
	}
	return computeCode(h, h.Code.Until)
}

func (p *program) waitUntil(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(t.Sub(p.now())):
		return nil
	}
}

// validity says how long a code is good for, to be put after a name.
func (p *program) validity(c oath.Code) string {
	now := p.now()
	switch {
	case c.Until.IsZero():
		return ": valid until used"
	case c.From.After(now):
		return fmt.Sprintf(": valid in %d s", roundUp(c.From.Sub(now)))
	case !c.Until.After(now):
		return ": expired"
	}
	return fmt.Sprintf(": valid for %d s", roundUp(c.Remaining(now)))
}

// roundUp returns whole seconds.
func roundUp(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func (p *program) allCodes(ctx context.Context, o codeOptions) error {
	if o.next || o.minRemaining > 0 {
		return usagef("--next and --min-remaining are for one account")
	}
	at, err := o.when(p.now())
	if err != nil {
		return err
	}
	t, err := p.openTokens(ctx, o.tokens, o.json)
	if err != nil {
		return err
	}
	defer t.close()
	if err := t.unlockVault(); err != nil {
		return err
	}
	holdings, failure := t.Codes(at)
	if o.json {
		err = p.printJSON(mapSlice(holdings, describeHolding))
	} else {
		p.printColumns(mapSlice(holdings, codeRow))
	}
	if err == nil && failure == nil && len(holdings) == 0 {
		p.note("No accounts yet. Add one with: tokenctl enroll")
	}
	return errors.Join(err, incomplete(failure, len(holdings)))
}

// incomplete is the error for results of which some are missing.
func incomplete(failure error, shown int) error {
	if failure == nil || shown == 0 {
		return failure
	}
	return fmt.Errorf("%w: %w", errPartly, failure)
}

func codeRow(h fleet.Holding) []string {
	code := h.Code.Value
	if h.Code.IsZero() {
		code = "(" + reasonWithout(h) + ")"
	}
	return []string{printable(string(h.Account.ID())), code}
}
