package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
)

type codeOptions struct {
	key          keyOptions
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
			"standard output. Without a query it prints all codes but those that need a touch\n" +
			"or move a counter.\n\n" +
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
	o.key.addFlags(c)
	f := c.Flags()
	f.StringVar(&o.at, "at", "", "compute the code of another `TIME`: RFC 3339, or seconds since 1970")
	f.BoolVar(&o.next, "next", false, "compute the code that follows the current one")
	f.DurationVar(&o.minRemaining, "min-remaining", 0, "wait for the next code if this one is valid for less than this `DURATION`")
	f.BoolVar(&o.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("at", "next", "min-remaining")
	return c
}

// when returns the time to compute codes for, which is now unless an option says
// otherwise.
func (o codeOptions) when(now time.Time) (time.Time, error) {
	if o.at == "" {
		return now, nil
	}
	if seconds, err := strconv.ParseInt(o.at, 10, 64); err == nil && seconds >= 0 {
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
	k, err := p.openKey(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.close()
	entry, err := p.findCode(k, o, at)
	if err != nil {
		return err
	}
	if entry, err = p.adjust(ctx, k, o, entry); err != nil {
		return err
	}
	if o.json {
		return p.printJSON(describeEntry(entry))
	}
	fmt.Fprintln(p.out, entry.Code.Value)
	if p.showsResults() {
		p.note("%s%s", printable(entry.Account.Label()), p.validity(entry.Code))
	}
	return nil
}

// findCode finds the account and computes its code in as few exchanges with the
// key as can be.
func (p *program) findCode(k *key, o codeOptions, at time.Time) (oath.Entry, error) {
	if p.wantsOnlyDigits(o) {
		entry, err := p.codeByID(k, oath.ID(o.query), at)
		if !errors.Is(err, oath.ErrNotFound) {
			return entry, err
		}
	}
	entries, err := k.Codes(at)
	if err != nil {
		return oath.Entry{}, err
	}
	account, err := oath.MatchOne(mapSlice(entries, entryAccount), o.query)
	if err != nil {
		return oath.Entry{}, fmt.Errorf("%q: %w", o.query, err)
	}
	i := slices.IndexFunc(entries, func(e oath.Entry) bool { return e.Account.ID() == account.ID() })
	if !entries[i].Code.IsZero() {
		return entries[i], nil
	}
	return p.askCode(k, account, at)
}

// wantsOnlyDigits reports whether the query looks like a whole ID, and nothing
// but the digits is wanted. Then the key can be asked for that account's code
// straight away; but the answer does not tell TOTP from HOTP, and so not whether
// the code expires.
func (p *program) wantsOnlyDigits(o codeOptions) bool {
	timed := o.next || o.minRemaining > 0
	return strings.Contains(o.query, ":") && len(o.query) <= 64 && !o.json && !timed && !p.showsResults()
}

func (p *program) codeByID(k *key, id oath.ID, at time.Time) (oath.Entry, error) {
	return p.askCode(k, id.Account(oath.TOTP), at)
}

func entryAccount(e oath.Entry) oath.Account { return e.Account }

// askCode computes one account's code, and says so when a touch is awaited.
func (p *program) askCode(k *key, a oath.Account, at time.Time) (oath.Entry, error) {
	code, err := p.untilTouched(a.Touch, func() (oath.Code, error) { return k.Code(a, at) })
	if err != nil {
		return oath.Entry{}, fmt.Errorf("%q: %w", printable(a.Label()), err)
	}
	return oath.Entry{Account: a, Code: code}, nil
}

// touchNotice is how long a key may take to answer before it is safe to say that
// it waits for a touch. It does not tell beforehand for every account.
const touchNotice = 400 * time.Millisecond

func (p *program) untilTouched(touch bool, compute func() (oath.Code, error)) (oath.Code, error) {
	notice := func() { p.note("Touch the key, please.") }
	if touch {
		notice()
		return compute()
	}
	timer := time.AfterFunc(touchNotice, notice)
	defer timer.Stop()
	return compute()
}

// adjust computes the code that --next or --min-remaining ask for, in the place
// of the current one.
func (p *program) adjust(ctx context.Context, k *key, o codeOptions, e oath.Entry) (oath.Entry, error) {
	if e.Account.Type == oath.HOTP || (!o.next && e.Code.Remaining(p.now()) >= o.minRemaining) {
		return e, nil
	}
	if !o.next {
		if err := p.waitUntil(ctx, e.Code.Until); err != nil {
			return oath.Entry{}, err
		}
	}
	return p.askCode(k, e.Account, e.Code.Until)
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
	k, err := p.openKey(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.close()
	entries, err := freeCodes(k, at)
	if err != nil {
		return err
	}
	slices.SortStableFunc(entries, func(a, b oath.Entry) int { return compareAccounts(a.Account, b.Account) })
	if o.json {
		return p.printJSON(mapSlice(entries, describeEntry))
	}
	p.printColumns(mapSlice(entries, codeRow))
	if len(entries) == 0 {
		p.note("No accounts yet. Add one with: tokenctl enroll")
	}
	return nil
}

// freeCodes returns all accounts, with the codes that cost neither a touch nor a
// counter.
func freeCodes(k *key, at time.Time) ([]oath.Entry, error) {
	entries, err := k.Codes(at)
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		if !e.Code.IsZero() || e.Account.Touch || e.Account.Type != oath.TOTP {
			continue
		}
		code, err := k.Code(e.Account, at)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", printable(e.Account.Label()), err)
		}
		entries[i].Code = code
	}
	return entries, nil
}

func codeRow(e oath.Entry) []string {
	code := e.Code.Value
	if e.Code.IsZero() {
		code = "(" + reasonWithout(e.Account) + ")"
	}
	return []string{printable(string(e.Account.ID())), code}
}
