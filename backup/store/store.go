// Package store keeps accounts' backup codes in two places in step: in the vault, which
// has the codes themselves, and in the ledger, which has what is no secret: how many are
// left, which are used, and on which sheet they stand.
//
// A [Store] finds accounts, reads their records, and changes them: [Store.Add] records
// codes, [Store.Use] spends one, [Store.Restore] takes codes from paper. Where the two
// places differ, a code is used that either says is used; the ledger learns what is newer
// in the vault by [Store.Read]. The ledger's reminders follow from what a change did to
// the record. [Store.Findings] are what to do, and a [Follower] makes the codes
// follow an account that is renamed or deleted.
package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
)

var (
	// ErrAway says that codes were kept in a vault, and are not in this one.
	ErrAway = errors.New("its backup codes are kept in a vault, and are not there")

	// ErrOlder says that newer codes were recorded than the vault has.
	ErrOlder = errors.New("the vault has older backup codes than were recorded last")

	// ErrLost says that codes do not read back from the vault as they were recorded.
	ErrLost = errors.New("the vault does not have the same codes")

	// ErrNoVault says that codes must be kept in a vault, and there is none.
	ErrNoVault = errors.New("no vault to keep backup codes in")

	// ErrLedger says that the ledger is there and cannot be used. The error wraps
	// backup.ErrDamaged or backup.ErrNewer.
	ErrLedger = errors.New("the ledger of backup codes cannot be used")
)

// A Vault keeps codes; a *vault.Vault of oath/vault is one, whose methods are described
// there. They may ask for what unlocks it.
type Vault interface {
	List() ([]oath.Account, error)
	ListBackupCodes() ([]oath.Account, error)
	HasBackupCodes(oath.ID) (bool, error)
	BackupCodes(oath.ID) ([]byte, error)
	UpdateBackupCodes(oath.ID, func(old []byte, nameless error) ([]byte, error)) error
	SetBackupCodes(oath.ID, []byte) error
	MoveBackupCodes(from, to oath.ID) error
}

// A Store is what is kept of all accounts' backup codes.
type Store struct {
	Vault    Vault                   // nil if there is none
	Services func() services.Catalog // what is known of services
	Warn     func(error)             // of what stops nothing

	Ledger  *ledger.Ledger // as it was read or written last; never nil
	Damaged error          // why it cannot be read, and is taken for empty

	path     string
	together bool // changes go to Ledger, which is written afterwards
}

// New returns a store without a vault yet, whose ledger is the file at path.
func New(path string, known func() services.Catalog, warn func(error)) *Store {
	s := &Store{Services: known, Warn: warn, path: path}
	l, err := ledger.Read(path)
	if err != nil {
		l, s.Damaged = new(ledger.Ledger), ledgerError(err)
	}
	s.Ledger = l
	return s
}

// Update changes the ledger, one process at a time. It returns the change's error as it
// is, or ErrLedger.
func (s *Store) Update(change func(*ledger.Ledger) error) error {
	if s.together {
		return change(s.Ledger)
	}
	var declined error
	var changed *ledger.Ledger
	err := ledger.Update(s.path, func(l *ledger.Ledger) error {
		changed, declined = l, change(l)
		return declined
	})
	switch {
	case declined != nil:
		return declined
	case err != nil:
		return ledgerError(err)
	}
	s.Ledger = changed
	return nil
}

// Together writes the ledger once for all that do changes. Other processes that want to
// change it wait meanwhile. After an error, the ledger has none of it.
func (s *Store) Together(do func()) error {
	before := s.Ledger
	err := s.Update(func(l *ledger.Ledger) error {
		s.Ledger, s.together = l, true
		defer func() { s.together = false }()
		do()
		return nil
	})
	if err != nil {
		s.Ledger = before
	}
	return err
}

func ledgerError(err error) error {
	if errors.Is(err, backup.ErrDamaged) || errors.Is(err, backup.ErrNewer) {
		return fmt.Errorf("%w: %w", ErrLedger, err)
	}
	return fmt.Errorf("the ledger of backup codes: %w", err)
}

// IDs returns the accounts that there are codes of, in order.
func (s *Store) IDs() ([]oath.ID, error) {
	all := make(map[oath.ID]bool, len(s.Ledger.Accounts))
	for id, entry := range s.Ledger.Accounts {
		if entry.Generation() > 0 {
			all[id] = true
		}
	}
	if s.Vault != nil {
		accounts, err := s.Vault.ListBackupCodes()
		if errors.Is(err, oath.ErrDamaged) {
			s.Warn(err)
		} else if err != nil {
			return nil, err
		}
		for _, a := range accounts {
			all[a.ID()] = true
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// Find returns the one account with codes that the query fits best. It returns
// backup.ErrNoCodes or an *oath.AmbiguousError.
func (s *Store) Find(query string) (oath.ID, error) {
	ids, err := s.IDs()
	if err != nil {
		return "", err
	}
	account, err := oath.MatchOne(accountsOf(ids), query)
	if errors.Is(err, oath.ErrNotFound) {
		if err = backup.ErrNoCodes; s.Damaged != nil {
			err = s.Damaged
		}
	}
	if err != nil {
		return "", fmt.Errorf("%q: %w", query, err)
	}
	return account.ID(), nil
}

// Accounts returns those with codes, those in the vault, and others that are known,
// each once.
func (s *Store) Accounts(others ...oath.Account) ([]oath.Account, error) {
	ids, err := s.IDs()
	if err != nil {
		return nil, err
	}
	all := accountsOf(ids)
	if s.Vault != nil {
		inVault, failed := s.Vault.List()
		if !errors.Is(failed, oath.ErrDamaged) { // the rest is there
			err = failed
		}
		all = append(all, inVault...)
	}
	seen := make(map[oath.ID]bool)
	return slices.DeleteFunc(append(all, others...), func(a oath.Account) bool {
		twice := seen[a.ID()]
		seen[a.ID()] = true
		return twice
	}), err
}

func accountsOf(ids []oath.ID) (accounts []oath.Account) {
	for _, id := range ids {
		accounts = append(accounts, id.Account(oath.TypeUnknown))
	}
	return accounts
}

// Service returns what is known of the service of an account with such codes.
func (s *Store) Service(id oath.ID, record backup.Record) services.Service {
	return s.Services().Of(id, record)
}

// about says which account an error is about.
func about(id oath.ID, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%q: %w", id.Label(), err)
}

// Read returns an account's record, with the codes themselves if they are in the
// vault. The ledger learns what is new in it: codes may have been used or made on another
// machine. A record that comes with an error is what there is of it. The error is that of
// the vault, ErrAway, ErrOlder, or ErrLedger if the codes may be in a ledger that is
// damaged.
func (s *Store) Read(id oath.ID) (backup.Record, error) {
	news := make(map[oath.ID]backup.Record)
	record, err := s.load(id, news)
	s.learn(news)
	return record, err
}

// load returns an account's record, and enters it among the news if the ledger lacks
// something of it.
func (s *Store) load(id oath.ID, news map[oath.ID]backup.Record) (backup.Record, error) {
	e := s.Ledger.Known(id)
	there, err := s.has(id)
	switch {
	case err != nil:
		return e.Record, about(id, err)
	case !there && e.Kept == ledger.InVault:
		return e.Record, about(id, ErrAway)
	case !there && e.Generation() == 0:
		return e.Record, s.Damaged
	case !there:
		return e.Record, nil
	}
	record, err := s.FromVault(id)
	if err == nil && s.isNews(id, record) {
		news[id] = record
	}
	return record, err
}

// FromVault returns an account's codes as they are in the vault, with what the ledger
// knows of their use. The record is empty if they are kept elsewhere.
func (s *Store) FromVault(id oath.ID) (backup.Record, error) {
	if s.Vault == nil {
		return backup.Record{}, nil
	}
	e := s.Ledger.Known(id)
	text, err := s.Vault.BackupCodes(id)
	switch {
	case text == nil && err != nil:
		return e.Record, about(id, err)
	case text == nil && e.Kept == ledger.InVault:
		return backup.Record{}, about(id, ErrAway)
	case text == nil:
		return backup.Record{}, nil
	}
	record, err := s.parse(id, text, err)
	if err != nil {
		return record, about(id, err)
	}
	merged := backup.Merge(record, e.Record)
	switch {
	case e.Kept != ledger.InVault || isSameSet(record.Current(), merged.Current()):
		return merged, nil
	case record.Current() == nil:
		return record, about(id, ErrAway)
	}
	return record, about(id, ErrOlder)
}

// parse reads an account's codes as the vault has them. Those that come with an error,
// since they do not name their account, are the account's only if the ledger knows the
// same ones of it: of that service, generation and day, with those numbers.
func (s *Store) parse(id oath.ID, text []byte, nameless error) (backup.Record, error) {
	record, err := backup.ParseRecord(text)
	if err != nil {
		return record, fmt.Errorf("its backup codes in the vault: %w", err)
	}
	known := s.Ledger.Known(id)
	set, same := record.Current(), known.Current()
	isKnown := set != nil && known.Kept == ledger.InVault && known.Service == record.Service && isSameSet(set, same) &&
		slices.EqualFunc(set.Codes, same.Codes, func(a, b backup.Code) bool { return a.Number == b.Number })
	if nameless != nil && !isKnown {
		return backup.Record{}, nameless
	}
	return record, nil
}

// isSameSet reports whether a set came out of the merging of two records as the
// current one, and not another that only the ledger knows.
func isSameSet(set, merged *backup.Set) bool {
	if set == nil || merged == nil {
		return set == merged
	}
	return set.Generation == merged.Generation && set.Made.Equal(merged.Made)
}

// has reports whether the vault has an account's codes, without an unlock.
func (s *Store) has(id oath.ID) (bool, error) {
	if s.Vault == nil {
		return false, nil
	}
	return s.Vault.HasBackupCodes(id)
}

// isNews reports whether the ledger lacks something of a record.
func (s *Store) isNews(id oath.ID, record backup.Record) bool {
	e := s.Ledger.Known(id)
	had, err := e.Record.MarshalText()
	has, failed := record.WithoutTexts().MarshalText()
	return err != nil || failed != nil || string(had) != string(has) || e.Kept == ""
}

// learn brings the ledger up to date with what was read from the vault.
func (s *Store) learn(news map[oath.ID]backup.Record) {
	if len(news) == 0 || s.Damaged != nil {
		return
	}
	err := s.Update(func(l *ledger.Ledger) error {
		for _, id := range slices.Sorted(maps.Keys(news)) {
			s.enter(l, id, news[id], KeptOf(news[id]), false)
		}
		return nil
	})
	if err != nil {
		s.Warn(err)
	}
}
