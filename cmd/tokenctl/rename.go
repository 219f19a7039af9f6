package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
)

type renameOptions struct {
	tokens      tokenOptions
	query, name string
	json        bool
}

func newRenameCommand(p *program) *cobra.Command {
	var o renameOptions
	c := &cobra.Command{
		Use:   "rename QUERY NAME",
		Short: "Give an account another name",
		Long: "Rename gives the account that QUERY fits another issuer and name, written as\n" +
			"issuer:name, on every key that is plugged in and in the vault. Its secret and its\n" +
			"backup codes stay. A YubiKey can do so from firmware 5.3.1 on.",
		Example: "  tokenctl rename github 'GitHub:alice@example.com'",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			o.query, o.name = args[0], args[1]
			return p.rename(c.Context(), o)
		},
	}
	o.tokens.addFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) rename(ctx context.Context, o renameOptions) error {
	t, err := p.openTokens(ctx, o.tokens, o.json)
	if err != nil {
		return err
	}
	defer t.close()
	old, err := t.Locate(o.query)
	if err != nil {
		return err
	}
	renamed, err := withLabel(old.Account, o.name)
	if err != nil {
		return err
	}
	codes := p.follow(t, o.tokens, old.Account.ID())
	done, failures := old.Each(func(t oath.Token) error {
		err := t.Rename(old.Account.ID(), renamed.ID())
		if errors.Is(err, oath.ErrExists) {
			return errNameTaken
		}
		return err
	})
	codes.renamed(renamed.ID(), done, len(failures) > 0)
	return p.reportChange(change{
		what: "renamed to " + printable(renamed.Label()), of: old.Account, result: renamed, json: o.json,
		done: done, failures: failures,
	})
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
