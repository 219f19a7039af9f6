package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath/vault"
)

func newVaultCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "vault",
		Short: "The software vault: make it, open it, see to its keys",
		Long: "The vault is a folder of standard age files, one an account, each with an otpauth\n" +
			"URI on its first line. It stands in where there is no key. Storing an account\n" +
			"needs no unlock; a code does: by the passphrase, by a YubiKey's PIV slot, or by\n" +
			"the vault's own key, which is best kept on paper.",
	}
	c.AddCommand(
		newVaultInitCommand(p),
		newVaultStatusCommand(p),
		newVaultUnlockCommand(p),
		newVaultLockCommand(p),
		newVaultPassphraseCommand(p),
		newVaultAddKeyCommand(p),
		newVaultRemoveKeyCommand(p),
		newVaultShowKeyCommand(p),
		newVaultRekeyCommand(p),
		newVaultTrustCommand(p),
		newVaultGitCommand(p),
	)
	return c
}

// withVault runs something on the vault that the options choose.
func (p *program) withVault(ctx context.Context, o vaultOptions, do func(*vaultToken) error) error {
	v, err := p.openVault(ctx, o)
	if err != nil {
		return err
	}
	defer v.close()
	return do(v)
}

// withOpenVault runs something on the vault, unlocked.
func (p *program) withOpenVault(ctx context.Context, o vaultOptions, do func(*vaultToken) error) error {
	return p.withVault(ctx, o, func(v *vaultToken) error {
		if err := v.unlock(); err != nil {
			return err
		}
		return do(v)
	})
}

func newVaultUnlockCommand(p *program) *cobra.Command {
	var o vaultOptions
	var duration time.Duration
	c := &cobra.Command{
		Use:   "unlock",
		Short: "Keep the vault open for a while",
		Long: "Unlock keeps what opens the vault in the keyring of the operating system: the\n" +
			"Secret Service, the macOS Keychain, the Windows Credential Manager. Tokenctl uses\n" +
			"it until the time is up, and removes it at its first use after that.",
		Example: "  tokenctl vault unlock --for 8h",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if duration <= 0 {
				return usagef("--for %v is no time at all", duration)
			}
			if !hasKeyring() {
				return errNoKeyring
			}
			return p.withOpenVault(c.Context(), o, func(v *vaultToken) error { return p.keepOpen(v, duration) })
		},
	}
	o.addFlags(c)
	c.Flags().DurationVar(&duration, "for", 8*time.Hour, "how long to keep it open, as in 30m or `8h`")
	return c
}

func (p *program) keepOpen(v *vaultToken, duration time.Duration) error {
	identity, err := v.Identity()
	if err != nil {
		return err
	}
	until := p.now().Add(duration)
	if err := rememberVault(v.Known().Recipients, identity, until); err != nil {
		return err
	}
	p.note("The vault is open until %s. To close it before: tokenctl vault lock", until.Format("Mon 15:04"))
	return nil
}

func newVaultLockCommand(p *program) *cobra.Command {
	var o vaultOptions
	c := &cobra.Command{
		Use:   "lock",
		Short: "Close the vault that unlock has opened",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withVault(c.Context(), o, func(v *vaultToken) error {
				if _, err := forget(v.Known().Recipients); err != nil && !errors.Is(err, errNoKeyring) {
					return err
				}
				p.note("The vault is locked.")
				return nil
			})
		},
	}
	o.addChoice(c)
	return c
}

func newVaultShowKeyCommand(p *program) *cobra.Command {
	var o vaultOptions
	var yes bool
	c := &cobra.Command{
		Use:   "show-key",
		Short: "Show the vault's own key, to be kept on paper",
		Long: "Show-key prints the vault's private key, AGE-SECRET-KEY-1... Whoever has it opens\n" +
			"the vault, now and later, with tokenctl or with age alone. Write it down or print\n" +
			"it, and keep it where you keep what you cannot replace.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withOpenVault(c.Context(), o, func(v *vaultToken) error {
				if err := p.terminal.confirm(yes, "Show the key that opens the whole vault?"); err != nil {
					return err
				}
				identity, err := v.Identity()
				if err == nil {
					p.printLine(identity)
				}
				return err
			})
		},
	}
	o.addFlags(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func newVaultRekeyCommand(p *program) *cobra.Command {
	var o vaultOptions
	var yes bool
	var newPassphrase passwordSource
	c := &cobra.Command{
		Use:   "rekey",
		Short: "Give the vault a new key, and encrypt every account to it",
		Long: "Rekey shuts out whoever knows the vault's key, or has a way in that was removed:\n" +
			"every account is encrypted anew. Older copies of the folder, in git or a backup,\n" +
			"stay readable to them; secrets that matter should be renewed at the services.\n\n" +
			"The passphrase is asked for anew; YubiKeys must be added again. The key on paper is\n" +
			"void: show the new one, and keep that.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withOpenVault(c.Context(), o, func(v *vaultToken) error {
				return p.rekey(c.Context(), v, newPassphrase, yes)
			})
		},
	}
	o.addFlags(c)
	newPassphrase.addFlags(c, "new-passphrase", "the new passphrase")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func newVaultTrustCommand(p *program) *cobra.Command {
	var o vaultOptions
	var yes bool
	c := &cobra.Command{
		Use:   "trust",
		Short: "Accept the vault's public key after it was changed elsewhere",
		Long: "Accounts are encrypted to the vault's public key. When that changed and this\n" +
			"machine did not do it, nothing is stored until you confirm that the change is\n" +
			"yours: a rekey on another machine, say.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withVault(c.Context(), o, func(v *vaultToken) error { return p.trust(v, yes) })
		},
	}
	o.addChoice(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

func (p *program) trust(v *vaultToken, yes bool) error {
	status, err := v.Status()
	if err != nil && !errors.Is(err, vault.ErrDamaged) {
		return err
	}
	if !status.Changed {
		p.note("The vault's public key is the one that this machine knows.")
		return nil
	}
	p.note("This machine knows:\n  %s\nThe vault now has:\n  %s",
		indentLines(v.Known().Recipients), indentLines(status.Recipients))
	if err := p.terminal.confirm(yes, "Encrypt accounts to the latter?"); err != nil {
		return err
	}
	return v.Trust(status.Recipients)
}

func indentLines(s string) string { return strings.ReplaceAll(s, "\n", "\n  ") }
