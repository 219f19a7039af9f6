package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// allCodes prints the codes of all accounts, but for those that need a touch or would count.
func (p *program) allCodes(ctx context.Context, o codeOptions) error {
	if o.next || o.minRemaining > 0 {
		return term.Usagef("--next and --min-remaining are for one account")
	}
	clock, err := o.clock(p)
	if err != nil {
		return err
	}
	t, err := p.open.Tokens(ctx, o.tokens, o.describes())
	if err != nil {
		return err
	}
	defer t.Close()
	if err := t.UnlockVault(); err != nil {
		return err
	}
	holdings, failure := t.Codes(clock)
	failure = errors.Join(failure, p.missed(t))
	all := len(holdings)
	holdings = p.withoutHidden(holdings, o.hidden)
	switch {
	case o.json:
		err = p.PrintJSON(mapSlice(holdings, describeHolding))
	case o.format != "":
		var lines strings.Builder
		for _, h := range holdings {
			lines.WriteString(o.format.line(h, p.Now()) + "\n")
		}
		_, err = io.WriteString(p.Out, lines.String())
	default:
		p.printCodes(holdings)
	}
	p.noteLeftovers(holdings)
	if err == nil && failure == nil && all == 0 {
		p.Note("No accounts yet. Add one with: tokenctl enroll")
	}
	return errors.Join(err, term.Partly(failure, len(holdings)))
}

// withoutHidden leaves out the accounts that are hidden, unless they are wanted, and says
// so to a person.
func (p *program) withoutHidden(holdings []fleet.Holding, wanted bool) []fleet.Holding {
	if wanted {
		return holdings
	}
	shown := slices.DeleteFunc(slices.Clone(holdings), func(h fleet.Holding) bool { return h.Account.IsHidden() })
	if n := len(holdings) - len(shown); n > 0 && p.ShowsResults() {
		p.Note("%s hidden. To see all: --hidden", term.Are(n, "account"))
	}
	return shown
}

// noteLeftovers says what the accounts are that a broken-off --overwrite left.
func (p *program) noteLeftovers(holdings []fleet.Holding) {
	for _, h := range holdings {
		if fleet.IsLeftover(h.Account) {
			p.Note("%s is what an interrupted --overwrite left.\nThe same command again removes it. Or: tokenctl delete '%s'",
				term.Printable(h.Account.Label()), term.Printable(string(h.Account.ID())))
		}
	}
}

// printCodes prints codes; a person sees how long each is good for.
func (p *program) printCodes(holdings []fleet.Holding) {
	table := term.Table{Rows: mapSlice(holdings, codeRow), Styles: make(map[string]term.Style)}
	for i, now := 0, p.Now(); i < len(holdings) && p.ShowsResults(); i++ {
		if code := holdings[i].Code; !code.Until.IsZero() {
			left := fmt.Sprintf("%d s", roundUp(code.Remaining(now)))
			table.Rows[i] = append(table.Rows[i], left)
			table.Styles[code.Value], table.Styles[left] = urgency(code, now), urgency(code, now)
		}
	}
	p.PrintTable(table)
}

// urgency shows a code that hardly anybody could type before it expires.
func urgency(c oath.Code, now time.Time) term.Style {
	if !c.Until.IsZero() && c.Remaining(now) < 5*time.Second {
		return term.Red
	}
	return term.Plain
}

func codeRow(h fleet.Holding) []string {
	code := h.Code.Value
	if h.Code.IsZero() {
		code = "(" + reasonWithout(h) + ")"
	}
	return []string{string(h.Account.ID()), code}
}
