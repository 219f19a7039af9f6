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
	"github.com/tokenctl/tokenctl/oath/keys"
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
	f.BoolVar(&o.partial, "partial", false, "go on with what is there, if something is missing")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "tell what would be done, and do nothing")
	return c
}

// errNowhere says that there is nothing to restore a sheet to.
var errNowhere = errors.New("there is neither a key nor a vault to restore it to")

var restoreRemedies = []term.Remedy{
	{Of: errNowhere, Exit: term.ExitNoKey, Hint: "Plug in a key, or have a vault made: on a terminal, or with --new-passphrase-file FILE"},
	{Of: errMissing, Exit: term.ExitFailure, Hint: "Give the same scans again, and what is missing along with them. To go on without: --partial"},
	{Of: sheet.ErrIncomplete, Exit: term.ExitFailure, Hint: "Scan all of its pages; with --split, as many sheets as are needed. Or type the lines in: --type"},
	{Of: sheet.ErrNeedsPassphrase, Exit: term.ExitPassword, Hint: "Give it on a terminal, or with --sheet-passphrase-file."},
	{Of: sheet.ErrWrongPassphrase, Exit: term.ExitPassword},
	{Of: sheet.ErrNewer, Exit: term.ExitFailure, Hint: "Use a newer tokenctl."},
}

func (p *program) restore(ctx context.Context, o restoreOptions) error {
	contents, unread := p.readSheets(ctx, o.from)
	defer contents.Clear()
	if contents.IsEmpty() {
		return unread
	}
	if len(contents.Missing) > 0 && !o.partial && !o.dryRun {
		err := errMissing
		if p.Terminal != nil && !o.yes {
			err = p.Terminal.Confirm(false, "Go on with what is there?")
		}
		if err != nil {
			return errors.Join(err, unread)
		}
	}
	for i := range contents.Accounts {
		contents.Accounts[i].Account.Touch = o.touch
	}
	if o.dryRun {
		return errors.Join(p.rehearse(ctx, contents, o), unread)
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
	made, err := p.restoreVault(ctx, contents, o)
	if err != nil {
		return err
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
	e := p.enrollAll(t, contents.Accounts, o.targetOptions)
	s, err := p.open.StoreOf(&open.Tokens{})
	if err != nil {
		return err
	}
	if t.HasVault() {
		s.Vault = t.Vault
	}
	codes, err := recovery.RestoreCodes(s, contents)
	unread = errors.Join(unread, err)
	p.noteCodes(codes)
	if len(contents.Missing) == 0 && unread == nil {
		unread = recovery.MarkRead(s, contents, p.Now())
	}
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
			p.Note("%s counts its codes, and begins where it was when the sheet was printed, at %d. If the service\n"+
				"refuses the code, ask for the next ones until it takes one, or resynchronise there.",
				term.Printable(k.Account.Label()), k.Account.Counter)
		}
	}
	for _, c := range codes {
		unread = errors.Join(unread, c.Err)
	}
	return e.failure(unread)
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
		p.Note("Without a vault there is no place for codes: their numbers alone are kept. Do not throw the sheet away.")
	}
}

// lacksVault reports whether a vault is wanted and there is none.
func (o restoreOptions) lacksVault() (bool, error) {
	if o.tokens.Vault.None || o.tokens.NamesKey() || len(o.to) > 0 && !slices.Contains(o.to, fleet.VaultName) {
		return false, nil
	}
	dir, err := o.tokens.Vault.Folder()
	if err != nil {
		return false, err
	}
	there, err := open.HasVault(dir)
	return !there && err == nil, nil // whatever is wrong with a vault shows when it is opened
}

// withKey says what key a vault would be made with.
func withKey(c sheet.Contents) string {
	if c.VaultKey == "" {
		return "with a new key"
	}
	return "with the key on the sheet, which then goes on opening it"
}

// restoreVault makes a vault where there is none and its owner wants one, with the
// key that is on the sheet. It returns the key of the vault that it made.
func (p *program) restoreVault(ctx context.Context, c sheet.Contents, o restoreOptions) (key string, err error) {
	lacks, err := o.lacksVault()
	if err != nil || !lacks {
		return "", err
	}
	if !o.newPassphrase.IsGiven() {
		switch {
		case c.VaultKey == "" && len(c.Codes) == 0 && p.seesKey(ctx):
			return "", nil // nothing to put there that has no other place
		case p.Terminal == nil || o.yes:
			p.Note("There is no vault here, and none is made without a new passphrase: --new-passphrase-file")
			return "", nil
		}
		err := p.Terminal.Confirm(false, "There is no vault here. Make one, %s?", withKey(c))
		if errors.Is(err, term.ErrDeclined) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
	}
	v, err := p.open.CreateVault(ctx, open.NewVault{
		Dir: o.tokens.Vault.Dir, Password: o.newPassphrase, Yes: o.yes, Identity: c.VaultKey,
	})
	if err != nil {
		return "", err
	}
	defer v.Close()
	p.Note("The vault is in %s.", term.Printable(v.Dir()))
	return v.Identity()
}

// restoresToKey reports whether a key is among what a sheet is restored to.
func (p *program) restoresToKey(ctx context.Context, o restoreOptions) bool {
	if len(o.to) > 0 {
		return slices.ContainsFunc(o.to, func(name string) bool { return name != fleet.VaultName })
	}
	return !o.tokens.NoKeys && p.seesKey(ctx)
}

// seesKey reports whether a key is plugged in.
func (p *program) seesKey(ctx context.Context) bool {
	f, err := keys.Connect(ctx, p.random)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Readers("")
	return err == nil
}

// unlockRestored opens the vault with what was given, or with a key that is known:
// of the vault that was just made, or on the sheet, if that is the vault's. What the
// sheet opens gets a new passphrase, if one is given: the old one may be forgotten. If
// there is nothing else on the sheet, that is what it was read for.
func (p *program) unlockRestored(ctx context.Context, t *open.Tokens, made string, c sheet.Contents, o restoreOptions) error {
	if err := t.UnlockVault(); err != nil || t.Vault == nil {
		return err
	}
	switch {
	case made != "":
		return t.Vault.UnlockWithIdentity(made)
	case c.VaultKey == "" || !t.HasVault():
		return nil
	}
	locked := t.Vault.Locked()
	err := t.Vault.UnlockWithIdentity(c.VaultKey)
	if errors.Is(err, vault.ErrWrongKey) {
		if !t.Vault.Known().Proved { // the sheet is all that is known of the vault
			return t.Vault.Expect(c.VaultKey)
		}
		return nil // of another vault, or of this one before it had a new key
	}
	if err == nil { // so that it is on no key either, if the vault must not be written to
		err = t.Vault.Expect(c.VaultKey)
	}
	if err != nil || !locked && !o.newPassphrase.IsGiven() {
		return err
	}
	if !o.newPassphrase.IsGiven() {
		p.Note("The key on the sheet opens the vault.")
		if len(c.Accounts) > 0 || len(c.Codes) > 0 || p.Terminal == nil || o.yes {
			return nil
		}
		err := p.Terminal.Confirm(false, "Set a new passphrase?")
		if errors.Is(err, term.ErrDeclined) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	passphrase, err := p.open.NewPassphrase(ctx, "the vault", o.newPassphrase, o.yes)
	if err != nil {
		return err
	}
	if err := t.Vault.SetPassphrase(passphrase); err != nil {
		return err
	}
	p.Note("The vault has a new passphrase.")
	return nil
}
