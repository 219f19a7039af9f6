package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/exchange"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

type importOptions struct {
	targetOptions
	files      []string
	live       paper.Live
	password   open.Password
	query      string // "" chooses all
	dryRun     bool
	deleteFile bool
}

func newImportCommand(p *program) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import [FILE...]",
		Short: "Import the accounts of another authenticator",
		Long: "Import reads files that other authenticators and password managers export, and\n" +
			"puts their accounts on every key that is plugged in, and in the vault, as enroll\n" +
			"does. It knows a file by its content, encrypted or not; - is standard input. The\n" +
			"picture of a QR code is a file, too, and so is what a camera sees, or the screen\n" +
			"shows: Google Authenticator's export is several of them. docs/formats.md lists what\n" +
			"is read, and what of it is imported.\n\n" +
			"On a terminal it shows what it found and what would be done, and asks. A name that\n" +
			"is taken, or too long for a key, can be changed there. What a key has no room for\n" +
			"goes only into the vault. The same command again does only what is left to do.\n\n" +
			"Backup codes that a file holds beside an account are recorded; those that its notes\n" +
			"seem to hold are shown, and recorded if you agree.",
		Example: "  tokenctl import aegis.json\n" +
			"  tokenctl import 2fas.2fas --select github --to vault\n" +
			"  tokenctl import export.json --export-password-file password --dry-run",
		RunE: func(c *cobra.Command, args []string) error {
			if o.files = args; len(o.live.Sources(args...)) == 0 {
				return term.Usagef("nothing to import: name a FILE, or --screen, --clipboard or --camera")
			}
			if err := o.check(c); err != nil {
				return err
			}
			return p.importAccounts(c.Context(), o)
		},
	}
	o.live.AddFlags(c)
	o.addFlags(c)
	o.password.AddFlags(c, "export-password", "the password of an encrypted FILE")
	f := c.Flags()
	f.StringVar(&o.query, "select", "", "take only the accounts that `QUERY` fits")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "show what would be done, and do nothing")
	f.BoolVar(&o.deleteFile, "delete-file", false, "delete each FILE in the clear, once all of its accounts are proved")
	c.MarkFlagsMutuallyExclusive("dry-run", "delete-file")
	return c
}

var (
	// errNothingToImport says that there is no account in the files.
	errNothingToImport = errors.New("no account to import")

	errNoneSelected = errors.New("fits no account in the files")

	// errOpening begins what keeps an encrypted file closed.
	errOpening = errors.New("opening")

	errRefused = errors.New("not imported")
)

var importRemedies = []term.Remedy{
	{Of: errNothingToImport, Exit: term.ExitNotFound},
	{Of: errNoneSelected, Exit: term.ExitNotFound, Hint: "List them with: tokenctl import FILE --dry-run"},
	{Of: errOpening, Exit: term.ExitPassword, Hint: "It is the password that the file was exported with. Give it on a terminal, or with --export-password-file or --export-password-command."},
	{Of: exchange.ErrUnknown, Exit: term.ExitUsage, Hint: "docs/formats.md lists what is read. Most authenticators also export a list of otpauth URIs, or show QR codes."},
	{Of: exchange.ErrTooCostly, Exit: term.ExitFailure},
	{Of: exchange.ErrDamaged, Exit: term.ExitFailure, Hint: "Export it once more, and copy it whole."},
	{Of: errNameTwice, Exit: term.ExitFailure, Hint: "On a terminal, tokenctl asks for another name."},
	{Of: errTaken, Exit: term.ExitFailure, Hint: "Replace it with --overwrite, which cannot be undone. On a terminal, tokenctl asks for another name."},
	{Of: errRefused, Exit: term.ExitFailure, Hint: "docs/formats.md lists what is not imported."},
}

// An importing is accounts on their way from files to tokens.
type importing struct {
	planning // by entry
	*imported
	o importOptions
	t *open.Tokens

	unasked   error // about tokens that could not be asked what they have
	codesLeft bool  // backup codes may be in notes still
}

func (p *program) importAccounts(ctx context.Context, o importOptions) error {
	all, unread := p.readImports(ctx, o)
	defer func() {
		for _, e := range all.accounts {
			e.Secret.Clear()
		}
	}()
	known, missing, err := p.exportsWith(all.exports)
	if err != nil {
		return errors.Join(err, unread)
	}
	unread = errors.Join(unread, missing)
	if o.query != "" {
		err = all.choose(o.query)
	}
	if err == nil && len(all.accounts) == 0 {
		err = all.refusals()
		if unread == nil {
			err = errors.Join(err, errNothingToImport)
		}
	}
	if err != nil || len(all.accounts) == 0 {
		return errors.Join(err, unread)
	}
	for i := range all.accounts {
		all.accounts[i].Account.Touch = o.touch
	}
	var t *open.Tokens
	if !o.dryRun {
		t, err = p.targets(ctx, o.targetOptions)
	} else if t, err = p.open.Targets(ctx, o.tokens, o.to); isNowhere(err) && len(o.to) == 0 && !o.tokens.NamesKey() {
		p.Note("No key and no vault here.")
		t, err = p.open.NoTokens(), nil
	}
	if err != nil {
		return errors.Join(err, unread)
	}
	defer t.Close()
	if err := t.UnlockVault(); err != nil {
		return err
	}
	w := &importing{imported: all, o: o, t: t}
	w.planning = planning{enrolling: p.newEnrolling(t, o.targetOptions), members: t.Fleet, dryRun: o.dryRun}
	if err := w.plan(); err != nil {
		return errors.Join(err, unread)
	}
	if o.dryRun {
		err := term.Partly(errors.Join(w.unasked, w.refusals(), w.kept(), unread), w.planned())
		if o.json {
			return errors.Join(p.PrintJSON(w.describe()), err)
		}
		p.PrintTable(term.Table{Rows: w.rows(), Group: true})
		return err
	}
	question := ""
	if n := w.changing(); n > 0 {
		question = fmt.Sprintf("Import %s to %s?", term.Count(n, "account"), term.List(names(t.Fleet)))
	}
	if err := w.agree(w.rows(), question); err != nil {
		return err
	}
	w.write(ctx, func(int, *fleet.Member) bool { return false })
	w.report()
	codes := w.recordCodes()
	if len(known) > 0 && w.anyStored() {
		codes = errors.Join(codes, p.open.SaveExports(known))
	}
	failure := w.failure(errors.Join(w.refusals(), w.kept(), codes, unread))
	if o.json {
		failure = errors.Join(p.PrintJSON(w.describe()), failure)
	}
	return errors.Join(failure, w.disposeOfFiles(failure))
}
