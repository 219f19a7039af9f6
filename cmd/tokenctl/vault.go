package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/vault"
)

func newVaultCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "vault",
		Short: "The software vault: make it, open it, manage its keys",
		Long: "The vault is a folder of standard age files, one per account, each with an otpauth\n" +
			"URI on its first line. It serves where there is no key. Storing an account\n" +
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
		newVaultResolveCommand(p),
		newVaultGitCommand(p),
	)
	return c
}

// withVault runs something on the vault that the options choose.
func (p *program) withVault(ctx context.Context, o open.VaultOptions, do func(*open.Vault) error) error {
	v, err := p.open.Vault(ctx, o)
	if err != nil {
		return err
	}
	defer v.Close()
	return do(v)
}

// withOpenVault runs something on the vault, unlocked.
func (p *program) withOpenVault(ctx context.Context, o open.VaultOptions, do func(*open.Vault) error) error {
	return p.withVault(ctx, o, func(v *open.Vault) error {
		if err := v.Unlock(); err != nil {
			return err
		}
		return do(v)
	})
}

func newVaultStatusCommand(p *program) *cobra.Command {
	var o open.VaultOptions
	var asJSON bool
	c := &cobra.Command{
		Use:     "status",
		Short:   "Show what the vault holds, and what opens it",
		Example: "  tokenctl vault status",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.vaultStatus(c.Context(), o, asJSON)
		},
	}
	o.AddChoice(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// vaultJSON is a vault as other programs read it; docs/json.md describes it.
type vaultJSON struct {
	Folder     string   `json:"folder"`
	Recipients []string `json:"recipients"`
	Changed    bool     `json:"recipients_changed"`
	Accounts   int      `json:"accounts"`
	Locked     bool     `json:"locked"`
	KeptIn     string   `json:"kept_in,omitempty"` // open.InKeyring or open.InKernel
	KeptUntil  string   `json:"kept_until,omitempty"`
	Ways       []string `json:"opened_by"` // "passphrase" or key:SERIAL
	Git        bool     `json:"git"`
	Conflicts  []string `json:"conflicts"` // files that git could not merge
}

func (p *program) vaultStatus(ctx context.Context, o open.VaultOptions, asJSON bool) error {
	return p.withVault(ctx, o, func(v *open.Vault) error {
		locked := v.Locked() // and not remembered
		status, err := v.Status()
		if err != nil && !errors.Is(err, vault.ErrDamaged) {
			return err
		}
		j := vaultJSON{
			Folder: v.Dir(), Recipients: strings.Split(status.Recipients, "\n"), Changed: status.Changed,
			Accounts: status.Accounts, Locked: locked, Ways: mapSlice(status.Ways, wayName), Git: status.Git,
			Conflicts: append([]string{}, status.Conflicted...),
		}
		if v.Kept.In != "" {
			j.KeptIn, j.KeptUntil = v.Kept.In, v.Kept.Until.UTC().Format(time.RFC3339)
		}
		if asJSON {
			return errors.Join(p.PrintJSON(j), term.Partly(err, 1))
		}
		p.printVault(j, v.Kept)
		return term.Partly(err, 1)
	})
}

func (p *program) printVault(j vaultJSON, kept open.Keeping) {
	opened := strings.Join(j.Ways, ", ")
	if opened == "" {
		opened = "nothing but its own key, on paper"
	}
	rows := [][]string{
		{"folder", j.Folder},
		{"accounts", fmt.Sprint(j.Accounts)},
		{"opened by", opened},
		{"locked", term.YesNo(j.Locked)},
		{"in git", term.YesNo(j.Git)},
		{"public key", strings.Join(j.Recipients, " ")},
	}
	switch until := kept.Until.Local().Format("Mon 15:04"); kept.In {
	case open.InKeyring:
		rows = append(rows, []string{"kept open", "by the system's keyring, until " + until})
	case open.InKernel:
		rows = append(rows, []string{"kept open", "by the kernel, in this login session, until " + until})
	}
	for _, file := range j.Conflicts {
		rows = append(rows, []string{"in conflict", file})
	}
	p.PrintColumns(rows)
	if j.Changed {
		p.Note("The public key is not the one that this machine knows; see: tokenctl vault trust --help")
	}
}

func newVaultUnlockCommand(p *program) *cobra.Command {
	var o open.VaultOptions
	var duration time.Duration
	c := &cobra.Command{
		Use:   "unlock",
		Short: "Keep the vault open for a while",
		Long: "Unlock keeps what opens the vault in the keyring of the operating system: the\n" +
			"Secret Service, the macOS Keychain, the Windows Credential Manager. Tokenctl uses\n" +
			"it until the time is up, and removes it after that the next time it looks there:\n" +
			"when a command opens a vault or a key with a password. Until then it stays there.\n\n" +
			"On Linux without a Secret Service, as over SSH, it is kept in the kernel's keyring\n" +
			"of this login session (keyctl show @s). The kernel removes it when the time is up,\n" +
			"and when the session ends.",
		Example: "  tokenctl vault unlock --for 8h",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if duration <= 0 {
				return term.Usagef("--for %v must be positive", duration)
			}
			if err := open.CanRemember(); err != nil {
				return err
			}
			return p.withOpenVault(c.Context(), o, func(v *open.Vault) error {
				until := p.Now().Add(duration)
				kept, err := v.Remember(until)
				if err != nil {
					return err
				}
				p.Note("The vault is open until %s. To close it before: tokenctl vault lock", until.Format("Mon 15:04"))
				if kept.In == open.InKernel {
					p.Note("The kernel keeps its key, for this login session only; there is no other keyring.")
				}
				return nil
			})
		},
	}
	o.AddFlags(c)
	c.Flags().DurationVar(&duration, "for", 8*time.Hour, "how long to keep it open, as in 30m or `8h`")
	return c
}

func newVaultLockCommand(p *program) *cobra.Command {
	var o open.VaultOptions
	c := &cobra.Command{
		Use:     "lock",
		Short:   "Close the vault that unlock has opened",
		Example: "  tokenctl vault lock",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withVault(c.Context(), o, func(v *open.Vault) error {
				if err := p.open.ForgetVault(v.Known().Recipients); err != nil {
					return err
				}
				p.Note("The vault is locked.")
				return nil
			})
		},
	}
	o.AddChoice(c)
	return c
}

func newVaultGitCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "git ARGS...",
		Short: "Run git in the vault's folder",
		Long: "Git runs git in the vault's folder, with your arguments. \"tokenctl vault git init\"\n" +
			"makes it a repository; from then on tokenctl commits each change. One file an\n" +
			"account keeps what two machines enroll apart, so that merging just works. What git\n" +
			"cannot merge, \"tokenctl vault resolve\" does. The files are yours alone afterwards.\n\n" +
			"A repository that is in the folder already, as in a clone, is not used before you\n" +
			"run this. No hook runs, and what its own configuration may run programs by is\n" +
			"refused; your own configuration counts.\n\n" +
			"\"Tokenctl vault git pull\" merges, unless you have configured git to do otherwise.\n\n" +
			"Another folder is named by $TOKENCTL_VAULT.",
		Example:            "  tokenctl vault git init\n  tokenctl vault git pull\n  tokenctl vault git push",
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "--help" || args[0] == "-h" {
				return c.Help()
			}
			// A new repository is begun by tokenctl, with the files that keep age files
			// as they are.
			return p.withVault(c.Context(), open.VaultOptions{}, func(v *open.Vault) error {
				if len(args) == 1 && args[0] == "init" {
					return v.InitGit()
				}
				return v.UserGit(args)
			})
		},
	}
}
