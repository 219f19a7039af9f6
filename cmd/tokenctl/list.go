package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
)

type listOptions struct {
	key        keyOptions
	long, json bool
}

func newListCommand(p *program) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "Show the accounts",
		Long: "List prints the ID of every account, one a line.\n\n" +
			"With --long it adds type, algorithm, digits, period in seconds, and whether a\n" +
			"touch is needed. The key does not tell that of an HOTP account, nor its digits.",
		Example: "  tokenctl list\n  tokenctl list --json | jq -r '.[].id'",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.list(c.Context(), o) },
	}
	o.key.addFlags(c)
	c.Flags().BoolVarP(&o.long, "long", "l", false, "show all that the key tells of each account")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) list(ctx context.Context, o listOptions) error {
	k, err := p.openKey(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.close()
	accounts, err := k.List()
	if err != nil {
		return err
	}
	if o.long || o.json {
		entries, err := k.Codes(p.now())
		if err != nil {
			return err
		}
		complete(accounts, entries)
	}
	sortAccounts(accounts)
	switch {
	case o.json:
		return p.printJSON(mapSlice(accounts, describeAccount))
	case o.long:
		p.printColumns(append([][]string{longHeader}, mapSlice(accounts, longRow)...))
	default:
		p.printColumns(mapSlice(accounts, func(a oath.Account) []string { return []string{printable(string(a.ID()))} }))
	}
	if len(accounts) == 0 {
		p.note("No accounts yet. Add one with: tokenctl enroll")
	}
	return nil
}

// complete adds what only the codes tell, digits and touch, to the accounts.
func complete(accounts []oath.Account, entries []oath.Entry) {
	told := make(map[oath.ID]oath.Account, len(entries))
	for _, e := range entries {
		told[e.Account.ID()] = e.Account
	}
	for i := range accounts {
		a := told[accounts[i].ID()]
		accounts[i].Digits, accounts[i].Touch = a.Digits, a.Touch
	}
}

func sortAccounts(accounts []oath.Account) {
	slices.SortStableFunc(accounts, compareAccounts)
}

// compareAccounts orders by label, whatever the case.
func compareAccounts(a, b oath.Account) int {
	return strings.Compare(strings.ToLower(a.Label()), strings.ToLower(b.Label()))
}

var longHeader = []string{"ACCOUNT", "TYPE", "ALGORITHM", "DIGITS", "PERIOD", "TOUCH"}

func longRow(a oath.Account) []string {
	j := describeAccount(a)
	return []string{printable(a.Label()), j.Type, j.Algorithm, orDash(a.Digits), orDash(a.Period), yesNo(a.Touch)}
}

func orDash(n int) string {
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
