package store

import (
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
)

// KeptOf returns where the codes of a record are: in the vault if it has their texts, else
// on paper.
func KeptOf(r backup.Record) ledger.Keeping {
	if r.HasTexts() {
		return ledger.InVault
	}
	return ledger.OnPaper
}

// Change changes an account's record where it is kept, which is kept from now on. The
// change may be called with a record that another process has changed in the meantime.
// The vault decides: once it has the change, a ledger that cannot be written only costs
// the reminders, and is warned of.
func (s *Store) Change(id oath.ID, kept ledger.Keeping, change func(*backup.Record) error) (backup.Record, error) {
	return s.change(id, kept, false, change)
}

func (s *Store) change(id oath.ID, kept ledger.Keeping, settled bool, change func(*backup.Record) error) (backup.Record, error) {
	var record backup.Record
	there, err := s.has(id)
	if err != nil {
		return record, about(id, err)
	}
	if kept == ledger.OnPaper && !there {
		err := s.Update(func(l *ledger.Ledger) error {
			before := l.Known(id).Record
			record = before.Clone()
			if err := change(&record); err != nil {
				return err
			}
			record = record.WithoutTexts()
			*l.Entry(id) = ledger.Entry{Record: record, Kept: kept}
			s.remind(l, id, before, record, settled)
			return nil
		})
		return record, about(id, err)
	}
	if s.Vault == nil {
		return record, about(id, ErrNoVault)
	}
	err = s.Vault.UpdateBackupCodes(id, func(old []byte, nameless error) ([]byte, error) {
		record = s.Ledger.Known(id).Record.Clone()
		if old != nil {
			parsed, err := s.parse(id, old, nameless)
			if err != nil {
				return nil, err
			}
			record = backup.Merge(parsed, record)
		}
		if err := change(&record); err != nil {
			return nil, err
		}
		return record.MarshalText()
	})
	if err != nil {
		return record, about(id, err)
	}
	err = s.Update(func(l *ledger.Ledger) error {
		s.enter(l, id, record, kept, settled)
		return nil
	})
	if err != nil {
		s.Warn(err)
	}
	return record, nil
}

// enter puts a record of the vault into the ledger.
func (s *Store) enter(l *ledger.Ledger, id oath.ID, record backup.Record, kept ledger.Keeping, settled bool) {
	before := l.Known(id).Record
	merged, _ := l.Reconcile(id, record)
	l.Entry(id).Kept = kept
	s.remind(l, id, before, merged, settled)
}

// remind removes the reminder that newer codes answer, and adds the one that new uses
// call for, unless what was done settles them. A code that stays good calls for none.
func (s *Store) remind(l *ledger.Ledger, id oath.ID, before, now backup.Record, settled bool) {
	if settled || before.Generation() < now.Generation() {
		l.Settle(id)
	}
	day, used := firstNewUse(before, now)
	if settled || !used || now.Policy == backup.Reusable {
		return
	}
	service := s.Service(id, now)
	l.Remind(ledger.Due{ID: id, Service: service.Name, Since: backup.Date(day), Renew: service.Where, Left: now.Left(), Generation: now.Generation()})
}

// firstNewUse returns the first day on which a code of the current set was used
// that an earlier record does not know as used. What was used before others came
// beside it was answered by these.
func firstNewUse(before, now backup.Record) (day time.Time, used bool) {
	known := make(map[int]bool)
	if set := before.Current(); set != nil && before.Generation() == now.Generation() {
		for _, c := range set.Codes {
			known[c.Number] = !c.Used.IsZero()
		}
	}
	if now.Current() == nil {
		return day, false
	}
	for _, c := range now.Current().Codes {
		answered := c.Since != 0 && c.Used.Before(now.Current().Made)
		if !c.Used.IsZero() && !known[c.Number] && !answered && (!used || c.Used.Before(day)) {
			day, used = c.Used, true
		}
	}
	return day, used
}
