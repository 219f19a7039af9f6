package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// A sheetSource is where sheets are read from.
type sheetSource struct {
	scans      []string
	live       paper.Live
	typed      bool
	asks       bool // on a terminal, for lines of what cannot be read
	passphrase open.Password
}

func (s *sheetSource) addFlags(c *cobra.Command) {
	c.Flags().BoolVar(&s.typed, "type", false, "type the sheet's lines in at the terminal")
	term.GroupFlags(c.Flags(), term.SourceFlags, "type")
	s.live.AddCameraFlag(c)
	s.passphrase.AddFlags(c, "sheet-passphrase", "the passphrase of a sheet that was made with --encrypt")
	term.GroupFlags(c.Flags(), term.SecretFlags, "sheet-passphrase-file", "sheet-passphrase-command")
}

// isGiven reports whether sheets will be read.
func (s sheetSource) isGiven() bool { return s.typed || len(s.live.Sources(s.scans...)) > 0 }

var (
	// errNoSheet says that nothing of a recovery sheet was read.
	errNoSheet = errors.New("nothing of a recovery sheet was found")

	// errBare says that a sheet names accounts, and has nothing of them.
	errBare = errors.New("the sheet names accounts, and has neither secrets nor backup codes: it restores nothing")

	// errUnlisted says that something was restored without the sheet's list of contents.
	errUnlisted = errors.New("whether the sheet is complete is not known")

	// errMissing says that something of a sheet is missing, and nothing was done.
	errMissing = errors.New("the sheet is incomplete")
)

// unreadRemedies are for what comes along with a better reason, if there is one.
var unreadRemedies = []term.Remedy{
	{Of: errBare, Exit: term.ExitFailure, Hint: "Look for another sheet with their secrets, or for the key that they are on."},
	{Of: errUnlisted, Exit: term.ExitPartial, Hint: "Its list of contents is on the first page and on the last: scan one of them, too. To restore a part alone: --partial"},
	{Of: errNoSheet, Exit: term.ExitUsage, Hint: "Scan it straight and sharp, 150 dpi or more; or type the lines in: --type"},
	{Of: qr.ErrNoQR, Exit: term.ExitUsage, Hint: "Try a sharper or larger picture, with a light margin around the code; or enter the secret that the service shows beside it."},
}

// A readSheet is what was read of sheets.
type readSheet struct {
	sheet.Contents
	files []string // a digest of each file
}

// readSheets returns what is on sheets, and notes what it found and what is missing.
// What cannot be read comes as an error along with the rest; if there is nothing else,
// the contents are empty.
func (p *program) readSheets(ctx context.Context, s sheetSource) (contents readSheet, err error) {
	if !s.isGiven() {
		return contents, term.Usagef("name a SCAN of the sheet, show it with --camera, or type its lines in with --type")
	}
	if s.typed && p.Terminal == nil {
		return contents, fmt.Errorf("%w: to type lines on; give them in a file, or on standard input", term.ErrNoTerminal)
	}
	var r sheet.Reader
	files, failures, err := paper.Read(ctx, p.Console, s.live.Sources(s.scans...), &r)
	isKnown := func(m sheet.Missing) bool { return !m.Unlisted() }
	if err == nil && (s.typed || s.asks && p.Terminal != nil && slices.ContainsFunc(r.Missing(), isKnown)) {
		err = paper.Type(p.Terminal, &r)
	}
	if err != nil {
		return contents, err
	}
	contents.files = files
	contents.Contents, err = p.unseal(ctx, &r, s.passphrase)
	p.noteContents(contents.Contents)
	switch {
	case !contents.IsEmpty() || err != nil:
	case len(contents.Missing) == 0 && contents.namesAccounts():
		err = errBare
	case len(contents.Missing) > 0:
		err = errMissing
	default:
		return contents, errors.Join(append(failures, errNoSheet)...)
	}
	for _, failure := range failures {
		p.Note("%s", term.Printable(failure.Error()))
	}
	return contents, err
}

// namesAccounts reports whether there are accounts on the sheets by name alone.
func (r readSheet) namesAccounts() bool {
	return slices.ContainsFunc(r.Sheets, func(s sheet.Printing) bool { return s.Bare > 0 })
}

// unseal returns what is on the sheets, and asks for the passphrase if they have one.
func (p *program) unseal(ctx context.Context, r *sheet.Reader, source open.Password) (contents sheet.Contents, err error) {
	contents, err = r.Contents("")
	if !errors.Is(err, sheet.ErrNeedsPassphrase) || errors.Is(err, sheet.ErrIncomplete) {
		return contents, err
	}
	if source.IsGiven() {
		passphrase, err := source.Read(ctx)
		if err != nil {
			return contents, err
		}
		return r.Contents(passphrase)
	}
	sealed := err
	err = p.Terminal.TryPassword("Passphrase of the sheet", sheet.ErrWrongPassphrase, func(passphrase string) (err error) {
		contents, err = r.Contents(passphrase)
		return err
	})
	if errors.Is(err, term.ErrNoTerminal) {
		err = sealed
	}
	return contents, err
}

// noteContents notes what was found, and what is missing.
func (p *program) noteContents(c sheet.Contents) {
	for _, s := range c.Sheets {
		line := fmt.Sprintf("This is recovery sheet %d", s.Number)
		if !s.Date.IsZero() {
			line += " of " + s.Date.Format(time.DateOnly)
		}
		switch {
		case s.Shares > 0:
			line += fmt.Sprintf("; any %d of %d open it", s.Need, s.Shares)
		case s.Sealed:
			line += ", sealed with a passphrase"
		}
		if s.Adds > 0 {
			line += fmt.Sprintf(". It belongs with sheet %d", s.Adds)
		}
		p.Note("%s.", line)
		if s.Bare > 0 {
			p.Note("It names %s without the secret: what is NOT there cannot be restored from it.", term.Count(s.Bare, "account"))
		}
	}
	if !c.IsEmpty() {
		p.Note("Found: %s.", term.List(found(c)))
	}
	for _, note := range c.Notes {
		p.Note("%s", term.Printable(note))
	}
	for _, m := range c.Missing {
		p.Note("Missing: %s.", term.Printable(m.String()))
	}
}

// found counts what is on sheets, in words.
func found(c sheet.Contents) (words []string) {
	if n := len(c.Accounts); n > 0 {
		words = append(words, term.Count(n, "account"))
	}
	if n := len(c.Codes); n > 0 {
		words = append(words, "backup codes of "+term.Count(n, "account"))
	}
	if c.VaultKey != "" {
		words = append(words, "the vault's key")
	}
	return words
}

// sheetsJSON is what was read from paper.
type sheetsJSON struct {
	Sheets   []printingJSON `json:"sheets"`
	Missing  []string       `json:"missing"`
	VaultKey bool           `json:"vault_key"` // is on it
}

type printingJSON struct {
	Sheet int    `json:"sheet"`
	ID    string `json:"id"`
	Date  string `json:"date,omitempty"` // as in 2026-11-23
	Part  bool   `json:"part"`
	Bare  int    `json:"without_secret,omitempty"` // accounts that it only names
	Whole []int  `json:"shares,omitempty"`         // that are right, of a split sheet
}

func describeContents(c sheet.Contents) sheetsJSON {
	return sheetsJSON{
		Sheets: mapSlice(c.Sheets, func(s sheet.Printing) printingJSON {
			return printingJSON{s.Number, s.ID, term.Date(s.Date), c.Partial(s), s.Bare, s.Whole}
		}),
		Missing:  mapSlice(c.Missing, sheet.Missing.String),
		VaultKey: c.VaultKey != "",
	}
}
