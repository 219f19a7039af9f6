package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath/vault"
)

func newVaultPassphraseCommand(p *program) *cobra.Command {
	var o vaultOptions
	var source passwordSource
	var remove, yes bool
	c := &cobra.Command{
		Use:   "passphrase",
		Short: "Set, change or remove the vault's passphrase",
		Long: "Passphrase opens the vault to a new passphrase, in the place of the old one if\n" +
			"there was one. No account is touched. Older copies of the folder still open by\n" +
			"the old passphrase; to shut that out of new accounts, use: tokenctl vault rekey",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if remove {
				return p.withVault(c.Context(), o, func(v *vaultToken) error { return p.removeWay(v, 0, yes) })
			}
			return p.withOpenVault(c.Context(), o, func(v *vaultToken) error {
				passphrase, err := p.newPassphrase(c.Context(), source, yes)
				if err != nil {
					return err
				}
				return v.SetPassphrase(passphrase)
			})
		},
	}
	o.addFlags(c)
	source.addFlags(c, "new-passphrase", "the new passphrase")
	c.Flags().BoolVar(&remove, "remove", false, "remove the passphrase")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

// newPassphrase returns a new passphrase of the vault, as newPassphraseOf does.
func (p *program) newPassphrase(ctx context.Context, source passwordSource, yes bool) (string, error) {
	return p.newPassphraseOf(ctx, "the vault", source, yes)
}

// newPassphraseOf returns a new passphrase: the one given, or one that is asked for
// twice. It names a weak one as such.
func (p *program) newPassphraseOf(ctx context.Context, what string, source passwordSource, yes bool) (string, error) {
	if source.isGiven() {
		passphrase, err := source.read(ctx)
		if weakness := weaknessOf(passphrase); err == nil && weakness != "" {
			p.note("The passphrase is weak: %s.", weakness)
		}
		return passphrase, err
	}
	for {
		passphrase, err := p.terminal.askNewSecret("New passphrase of " + what)
		if errors.Is(err, errNoTerminal) {
			return "", fmt.Errorf("%w: for the new passphrase", errNoTerminal)
		}
		if err != nil {
			return "", err
		}
		weakness := weaknessOf(passphrase)
		if weakness == "" {
			return passphrase, nil
		}
		p.terminal.tell("That is weak: %s. Four or five words that nobody would put together are good.", weakness)
		if passphrase == "" {
			continue
		}
		if err := p.terminal.confirm(yes, "Use it all the same?"); !errors.Is(err, errDeclined) {
			return passphrase, err
		}
	}
}

// rekey gives the vault a new key, with a new passphrase as its one way in.
func (p *program) rekey(ctx context.Context, v *vaultToken, source passwordSource, yes bool) error {
	ways, err := v.Ways()
	if err != nil {
		return err
	}
	for _, w := range ways {
		if !w.IsPassphrase() {
			p.note("%s will not open the vault any more; add it again with: tokenctl vault add-key", wayName(w))
		}
	}
	if err := p.terminal.confirm(yes, "Encrypt every account in the vault to a new key?"); err != nil {
		return err
	}
	passphrase, err := p.newPassphrase(ctx, source, yes)
	if err != nil {
		return err
	}
	identity, err := vault.GenerateIdentity()
	if err != nil {
		return err
	}
	old := v.Known().Recipients
	if err := v.Rekey(identity, vault.Ways{Passphrase: passphrase}); err != nil {
		return err
	}
	forget(old) // what was remembered opens nothing any more
	p.note("The vault has a new key. What was on paper is void; print the new one with tokenctl sheet, or show it with: tokenctl vault show-key")
	return nil
}
