package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath/fleet"
)

type listOptions struct {
	tokens     tokenOptions
	long, json bool
}

func newListCommand(p *program) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "Show the accounts",
		Long: "List prints the ID of every account on the keys and in the vault, one a line.\n\n" +
			"With --long it adds type, algorithm, digits, period in seconds, whether a touch is\n" +
			"needed, and where the account is. A dash is what no token tells: a key does not\n" +
			"tell digits or touch of an HOTP account, and a locked vault tells names alone.",
		Example: "  tokenctl list\n  tokenctl list --json | jq -r '.[].id'",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.list(c.Context(), o) },
	}
	o.tokens.addFlags(c)
	c.Flags().BoolVarP(&o.long, "long", "l", false, "show all that the tokens tell of each account")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) list(ctx context.Context, o listOptions) error {
	t, err := p.openTokens(ctx, o.tokens, o.long || o.json)
	if err != nil {
		return err
	}
	defer t.close()
	if o.long || o.json {
		if err := t.unlockVault(); err != nil {
			return err
		}
	}
	holdings, failure := p.accounts(t, o.long || o.json)
	switch {
	case o.json:
		err = p.printJSON(mapSlice(holdings, describeHeld))
	case o.long:
		p.printColumns(append([][]string{longHeader}, mapSlice(holdings, longRow)...))
	default:
		p.printColumns(mapSlice(holdings, func(h fleet.Holding) []string {
			return []string{printable(string(h.Account.ID()))}
		}))
	}
	if err == nil && failure == nil && len(holdings) == 0 {
		p.note("No accounts yet. Add one with: tokenctl enroll")
	}
	return errors.Join(err, incomplete(failure, len(holdings)))
}

func (p *program) accounts(t *tokens, described bool) ([]fleet.Holding, error) {
	if described {
		return t.Describe(p.now())
	}
	return t.List()
}

var longHeader = []string{"ACCOUNT", "TYPE", "ALGORITHM", "DIGITS", "PERIOD", "TOUCH", "WHERE"}

func longRow(h fleet.Holding) []string {
	j := describeHeld(h)
	return []string{
		printable(h.Account.Label()), j.Type, orDash(j.Algorithm), numberOrDash(j.Digits), numberOrDash(j.Period),
		yesNo(j.Touch), strings.Join(j.Tokens, " "),
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func numberOrDash(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func mapSlice[T, U any](list []T, f func(T) U) []U {
	mapped := make([]U, len(list))
	for i, v := range list {
		mapped[i] = f(v)
	}
	return mapped
}
