package fleet

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// Secrets are accounts whose secrets are at hand, as those of a recovery sheet: a token
// that takes no changes, and counts nothing.
type Secrets map[oath.ID]Plan

// NewSecrets returns the accounts of plans. Of several with one ID, it is the last.
func NewSecrets(plans []Plan) Secrets {
	s := make(Secrets, len(plans))
	for _, p := range plans {
		s[p.Account.ID()] = p
	}
	return s
}

// List returns the accounts, by ID, and no error.
func (s Secrets) List() ([]oath.Account, error) {
	var accounts []oath.Account
	for _, id := range slices.Sorted(maps.Keys(s)) {
		accounts = append(accounts, s[id].Account)
	}
	return accounts, nil
}

// Codes computes the codes that go by the time. It returns oath.ErrInvalid if one cannot
// be.
func (s Secrets) Codes(at time.Time) ([]oath.Entry, error) {
	accounts, _ := s.List()
	entries := entriesOf(accounts)
	for i, a := range accounts {
		if a.Type == oath.HOTP {
			continue
		}
		var err error
		if entries[i].Code, err = oath.Compute(a, s[a.ID()].Secret, at); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// Code computes a code; of HOTP always the next one. It returns oath.ErrNotFound, or
// oath.ErrInvalid.
func (s Secrets) Code(a oath.Account, at time.Time) (oath.Code, error) {
	p, err := s.find(a)
	if err != nil {
		return oath.Code{}, err
	}
	return oath.Compute(p.Account, p.Secret, at)
}

// Respond is a [Responder]'s. It returns oath.ErrNotFound, or oath.ErrInvalid.
func (s Secrets) Respond(a oath.Account, challenge uint64) (oath.Response, error) {
	p, err := s.find(a)
	if err != nil {
		return oath.Response{}, err
	}
	return p.Account.Respond(p.Secret, challenge)
}

func (s Secrets) find(a oath.Account) (Plan, error) {
	p, found := s[a.ID()]
	if !found {
		return Plan{}, fmt.Errorf("%q: %w", a.ID(), oath.ErrNotFound)
	}
	return p, nil
}

// Put, Replace, Rename and Delete return oath.ErrUnsupported.
func (Secrets) Put(oath.Account, oath.Secret) error     { return oath.ErrUnsupported }
func (Secrets) Replace(oath.Account, oath.Secret) error { return oath.ErrUnsupported }
func (Secrets) Rename(old, new oath.ID) error           { return oath.ErrUnsupported }
func (Secrets) Delete(oath.ID) error                    { return oath.ErrUnsupported }
