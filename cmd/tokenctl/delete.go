package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

type deleteOptions struct {
	key       keyOptions
	query     string
	yes, json bool
}

func newDeleteCommand(p *program) *cobra.Command {
	var o deleteOptions
	c := &cobra.Command{
		Use:     "delete QUERY",
		Aliases: []string{"rm"},
		Short:   "Remove an account",
		Long: "Delete removes the account that QUERY fits from the key, with its secret. There\n" +
			"is no way back: turn two-factor authentication off at the service first.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.query = args[0]
			return p.delete(c.Context(), o)
		},
	}
	o.key.addFlags(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) delete(ctx context.Context, o deleteOptions) error {
	k, err := p.openKey(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.close()
	a, err := findAccount(k, o.query)
	if err != nil {
		return err
	}
	if err := p.terminal.confirm(o.yes, "Delete %s and its secret for good?", printable(a.Label())); err != nil {
		return err
	}
	if err := k.Delete(a.ID()); err != nil {
		return fmt.Errorf("deleting %q: %w", printable(a.Label()), err)
	}
	if o.json {
		return p.printJSON(describeAccount(a))
	}
	p.note("%s is deleted.", printable(a.Label()))
	return nil
}
