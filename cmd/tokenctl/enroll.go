package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/exchange"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

type enrollOptions struct {
	targetOptions
	sources []string
	live    paper.Live
	typed   typedAccount
	sheet   paper.Output // nowhere, if its File is ""
	generation
}

func newEnrollCommand(p *program) *cobra.Command {
	var o enrollOptions
	c := &cobra.Command{
		Use:   "enroll [SOURCE...]",
		Short: "Put an account on every key and in the vault",
		Long: "Enroll puts an account on every key that is plugged in, and in the vault: from an\n" +
			"otpauth URI, from a picture of the QR code that the service shows (PNG, JPEG, TIFF,\n" +
			"WebP, GIF or BMP; a PDF where poppler is installed), from either of them on standard\n" +
			"input (-), on the clipboard or on the screen, or from options and questions. Several\n" +
			"codes in one picture are several accounts; on a terminal, enroll asks first, unless\n" +
			"they are in a file. Codes of other kinds are skipped.\n\n" +
			"A camera reads until it has seen an account, or all codes of an export; so does\n" +
			"standard input, if pictures follow each other on it, PNG or JPEG.\n\n" +
			"Each key then computes a code, and tokenctl computes the same one on its own.\n" +
			"If they agree, it is printed, to be typed into the service at once.\n\n" +
			"With --generate, it makes a new secret for a server of your own, and writes what\n" +
			"the server needs to the FILE of --server: a URI, PSKC, or the file of the PAM module\n" +
			"google-authenticator, with scratch codes, or pam_oath (users).\n\n" +
			"With --sheet, what was put on a token goes on a recovery sheet as well, while its\n" +
			"secret is at hand: for those who keep no vault.\n\n" +
			"Where an account is stored already, with the same secret, nothing changes: after a\n" +
			"failure halfway, the same command again does the rest.",
		Example: "  tokenctl enroll qr.png\n" +
			"  tokenctl enroll --screen\n" +
			"  tokenctl enroll --issuer GitHub --account alice --touch\n" +
			"  tokenctl enroll --generate --account al --server users --server-format users",
		RunE: func(c *cobra.Command, args []string) error {
			o.sources = args
			if c.Flags().Changed("sheet") && (o.sheet.File == "" || o.sheet.File == "-") {
				return term.Usagef("--sheet names a file; standard output is for the codes")
			}
			if c.Flags().Changed("paper") && o.sheet.File == "" {
				return term.Usagef("--paper is for --sheet")
			}
			if err := o.targetOptions.check(c); err != nil {
				return err
			}
			if err := o.generation.check(o.sources, o.typed); err != nil {
				return err
			}
			return p.enroll(c.Context(), o)
		},
	}
	o.live.AddFlags(c)
	o.typed.addFlags(c)
	o.targetOptions.addFlags(c)
	o.generation.addFlags(c)
	o.sheet.AddPaper(c)
	c.Flags().StringVar(&o.sheet.File, "sheet", "", "put it on paper as well: write a recovery sheet to `FILE`, .pdf or .txt")
	return c
}

var (
	// errNoToken says that there is nothing to enroll on.
	errNoToken = errors.New("there is neither a key nor a vault")

	// errNoURI says that there is no account in a source.
	errNoURI = errors.New("no otpauth URI in it")

	// errSheetThere is paper.ErrFileThere where --overwrite replaces an account.
	errSheetThere = errors.New("the file exists already")
)

var enrollRemedies = []term.Remedy{
	{Of: errNamesTooLong, Exit: term.ExitUsage, Hint: "On a terminal, tokenctl asks for another name. Or give one with --issuer and --account, or leave the keys out with --no-keys."},
	{Of: fleet.ErrMustDelete, Exit: term.ExitNoSpace, Hint: "Make room on it, so that it can hold both for a moment. To do it in the other order, and lose the old one if the new one fails: --delete-first"},
	{Of: errNoToken, Exit: term.ExitNoKey, Hint: "Plug in the key, or make a vault with: tokenctl init"},
	{Of: errSheetThere, Exit: term.ExitFailure, Hint: "Choose another name for the sheet."},
	{Of: errNoURI, Exit: term.ExitUsage, Hint: "It should begin with otpauth://. To type a secret, leave out the source."},
	{Of: otpauth.ErrNotURI, Exit: term.ExitUsage},
	{Of: otpauth.ErrName, Exit: term.ExitUsage, Hint: "Name the account with --account, and its service with --issuer."},
	{Of: otpauth.ErrSecretInName, Exit: term.ExitUsage, Hint: "Give a name alone. A URI goes to tokenctl enroll - on standard input."},
}

func (p *program) enroll(ctx context.Context, o enrollOptions) error {
	if o.sheet.File != "" { // before anything is enrolled
		if err := o.sheet.Check(p.Console, 1); errors.Is(err, paper.ErrFileThere) {
			return fmt.Errorf("%s: %w", term.Printable(o.sheet.File), errSheetThere)
		} else if err != nil {
			return err
		}
	}
	var google otpauth.Reader
	accounts, unread := p.accountsToEnroll(ctx, o, &google)
	exports, missing, err := p.exportsWith(google.Exports)
	if err != nil {
		return errors.Join(err, unread)
	}
	unread = errors.Join(unread, missing)
	if len(accounts) == 0 {
		return unread
	}
	for i := range accounts {
		defer accounts[i].Secret.Clear()
		accounts[i].Account.Touch = o.touch
	}
	if err := p.agreeToLive(accounts, o); err != nil {
		return err
	}
	t, err := p.targets(ctx, o.targetOptions)
	if err != nil {
		return err
	}
	defer t.Close()
	if len(t.Keys()) > 0 {
		if err := p.fitNames(accounts, o.yes, func(_, _ oath.ID) {}); err != nil {
			return err
		}
	}
	if err := t.UnlockVault(); err != nil {
		return err
	}
	var forServer exchange.Entry
	var content []byte
	if o.wanted {
		if forServer, content, err = p.serverSide(accounts[0], o.generation); err != nil {
			return err
		}
	}
	e := p.enrollAll(ctx, t, accounts, o.targetOptions)
	if o.wanted && len(e.results[0].Where()) > 0 {
		unread = p.handOver(t, forServer, content, o.generation)
	}
	// The sheet comes after enrolling, so that it can name the tokens, and before waiting
	// for a spare, which may take long, or be broken off.
	known := sync.OnceValue(p.open.Services)
	made, unwritten := p.sheetEnrolled(ctx, t, e, o.sheet, known)
	if e.offerSpare(ctx, t) && made != nil {
		unwritten = p.completeSheet(ctx, made, e, o.sheet, known)
	}
	switch {
	case o.generation.file == "-":
	case o.json:
		err = p.PrintJSON(e.describe())
	default:
		e.print()
		if !o.wanted { // a server of one's own hands out what it was made to
			e.noteNext(t, known(), made != nil)
		}
	}
	if err != nil {
		return err
	}
	if len(exports) > 0 && e.anyStored() {
		unread = errors.Join(unread, p.open.SaveExports(exports))
	}
	if errors.Is(unread, errNoServerSide) { // the same command would make another secret
		return term.Partly(errors.Join(unread, unwritten, fleet.Failures(e.results)), 1)
	}
	err = e.failure(errors.Join(unread, unwritten))
	if err != nil && made != nil {
		p.Note("The sheet is made. Leave out --sheet when you give the command again.")
	}
	return err
}

// agreeToLive asks on a terminal whether several accounts are meant, where not all that is
// shown need be the person's own: a page may have other codes on it than the one wanted.
func (p *program) agreeToLive(accounts []otpauth.Key, o enrollOptions) error {
	if len(accounts) == 1 || len(o.live.Sources()) == 0 || p.Terminal == nil || o.yes {
		return nil
	}
	const most = 20 // that are named
	for _, k := range accounts[:min(len(accounts), most)] {
		p.Terminal.Show("%s", term.Printable(k.Account.Label()))
	}
	if more := len(accounts) - most; more > 0 {
		p.Terminal.Show("and %d more", more)
	}
	return p.Terminal.Agree(false, "Enroll all %d?", len(accounts))
}

// beginWithout leads to init who has neither a key nor a vault yet, and opens the
// tokens again.
func (p *program) beginWithout(ctx context.Context, o open.TokenOptions, noKey error) (*open.Tokens, error) {
	if p.Terminal == nil {
		return nil, fmt.Errorf("%w: %w", errNoToken, noKey)
	}
	p.Note("There is neither a key nor a vault to enroll on. Here is how to begin:\n")
	if err := p.init(ctx, open.NewVault{Dir: o.Vault.Dir}); err != nil {
		return nil, err
	}
	p.Note("")
	return p.open.Tokens(ctx, o, true)
}

// sheetEnrolled puts the accounts that a token took on a sheet, if one is wanted.
func (p *program) sheetEnrolled(ctx context.Context, t *open.Tokens, e *enrolling, to paper.Output, known func() services.Catalog) (*madeSheet, error) {
	if to.File == "" {
		return nil, nil
	}
	entries := e.entries(known())
	if len(entries) == 0 {
		p.Note("No token took an account, and no sheet was made.")
		return nil, nil
	}
	s, err := p.open.StoreOf(t)
	var made madeSheet
	if err == nil {
		made, err = p.makeSheet(ctx, s, sheet.Sheet{Partial: true, Entries: entries}, sheetSeal{}, to)
	}
	if err != nil {
		return nil, fmt.Errorf("the recovery sheet: %w", err)
	}
	p.noteSheet(made, to, sheetSeal{})
	return &made, nil
}

// entries returns the accounts that a token took, as they stand on a sheet.
func (e *enrolling) entries(known services.Catalog) (entries []sheet.Entry) {
	for _, r := range e.results {
		entry := sheet.Entry{Key: otpauth.Key{Account: r.Account, Secret: r.Secret}, Where: names(r.Where())}
		if s := known.Of(r.Account.ID(), backup.Record{}); s.Codes == services.Yes {
			entry.Renew = s.RenewAt()
		}
		if len(entry.Where) > 0 {
			entries = append(entries, entry)
		}
	}
	return entries
}

// completeSheet writes the sheet once more, if spare keys have got the accounts since.
func (p *program) completeSheet(ctx context.Context, made *madeSheet, e *enrolling, to paper.Output, known func() services.Catalog) error {
	entries := e.entries(known())
	if slices.EqualFunc(made.Entries, entries, func(a, b sheet.Entry) bool { return slices.Equal(a.Where, b.Where) }) {
		return nil
	}
	made.Entries = entries
	documents, err := sheetSeal{}.seal(made.Sheet, p.random)
	if err == nil {
		var digests []string
		if _, digests, err = to.Put(ctx, p.Console, documents); err == nil {
			err = made.store.Update(func(l *ledger.Ledger) error { l.Rewritten(made.ID, digests); return nil })
		}
	}
	if err != nil {
		return fmt.Errorf("adding the spare to the recovery sheet: %w", err)
	}
	return nil
}
