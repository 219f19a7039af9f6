package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
)

type restoreOptions struct {
	targetOptions
	from          sheetSource
	newPassphrase open.Password
	partial       bool
	dryRun        bool
}

func newRestoreCommand(p *program) *cobra.Command {
	var o restoreOptions
	c := &cobra.Command{
		Use:   "restore [SCAN...]",
		Short: "Restore from a recovery sheet",
		Long: "Restore reads a recovery sheet and puts what is on it on every key that is plugged\n" +
			"in, and in the vault, as enroll does. A SCAN is a scanned or photographed page (PNG,\n" +
			"JPEG, TIFF, WebP, GIF or BMP), a PDF where poppler is installed, a sheet in text, or\n" +
			"one of these on standard input (-); the pages come in any order. With --camera, hold\n" +
			"one page after the other up to it, until nothing is missing; a stream of pictures on\n" +
			"standard input, PNG or JPEG, is read in the same way. With --type, the lines of the\n" +
			"sheet are typed in, and each is checked at once.\n\n" +
			"Where there is no vault, it offers to make one with the key that is on the sheet,\n" +
			"so that the sheet still opens it. The key on the sheet also opens a vault\n" +
			"that is there, and gives it a new passphrase if the old one is forgotten.\n\n" +
			"On a terminal it asks for the lines of what could not be read, says what it is\n" +
			"about to do, and asks. If part of the sheet is still missing, or its list of\n" +
			"contents, which would show that, the exit status is 9; with --partial, a part is\n" +
			"enough.\n\n" +
			"Anybody can print a sheet: one with other backup codes than are left in the vault\n" +
			"replaces them only with --overwrite, as an account does, or if you agree on a\n" +
			"terminal.\n\n" +
			"After a failure halfway, the same command again does the rest.",
		Example: "  tokenctl restore page*.png\n" +
			"  tokenctl restore scan.pdf --dry-run\n" +
			"  ffmpeg -i clip.mp4 -f image2pipe -c:v mjpeg - | tokenctl restore -\n" +
			"  tokenctl restore --type",
		RunE: func(c *cobra.Command, args []string) error {
			o.from.scans = args
			if err := o.check(c); err != nil {
				return err
			}
			return p.restore(c.Context(), o)
		},
	}
	o.from.addFlags(c)
	o.addFlags(c)
	o.newPassphrase.AddFlags(c, "new-passphrase", "a new passphrase, of a vault that is made anew or that the sheet opens,")
	f := c.Flags()
	f.BoolVar(&o.partial, "partial", false, "continue with what was read, if something is missing")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "show what would be done, and do nothing")
	return c
}

var (
	errNowhere      = errors.New("there is neither a key nor a vault to restore it to")
	errNoKeyOfVault = errors.New("no new passphrase was set: the sheet does not have the key of this vault")
)

var restoreRemedies = []term.Remedy{
	{Of: errNowhere, Exit: term.ExitNoKey, Hint: "Plug in a key, or have a vault made: on a terminal, or with --new-passphrase-file FILE"},
	{Of: errNoKeyOfVault, Exit: term.ExitPassword, Hint: "To restore the rest: without --new-passphrase-file. To change the passphrase: tokenctl vault passphrase"},
	{Of: backup.ErrHides, Exit: term.ExitPartial, Hint: "The sheet has others, or calls them used without having them. If it is the right one: --overwrite"},
	{Of: errMissing, Exit: term.ExitFailure, Hint: "Give the same scans again, together with what is missing, or type its lines: --type. To continue without it: --partial"},
	{Of: sheet.ErrIncomplete, Exit: term.ExitFailure, Hint: "Scan all of its pages; with --split, as many sheets as are needed. Or type the lines in: --type"},
	{Of: sheet.ErrNeedsPassphrase, Exit: term.ExitPassword, Hint: "Give it on a terminal, or with --sheet-passphrase-file."},
	{Of: sheet.ErrWrongPassphrase, Exit: term.ExitPassword},
	{Of: sheet.ErrNewer, Exit: term.ExitFailure, Hint: "Use a newer tokenctl."},
}

func (p *program) restore(ctx context.Context, o restoreOptions) error {
	o.from.asks = !o.partial && !o.yes && !o.dryRun
	read, unread := p.readSheets(ctx, o.from)
	contents := read.Contents
	defer contents.Clear()
	if contents.IsEmpty() {
		return unread
	}
	for i, k := range contents.Accounts {
		contents.Accounts[i].Account.Touch = k.Account.Touch || o.touch
	}
	var missing error
	if !o.partial {
		missing = missingOf(contents)
	}
	if o.dryRun {
		return errors.Join(p.rehearse(ctx, contents, o), missing, unread)
	}
	if p.restoresToKey(ctx, o) {
		err := p.fitNames(contents.Accounts, o.yes, func(old, new oath.ID) {
			if codes, found := contents.Codes[old]; found {
				delete(contents.Codes, old)
				contents.Codes[new] = codes
			}
		})
		if err != nil {
			return errors.Join(err, unread)
		}
	}
	if errors.Is(missing, errMissing) && (p.Terminal == nil || o.yes) {
		return errors.Join(missing, unread)
	}
	wantsVault, err := p.wantsVault(ctx, contents, o)
	if err == nil {
		err = p.agree(ctx, contents, o, wantsVault, missing)
	}
	var made string
	if err == nil && wantsVault {
		made, err = p.restoreVault(ctx, contents, o)
	}
	if err != nil {
		return errors.Join(err, unread)
	}
	t, err := p.open.Targets(ctx, o.tokens, o.to)
	if isNowhere(err) {
		err = fmt.Errorf("%w: %w", errNowhere, err)
	}
	if err != nil {
		return err
	}
	defer t.Close()
	if err := p.unlockRestored(ctx, t, made, contents, o); err != nil {
		return err
	}
	e := p.enrollAll(ctx, t, contents.Accounts, o.targetOptions)
	s, err := p.open.StoreOf(&open.Tokens{})
	if err != nil {
		return err
	}
	if t.HasVault() {
		s.Vault = t.Vault
	}
	codes, err := recovery.RestoreCodes(s, contents, func(id oath.ID) bool {
		if o.overwrite || o.yes {
			return o.overwrite
		}
		return p.Terminal.Confirm(false, "Other backup codes of %s are left in the vault. Replace them?", term.Label(id)) == nil
	})
	unread = errors.Join(unread, err)
	p.noteCodes(codes)
	if len(contents.Missing) == 0 && unread == nil && len(s.Ledger.SheetsOf(read.files)) == 0 {
		unread = recovery.MarkRead(s, contents, p.Now())
	}
	unread = errors.Join(missing, unread)
	e.offerSpare(ctx, t)
	if o.json {
		err = p.PrintJSON(restoreJSON{
			sheetsJSON: describeContents(contents), VaultMade: made != "",
			Accounts: e.describe(), BackupCodes: mapSlice(codes, describeRestoredCodes),
		})
		if err != nil {
			return err
		}
	} else {
		e.print()
	}
	for _, k := range contents.Accounts { // the counter may have moved since the sheet was printed
		if k.Account.Type == oath.HOTP {
			p.Note("%s counts its codes, and begins where it was when the sheet was printed, at %d. If the service "+
				"refuses the code, ask for the next ones until it takes one, or resynchronise there.",
				term.Printable(k.Account.Label()), k.Account.Counter)
		}
	}
	for _, c := range codes {
		unread = errors.Join(unread, c.Err)
	}
	return e.failure(unread)
}

// missingOf returns what restoring leaves undone, as not all of a sheet was read.
func missingOf(c sheet.Contents) error {
	switch {
	case len(c.Missing) == 0:
		return nil
	case slices.ContainsFunc(c.Missing, func(m sheet.Missing) bool { return !m.Unlisted() }):
		return errMissing
	}
	return errUnlisted
}

// agree says on a terminal what is about to be done, and asks. Who has just agreed to a
// vault, to which all of it goes, is not asked again.
func (p *program) agree(ctx context.Context, c sheet.Contents, o restoreOptions, wantsVault bool, missing error) error {
	if p.Terminal == nil || o.yes {
		return nil
	}
	var where []string
	hasVault := wantsVault
	to := slices.DeleteFunc(slices.Clone(o.to), func(name string) bool { return wantsVault && name == fleet.VaultName })
	if len(to) > 0 || len(o.to) == 0 {
		t, err := p.open.Targets(ctx, o.tokens, to)
		switch {
		case err == nil:
			where, hasVault = names(t.Fleet), hasVault || t.HasVault()
			t.Close()
		case !isNowhere(err):
			return err
		}
	}
	asks := len(where) > 0 && len(c.Accounts)+len(c.Codes) > 0 || wantsVault && o.newPassphrase.IsGiven()
	if wantsVault {
		where = append(where, "a new vault")
	}
	if wantsVault && o.newPassphrase.IsGiven() {
		p.Terminal.Show("A vault would be made, %s.", withKey(c))
	}
	if len(where) > 0 && len(c.Accounts) > 0 {
		p.Terminal.Show("%s would be put on %s.", term.Count(len(c.Accounts), "account"), term.List(where))
	}
	if len(c.Accounts) > 0 && o.overwrite {
		p.Terminal.Show("What is stored under the same name would be replaced.")
	}
	if n := len(c.Codes); n > 0 && hasVault {
		p.Terminal.Show("The backup codes of %s would be put into the vault.", term.Count(n, "account"))
	} else if n > 0 {
		p.Terminal.Show("The backup codes of %s would stay on paper, with their numbers recorded.", term.Count(n, "account"))
	}
	switch {
	case missing != nil:
		return p.Terminal.Confirm(false, "Continue with what was read?")
	case asks && o.overwrite:
		return p.Terminal.Confirm(false, "Go on?")
	case asks:
		return p.Terminal.Agree(false, "Go on?")
	}
	return nil
}

func isNowhere(err error) bool { return open.IsAbsence(err) || errors.Is(err, vault.ErrNoVault) }

// noteCodes says where backup codes are now.
func (p *program) noteCodes(all []recovery.RestoredCodes) {
	onPaper := false
	for _, c := range all {
		switch {
		case c.Err != nil:
		case c.Kept == ledger.InVault:
			p.Note("%s: the backup codes of %s are there; %s.", fleet.VaultName, term.Label(c.ID), backup.LeftInWords(c.Record.Left()))
		default:
			onPaper = true
			p.Note("The backup codes of %s stay on paper; %s.", term.Label(c.ID), backup.LeftInWords(c.Record.Left()))
		}
	}
	if onPaper {
		p.Note("Without a vault, codes cannot be stored: only their numbers are. Keep the sheet.")
	}
}
