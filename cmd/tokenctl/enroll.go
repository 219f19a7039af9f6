package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/qr"
)

type enrollOptions struct {
	targetOptions
	sources []string
	typed   typedAccount
	sheet   paper.Output // nowhere, if its File is ""
}

func newEnrollCommand(p *program) *cobra.Command {
	var o enrollOptions
	c := &cobra.Command{
		Use:   "enroll [SOURCE...]",
		Short: "Put an account on every key and in the vault",
		Long: "Enroll puts an account on every key that is plugged in, and in the vault: from an\n" +
			"otpauth URI, from a picture of the QR code that the service shows (PNG or JPEG),\n" +
			"from either of them on standard input (-), or from options and questions. Several\n" +
			"codes in one picture are several accounts.\n\n" +
			"Each key then computes a code, tokenctl computes the same one by itself, and if\n" +
			"they agree prints it, to be typed into the service at once.\n\n" +
			"With --sheet, what was put on a token goes on a recovery sheet as well, while its\n" +
			"secret is in hand: for those who keep no vault.\n\n" +
			"Where an account is already, with the same secret, nothing changes: after a\n" +
			"failure halfway, the same command again does the rest.",
		Example: "  tokenctl enroll qr.png\n" +
			"  wl-paste --type image/png | tokenctl enroll -\n" +
			"  tokenctl enroll --issuer GitHub --account alice --touch",
		RunE: func(c *cobra.Command, args []string) error {
			o.sources = args
			if c.Flags().Changed("sheet") && (o.sheet.File == "" || o.sheet.File == "-") {
				return term.Usagef("--sheet names a file; standard output is for the codes")
			}
			if err := o.check(c); err != nil {
				return err
			}
			return p.enroll(c.Context(), o)
		},
	}
	o.typed.addFlags(c)
	o.addFlags(c)
	c.Flags().StringVar(&o.sheet.File, "sheet", "", "put it on paper as well: write a recovery sheet to `FILE`, .pdf, .html or .txt")
	return c
}

var (
	// errNoToken says that there is nothing to enroll on.
	errNoToken = errors.New("there is neither a key nor a vault")

	// errSheetThere is paper.ErrFileThere where --overwrite replaces an account.
	errSheetThere = errors.New("there is such a file already")
)

var enrollRemedies = []term.Remedy{
	{Of: errNoToken, Exit: term.ExitNoKey, Hint: "Plug in the key, or make a vault with: tokenctl init"},
	{Of: errSheetThere, Exit: term.ExitFailure, Hint: "Choose another name for the sheet."},
	{Of: otpauth.ErrNotURI, Exit: term.ExitUsage, Hint: "It should begin with otpauth://. To type a secret, leave out the source."},
}

func (p *program) enroll(ctx context.Context, o enrollOptions) error {
	if o.sheet.File != "" { // before anything is enrolled
		if err := o.sheet.Check(p.Console, 1); errors.Is(err, paper.ErrFileThere) {
			return fmt.Errorf("%s: %w", term.Printable(o.sheet.File), errSheetThere)
		} else if err != nil {
			return err
		}
	}
	accounts, unread := p.accountsToEnroll(o)
	if len(accounts) == 0 {
		return unread
	}
	for i := range accounts {
		defer accounts[i].Secret.Clear()
		accounts[i].Account.Touch = o.touch
	}
	t, err := p.open.Targets(ctx, o.tokens, o.to)
	if open.IsAbsence(err) && len(o.to) == 0 && !o.tokens.Vault.None && !o.tokens.NamesKey() {
		t, err = p.beginWithout(ctx, o.tokens, err)
	}
	if err != nil {
		return err
	}
	defer t.Close()
	if err := t.UnlockVault(); err != nil {
		return err
	}
	e := p.enrollAll(t, accounts, o.targetOptions)
	// The sheet comes after enrolling, so that it can name the tokens, and before waiting
	// for a spare, which may take long, or be broken off.
	known := sync.OnceValue(p.open.Services)
	made, unwritten := p.sheetEnrolled(ctx, t, e, o.sheet, known)
	if e.offerSpare(ctx, t) && made != nil {
		unwritten = p.completeSheet(ctx, made, e, o.sheet, known)
	}
	if o.json {
		err = p.PrintJSON(e.describe())
	} else {
		e.print()
	}
	if err != nil {
		return err
	}
	err = e.failure(errors.Join(unread, unwritten))
	if err != nil && made != nil {
		p.Note("The sheet is made. Leave out --sheet when you give the command again.")
	}
	return err
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

// accountsToEnroll returns the accounts, which may come with an error about what else
// is there and cannot be read.
func (p *program) accountsToEnroll(o enrollOptions) ([]otpauth.Key, error) {
	if len(o.sources) == 0 {
		key, err := p.readTyped(o.typed)
		if err != nil {
			return nil, err
		}
		return []otpauth.Key{key}, nil
	}
	if o.typed.describesCodes() || o.typed.secretStdin {
		return nil, term.Usagef("a SOURCE tells type, secret and form of the codes; only --issuer and --account may change what it says")
	}
	var texts []string
	for _, source := range o.sources {
		found, err := p.textsOf(source)
		if err != nil {
			return nil, err
		}
		texts = append(texts, found...)
	}
	accounts, unread := otpauth.ParseAll(texts...)
	for _, k := range accounts {
		for _, warning := range k.Warnings {
			p.Note("%s: %s", term.Printable(k.Account.Label()), term.Printable(warning))
		}
	}
	if err := o.typed.rename(accounts); err != nil {
		return nil, err
	}
	// Two of the same name with different secrets are an error, for one would be written
	// over the other.
	seen := make(map[oath.ID]oath.Secret, len(accounts))
	var distinct []otpauth.Key
	for _, key := range accounts {
		id := key.Account.ID()
		there, twin := seen[id]
		if twin && subtle.ConstantTimeCompare(there.Bytes(), key.Secret.Bytes()) == 0 {
			return nil, term.Usagef("%q comes twice, with different secrets; enroll one by one, with another --account name", term.Printable(string(id)))
		}
		if !twin {
			seen[id] = key.Secret
			distinct = append(distinct, key)
		}
	}
	return distinct, unread
}

// textsOf returns the URIs of a source: itself; or of the QR codes in a picture, or the
// lines of a text, "-" being standard input.
func (p *program) textsOf(source string) (texts []string, err error) {
	if paper.IsURI(source) {
		p.Note("Other programs on this computer can read a command line, and the shell may keep it.\nNext time, give the URI on standard input: tokenctl enroll -")
		return []string{source}, nil
	}
	name, data, err := paper.ReadFile(p.Console, source)
	if err != nil {
		return nil, err
	}
	if qr.IsPicture(data) {
		texts, err = qr.Read(bytes.NewReader(data))
	} else {
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimSpace(line); line != "" {
				texts = append(texts, line)
			}
		}
		if len(texts) == 0 {
			err = otpauth.ErrNotURI
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return texts, nil
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
