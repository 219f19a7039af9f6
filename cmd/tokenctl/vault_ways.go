package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/oath/vault"
)

func newVaultPassphraseCommand(p *program) *cobra.Command {
	var o open.VaultOptions
	var source open.Password
	var remove, yes bool
	c := &cobra.Command{
		Use:   "passphrase",
		Short: "Set, change or remove the vault's passphrase",
		Long: "Passphrase opens the vault to a new passphrase, instead of the old one if there was\n" +
			"one. No account is changed. Older copies of the folder still open by the old\n" +
			"passphrase; to shut that out of new accounts, use: tokenctl vault rekey",
		Example: "  tokenctl vault passphrase\n  tokenctl vault passphrase --remove",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if remove {
				return p.withVault(c.Context(), o, func(v *open.Vault) error { return p.removeWay(v, 0, yes) })
			}
			return p.withOpenVault(c.Context(), o, func(v *open.Vault) error {
				passphrase, err := p.open.NewPassphrase(c.Context(), "the vault", source, yes)
				if err != nil {
					return err
				}
				return v.SetPassphrase(passphrase)
			})
		},
	}
	o.AddFlags(c)
	source.AddFlags(c, "new-passphrase", "the new passphrase")
	c.Flags().BoolVar(&remove, "remove", false, "remove the passphrase")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

// removeWay removes a way in: a YubiKey, or the passphrase for serial 0. The last
// one is removed only if the owner still means it.
func (p *program) removeWay(v *open.Vault, serial uint32, yes bool) error {
	ways, err := v.Ways()
	if err != nil {
		return err
	}
	name := wayName(vault.Way{Serial: serial})
	question := fmt.Sprintf("Stop opening the vault with %s?", name)
	if len(ways) == 1 && ways[0].Serial == serial {
		question = "Nothing but the vault's key on paper will open it then. Is that key safe? " + question
	}
	if err := p.Terminal.Confirm(yes, "%s", question); err != nil {
		return err
	}
	if serial == 0 {
		err = v.RemovePassphrase()
	} else {
		err = v.RemoveKey(serial)
	}
	if err == nil {
		p.Note("The vault no longer opens with %s.", name)
	}
	return err
}

// wayName names a way in as reports and options do.
func wayName(w vault.Way) string {
	if w.IsPassphrase() {
		return "passphrase"
	}
	return fmt.Sprintf("key:%d", w.Serial)
}

func newVaultShowKeyCommand(p *program) *cobra.Command {
	var o open.VaultOptions
	var yes bool
	c := &cobra.Command{
		Use:   "show-key",
		Short: "Show the vault's own key, to be kept on paper",
		Long: "Show-key prints the vault's private key, AGE-SECRET-KEY-1... Whoever has it opens\n" +
			"the vault, now and later, with tokenctl or with age alone. Write it down or print\n" +
			"it, and keep it where you keep what you cannot replace.",
		Example: "  tokenctl vault show-key",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withOpenVault(c.Context(), o, func(v *open.Vault) error {
				if err := p.Terminal.Confirm(yes, "Show the key that opens the whole vault?"); err != nil {
					return err
				}
				identity, err := v.Identity()
				if err == nil {
					p.PrintLine(identity)
				}
				return err
			})
		},
	}
	o.AddFlags(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func newVaultRekeyCommand(p *program) *cobra.Command {
	var o open.VaultOptions
	var yes bool
	var newPassphrase open.Password
	c := &cobra.Command{
		Use:   "rekey",
		Short: "Give the vault a new key, and encrypt every account to it",
		Long: "Rekey shuts out whoever knows the vault's key, or has a way in that was removed:\n" +
			"every account is encrypted anew. Older copies of the folder, in git or a backup,\n" +
			"stay readable to them; secrets that matter should be renewed at the services.\n\n" +
			"The passphrase is asked for anew; YubiKeys must be added again. The key on paper is\n" +
			"void: show the new one, and keep that.",
		Example: "  tokenctl vault rekey",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withOpenVault(c.Context(), o, func(v *open.Vault) error {
				return p.rekey(c.Context(), v, newPassphrase, yes)
			})
		},
	}
	o.AddFlags(c)
	newPassphrase.AddFlags(c, "new-passphrase", "the new passphrase")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

// rekey gives the vault a new key, with a new passphrase as its one way in.
func (p *program) rekey(ctx context.Context, v *open.Vault, source open.Password, yes bool) error {
	ways, err := v.Ways()
	if err != nil {
		return err
	}
	for _, w := range ways {
		if !w.IsPassphrase() {
			p.Note("%s no longer opens the vault; add it again with: tokenctl vault add-key", wayName(w))
		}
	}
	if err := p.Terminal.Confirm(yes, "Encrypt every account in the vault to a new key?"); err != nil {
		return err
	}
	passphrase, err := p.open.NewPassphrase(ctx, "the vault", source, yes)
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
	p.Report(p.open.ForgetVault(old)) // what was remembered opens nothing any more
	p.Note("The vault has a new key. What was on paper is void; print the new one with tokenctl sheet, or show it with: tokenctl vault show-key")
	return nil
}

func newVaultTrustCommand(p *program) *cobra.Command {
	var o open.VaultOptions
	var yes bool
	c := &cobra.Command{
		Use:   "trust",
		Short: "Accept the vault's public key after it was changed elsewhere",
		Long: "Accounts are encrypted to the vault's public key. When that changed and this\n" +
			"machine did not do it, nothing is stored until you confirm that the change is\n" +
			"yours: a rekey on another machine, say.",
		Example: "  tokenctl vault trust",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withVault(c.Context(), o, func(v *open.Vault) error { return p.trust(v, yes) })
		},
	}
	o.AddChoice(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func (p *program) trust(v *open.Vault, yes bool) error {
	status, err := v.Status()
	if err != nil && !errors.Is(err, vault.ErrDamaged) {
		return err
	}
	if !status.Changed {
		p.Note("The vault's public key is the one that this machine knows.")
		return nil
	}
	indent := strings.NewReplacer("\n", "\n  ")
	p.Note("This machine knows:\n  %s\nThe vault now has:\n  %s",
		indent.Replace(v.Known().Recipients), indent.Replace(status.Recipients))
	if err := p.Terminal.Confirm(yes, "Encrypt accounts to the latter?"); err != nil {
		return err
	}
	old := v.Known().Recipients
	if err := v.Trust(status.Recipients); err != nil {
		return err
	}
	p.Report(p.open.ForgetVault(old)) // what was remembered opens nothing new
	return nil
}
