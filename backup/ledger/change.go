package ledger

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// Entry returns that of an account, to change it; a new one, which the ledger
// thereby has, if there was none.
func (l *Ledger) Entry(id oath.ID) *Entry {
	if l.Accounts == nil {
		l.Accounts = make(map[oath.ID]*Entry)
	}
	if l.Accounts[id] == nil {
		l.Accounts[id] = new(Entry)
	}
	return l.Accounts[id]
}

// Ignore records that an account's owner does not care about its backup codes, and removes
// its reminder.
func (l *Ledger) Ignore(id oath.ID, day time.Time) {
	if l.Ignored == nil {
		l.Ignored = make(map[oath.ID]backup.Date)
	}
	l.Ignored[id] = backup.Date(backup.Day(day))
	l.Settle(id)
}

// Remind adds a reminder. If the account has one already, that one keeps its
// Since. One that is ignored gets none.
func (l *Ledger) Remind(d Due) {
	if _, ignored := l.Ignored[d.ID]; ignored {
		return
	}
	i := slices.IndexFunc(l.Due, func(other Due) bool { return other.ID == d.ID })
	if i < 0 {
		l.Due = append(l.Due, d)
		return
	}
	if since := l.Due[i].Since; !since.IsZero() {
		d.Since = since
	}
	l.Due[i] = d
}

// Settle removes an account's reminder, if it has one.
func (l *Ledger) Settle(id oath.ID) {
	l.Due = slices.DeleteFunc(l.Due, func(d Due) bool { return d.ID == id })
}

// Renamed gives all that is known of an account another ID. What was known of one
// that had this ID before is forgotten.
func (l *Ledger) Renamed(from, to oath.ID) {
	if from == to {
		return
	}
	l.Settle(to)
	for i := range l.Due {
		if l.Due[i].ID == from {
			l.Due[i].ID = to
		}
	}
	move(l.Accounts, from, to)
	for _, s := range l.Sheets {
		move(s.Items, from, to)
	}
}

func move[T any](m map[oath.ID]T, from, to oath.ID) {
	value, found := m[from]
	delete(m, from)
	delete(m, to)
	if found {
		m[to] = value
	}
}

// Deleted forgets an account: its codes, its reminder, and what sheets have of it.
func (l *Ledger) Deleted(id oath.ID) {
	l.Forgotten(id)
	for _, s := range l.Sheets {
		delete(s.Items, id)
	}
}

// Forgotten forgets an account's codes and its reminder. Sheets still have its
// secret. Generations of new codes begin at 1 again.
func (l *Ledger) Forgotten(id oath.ID) {
	l.Settle(id)
	delete(l.Accounts, id)
	for _, s := range l.Sheets {
		if item, found := s.Items[id]; found {
			s.Items[id] = Item{Fingerprint: item.Fingerprint}
		}
	}
}

// Reconcile brings together what the ledger and the vault know of an account's
// codes, by backup.Merge, and puts it into the ledger. It returns what belongs into
// the vault, and whether that differs from what is there. A reminder about codes
// that turn out to be superseded is removed. If the vault has no codes, nothing
// changes.
func (l *Ledger) Reconcile(id oath.ID, vault backup.Record) (merged backup.Record, changed bool) {
	if len(vault.Sets) == 0 {
		return vault, false
	}
	merged = backup.Merge(vault, l.Known(id).Record)
	*l.Entry(id) = Entry{merged.WithoutTexts(), InVault}
	l.Due = slices.DeleteFunc(l.Due, func(d Due) bool {
		return d.ID == id && d.Generation != 0 && d.Generation < merged.Generation()
	})
	return merged, !reflect.DeepEqual(merged, vault)
}

// AddSheet records a sheet that was made. A secret that is old does not count as on it. Its number must be higher than those
// before. What older ones had on them is forgotten once a full one after them was
// read back.
func (l *Ledger) AddSheet(s Sheet) error {
	if s.Number < l.NextSheet() {
		return fmt.Errorf("sheet %d after sheet %d", s.Number, l.NextSheet()-1)
	}
	for id := range l.OldInVault { // which the sheet's secrets come from
		if item, found := s.Items[id]; found {
			s.Items[id] = Item{Generation: item.Generation}
		}
	}
	l.Sheets = append(l.Sheets, s)
	l.forgetOldSheets()
	return nil
}

// Rewritten records that the files of the sheet of that ID were written anew.
func (l *Ledger) Rewritten(sheetID string, digests []string) {
	if s := l.last(func(s Sheet) bool { return s.ID == sheetID }); s != nil {
		s.Files = digests
	}
}

// Verify records that the sheet of that ID was read back, and reports whether
// there is one. Of several with one ID, it is the newest.
func (l *Ledger) Verify(sheetID string, day time.Time) bool {
	s := l.last(func(s Sheet) bool { return s.ID == sheetID })
	if s == nil {
		return false
	}
	s.Verified = backup.Date(backup.Day(day))
	l.forgetOldSheets()
	return true
}

// Drilled records that the sheets of those IDs, together, brought all accounts back but
// so many.
func (l *Ledger) Drilled(sheetIDs []string, lacked int, day time.Time) {
	for _, id := range sheetIDs {
		if s := l.last(func(s Sheet) bool { return s.ID == id }); s != nil {
			s.Drilled, s.Lacked = backup.Date(backup.Day(day)), lacked
		}
	}
}

// forgetOldSheets drops what stands on sheets that nothing depends on any more, so
// that the ledger does not grow with every sheet. A secret that the full sheet lacks
// is remembered: if the account is on a key alone, no later sheet can have it.
func (l *Ledger) forgetOldSheets() {
	verified := l.last(func(s Sheet) bool { return !s.Partial && !s.Verified.IsZero() })
	for _, s := range l.Sheets {
		if verified == nil || s.Number == verified.Number {
			return
		}
		maps.DeleteFunc(s.Items, func(id oath.ID, item Item) bool {
			return item.Fingerprint == "" || verified.Items[id].Fingerprint != ""
		})
	}
}
