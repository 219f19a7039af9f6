package recovery

import (
	"io"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
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
		record := recordOf(made)
		made.Supersedes = l.SupersededBy(record)
		if err := put(made); err != nil {
			return err
		}
		done = true
		return l.AddSheet(record)
	})
	return made, done, err
}

// recordOf returns what the ledger keeps of a sheet.
func recordOf(s sheet.Sheet) ledger.Sheet {
	record := ledger.Sheet{Number: s.Number, ID: s.ID, Date: backup.Date(s.Date), Partial: s.Partial, Items: make(map[oath.ID]ledger.Item)}
	for _, e := range s.Entries {
		record.Items[e.Key.Account.ID()] = itemOf(e.Key, e.Codes)
	}
	return record
}

// itemOf returns what the ledger keeps of an account on a sheet. Of the secret that is
// a fingerprint, without the counter, which moves with every code; codes whose texts are
// not known are not on it.
func itemOf(k otpauth.Key, codes backup.Record) (item ledger.Item) {
	if len(k.Secret.Bytes()) > 0 {
		k.Account.Counter = 0
		item.Fingerprint = ledger.Fingerprint(k.URI())
	}
	if codes.HasTexts() {
		item.Generation = codes.Generation()
	}
	return item
}

// HasCodes reports whether an account's backup codes are on the sheet.
func HasCodes(e sheet.Entry) bool { return e.Codes.HasTexts() }

// MarkRead records that sheets were read back, whole. One that this machine knew
// nothing of is known from now on, if it is the only one, and newer than all that are.
func MarkRead(s *store.Store, c sheet.Contents, day time.Time) error {
	return s.Update(func(l *ledger.Ledger) error {
		for _, read := range c.Sheets {
			if l.Verify(read.ID, day) || len(c.Sheets) > 1 || read.Number < l.NextSheet() {
				continue
			}
			record := ledger.Sheet{Number: read.Number, ID: read.ID, Date: backup.Date(read.Date), Partial: IsPart(c, read), Items: make(map[oath.ID]ledger.Item)}
			for _, k := range c.Accounts {
				record.Items[k.Account.ID()] = itemOf(k, backup.Record{})
			}
			for id, codes := range c.Codes {
				item := record.Items[id]
				item.Generation = itemOf(otpauth.Key{}, codes).Generation
				record.Items[id] = item
			}
			if err := l.AddSheet(record); err != nil {
				return err
			}
			l.Verify(read.ID, day)
		}
		return nil
	})
}

// IsPart reports whether a sheet holds a part of what there was when it was made. A
// full one says so by holding the vault's key.
func IsPart(c sheet.Contents, s sheet.Printing) bool { return s.Adds > 0 || c.VaultKey == "" }
