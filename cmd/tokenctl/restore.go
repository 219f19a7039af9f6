package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath/vault"
)

type restoreOptions struct {
	enrollOptions
	from          sheetSource
	newPassphrase passwordSource
	partial       bool
	dryRun        bool
}

func newRestoreCommand(p *program) *cobra.Command {
	var o restoreOptions
	c := &cobra.Command{
		Use:   "restore [SCAN...]",
		Short: "Come back from the recovery sheet",
		Long: "Restore reads a recovery sheet and puts what is on it on every key that is plugged\n" +
			"in, and in the vault, as enroll does. A SCAN is a scanned or photographed page (PNG,\n" +
			"JPEG, TIFF or WebP), a PDF where poppler is installed, a sheet in text, or one of\n" +
			"these on standard input (-); the pages come in any order. With --type, the lines\n" +
			"of the sheet are typed in, and each is checked at once.\n\n" +
			"Where there is no vault, it offers to make one with the key that is on the sheet,\n" +
			"so that the sheet opens it, now as before. The key on the sheet also opens a vault\n" +
			"that is there, and gives it a new passphrase if the old one is forgotten.\n\n" +
			"After a failure halfway, the same command again does the rest.",
		Example: "  tokenctl restore page*.png\n" +
			"  tokenctl restore scan.pdf --dry-run\n" +
			"  tokenctl restore --type",
		RunE: func(c *cobra.Command, args []string) error {
			o.from.scans = args
			if c.Flags().Changed("to") && len(o.to) == 0 {
				return usagef("--to names no token")
			}
			return p.restore(c.Context(), o)
		},
	}
	o.tokens.addFlags(c)
	o.from.addFlags(c)
	o.addTargetFlags(c)
	o.newPassphrase.addFlags(c, "new-passphrase", "a new passphrase, of a vault that is made anew or that the sheet opens,")
	f := c.Flags()
	f.BoolVar(&o.partial, "partial", false, "go on with what is there, if something is missing")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "tell what would be done, and do nothing")
	return c
}

func (p *program) restore(ctx context.Context, o restoreOptions) error {
	contents, unread := p.openSheets(ctx, o.from)
	defer contents.Clear()
	if contents.IsEmpty() {
		return unread
	}
	if err := p.goOnWithout(contents.Missing, o); err != nil {
		return errors.Join(err, unread)
	}
	for i := range contents.Accounts {
		contents.Accounts[i].Account.Touch = o.touch
	}
	if o.dryRun {
		return errors.Join(p.rehearse(ctx, contents, o), unread)
	}
	key, err := p.restoreVault(ctx, contents, o)
	if err != nil {
		return err
	}
	t, err := p.openChosen(ctx, o.enrollOptions)
	if isAbsence(err) || errors.Is(err, vault.ErrNoVault) {
		err = fmt.Errorf("%w: %w", errNowhere, err)
	}
	if err != nil {
		return err
	}
	defer t.close()
	if err := p.unlockRestored(ctx, t, key, contents, o); err != nil {
		return err
	}
	return p.restoreOn(ctx, t, restored{contents: contents, vaultMade: key != ""}, o, unread)
}

// restoreOn puts what was on sheets on tokens, and reports it.
func (p *program) restoreOn(ctx context.Context, t *tokens, r restored, o restoreOptions, unread error) (err error) {
	r.accounts = p.enrollAll(t.Fleet, r.contents.Accounts, o.overwrite)
	if r.codes, err = p.restoreCodes(t, r.contents); err != nil {
		unread = errors.Join(unread, err)
	}
	if len(r.contents.Missing) == 0 && unread == nil {
		unread = p.recordRead(r.contents)
	}
	if p.mayOfferSpare(o.enrollOptions, t, r.contents.Accounts) {
		p.offerSpare(ctx, t, o.enrollOptions, r.contents.Accounts, r.accounts)
		p.renew(r.accounts, r.contents.Accounts)
	}
	return p.reportRestored(r, unread, o.json)
}

// goOnWithout asks whether to go on although something is missing.
func (p *program) goOnWithout(missing []sheet.Missing, o restoreOptions) error {
	switch {
	case len(missing) == 0 || o.partial || o.dryRun:
		return nil
	case p.terminal == nil || o.yes:
		return errMissing
	}
	return p.terminal.confirm(false, "Go on with what is there?")
}
