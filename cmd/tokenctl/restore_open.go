package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/sheet"
)

// A sheetSource is where sheets are read from.
type sheetSource struct {
	scans      []string
	typed      bool
	passphrase passwordSource
}

func (s *sheetSource) addFlags(c *cobra.Command) {
	c.Flags().BoolVar(&s.typed, "type", false, "type the sheet's lines in at the terminal")
	s.passphrase.addFlags(c, "sheet-passphrase", "the passphrase of a sheet that was made with --encrypt")
}

// openSheets returns what is on sheets, and tells what it found and what is
// missing. What cannot be read comes as an error along with the rest; if there is
// nothing else, the contents are empty.
func (p *program) openSheets(ctx context.Context, s sheetSource) (sheet.Contents, error) {
	if len(s.scans) == 0 && !s.typed {
		return sheet.Contents{}, usagef("name a SCAN of the sheet, or type its lines in with --type")
	}
	if s.typed && p.terminal == nil {
		return sheet.Contents{}, fmt.Errorf("%w: to type lines on; give them in a file, or on standard input", errNoTerminal)
	}
	r, err := p.readSheets(ctx, s.scans)
	if err == nil && s.typed {
		err = p.typeLines(&r.Reader)
	}
	if err != nil {
		return sheet.Contents{}, err
	}
	contents, err := p.unseal(ctx, &r.Reader, s.passphrase)
	p.noteContents(contents)
	switch {
	case !contents.IsEmpty() || err != nil:
	case len(contents.Missing) > 0:
		err = errMissing
	default:
		return contents, errors.Join(append(r.failures, errNoSheet)...)
	}
	for _, failure := range r.failures {
		p.note("%s", printable(failure.Error()))
	}
	return contents, err
}

// unseal returns what is on the sheets, and asks for the passphrase if they have
// one.
func (p *program) unseal(ctx context.Context, r *sheet.Reader, source passwordSource) (sheet.Contents, error) {
	contents, err := r.Contents("")
	if !errors.Is(err, sheet.ErrNeedsPassphrase) || errors.Is(err, sheet.ErrIncomplete) {
		return contents, err
	}
	if source.isGiven() {
		passphrase, err := source.read(ctx)
		if err != nil {
			return contents, err
		}
		return r.Contents(passphrase)
	}
	for try := 1; ; try++ {
		passphrase, failed := p.terminal.askSecret("Passphrase of the sheet")
		if errors.Is(failed, errNoTerminal) {
			return contents, err
		}
		if failed != nil {
			return contents, failed
		}
		contents, err := r.Contents(passphrase)
		if !errors.Is(err, sheet.ErrWrongPassphrase) || try == passwordTries {
			return contents, err
		}
		p.terminal.tell("That is not it.")
	}
}

// noteContents tells what was found, and what is missing.
func (p *program) noteContents(c sheet.Contents) {
	for _, s := range c.Sheets {
		p.note("%s", describePrinting(s))
	}
	if !c.IsEmpty() {
		p.note("Found: %s.", enumerate(found(c)))
	}
	for _, note := range c.Notes {
		p.note("%s", printable(note))
	}
	for _, m := range c.Missing {
		p.note("Missing: %s.", printable(m.String()))
	}
}

func describePrinting(s sheet.Printing) string {
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
	return line + "."
}

// found counts what is on sheets, in words.
func found(c sheet.Contents) (words []string) {
	if n := len(c.Accounts); n > 0 {
		words = append(words, plural(n, "1 account", fmt.Sprintf("%d accounts", n)))
	}
	if n := len(c.Codes); n > 0 {
		words = append(words, plural(n, "backup codes of 1 account", fmt.Sprintf("backup codes of %d accounts", n)))
	}
	if c.VaultKey != "" {
		words = append(words, "the vault's key")
	}
	return words
}
