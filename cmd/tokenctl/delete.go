package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

type deleteOptions struct {
	tokens    tokenOptions
	query     string
	yes, json bool
}

func newDeleteCommand(p *program) *cobra.Command {
	var o deleteOptions
	c := &cobra.Command{
		Use:     "delete QUERY",
		Aliases: []string{"rm"},
		Short:   "Remove an account",
		Long: "Delete removes the account that QUERY fits, with its secret and its backup codes,\n" +
			"from every key that is plugged in and from the vault. There is no way back: turn\n" +
			"two-factor authentication off at the service first.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.query = args[0]
			return p.delete(c.Context(), o)
		},
	}
	o.tokens.addFlags(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) delete(ctx context.Context, o deleteOptions) error {
	t, err := p.openTokens(ctx, o.tokens, o.json)
	if err != nil {
		return err
	}
	defer t.close()
	h, err := t.Locate(o.query)
	if err != nil {
		return err
	}
	label, from := printable(h.Account.Label()), strings.Join(mapSlice(h.Members, memberName), " and ")
	codes := p.follow(t, o.tokens, h.Account.ID())
	if err := p.terminal.confirm(o.yes, "Delete %s%s and its secret from %s for good?", label, codes.loss(h), from); err != nil {
		return err
	}
	done, failures := h.Each(func(t oath.Token) error { return t.Delete(h.Account.ID()) })
	codes.deleted(done, len(failures) > 0)
	return p.reportChange(change{what: "deleted", of: h.Account, result: h.Account, json: o.json, done: done, failures: failures})
}

// A change is what was done to an account on several tokens.
type change struct {
	what     string // past participle
	of       oath.Account
	result   oath.Account
	json     bool
	done     []*fleet.Member
	failures []*fleet.MemberError
}

// reportChange tells where a change was made and where not.
func (p *program) reportChange(c change) error {
	label := printable(c.of.Label())
	for _, m := range c.done {
		p.note("%s: %s is %s.", m.Name, label, c.what)
	}
	var failed []error
	for _, f := range c.failures {
		failed = append(failed, f)
	}
	err := errors.Join(failed...)
	if len(c.done) == 0 {
		return fmt.Errorf("%q is not %s: %w", label, c.what, err)
	}
	if err != nil {
		err = fmt.Errorf("%w: %q is not %s everywhere:\n%w", errPartly, label, c.what, err)
	}
	if c.json {
		held := fleet.Holding{Entry: oath.Entry{Account: c.result}, Members: c.done}
		return errors.Join(p.printJSON(describeHeld(held)), err)
	}
	return err
}
