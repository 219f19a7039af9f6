package store

import (
	"errors"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
)

// A Status is what is known of an account's codes.
type Status struct {
	ID      oath.ID
	Record  backup.Record // without sets if only a locked vault has it
	Kept    ledger.Keeping
	Service services.Service
	Sheet   int         // on paper that has them; 0 for none
	Written int         // the sheet that has them, if it was only written to a file; 0 for none
	Due     *ledger.Due // nil if no reminder is due
}

// Status describes an account's codes by their record.
func (s *Store) Status(id oath.ID, record backup.Record, kept ledger.Keeping) Status {
	status := Status{ID: id, Record: record, Kept: kept, Service: s.Service(id, record)}
	if set := record.Current(); set != nil {
		if status.Sheet = s.Ledger.SheetWith(id, set.Generation, true); status.Sheet == 0 {
			status.Written = s.Ledger.SheetWith(id, set.Generation, false)
		}
		if due, found := s.Ledger.DueOf(id); found {
			status.Due = &due
		}
	}
	return status
}

// Statuses describes the codes of accounts: as the vault has them with readVault, else as the
// ledger knows them. The error says what could not be read; the rest comes
// along with it, unless the vault did not open.
func (s *Store) Statuses(ids []oath.ID, readVault bool) ([]Status, error) {
	news := make(map[oath.ID]backup.Record)
	defer s.learn(news)
	var list []Status
	var failures []error
	for _, id := range ids {
		e := s.Ledger.Known(id)
		record, kept := e.Record, e.Kept
		if readVault {
			var err error
			if record, err = s.load(id, news); errors.Is(err, oath.ErrLocked) || errors.Is(err, oath.ErrWrongPassword) {
				return nil, err
			}
			failures = append(failures, err)
		}
		switch {
		case kept == "" && record.Current() != nil:
			kept = KeptOf(record)
		case kept == "":
			kept = ledger.InVault
		}
		list = append(list, s.Status(id, record, kept))
	}
	return list, errors.Join(failures...)
}

// A Need is what to do about an account's codes, the most urgent first.
type Need int

const (
	Due       Need = iota // one was used, and none made since
	NoneLeft              // none is left
	FewLeft               // Few or fewer are left, of more
	Unprinted             // they are on no sheet on paper
	Missing               // none is recorded, and the service hands them out
)

// Few is how many codes are few, of a set of more.
const Few = 3

// A Finding is something to do about an account's codes.
type Finding struct {
	Status
	Need Need
}

// Findings returns what to do about codes, and about accounts without any at
// services that hand them out, but for those that their owner ignores.
func (s *Store) Findings(list []Status, accounts []oath.Account) (findings []Finding) {
	for need := Due; need <= Unprinted; need++ {
		for _, status := range list {
			if status.needs(need) {
				findings = append(findings, Finding{status, need})
			}
		}
	}
	isIgnored := func(f Finding) bool { _, ignored := s.Ledger.Ignored[f.ID]; return ignored }
	has := make(map[oath.ID]bool, len(list))
	for _, status := range list {
		has[status.ID] = true
	}
	for _, a := range accounts {
		if status := s.Status(a.ID(), backup.Record{}, ""); status.Service.Codes == services.Yes && !has[a.ID()] {
			findings = append(findings, Finding{status, Missing})
		}
	}
	return slices.DeleteFunc(findings, isIgnored)
}

// needs reports whether an account has that need. One that is due is not low besides.
func (s Status) needs(n Need) bool {
	set, left := s.Record.Current(), s.Record.Left()
	switch n {
	case Due:
		return s.Due != nil
	case NoneLeft:
		return s.Due == nil && set != nil && left == 0
	case FewLeft:
		return s.Due == nil && set != nil && left > 0 && left <= Few && left < len(set.Codes)
	case Unprinted:
		return s.Kept == ledger.InVault && s.Sheet == 0 && (set == nil || left > 0)
	}
	return false
}
