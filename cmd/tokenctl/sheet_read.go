package main

import (
	"context"
	"errors"
	"fmt"
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
	typed      bool
	passphrase open.Password
}

func (s *sheetSource) addFlags(c *cobra.Command) {
	c.Flags().BoolVar(&s.typed, "type", false, "type the sheet's lines in at the terminal")
	s.passphrase.AddFlags(c, "sheet-passphrase", "the passphrase of a sheet that was made with --encrypt")
}

var (
	// errNoSheet says that nothing of a recovery sheet was read.
	errNoSheet = errors.New("nothing of a recovery sheet was found")

	// errMissing says that something of a sheet is missing, and nothing was done.
	errMissing = errors.New("the sheet is not all there")
)

// unreadRemedies are for what comes along with a better reason, if there is one.
var unreadRemedies = []term.Remedy{
	{Of: errNoSheet, Exit: term.ExitUsage, Hint: "Scan it straight and sharp, 150 dpi or more; or type the lines in: --type"},
	{Of: qr.ErrNoQR, Exit: term.ExitUsage, Hint: "Try a sharper or larger picture, with a light margin around the code; or enter the secret that the service shows beside it."},
}

// readSheets returns what is on sheets, and notes what it found and what is missing.
// What cannot be read comes as an error along with the rest; if there is nothing else,
// the contents are empty.
func (p *program) readSheets(ctx context.Context, s sheetSource) (sheet.Contents, error) {
	if len(s.scans) == 0 && !s.typed {
		return sheet.Contents{}, term.Usagef("name a SCAN of the sheet, or type its lines in with --type")
	}
	if s.typed && p.Terminal == nil {
		return sheet.Contents{}, fmt.Errorf("%w: to type lines on; give them in a file, or on standard input", term.ErrNoTerminal)
	}
	var r sheet.Reader
	failures, err := paper.Read(ctx, p.Console, s.scans, &r)
	if err == nil && s.typed {
		err = paper.Type(p.Terminal, &r)
	}
	if err != nil {
		return sheet.Contents{}, err
	}
	contents, err := p.unseal(ctx, &r, s.passphrase)
	p.noteContents(contents)
	switch {
	case !contents.IsEmpty() || err != nil:
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
			line += fmt.Sprintf(", of which any %d of %d open it", s.Need, s.Shares)
		case s.Sealed:
			line += ", sealed with a passphrase"
		}
		if s.Adds > 0 {
			line += fmt.Sprintf(". It belongs with sheet %d", s.Adds)
		}
		p.Note("%s.", line)
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
}

func describeContents(c sheet.Contents) sheetsJSON {
	return sheetsJSON{
		Sheets: mapSlice(c.Sheets, func(s sheet.Printing) printingJSON {
			return printingJSON{s.Number, s.ID, term.Date(s.Date), c.Partial(s)}
		}),
		Missing:  mapSlice(c.Missing, sheet.Missing.String),
		VaultKey: c.VaultKey != "",
	}
}
