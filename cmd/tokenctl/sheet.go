package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

type sheetOptions struct {
	tokens    open.TokenOptions
	output    paper.Output
	seal      sheetSeal
	selection recovery.Selection
	owner     string
	url       string
	yes, json bool
}

func newSheetCommand(p *program) *cobra.Command {
	var o sheetOptions
	c := &cobra.Command{
		Use:   "sheet",
		Short: "Print the recovery sheet, which restores everything",
		Long: "Sheet puts on paper what is in the vault: every account as a QR code that any\n" +
			"authenticator takes, and in lines to be typed in; the backup codes; and the vault's\n" +
			"own key. \"tokenctl restore\" restores all of it from a scan. An account that is\n" +
			"on keys alone is named, but a key does not reveal its secret: it cannot be restored\n" +
			"from the sheet, and the exit status is 9.\n\n" +
			"A sheet replaces earlier ones, unless it holds only a part: with --only-new,\n" +
			"--account or --no-secrets. Once it is on paper, scan it and see that it can be read\n" +
			"back: tokenctl sheet verify SCAN. Until then, what was written to a file does not\n" +
			"count as printed.\n\n" +
			"Without --print and --output, it asks on a terminal where to put the sheet.\n\n" +
			"Whoever has the sheet has the accounts. With --encrypt it is useless without\n" +
			"a passphrase, which is not on it. With --split, any K of N sheets open everything,\n" +
			"and fewer open nothing; keep each in another place.",
		Example: "  tokenctl sheet --print\n" +
			"  tokenctl sheet --output letter.pdf --encrypt\n" +
			"  tokenctl sheet --print --split 2-of-3",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.sheet(c.Context(), o) },
	}
	o.tokens.AddFlags(c)
	o.output.AddFlags(c)
	o.seal.addFlags(c)
	f := c.Flags()
	f.BoolVar(&o.selection.OnlyNew, "only-new", false, "print what the sheets since the last full one lack")
	f.StringArrayVar(&o.selection.Accounts, "account", nil, "print only the account that `QUERY` fits; may be repeated")
	f.BoolVar(&o.selection.NoSecrets, "no-secrets", false, "print only the backup codes")
	f.StringVar(&o.owner, "owner", "", "print on it whose it is: `NAME`, or how to reach you")
	f.StringVar(&o.url, "url", "", "print on it where tokenctl can be had: `URL`")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&o.json, "json", false, "print JSON")
	c.MarkFlagsMutuallyExclusive("only-new", "account")
	c.AddCommand(newSheetVerifyCommand(p))
	return c
}

// errKeysAlone says that a key does not give secrets away.
var errKeysAlone = errors.New("such secrets are NOT on the sheet, which cannot restore them")

// keysAlone says of how many accounts.
func keysAlone(n int) error {
	return fmt.Errorf("%s on keys alone: %w", term.Are(n, "account"), errKeysAlone)
}

var sheetRemedies = []term.Remedy{
	{Of: errKeysAlone, Exit: term.ExitPartial, Hint: "To have it on paper, have the service show a new secret, and enroll that in the vault, too: tokenctl enroll --overwrite"},
}

func (p *program) sheet(ctx context.Context, o sheetOptions) error {
	o.output.Yes = o.yes
	if err := o.seal.check(); err != nil {
		return err
	}
	if o.output.File == "-" && o.json {
		return term.Usagef("standard output takes the sheet or the JSON, not both")
	}
	sheets := max(1, o.seal.shares)
	asks := !o.output.IsGiven() && p.Terminal != nil && !o.yes
	if !asks { // before the vault is opened
		if err := o.output.Check(p.Console, sheets); err != nil {
			return err
		}
	}
	content, s, err := p.collect(ctx, o)
	defer content.Clear()
	if err != nil {
		return err
	}
	if file := s.Ledger.Unprinted(); o.selection.OnlyNew && file != nil {
		p.Note("Sheet %d was written to a file, and not read back from paper since. Print it, and "+
			"scan it: tokenctl sheet verify SCAN. If the file is gone: tokenctl sheet", file.Number)
	}
	if o.selection.OnlyNew && len(content.Entries) == 0 {
		p.Note("There is nothing new since the last sheet. Nothing was printed.")
		if o.json {
			err = p.PrintJSON(sheetJSON{Part: true, Accounts: []sheetAccountJSON{}})
		}
		return errors.Join(err, content.Lacking)
	}
	if asks {
		if err := o.output.Ask(ctx, p.Console, sheets); err != nil {
			return errors.Join(err, content.Lacking)
		}
	}
	if o.seal.encrypt {
		if o.seal.passphrase, err = p.open.NewPassphrase(ctx, "the sheet", o.seal.source, o.yes); err != nil {
			return err
		}
	}
	content.Owner, content.URL = strings.TrimSpace(o.owner), strings.TrimSpace(o.url)
	made, unrecorded := p.makeSheet(ctx, s, content.Sheet, o.seal, o.output)
	if len(made.done) == 0 {
		return unrecorded
	}
	p.noteSheet(made, o.output, o.seal)
	if o.json {
		err = p.PrintJSON(describeSheet(made, o))
	}
	if content.Lacking != nil {
		content.Lacking = fmt.Errorf("%w: the sheet lacks what could not be read:\n%w", term.ErrPartly, content.Lacking)
	}
	var bare error
	if n := recovery.OnKeysAlone(made.Sheet); n > 0 && !o.selection.NoSecrets {
		bare = fmt.Errorf("%w: %w", term.ErrPartly, keysAlone(n))
	}
	return errors.Join(err, unrecorded, bare, content.Lacking)
}

// collect returns what the options want on the sheet.
func (p *program) collect(ctx context.Context, o sheetOptions) (content recovery.Content, s *store.Store, err error) {
	t, err := p.open.Tokens(ctx, o.tokens, true)
	if err != nil {
		return content, nil, err
	}
	defer t.Close()
	if s, err = p.open.StoreOf(t); err == nil {
		err = errors.Join(s.Damaged, t.BrokenVault())
	}
	if err != nil {
		return content, nil, err
	}
	content, err = recovery.Collect(p.sources(t, s))
	if err == nil {
		err = t.ExplainNotFound(strings.Join(o.selection.Accounts, ", "), content.Select(o.selection, s.Ledger))
	}
	p.noteAway(t.AwayKeys())
	return content, s, err
}

// sources returns what recovery asks.
func (p *program) sources(t *open.Tokens, s *store.Store) recovery.Sources {
	from := recovery.Sources{Keys: t.Keys(), Store: s, Now: p.Now}
	if t.Vault != nil {
		from.Vault = t.Vault
	}
	return from
}

// A sheetSeal is what keeps a sheet from those who find it.
type sheetSeal struct {
	encrypt    bool
	source     open.Password
	passphrase string
	split      string // K-of-N

	need, shares int // of split, set by check; 0 if it is not split
	workFactor   int // of the passphrase; 0 for open.WorkFactor
}

func (s *sheetSeal) addFlags(c *cobra.Command) {
	c.Flags().BoolVar(&s.encrypt, "encrypt", false, "seal the sheet with a passphrase, which is not printed on it")
	s.source.AddFlags(c, "sheet-passphrase", "the sheet's new passphrase")
	c.Flags().StringVar(&s.split, "split", "", "make N sheets; any K of them open everything: `K-of-N`, as in 2-of-3")
	c.MarkFlagsMutuallyExclusive("encrypt", "split")
}

func (s *sheetSeal) check() error {
	if s.source.IsGiven() && !s.encrypt {
		return term.Usagef("the sheet's passphrase is for --encrypt")
	}
	if s.split == "" {
		return nil
	}
	need, shares, found := strings.Cut(s.split, "-of-")
	k, err := strconv.ParseUint(need, 10, 8)
	n, failed := strconv.ParseUint(shares, 10, 8)
	switch {
	case !found || err != nil || failed != nil:
		return term.Usagef("--split %q is not of the form K-of-N, as in 2-of-3", s.split)
	case k < 2 || n < k || n > sheet.MaxShares:
		return term.Usagef("--split %s: K is 2 or more, and N at least K and at most %d", s.split, sheet.MaxShares)
	}
	s.need, s.shares = int(k), int(n)
	return nil
}

// seal makes of a sheet the documents to be printed.
func (s sheetSeal) seal(content sheet.Sheet, random io.Reader) (documents []layout.Document, err error) {
	var one layout.Document
	switch {
	case s.shares > 0:
		documents, err = content.Split(s.need, s.shares, random)
	case s.encrypt:
		one, err = content.Encrypt(s.passphrase, cmp.Or(s.workFactor, open.WorkFactor))
		documents = []layout.Document{one}
	default:
		one, err = content.Plain()
		documents = []layout.Document{one}
	}
	if err != nil {
		return nil, fmt.Errorf("making the sheet: %w", err)
	}
	return documents, nil
}

// A madeSheet is a sheet that was written or printed.
type madeSheet struct {
	sheet.Sheet
	done  []string // files' names, or what lp says of the jobs
	store *store.Store
}

// makeSheet writes or prints a sheet, and records it in the ledger. What will be printed
// it announces before, for nobody is asked while the ledger is locked. An error that
// comes with something done says that it was not recorded.
func (p *program) makeSheet(ctx context.Context, s *store.Store, content sheet.Sheet, seal sheetSeal, to paper.Output) (madeSheet, error) {
	content.Paper = to.Paper()
	if !seal.encrypt && seal.shares == 0 {
		draft, err := recovery.Draft(s.Ledger, content, p.Now()).Plain()
		if err != nil {
			return madeSheet{}, fmt.Errorf("making the sheet: %w", err)
		}
		content.Fonts = to.Fonts(ctx, draft)
	}
	if to.Print {
		draft := seal
		draft.workFactor = 1 // which makes as many pages
		documents, err := draft.seal(recovery.Draft(s.Ledger, content, p.Now()), p.random)
		if err == nil {
			err = to.Announce(ctx, p.Console, contentOf(content), documents)
		}
		if err != nil {
			return madeSheet{}, err
		}
	}
	var put []string
	made, done, err := recovery.Make(s, content, p.random, p.Now(), func(made sheet.Sheet, record *ledger.Sheet) error {
		record.Sealed, record.Need, record.Shares = seal.encrypt, seal.need, seal.shares
		documents, err := seal.seal(made, p.random)
		if err == nil {
			put, record.Files, err = to.Put(ctx, p.Console, documents)
		}
		return err
	})
	if !done {
		return madeSheet{Sheet: made}, err
	}
	if err != nil {
		err = fmt.Errorf("%w: the sheet is not recorded: %w", term.ErrPartly, err)
	}
	return madeSheet{made, put, s}, err
}
