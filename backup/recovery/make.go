package recovery

import (
	"io"
	"time"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
)

// Make gives a sheet its number, has it written or printed, and records it. put notes in
// the record how: the digest of each file that it wrote, and what seals the sheet. The
// ledger stays locked meanwhile, so that no other sheet gets the same number; and it is
// left as it is if put fails. done reports whether put went well: an error says then that
// the sheet is not recorded.
func Make(s *store.Store, content sheet.Sheet, random io.Reader, day time.Time, put func(sheet.Sheet, *ledger.Sheet) error) (made sheet.Sheet, done bool, err error) {
	id, err := sheet.NewID(random)
	if err != nil {
		return content, false, err
	}
	err = s.Update(func(l *ledger.Ledger) error {
		var record ledger.Sheet
		made, record = number(l, content, id, day)
		if err := put(made, &record); err != nil {
			return err
		}
		done = true
		return l.AddSheet(record)
	})
	return made, done, err
}

// Draft returns a sheet as Make would number it now, with an ID that is not its own:
// for counting pages.
func Draft(l *ledger.Ledger, content sheet.Sheet, day time.Time) sheet.Sheet {
	draft, _ := number(l, content, "AAAAAAAA", day)
	return draft
}

func number(l *ledger.Ledger, content sheet.Sheet, id string, day time.Time) (sheet.Sheet, ledger.Sheet) {
	content.ID, content.Date, content.Number = id, backup.Day(day), l.NextSheet()
	record := ledger.Sheet{
		Number: content.Number, ID: id, Date: backup.Date(content.Date), Partial: content.Partial, Items: itemsOf(content.Items()),
		VaultKey: vaultPrint(content.VaultKey),
	}
	content.Supersedes = l.SupersededBy(record)
	return content, record
}

// vaultPrint returns what the ledger keeps of a vault's own key: the fingerprint of its
// public half, by which it is known from a vault that is locked.
func vaultPrint(identity string) string {
	key, err := age.ParseX25519Identity(identity)
	if err != nil {
		return ""
	}
	return ledger.Fingerprint(key.Recipient().String())
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
	i.Key.Account.Counter = 0
	if uri, err := i.Key.URI(); err == nil {
		kept.Fingerprint = ledger.Fingerprint(uri)
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
				VaultKey: vaultPrint(c.VaultKey),
			}
			if err := l.AddSheet(record); err != nil {
				return err
			}
			l.Verify(read.ID, day)
		}
		return nil
	})
}
