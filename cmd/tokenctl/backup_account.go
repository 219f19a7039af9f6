package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// errNoAccountForCodes says that NAME fits nothing.
var errNoAccountForCodes = fmt.Errorf("%w", oath.ErrNotFound)

// accountForCodes returns the account that codes are to be recorded for: the one
// of that very name, or else the one that the query fits best, keys included.
func (p *program) accountForCodes(ctx context.Context, r *records, o backupAddOptions) (oath.ID, error) {
	accounts, err := r.accounts()
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if string(a.ID()) == o.query || a.Issuer != "" && a.Label() == o.query {
			return a.ID(), nil
		}
	}
	if o.isNew {
		a := oath.ID(o.query).Account(oath.TOTP).WithDefaults()
		return a.ID(), a.Validate()
	}
	onKeys, failure := p.accountsOnKeys(ctx, o.tokens)
	a, err := oath.MatchOne(withoutDoubles(append(accounts, onKeys...)), o.query)
	switch {
	case errors.Is(err, oath.ErrNotFound) && failure != nil:
		return "", failure
	case errors.Is(err, oath.ErrNotFound):
		return "", fmt.Errorf("%q: %w", printable(o.query), errNoAccountForCodes)
	case err != nil:
		return "", fmt.Errorf("%q: %w", printable(o.query), err)
	}
	return a.ID(), nil
}

// accounts returns those in the vault, and those with codes.
func (r *records) accounts() ([]oath.Account, error) {
	ids, err := r.ids()
	if err != nil {
		return nil, err
	}
	accounts := mapSlice(ids, func(id oath.ID) oath.Account { return id.Account(oath.TypeUnknown) })
	if r.vault == nil {
		return accounts, nil
	}
	inVault, err := r.vault.List()
	if errors.Is(err, vault.ErrDamaged) {
		err = nil
	}
	return withoutDoubles(append(accounts, inVault...)), err
}

// accountsOnKeys returns those on the keys that are plugged in. The error tells of
// keys that could not be asked.
func (p *program) accountsOnKeys(ctx context.Context, o tokenOptions) ([]oath.Account, error) {
	if o.noKeys {
		return nil, nil
	}
	o.vault.none = true
	t, err := p.openTokens(ctx, o, false)
	if isAbsence(err) && !o.namesKey() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer t.close()
	holdings, err := t.List()
	var accounts []oath.Account
	for _, h := range holdings {
		accounts = append(accounts, h.Account)
	}
	return accounts, err
}

// withoutDoubles leaves out accounts that came before.
func withoutDoubles(accounts []oath.Account) []oath.Account {
	seen := make(map[oath.ID]bool, len(accounts))
	var distinct []oath.Account
	for _, a := range accounts {
		if id := a.ID(); !seen[id] {
			seen[id] = true
			distinct = append(distinct, a)
		}
	}
	return distinct
}
