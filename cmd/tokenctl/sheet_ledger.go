package main

import (
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// recordOf returns what the ledger keeps of a sheet.
func recordOf(s sheet.Sheet) ledger.Sheet {
	return ledger.Sheet{Number: s.Number, ID: s.ID, Date: s.Date, OnlyNew: s.Partial, Items: itemsOf(s.Items())}
}

func itemsOf(all []sheet.Item) map[oath.ID]ledger.Item {
	items := make(map[oath.ID]ledger.Item)
	for _, i := range all {
		items[i.ID] = ledger.Item{Fingerprint: fingerprint(i.Key), Generation: i.Generation}
	}
	return items
}

// fingerprint tells accounts' secrets apart, and is empty if there is none. It
// leaves the counter out, which moves with every code.
func fingerprint(k otpauth.Key) string {
	if len(k.Secret.Bytes()) == 0 {
		return ""
	}
	k.Account.Counter = 0
	return ledger.Fingerprint(k.URI())
}

// generationOf returns that of the codes on a sheet, 0 if there are none, or their
// texts are not known.
func generationOf(r backup.Record) int {
	if !r.HasTexts() {
		return 0
	}
	return r.Generation()
}

// lastFull returns the number of the last sheet that is no mere part, 0 if there
// is none.
func lastFull(l *ledger.Ledger) int {
	if s := l.LastFullSheet(); s != nil {
		return s.Number
	}
	return 0
}

// sinceFull returns the last full sheet and those that came after it.
func sinceFull(l *ledger.Ledger) []ledger.Sheet {
	full := lastFull(l)
	i := slices.IndexFunc(l.Sheets, func(s ledger.Sheet) bool { return s.Number >= full })
	return l.Sheets[max(i, 0):]
}

// supersededBy returns the number of the sheet that one supersedes, or belongs
// with; 0 if there is none. A full sheet supersedes none while an older one has the
// secret of an account that is on keys alone: that one must not be destroyed.
func supersededBy(l *ledger.Ledger, s sheet.Sheet) int {
	for _, e := range s.Entries {
		if !s.Partial && fingerprint(e.Key) == "" && lastWithSecret(l, e.Key.Account.ID()) != nil {
			return 0
		}
	}
	return lastFull(l)
}

// lastWithSecret returns the newest sheet with an account's secret, nil if there
// is none.
func lastWithSecret(l *ledger.Ledger, id oath.ID) *ledger.Sheet {
	for i := len(l.Sheets) - 1; i >= 0; i-- {
		if l.Sheets[i].Items[id].Fingerprint != "" {
			return &l.Sheets[i]
		}
	}
	return nil
}

// recordRead records that sheets were read back, whole. One that this machine knew
// nothing of is known from now on, if it is the only one, and newer than all that
// are.
func (p *program) recordRead(c sheet.Contents) error {
	return updateLedger(func(l *ledger.Ledger) error {
		for _, s := range c.Sheets {
			if l.Verify(s.ID, p.now()) || len(c.Sheets) > 1 || s.Number < l.NextSheet() {
				continue
			}
			if err := l.AddSheet(ledger.Sheet{Number: s.Number, ID: s.ID, Date: s.Date, OnlyNew: c.Partial(s), Items: itemsOf(c.Items())}); err != nil {
				return err
			}
			l.Verify(s.ID, p.now())
		}
		return nil
	})
}
