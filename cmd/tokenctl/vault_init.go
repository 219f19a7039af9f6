package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath/vault"
)

type vaultInitOptions struct {
	dir           string
	newPassphrase passwordSource
	noPassphrase  bool
	yes           bool
	identity      string // the key to make it with; "" is a new one
}

func (o *vaultInitOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.dir, "vault", "", "make the vault in `DIR`")
	f.BoolVar(&o.noPassphrase, "no-passphrase", false, "make a sealed vault, which only its key on paper opens")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	o.newPassphrase.addFlags(c, "passphrase", "the vault's passphrase")
	c.MarkFlagsMutuallyExclusive("no-passphrase", "passphrase-file")
	c.MarkFlagsMutuallyExclusive("no-passphrase", "passphrase-command")
}

func newVaultInitCommand(p *program) *cobra.Command {
	var o vaultInitOptions
	c := &cobra.Command{
		Use:   "init",
		Short: "Make the vault",
		Long: "Init makes the vault, and opens it to a passphrase. With --no-passphrase it is a\n" +
			"sealed archive: it takes accounts, and opens with its own key alone, which init\n" +
			"prints then, and keeps nowhere.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v, err := p.makeVault(c.Context(), o)
			if err != nil {
				return err
			}
			defer v.close()
			p.note("The vault is in %s.", printable(v.Dir()))
			return nil
		},
	}
	o.addFlags(c)
	return c
}

// makeVault makes a vault, and returns it unlocked.
func (p *program) makeVault(ctx context.Context, o vaultInitOptions) (*vaultToken, error) {
	dir, err := vaultOptions{dir: o.dir}.folder()
	if err != nil {
		return nil, err
	}
	if existing, err := vault.Open(dir, vault.Options{}); !errors.Is(err, vault.ErrNoVault) {
		if err == nil {
			existing.Close()
			err = vault.ErrVaultExists
		}
		return nil, err
	}
	var ways vault.Ways
	if !o.noPassphrase {
		if ways.Passphrase, err = p.newPassphrase(ctx, o.newPassphrase, o.yes); err != nil {
			return nil, err
		}
	}
	identity := o.identity
	if identity == "" {
		if identity, err = vault.GenerateIdentity(); err != nil {
			return nil, err
		}
	}
	if o.noPassphrase { // before the vault is made: without the key, it opens never
		p.note("This key alone opens the vault. It is kept nowhere: write it down or print it now.")
		if p.printLine(identity); p.unshown != nil {
			return nil, p.unshown
		}
	}
	known, err := readKnown(dir)
	if err != nil {
		return nil, err
	}
	options := vault.Options{WorkFactor: workFactor, Git: runGit(ctx), Warn: p.notCommitted}
	if o.identity != "" {
		options.Known.Counters = known.Counters // of the vault that had this key before
	}
	v, err := vault.Create(dir, identity, ways, options)
	if err != nil {
		return nil, err
	}
	return &vaultToken{Vault: v, p: p, ctx: ctx, known: known}, nil
}
