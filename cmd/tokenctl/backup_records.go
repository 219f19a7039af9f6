package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// Records are what is kept of all accounts' backup codes: the codes themselves in
// the vault, and in the ledger what is no secret. Where they differ, a code is
// used that either says is used; and the ledger is brought up to date.
type records struct {
	p       *program
	vault   *vaultToken // nil if there is none
	ledger  *ledger.Ledger
	damaged error // why the ledger cannot be read; it is taken for empty then
	known   services.Catalog
	news    map[oath.ID]backup.Record // that the ledger has not learned yet
}

var (
	// errCodesAway says that codes were kept in a vault, and are not in this one.
	errCodesAway = errors.New("its backup codes are kept in a vault, and are not there")

	// errOlderCodes says that newer codes were recorded than the vault has.
	errOlderCodes = errors.New("the vault has older backup codes than were recorded last")
)

// openRecords opens the vault, if there is one, and reads the ledger.
func (p *program) openRecords(ctx context.Context, o vaultOptions) (*records, error) {
	r, err := p.newRecords()
	if err != nil || o.none {
		return r, err
	}
	v, err := p.openVault(ctx, o)
	switch {
	case errors.Is(err, vault.ErrNoVault) && o.dir == "" && os.Getenv("TOKENCTL_VAULT") == "":
		return r, nil
	case err != nil:
		return nil, err
	}
	r.vault = v
	return r, nil
}

// newRecords returns the records without a vault yet.
func (p *program) newRecords() (*records, error) {
	r := &records{p: p, news: make(map[oath.ID]backup.Record)}
	var err error
	if r.known, err = p.services(); err != nil {
		p.report(err) // what it tells is not worth a code
	}
	if r.ledger, err = readLedger(); err != nil {
		r.ledger, r.damaged = &ledger.Ledger{}, err
	}
	return r, nil
}

func (r *records) close() {
	if r.vault != nil {
		r.vault.close()
	}
}

// ids returns the accounts that there are codes of, in order.
func (r *records) ids() ([]oath.ID, error) {
	all := make(map[oath.ID]bool, len(r.ledger.Accounts))
	for id, entry := range r.ledger.Accounts {
		all[id] = entry.Generation() > 0
	}
	if r.vault != nil {
		accounts, err := r.vault.ListBackupCodes()
		if err != nil && !errors.Is(err, vault.ErrDamaged) {
			return nil, err
		}
		if err != nil {
			r.p.report(err)
		}
		for _, a := range accounts {
			all[a.ID()] = true
		}
	}
	maps.DeleteFunc(all, func(_ oath.ID, there bool) bool { return !there })
	return slices.Sorted(maps.Keys(all)), nil
}

// find returns the one account with codes that the query fits best.
func (r *records) find(query string) (oath.ID, error) {
	ids, err := r.ids()
	if err != nil {
		return "", err
	}
	accounts := mapSlice(ids, func(id oath.ID) oath.Account { return id.Account(oath.TypeUnknown) })
	account, err := oath.MatchOne(accounts, query)
	if errors.Is(err, oath.ErrNotFound) {
		if err = backup.ErrNoCodes; r.damaged != nil {
			err = r.damaged
		}
	}
	if err != nil {
		return "", fmt.Errorf("%q: %w", printable(query), err)
	}
	return account.ID(), nil
}

// inVault reports whether the vault has an account's codes.
func (r *records) inVault(id oath.ID) (bool, error) {
	if r.vault == nil {
		return false, nil
	}
	return r.vault.HasBackupCodes(id)
}

// about tells which account an error is about.
func about(id oath.ID, err error) error {
	return fmt.Errorf("%q: %w", printable(labelOf(id)), err)
}

func labelOf(id oath.ID) string { return id.Account(oath.TypeUnknown).Label() }

// service returns what is known of the service of an account with such codes.
func (r *records) service(id oath.ID, record backup.Record) services.Service {
	return r.known.Of(id, record)
}
