package main

import (
	"context"
	"fmt"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
)

// A madeSheet is a sheet that was written or printed.
type madeSheet struct {
	sheet.Sheet
	done []string // files' names, or what lp says of the jobs
}

// makeSheet writes or prints a sheet, and records it in the ledger. The ledger
// stays locked meanwhile, so that no other sheet gets the same number; and it is
// left as it is if the sheet does not come about.
//
// An error that comes with something done tells that it was not recorded.
func (p *program) makeSheet(ctx context.Context, content sheet.Sheet, seal sheetSeal, to sheetOutput) (madeSheet, error) {
	made := madeSheet{Sheet: content}
	var err error
	if made.ID, err = sheet.NewID(p.random); err != nil {
		return made, err
	}
	made.Date = backup.Day(p.now())
	err = updateLedger(func(l *ledger.Ledger) (err error) {
		made.Number, made.Supersedes = l.NextSheet(), l.SupersededBy(recordOf(made.Sheet))
		documents, err := seal.seal(made.Sheet, p.random)
		if err != nil {
			return err
		}
		done, err := to.put(ctx, p, documents)
		if err != nil {
			return err
		}
		made.done = done
		return l.AddSheet(recordOf(made.Sheet))
	})
	if err != nil && len(made.done) > 0 {
		err = fmt.Errorf("%w: the sheet is not recorded: %w", errPartly, err)
	}
	return made, err
}
