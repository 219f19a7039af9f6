package fleet

import (
	"fmt"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// Secrets are accounts whose secrets are at hand, as those of a recovery sheet: a token
// that takes no changes, and counts nothing. No two have the same ID.
type Secrets []Plan

// List returns the accounts.
func (s Secrets) List() ([]oath.Account, error) {
	accounts := make([]oath.Account, len(s))
	for i, p := range s {
		accounts[i] = p.Account
	}
	return accounts, nil
}

// Codes computes the codes that go by the time.
func (s Secrets) Codes(at time.Time) ([]oath.Entry, error) {
	entries := make([]oath.Entry, len(s))
	for i, p := range s {
		entries[i].Account = p.Account
		if p.Account.Type == oath.HOTP {
			continue
		}
		var err error
		if entries[i].Code, err = oath.Compute(p.Account, p.Secret, at); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// Code computes a code; of HOTP always the next one.
func (s Secrets) Code(a oath.Account, at time.Time) (oath.Code, error) {
	p, err := s.find(a)
	if err != nil {
		return oath.Code{}, err
	}
	return oath.Compute(p.Account, p.Secret, at)
}

// Respond is a [Responder]'s.
func (s Secrets) Respond(a oath.Account, challenge uint64) (oath.Response, error) {
	p, err := s.find(a)
	if err != nil {
		return oath.Response{}, err
	}
	return p.Account.Respond(p.Secret, challenge), nil
}

func (s Secrets) find(a oath.Account) (Plan, error) {
	for _, p := range s {
		if p.Account.ID() == a.ID() {
			return p, nil
		}
	}
	return Plan{}, fmt.Errorf("%q: %w", a.ID(), oath.ErrNotFound)
}

// Put, Replace, Rename and Delete return oath.ErrUnsupported.
func (Secrets) Put(oath.Account, oath.Secret) error     { return oath.ErrUnsupported }
func (Secrets) Replace(oath.Account, oath.Secret) error { return oath.ErrUnsupported }
func (Secrets) Rename(old, new oath.ID) error           { return oath.ErrUnsupported }
func (Secrets) Delete(oath.ID) error                    { return oath.ErrUnsupported }
