package ledger

import (
	"reflect"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// Entry returns that of an account, to read or to change; a new one, which the
// ledger thereby has, if there was none.
func (l *Ledger) Entry(id oath.ID) *Entry {
	if l.Accounts == nil {
		l.Accounts = make(map[oath.ID]*Entry)
	}
	if l.Accounts[id] == nil {
		l.Accounts[id] = new(Entry)
	}
	return l.Accounts[id]
}

// Remind adds a reminder. If the account has one already, that one keeps its
// Since.
func (l *Ledger) Remind(d Due) {
	d.Since = backup.Day(d.Since)
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
	l.Settle(id)
	delete(l.Accounts, id)
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
// codes, by Merge, and puts it into the ledger. It returns what belongs into the
// vault, and whether that differs from what is there. A reminder about codes that
// turn out to be superseded is removed. If the vault has no codes, nothing
// changes.
func (l *Ledger) Reconcile(id oath.ID, vault backup.Record) (merged backup.Record, changed bool) {
	if len(vault.Sets) == 0 {
		return vault, false
	}
	var known backup.Record
	if e := l.Accounts[id]; e != nil {
		known = e.Record
	}
	merged = backup.Merge(vault, known)
	*l.Entry(id) = Entry{merged.WithoutTexts(), InVault}
	l.Due = slices.DeleteFunc(l.Due, func(d Due) bool {
		return d.ID == id && d.Generation != 0 && d.Generation < merged.Generation()
	})
	return merged, !reflect.DeepEqual(merged, vault)
}
