package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

type listOptions struct {
	tokens     open.TokenOptions
	long, json bool
	hidden     bool
}

func newListCommand(p *program) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "Show the accounts",
		Long: "List prints the ID of every account on the keys and in the vault, one per line.\n\n" +
			"With --long it adds type, algorithm, digits, period in seconds, whether a touch is\n" +
			"needed, and where the account is. A dash stands for what no token reports: a key does\n" +
			"not report digits or touch of an HOTP account, and a locked vault shows only names.",
		Example: "  tokenctl list\n  tokenctl list --json | jq -r '.[].id'",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.list(c.Context(), o) },
	}
	o.tokens.AddFlags(c)
	c.Flags().BoolVarP(&o.long, "long", "l", false, "show all that the tokens report of each account")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	c.Flags().BoolVar(&o.hidden, "hidden", false, "show the accounts that ykman hides, too: those of the issuer _hidden")
	return c
}

func (p *program) list(ctx context.Context, o listOptions) error {
	t, err := p.open.Tokens(ctx, o.tokens, o.long || o.json)
	if err != nil {
		return err
	}
	defer t.Close()
	var holdings []fleet.Holding
	var failure error
	if o.long || o.json {
		if err := t.UnlockVault(); err != nil {
			return err
		}
		holdings, failure = t.Describe(p.Now)
	} else {
		holdings, failure = t.List()
	}
	failure = errors.Join(failure, p.missed(t))
	all := len(holdings)
	holdings = p.withoutHidden(holdings, o.hidden)
	switch {
	case o.json:
		err = p.PrintJSON(mapSlice(holdings, describeHeld))
	case o.long:
		table := term.Table{Header: longHeader, Rows: mapSlice(holdings, longRow)}
		if p.ShowsResults() {
			for i, row := range table.Rows {
				row[len(row)-1] = whereInShort(holdings[i].Members, len(t.Keys()))
			}
		}
		p.PrintTable(table)
	default:
		p.PrintColumns(mapSlice(holdings, func(h fleet.Holding) []string {
			return []string{string(h.Account.ID())}
		}))
	}
	p.noteLeftovers(holdings)
	if err == nil && failure == nil && all == 0 {
		p.Note("No accounts yet. Add one with: tokenctl enroll")
	}
	return errors.Join(err, term.Partly(failure, len(holdings)))
}

var longHeader = []string{"ACCOUNT", "TYPE", "ALGORITHM", "DIGITS", "PERIOD", "TOUCH", "WHERE"}

func longRow(h fleet.Holding) []string {
	j := describeHeld(h)
	return []string{
		h.Account.Label(), j.Type, term.Dash(j.Algorithm), term.NumberOrDash(j.Digits), term.NumberOrDash(j.Period),
		term.YesNo(j.Touch), strings.Join(j.Tokens, " "),
	}
}

// whereInShort names the members that hold an account, and counts the keys if these are all
// that were asked.
func whereInShort(members []*fleet.Member, allKeys int) string {
	onKeys := slices.DeleteFunc(slices.Clone(members), (*fleet.Member).IsVault)
	where := names(members)
	if len(onKeys) == allKeys && allKeys > 1 {
		where = append([]string{term.Count(allKeys, "key")}, where[len(onKeys):]...)
	}
	return strings.Join(where, ", ")
}
