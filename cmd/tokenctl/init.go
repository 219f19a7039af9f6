package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath/vault"
)

func newInitCommand(p *program) *cobra.Command {
	var o vaultInitOptions
	c := &cobra.Command{
		Use:   "init",
		Short: "Begin: find the keys, make the vault, say what to do next",
		Long: "Init is the first run. It shows the keys that are plugged in, makes a vault for\n" +
			"what a lost key would take along, and offers a recovery sheet, with a second way\n" +
			"into it. Every step can be skipped, and done later by a command of its own.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.init(c.Context(), o) },
	}
	o.addFlags(c)
	return c
}

func (p *program) init(ctx context.Context, o vaultInitOptions) error {
	p.note("1. Keys")
	p.noteKeys(ctx)
	p.note("\n2. The vault")
	if err := p.initVault(ctx, o); err != nil {
		return err
	}
	p.note("\nNext, at a service's page for two-factor authentication, save the picture of its\nQR code and put the account on every key and in the vault at once:\n\n  tokenctl enroll picture.png")
	return nil
}

// noteKeys tells which keys are plugged in, or what keeps them from being seen.
func (p *program) noteKeys(ctx context.Context) {
	f, err := p.newFinder(ctx)
	if err != nil {
		p.report(err)
		return
	}
	defer f.close()
	readers, err := f.occupied("")
	if err != nil {
		p.note("No key is plugged in. You can begin with the vault alone, and add a key later.")
		return
	}
	for _, reader := range readers {
		k := p.inspect(f, reader, passwordSource{})
		p.note("%s", describeKeyLine(k))
	}
	if len(readers) == 1 {
		p.note("A second key, enrolled along with the first, is the best spare there is.")
	}
}

func describeKeyLine(k keyJSON) string {
	line := k.Reader
	if k.Serial != 0 {
		line = fmt.Sprintf("%s %d, firmware %s", orDash(k.Model), k.Serial, orDash(k.Firmware))
	}
	if k.Problem != "" {
		line += ": " + k.Problem
	}
	return line
}

// initVault makes the vault, unless there is one or none is wanted.
func (p *program) initVault(ctx context.Context, o vaultInitOptions) error {
	dir, err := vaultOptions{dir: o.dir}.folder()
	if err != nil {
		return err
	}
	existing, err := vault.Open(dir, vault.Options{})
	if err == nil {
		existing.Close()
		p.note("It is there already, in %s.", printable(dir))
		return nil
	}
	if !errors.Is(err, vault.ErrNoVault) {
		return err
	}
	if !o.noPassphrase && !o.newPassphrase.isGiven() {
		p.note("A folder of encrypted files, %s,\nfor the day the key is gone.", printable(dir))
		if err := p.terminal.confirm(o.yes, "Make it?"); errors.Is(err, errDeclined) {
			p.note("Skipped. To make it later: tokenctl vault init")
			return nil
		} else if err != nil {
			return err
		}
	}
	v, err := p.makeVault(ctx, o)
	if err != nil {
		return err
	}
	defer v.close()
	p.note("The vault is in %s.", printable(dir))
	return p.offerSecondWay(ctx, v, o)
}
