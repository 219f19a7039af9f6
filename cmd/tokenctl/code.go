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

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

var codeRemedies = []term.Remedy{
	{Of: fleet.ErrDiffer, Exit: term.ExitAmbiguous, Hint: "Choose a key with --device SERIAL, and see which code the service takes. Then give the other the same secret, with enroll --overwrite."},
	{Of: fleet.ErrExpired, Exit: term.ExitFailure, Hint: "Try again, and answer within the time that a code is good for."},
}

type codeOptions struct {
	tokens       open.TokenOptions
	query        string
	at           string
	next         bool
	minRemaining time.Duration
	json         bool
	format       codeFormat
	hidden       bool
	copy         bool
	clearAfter   int // seconds
	watch        bool
	hideAfter    int // seconds; 0 is never
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
			"QUERY is an account's ID, its name or its issuer; or the same in another case; or\n" +
			"how it begins; or a part of it. The first of these that fits any account counts.\n\n" +
			"On a terminal, you choose by number where QUERY fits several accounts, and a code\n" +
			"that expires within five seconds comes with the next one. Accounts whose issuer is\n" +
			"_hidden, which ykman hides, are shown with --hidden, or if QUERY fits no other.\n\n" +
			"With --copy the code goes to the clipboard instead, for as long as --clear-after\n" +
			"has it, unless you copy something else meanwhile; over SSH, to the clipboard of\n" +
			"your terminal, which is not cleared.\n\n" +
			"With --watch all codes are shown on the whole terminal and kept current, with keys\n" +
			"that are plugged in or pulled out meanwhile. Typing searches; Enter copies a code,\n" +
			"asks for one that needs a touch or moves a counter, or opens what is locked; Ctrl-C\n" +
			"ends. Without a keystroke, the codes are hidden after a while.\n\n" +
			"With --format a line is printed for each account, as TEMPLATE has it: with \\n, \\t and\n" +
			"these fields, which are empty where there is nothing to show:\n\n" +
			"  {code}         the code\n" +
			"  {id}           good as a QUERY that fits this account alone\n" +
			"  {issuer}       the service\n" +
			"  {name}         the account there\n" +
			"  {tokens}       where it is, separated by commas\n" +
			"  {period}       how many seconds a code is valid\n" +
			"  {valid_until}  until when this one is, in UTC, as in 2026-01-31T12:00:00Z\n" +
			"  {left}         how many seconds are left until then\n" +
			"  {reason}       why there is no code: touch, counter, locked or differs\n\n" +
			"The counter of an HOTP account moves each time its code is asked for.",
		Example: "  tokenctl code github\n  tokenctl code github --copy\n  tokenctl code --watch\n  tokenctl code GitHub:alice | xclip\n" +
			"  tokenctl code --format '{left}\\t{code}\\t{issuer} ({name})'",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.query = args[0]
			}
			switch {
			case o.watch:
				return p.watch(c.Context(), o)
			case len(args) > 0:
				return p.oneCode(c.Context(), o)
			case o.copy:
				return term.Usagef("--copy needs a QUERY")
			}
			return p.allCodes(c.Context(), o)
		},
	}
	o.tokens.AddFlags(c)
	f := c.Flags()
	f.StringVar(&o.at, "at", "", "compute the code for another `TIME`: RFC 3339, or seconds since 1970")
	f.BoolVar(&o.next, "next", false, "compute the code that follows the current one")
	f.DurationVar(&o.minRemaining, "min-remaining", 0, "wait for the next code if this one is valid for less than this `DURATION`")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.Var(&o.format, "format", "print a line for each account as this `TEMPLATE` has it, as in '{code} {id}'")
	f.BoolVar(&o.hidden, "hidden", false, "show the accounts that ykman hides, too")
	f.BoolVar(&o.copy, "copy", false, "copy the code to the clipboard, and do not print it")
	f.IntVar(&o.clearAfter, "clear-after", 30, "clear the clipboard after this many `SECONDS`")
	f.BoolVar(&o.watch, "watch", false, "show all codes on the whole terminal, and keep them current")
	f.IntVar(&o.hideAfter, "hide-after", 60, "with --watch, hide the codes after this many `SECONDS` without a keystroke; 0 never does")
	c.MarkFlagsMutuallyExclusive("at", "next", "min-remaining", "watch")
	c.MarkFlagsMutuallyExclusive("copy", "json", "watch", "format")
	c.RegisterFlagCompletionFunc("format", completeFormat)
	return c
}

// describes reports whether a program wants to know more of an account than its code.
func (o codeOptions) describes() bool { return o.json || o.format != "" }

// maxTime is the last second, since 1970, that RFC 3339 can write: of the year 9999.
const maxTime = 253402300799

// clock returns the clock to compute codes by, which is the computer's unless an option
// says otherwise.
func (o codeOptions) clock(p *program) (fleet.Clock, error) {
	if o.at == "" {
		p.noteClock()
		return p.Now, nil
	}
	if seconds, err := strconv.ParseInt(o.at, 10, 64); err == nil && seconds >= 0 && seconds <= maxTime {
		return fleet.At(time.Unix(seconds, 0)), nil
	}
	at, err := time.Parse(time.RFC3339, o.at)
	if err != nil {
		return nil, term.Usagef("--at %q is neither RFC 3339, as in 2026-01-31T12:00:00Z, nor seconds since 1970", o.at)
	}
	return fleet.At(at), nil
}

func (p *program) oneCode(ctx context.Context, o codeOptions) error {
	if o.query == "" {
		return term.Usagef("the query is empty")
	}
	clock, err := o.clock(p)
	if err != nil {
		return err
	}
	var clipboard *copying
	if o.copy {
		if clipboard, err = p.startCopying(o.clearAfter); err != nil {
			return err
		}
		defer clipboard.Close()
	}
	o.tokens.Vault.Late = true
	t, err := p.open.Tokens(ctx, o.tokens, o.describes())
	if err != nil {
		return err
	}
	defer t.Close()
	h, err := p.findCode(t, o, clock)
	if ambiguous := new(oath.AmbiguousError); errors.As(err, &ambiguous) {
		if o.query, err = p.choose(ambiguous, o.hidden); err == nil {
			h, err = p.findCode(t, o, clock)
		}
	}
	if err == nil {
		err = p.adjust(ctx, o, &h)
	}
	if err != nil {
		return t.ExplainNotFound(o.query, err)
	}
	switch {
	case o.json:
		return p.PrintJSON(describeHolding(h))
	case o.format != "":
		_, err := fmt.Fprintln(p.Out, o.format.line(h, p.Now()))
		return err
	case o.copy:
		said, err := clipboard.copy(ctx, h.Account, h.Code)
		if err == nil {
			p.Note("%s.", said)
		}
		return err
	}
	p.PrintText(urgency(h.Code, p.Now()), "%s", h.Code.Value)
	if p.ShowsResults() {
		until := ""
		if h.Account.Type != oath.TypeUnknown {
			until = validity(h.Code, p.Now())
		}
		left := h.Code.Remaining(p.Now())
		if next := h; left > 0 && left < soon && !h.Account.Touch && computeCode(&next, fleet.At(h.Code.Until)) == nil {
			until += ", then " + next.Code.Value
		}
		p.Note("%s on %s%s", term.Printable(h.Account.Label()), h.By.Name, until)
	}
	return nil
}

// soon is how much of its life a code has left that may not be typed in time.
const soon = 5 * time.Second

// choose returns the ID of the account that is meant by a query which fits several: the
// one that is not hidden, or that a person at a terminal chooses. Else it returns an
// *oath.AmbiguousError.
func (p *program) choose(ambiguous *oath.AmbiguousError, hidden bool) (query string, err error) {
	fit := ambiguous.Matches
	if shown := slices.DeleteFunc(slices.Clone(fit), oath.Account.IsHidden); !hidden && len(shown) > 0 {
		fit = shown
	}
	switch {
	case len(fit) == 1:
		return string(fit[0].ID()), nil
	case p.Terminal == nil || !p.ShowsResults():
		return "", fmt.Errorf("%q: %w", ambiguous.Query, &oath.AmbiguousError{Query: ambiguous.Query, Matches: fit})
	}
	p.Terminal.Show("%q fits:", ambiguous.Query)
	for i, a := range fit {
		p.Terminal.Show("%4d  %s", i+1, a.ID())
	}
	for {
		answer, err := p.Terminal.Ask(fmt.Sprintf("Which one? [1-%d]", len(fit)))
		n, malformed := strconv.Atoi(answer)
		switch {
		case err != nil:
			return "", err
		case answer == "":
			return "", term.ErrDeclined
		case malformed == nil && n >= 1 && n <= len(fit):
			return string(fit[n-1].ID()), nil
		}
	}
}

// findCode finds the account and computes its code, in as few exchanges with a
// key as can be.
func (p *program) findCode(t *open.Tokens, o codeOptions, clock fleet.Clock) (fleet.Holding, error) {
	// Where the query looks like a whole ID, and nothing but the digits is wanted, a key
	// can be asked for that account's code straight away; but the answer does not show
	// whether it is TOTP or HOTP, and so whether the code expires, or two keys can be
	// compared.
	timed := o.next || o.minRemaining > 0
	if strings.Contains(o.query, ":") && !o.describes() && !o.copy && !timed && !p.ShowsResults() && len(t.Keys()) < 2 {
		code, m, err := t.CodeOf(oath.ID(o.query), clock)
		if !errors.Is(err, oath.ErrNotFound) {
			return fleet.Holding{Entry: oath.Entry{Code: code}, By: m}, err
		}
	}
	h, err := t.Find(o.query, clock)
	if errors.Is(err, oath.ErrUnlisted) && !timed { // nor does the token report more, but for a code
		code, m, failed := t.CodeOf(oath.ID(o.query), clock)
		if failed == nil {
			entry := oath.Entry{Account: oath.ID(o.query).Account(oath.TypeUnknown), Code: oath.Code{Value: code.Value}}
			return fleet.Holding{Entry: entry, Members: []*fleet.Member{m}, By: m}, nil
		}
		if !errors.Is(failed, oath.ErrNotFound) {
			err = failed
		}
	}
	if err == nil && h.Code.IsZero() {
		err = computeCode(&h, clock)
	}
	return h, err
}

// computeCode asks for a code that did not come along with the account, or not for that
// time.
func computeCode(h *fleet.Holding, clock fleet.Clock) error {
	code, m, err := h.ComputeCode(clock)
	if errors.Is(err, fleet.ErrDiffer) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%q: %w", h.Account.Label(), err)
	}
	h.Code, h.By, h.Members = code, m, []*fleet.Member{m}
	// A locked vault shows the name alone: the code shows the rest.
	shown := oath.Account{Type: oath.HOTP, Digits: len(code.Value)}
	if !code.Until.IsZero() {
		shown.Type, shown.Period = oath.TOTP, h.Account.Period
	}
	h.Account = fleet.Complete(h.Account, shown)
	return nil
}

// adjust computes the code that --next or --min-remaining ask for, instead of the
// current one.
func (p *program) adjust(ctx context.Context, o codeOptions, h *fleet.Holding) error {
	life := h.Code.Until.Sub(h.Code.From)
	switch {
	case life == 0:
		return nil
	case o.minRemaining > life:
		return term.Usagef("a code of %q is never valid for more than %s", h.Account.Label(), life)
	case o.next:
		return computeCode(h, func() time.Time { return p.Now().Add(life) })
	}
	enough := o.minRemaining
	for h.Code.Remaining(p.Now()) < enough { // again, if a touch took its time
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(h.Code.Until.Sub(p.Now())):
		}
		if err := computeCode(h, p.Now); err != nil {
			return err
		}
		enough = min(enough, life-life/10) // a code that has just begun is as good as can be
	}
	return nil
}
