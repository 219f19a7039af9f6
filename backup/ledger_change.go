package backup

import "github.com/tokenctl/tokenctl/oath"

// Entry returns that of an account, to read or to change; a new one if the ledger
// has none.
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
func (l *Ledger) Remind(d Due) {}

// Settle removes an account's reminder, if it has one.
func (l *Ledger) Settle(id oath.ID) {}

// Renamed gives all that is known of an account another ID.
func (l *Ledger) Renamed(old, new oath.ID) {}

// Deleted forgets an account: its codes, its reminder, and what sheets have of it.
func (l *Ledger) Deleted(id oath.ID) {}

// Forgotten forgets an account's codes and its reminder. Sheets still have its
// secret.
func (l *Ledger) Forgotten(id oath.ID) {}

// Reconcile brings together what the ledger and the vault know of an account's
// codes, by Merge, and puts it into the ledger. It returns what belongs into the
// vault, and whether that differs from what is there.
func (l *Ledger) Reconcile(id oath.ID, vault Record) (merged Record, changed bool) {
	return vault, false
}
