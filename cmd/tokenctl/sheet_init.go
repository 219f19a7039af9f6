package main

import (
	"context"
	"errors"
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet"
)

// offerSecondWay offers the first sheet, with the vault's own key: a passphrase is
// easily forgotten. Who wants none may write the key down.
func (p *program) offerSecondWay(ctx context.Context, v *vaultToken, o vaultInitOptions) error {
	if p.terminal == nil || o.noPassphrase || o.yes {
		p.note("A second way in, should the passphrase be forgotten, is the vault's own key on paper:\n  tokenctl sheet --print\nor, to write it down: tokenctl vault show-key")
		return nil
	}
	identity, err := v.Identity()
	if err != nil {
		return err
	}
	p.note("\n3. The recovery sheet\nIt holds the vault's own key, a second way in should the passphrase be forgotten. Later\nsheets hold the accounts as well.")
	done, err := p.offerSheet(ctx, sheet.Sheet{VaultKey: identity})
	if done || err != nil {
		return err
	}
	err = p.terminal.confirm(false, "Show the vault's own key, to write down as a second way in?")
	if errors.Is(err, errDeclined) {
		p.note("Skipped. To do so later: tokenctl sheet, or tokenctl vault show-key")
		return nil
	}
	if err == nil {
		p.terminal.tell("\n  %s\n\nKeep it where you keep what you cannot replace, and not on this computer.", identity)
	}
	return err
}

// offerSheet asks where a sheet is to go until it is there, or not wanted.
func (p *program) offerSheet(ctx context.Context, content sheet.Sheet) (done bool, err error) {
	for {
		answer, err := p.terminal.ask("Print it (p), or write it to a FILE (.pdf, .html, .txt)? Enter skips it")
		if err != nil || answer == "" {
			return false, err
		}
		to := sheetOutput{file: answer}
		if isPrint := strings.ToLower(answer); isPrint == "p" || isPrint == "print" {
			to = sheetOutput{print: true}
		}
		if err = to.check(p); err == nil && answer == "-" {
			err = usagef("name a file")
		}
		if err == nil {
			err = to.checkFiles(p, 1)
		}
		var made madeSheet
		if err == nil {
			made, err = p.makeSheet(ctx, content, sheetSeal{}, to)
		}
		if len(made.done) > 0 {
			p.noteSheet(made, to, sheetSeal{})
			return true, err
		}
		p.report(err)
	}
}
