package main

import (
	"errors"
	"maps"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
)

// Restored codes are an account's, with what became of them.
type restoredCodes struct {
	id     oath.ID
	record backup.Record
	kept   ledger.Keeping
	err    error
}

// restoreCodes records the backup codes of a sheet: in the vault if there is one,
// else by their numbers, since they are on paper. What is marked as used, here or
// there, stays so.
func (p *program) restoreCodes(t *tokens, c sheet.Contents) ([]restoredCodes, error) {
	if len(c.Codes) == 0 {
		return nil, nil
	}
	r, err := p.newRecords()
	if err == nil {
		err = r.damaged
	}
	if err != nil {
		return nil, err
	}
	kept := ledger.OnPaper
	if t.hasVault() {
		r.vault, kept = t.vault, ledger.InVault
	}
	var all []restoredCodes
	for _, id := range slices.Sorted(maps.Keys(c.Codes)) {
		one := restoredCodes{id: id, kept: kept}
		one.record, one.err = r.restore(id, c.Codes[id], kept)
		all = append(all, one)
	}
	p.noteCodes(all)
	return all, nil
}

// restore records codes that were read from paper. If one of them was used, and
// that is news, every command reminds of it from now on.
func (r *records) restore(id oath.ID, codes backup.Record, kept ledger.Keeping) (backup.Record, error) {
	before := r.ledger.Known(id).Record
	return r.change(recordChange{
		id: id, kept: kept,
		do: func(record *backup.Record) error {
			*record = backup.Merge(*record, codes)
			return nil
		},
		then: func(l *ledger.Ledger, record backup.Record) {
			if day, used := firstNewUse(before, record); used {
				r.remindOf(l, id, record, day)
			}
		},
	})
}

func (p *program) noteCodes(all []restoredCodes) {
	onPaper := 0
	for _, c := range all {
		label := printable(labelOf(c.id))
		switch {
		case c.err != nil:
		case c.kept == ledger.InVault:
			p.note("%s: the backup codes of %s are there; %s.", vaultName, label, howManyLeft(c.record.Left()))
		default:
			onPaper++
			p.note("The backup codes of %s stay on paper; %s.", label, howManyLeft(c.record.Left()))
		}
	}
	if onPaper > 0 {
		p.note("Without a vault there is no place for codes: their numbers alone are kept. Do not throw the sheet away.")
	}
}

// codesError tells which codes are not where they should be.
func codesError(all []restoredCodes) error {
	var failures []error
	for _, c := range all {
		if c.err != nil {
			failures = append(failures, c.err)
		}
	}
	return errors.Join(failures...)
}
