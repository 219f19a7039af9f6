package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// checkSheet finds what would stand in the way of the sheet, before anything is
// enrolled.
func (o *enrollOptions) checkSheet(p *program) error {
	if !o.wantsSheet {
		return nil
	}
	if o.sheet.file == "" || o.sheet.file == "-" {
		return usagef("--sheet names a file; standard output is for the codes")
	}
	if err := o.sheet.check(p); err != nil {
		return err
	}
	err := o.sheet.checkFiles(p, 1)
	if errors.Is(err, errFileThere) {
		return fmt.Errorf("%s: %w", printable(o.sheet.file), errEnrolledSheetThere)
	}
	return err
}

// An enrolledSheet is the sheet with accounts that were enrolled.
type enrolledSheet struct {
	madeSheet
	to sheetOutput
}

// sheetEnrolled puts the accounts that a token took on a sheet, if one is wanted.
// That comes after enrolling, so that it can name the tokens; and before waiting
// for a spare, which may take long, or be broken off.
func (p *program) sheetEnrolled(ctx context.Context, accounts []otpauth.Key, results []enrolled, o enrollOptions) (*enrolledSheet, error) {
	if !o.wantsSheet {
		return nil, nil
	}
	entries, err := p.entriesOf(accounts, results)
	if err == nil && len(entries) == 0 {
		p.note("No token took an account, and no sheet was made.")
		return nil, nil
	}
	made := madeSheet{Sheet: sheet.Sheet{Partial: true, Entries: entries}}
	if err == nil {
		made, err = p.makeSheet(ctx, made.Sheet, sheetSeal{}, o.sheet)
	}
	if err != nil {
		return nil, fmt.Errorf("the recovery sheet: %w", err)
	}
	p.noteSheet(made, o.sheet, sheetSeal{})
	return &enrolledSheet{made, o.sheet}, nil
}

// entriesOf returns the accounts that a token took, as they stand on a sheet.
func (p *program) entriesOf(accounts []otpauth.Key, results []enrolled) (entries []sheet.Entry, err error) {
	known, err := p.services()
	for i, key := range accounts {
		e := sheet.Entry{Key: key}
		for _, o := range results[i].outcomes {
			if o.State != fleet.Failed {
				e.Where = append(e.Where, o.Member.Name)
			}
		}
		if s := serviceOf(known, key.Account.ID(), backup.Record{}); s.Codes == services.Yes {
			e.Renew = s.RenewAt()
		}
		if len(e.Where) > 0 {
			entries = append(entries, e)
		}
	}
	return entries, err
}

// complete writes the sheet once more, if spare keys have got the accounts since.
func (s *enrolledSheet) complete(ctx context.Context, p *program, accounts []otpauth.Key, results []enrolled) error {
	entries, err := p.entriesOf(accounts, results)
	same := slices.EqualFunc(s.Entries, entries, func(a, b sheet.Entry) bool { return slices.Equal(a.Where, b.Where) })
	if err != nil || same {
		return err
	}
	s.Entries = entries
	documents, err := (&sheetSeal{}).seal(s.Sheet, p.random)
	if err == nil {
		_, err = s.to.put(ctx, p, documents)
	}
	if err != nil {
		return fmt.Errorf("adding the spare to the recovery sheet: %w", err)
	}
	return nil
}
