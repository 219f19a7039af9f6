package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
)

type renameOptions struct {
	key         keyOptions
	query, name string
	json        bool
}

func newRenameCommand(p *program) *cobra.Command {
	var o renameOptions
	c := &cobra.Command{
		Use:     "rename QUERY NAME",
		Short:   "Give an account another name",
		Long:    "Rename gives the account that QUERY fits another issuer and name, written as\nissuer:name. Its secret stays. A YubiKey can do so from firmware 5.3.1 on.",
		Example: "  tokenctl rename github 'GitHub:alice@example.com'",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			o.query, o.name = args[0], args[1]
			return p.rename(c.Context(), o)
		},
	}
	o.key.addFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) rename(ctx context.Context, o renameOptions) error {
	k, err := p.openKey(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.close()
	old, err := findAccount(k, o.query)
	if err != nil {
		return err
	}
	renamed, err := withLabel(old, o.name)
	if err != nil {
		return err
	}
	if err := k.Rename(old.ID(), renamed.ID()); err != nil {
		return fmt.Errorf("renaming %q: %w", printable(old.Label()), err)
	}
	if o.json {
		return p.printJSON(describeAccount(renamed))
	}
	p.note("%s is now %s.", printable(old.Label()), printable(renamed.Label()))
	return nil
}

// withLabel returns the account under the name that a label gives it. A change
// from or to Steam's issuer would change what its codes look like.
func withLabel(a oath.Account, label string) (oath.Account, error) {
	named := oath.ID(label).Account(oath.HOTP) // a label has no period to cut off
	renamed := a
	renamed.Issuer, renamed.Name = named.Issuer, named.Name
	if renamed.IsSteam() != a.IsSteam() {
		return oath.Account{}, usagef("the issuer %q makes an account's codes Steam codes, and cannot be given or taken by renaming", oath.SteamIssuer)
	}
	valid := renamed.WithDefaults()
	return renamed, valid.Validate()
}

// findAccount returns the one account of the key that the query fits.
func findAccount(k *key, query string) (oath.Account, error) {
	accounts, err := k.List()
	if err != nil {
		return oath.Account{}, err
	}
	a, err := oath.MatchOne(accounts, query)
	if err != nil {
		return oath.Account{}, fmt.Errorf("%q: %w", query, err)
	}
	return a, nil
}
