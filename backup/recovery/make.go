package recovery

import (
	"io"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
)

// Make gives a sheet its number, has it written or printed, and records it. The ledger
// stays locked meanwhile, so that no other sheet gets the same number; and it is left
// as it is if put fails. done reports whether put went well: an error says then that the
// sheet is not recorded.
func Make(s *store.Store, content sheet.Sheet, random io.Reader, day time.Time, put func(sheet.Sheet) error) (made sheet.Sheet, done bool, err error) {
	made = content
	if made.ID, err = sheet.NewID(random); err != nil {
		return made, false, err
	}
	made.Date = backup.Day(day)
	err = s.Update(func(l *ledger.Ledger) error {
		made.Number = l.NextSheet()
		record := ledger.Sheet{
			Number: made.Number, ID: made.ID, Date: backup.Date(made.Date), Partial: made.Partial, Items: itemsOf(made.Items()),
		}
		made.Supersedes = l.SupersededBy(record)
		if err := put(made); err != nil {
			return err
		}
		done = true
		return l.AddSheet(record)
	})
	return made, done, err
}

// itemsOf returns what the ledger keeps of accounts on a sheet.
func itemsOf(items []sheet.Item) map[oath.ID]ledger.Item {
	kept := make(map[oath.ID]ledger.Item, len(items))
	for _, item := range items {
		kept[item.ID] = itemOf(item)
	}
	return kept
}

// itemOf returns what the ledger keeps of an account on a sheet: of the secret that is
// a fingerprint, without the counter, which moves with every code.
func itemOf(i sheet.Item) ledger.Item {
	kept := ledger.Item{Generation: i.Generation}
	if len(i.Key.Secret.Bytes()) > 0 {
		i.Key.Account.Counter = 0
		kept.Fingerprint = ledger.Fingerprint(i.Key.URI())
	}
	return kept
}

// MarkRead records that sheets were read back, whole. One that this machine knew
// nothing of is known from now on, if it is the only one, and newer than all that are.
func MarkRead(s *store.Store, c sheet.Contents, day time.Time) error {
	return s.Update(func(l *ledger.Ledger) error {
		for _, read := range c.Sheets {
			if l.Verify(read.ID, day) || len(c.Sheets) > 1 || read.Number < l.NextSheet() {
				continue
			}
			record := ledger.Sheet{
				Number: read.Number, ID: read.ID, Date: backup.Date(read.Date), Partial: c.Partial(read), Items: itemsOf(c.Items()),
			}
			if err := l.AddSheet(record); err != nil {
				return err
			}
			l.Verify(read.ID, day)
		}
		return nil
	})
}
