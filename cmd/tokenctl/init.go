package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/pcsc"
)

func newInitCommand(p *program) *cobra.Command {
	var o open.NewVault
	c := &cobra.Command{
		Use:   "init",
		Short: "Begin: find the keys, make the vault, say what to do next",
		Long: "Init is the first run. It shows the keys that are plugged in, makes a vault for\n" +
			"what would be lost with a key, and offers a recovery sheet, with a second way\n" +
			"into it. Every step can be skipped, and done later by its own command.",
		Example: "  tokenctl init",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.init(c.Context(), o) },
	}
	addNewVaultFlags(c, &o)
	return c
}

func (p *program) init(ctx context.Context, o open.NewVault) error {
	p.Note("1. Keys")
	p.noteKeys(ctx)
	p.Note("\n2. The vault")
	if err := p.initVault(ctx, o); err != nil {
		return err
	}
	p.Note("\nNext, at a service's page for two-factor authentication, save the picture of its QR code and put the account on every key and in the vault at once:\n\n  tokenctl enroll picture.png")
	return nil
}

// noteKeys notes which keys are plugged in, or what keeps them from being seen.
func (p *program) noteKeys(ctx context.Context) {
	found, err := p.open.Inspect(ctx, open.KeyOptions{})
	if errors.Is(err, pcsc.ErrNoReader) || errors.Is(err, pcsc.ErrNoCard) {
		p.Note("No key is plugged in. You can begin with the vault alone, and add a key later.")
		return
	}
	if err != nil {
		p.Report(err)
		return
	}
	for _, k := range found {
		line := k.Reader
		if k.Device.Serial != 0 {
			line = fmt.Sprintf("%s %d, firmware %s", term.Dash(k.Device.Model()), k.Device.Serial, term.Dash(k.Firmware))
		}
		if problem := k.Problem(); problem != "" {
			line += ": " + problem
		}
		p.Note("%s", line)
	}
	if len(found) == 1 {
		p.Note("A second key, enrolled along with the first, is the best spare there is.")
	}
}

// initVault makes the vault, unless there is one or none is wanted.
func (p *program) initVault(ctx context.Context, o open.NewVault) error {
	dir, err := open.VaultOptions{Dir: o.Dir}.Folder()
	if err != nil {
		return err
	}
	there, err := open.HasVault(dir)
	if err != nil {
		return err
	}
	if there {
		p.Note("It exists already, in %s.", term.Printable(dir))
		return nil
	}
	if !o.Sealed && !o.Password.IsGiven() {
		p.Note("A folder of encrypted files, %s, for the day the key is gone.", term.Printable(dir))
		if err := p.Terminal.Agree(o.Yes, "Make it?"); errors.Is(err, term.ErrDeclined) {
			p.Note("Skipped. To make it later: tokenctl vault init")
			return nil
		} else if err != nil {
			return err
		}
	}
	v, err := p.open.CreateVault(ctx, o)
	if err != nil {
		return err
	}
	defer v.Close()
	p.Note("The vault is in %s.", term.Printable(dir))
	return p.offerSecondWay(ctx, v, o)
}

// offerSecondWay offers the first sheet, with the vault's own key: a passphrase is
// easily forgotten. Who wants none may write the key down.
func (p *program) offerSecondWay(ctx context.Context, v *open.Vault, o open.NewVault) error {
	if p.Terminal == nil || o.Sealed || o.Yes {
		p.Note("A second way in, should the passphrase be forgotten, is the vault's own key on paper:\n  tokenctl sheet --print\nor, to write it down: tokenctl vault show-key")
		return nil
	}
	identity, err := v.Identity()
	if err != nil {
		return err
	}
	p.Note("\n3. The recovery sheet\nIt holds the vault's own key, a second way in should the passphrase be forgotten. Later sheets hold the accounts as well.")
	done, err := p.offerSheet(ctx, sheet.Sheet{VaultKey: identity})
	if done || err != nil {
		return err
	}
	err = p.Terminal.Confirm(false, "Show the vault's own key, to write down as a second way in?")
	if errors.Is(err, term.ErrDeclined) {
		p.Note("Skipped. To do so later: tokenctl sheet, or tokenctl vault show-key")
		return nil
	}
	if err == nil {
		p.Terminal.Show("\n  %s\n\nKeep it where you keep what you cannot replace, and not on this computer.", identity)
	}
	return err
}

// offerSheet asks where a sheet is to go until it is there, or not wanted.
func (p *program) offerSheet(ctx context.Context, content sheet.Sheet) (done bool, err error) {
	s, err := p.open.StoreOf(&open.Tokens{})
	if err != nil {
		return false, err
	}
	for {
		var to paper.Output
		if err := to.Ask(ctx, p.Console, 1); errors.Is(err, term.ErrDeclined) {
			return false, nil
		} else if err != nil {
			return false, err
		}
		made, err := p.makeSheet(ctx, s, content, sheetSeal{}, to)
		if len(made.done) > 0 {
			p.noteSheet(made, to, sheetSeal{})
			return true, err
		}
		p.Report(err)
	}
}

func newVaultInitCommand(p *program) *cobra.Command {
	var o open.NewVault
	c := &cobra.Command{
		Use:   "init",
		Short: "Make the vault",
		Long: "Init makes the vault, and opens it to a passphrase. With --no-passphrase it is a\n" +
			"sealed archive: it takes accounts, and opens only with its own key, which init\n" +
			"then prints, and stores nowhere.",
		Example: "  tokenctl vault init\n  tokenctl vault init --no-passphrase",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v, err := p.open.CreateVault(c.Context(), o)
			if err != nil {
				return err
			}
			defer v.Close()
			p.Note("The vault is in %s.", term.Printable(v.Dir()))
			return nil
		},
	}
	addNewVaultFlags(c, &o)
	return c
}

func addNewVaultFlags(c *cobra.Command, o *open.NewVault) {
	f := c.Flags()
	f.StringVar(&o.Dir, "vault", "", "make the vault in `DIR`")
	f.BoolVar(&o.Sealed, "no-passphrase", false, "make a sealed vault, which only its key on paper opens")
	f.BoolVarP(&o.Yes, "yes", "y", false, "do not ask")
	o.Password.AddFlags(c, "passphrase", "the vault's passphrase")
	c.MarkFlagsMutuallyExclusive("no-passphrase", "passphrase-file")
	c.MarkFlagsMutuallyExclusive("no-passphrase", "passphrase-command")
}
