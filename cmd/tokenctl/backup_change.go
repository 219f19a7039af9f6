package main

import (
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
)

// A recordChange is a change to an account's codes.
type recordChange struct {
	id oath.ID

	// kept is where the codes are from now on.
	kept ledger.Keeping

	// do changes the record. It may be called with one that another process has
	// changed in the meantime.
	do func(*backup.Record) error

	// then changes the ledger when the record is there.
	then func(*ledger.Ledger, backup.Record)
}

// change changes a record where it is kept. The vault decides: once it has the
// change, a ledger that cannot be written only costs the reminders, and is told of.
func (r *records) change(c recordChange) (backup.Record, error) {
	there, err := r.inVault(c.id)
	if err != nil {
		return backup.Record{}, about(c.id, err)
	}
	if c.kept != ledger.InVault && !there {
		return r.changePaper(c)
	}
	var record backup.Record
	err = r.vault.UpdateBackupCodes(c.id, func(old []byte) ([]byte, error) {
		record = r.ledger.Known(c.id).Record.Clone()
		if old != nil {
			parsed, err := backup.ParseRecord(old)
			if err != nil {
				return nil, err
			}
			record = backup.Merge(parsed, record)
		}
		if err := c.do(&record); err != nil {
			return nil, err
		}
		return record.MarshalText()
	})
	if err != nil {
		return record, about(c.id, err)
	}
	err = updateLedger(func(l *ledger.Ledger) error {
		l.Reconcile(c.id, record)
		l.Entry(c.id).Kept = c.kept
		c.then(l, record)
		return nil
	})
	if err != nil {
		r.p.report(err)
	}
	return record, nil
}

// changePaper changes a record that the ledger alone has.
func (r *records) changePaper(c recordChange) (backup.Record, error) {
	var record backup.Record
	err := updateLedger(func(l *ledger.Ledger) error {
		record = l.Entry(c.id).Record.Clone()
		if err := c.do(&record); err != nil {
			return err
		}
		record = record.WithoutTexts()
		*l.Entry(c.id) = ledger.Entry{Record: record, Kept: c.kept}
		c.then(l, record)
		return nil
	})
	if err != nil {
		return record, about(c.id, err)
	}
	return record, nil
}

// keepNews brings the ledger up to date with what was read in the vault: codes may
// have been used or made on another machine.
func (r *records) keepNews() {
	if len(r.news) == 0 || r.damaged != nil {
		return
	}
	err := updateLedger(func(l *ledger.Ledger) error {
		for id, record := range r.news {
			r.enter(l, id, record)
		}
		r.ledger = l
		return nil
	})
	if err != nil {
		r.p.report(err)
	}
	clear(r.news)
}

// isNews reports whether the ledger lacks something of a record.
func (r *records) isNews(id oath.ID, record backup.Record) bool {
	e := r.ledger.Known(id)
	had, err := e.Record.MarshalText()
	has, failed := record.WithoutTexts().MarshalText()
	return err != nil || failed != nil || string(had) != string(has) || e.Kept == ""
}

// enter puts the vault's record into the ledger, with the reminder that it calls
// for or without the one it answers.
func (r *records) enter(l *ledger.Ledger, id oath.ID, record backup.Record) {
	before := l.Entry(id).Record.Clone()
	merged, _ := l.Reconcile(id, record)
	l.Entry(id).Kept = keptOf(record)
	if before.Generation() < merged.Generation() {
		l.Settle(id)
	}
	if day, used := firstNewUse(before, merged); used {
		r.remindOf(l, id, merged, day)
	}
}

// keptOf tells where the codes of a record in the vault are: there, unless only
// their numbers are.
func keptOf(r backup.Record) ledger.Keeping {
	if r.HasTexts() {
		return ledger.InVault
	}
	return ledger.OnPaper
}

// firstNewUse returns the first day on which a code of the current set was used
// that an earlier record does not know as used. What was used before others came
// beside it was answered by these.
func firstNewUse(before, now backup.Record) (day time.Time, used bool) {
	known := make(map[int]bool)
	if s := before.Current(); s != nil && before.Generation() == now.Generation() {
		for _, c := range s.Codes {
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

// remindOf has every command remind of codes that were used, until there are new
// ones. One that stays good calls for none.
func (r *records) remindOf(l *ledger.Ledger, id oath.ID, record backup.Record, day time.Time) {
	if record.Policy == backup.Reusable {
		return
	}
	s := r.service(id, record)
	l.Remind(ledger.Due{ID: id, Service: s.Name, Since: backup.Date(day), Renew: s.Where, Left: record.Left(), Generation: record.Generation()})
}
