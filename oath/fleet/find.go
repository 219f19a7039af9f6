package fleet

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// A Finder is a token that finds accounts by itself, without being opened to the
// last. Find returns what oath.Match does over all of the token's accounts.
type Finder interface {
	Find(query string) ([]oath.Account, error)
}

// Find returns the one account, on any token, that the query fits best, with its
// code if a token told it on the way, and with the members that were found to
// have it. It asks no further once a token has an account of that very ID.
//
// It returns oath.ErrNotFound, or an *oath.AmbiguousError. A token that could not
// be asked is skipped if another has the account; if none has, the error tells
// why.
func (f Fleet) Find(query string, at time.Time) (Holding, error) {
	var holdings []Holding
	var failures []error
	for _, m := range f {
		entries, err := m.find(query, func(t oath.Token) ([]oath.Entry, error) { return t.Codes(at) })
		if err != nil {
			failures = append(failures, &MemberError{m.Name, err})
		}
		holdings = add(holdings, m, entries)
		if hasExactly(holdings, query) {
			break
		}
	}
	h, err := matchOne(holdings, query)
	if errors.Is(err, oath.ErrNotFound) && len(failures) > 0 {
		return h, errors.Join(failures...)
	}
	return h, err
}

// Locate returns the one account, on any token, that the query fits best, with
// all members that have it. Its errors are Find's; but no token is skipped. Of a token
// that cannot list its accounts, the query is the whole ID, if it fits no other.
func (f Fleet) Locate(query string) (Holding, error) {
	var holdings []Holding
	var unlisted []*Member
	for _, m := range f {
		entries, err := m.find(query, list)
		if errors.Is(err, oath.ErrUnlisted) {
			unlisted = append(unlisted, m)
		} else if err != nil {
			return Holding{}, &MemberError{m.Name, err}
		}
		holdings = add(holdings, m, entries)
	}
	h, err := matchOne(holdings, query)
	if errors.Is(err, oath.ErrNotFound) && len(unlisted) > 0 {
		a := oath.ID(query).Account(oath.TypeUnknown)
		return Holding{Entry: oath.Entry{Account: a}, Members: unlisted}, nil
	}
	h.Unlisted = unlisted
	return h, err
}

func matchOne(holdings []Holding, query string) (Holding, error) {
	account, err := oath.MatchOne(accountsHeld(holdings), query)
	if err != nil {
		return Holding{}, fmt.Errorf("%q: %w", query, err)
	}
	return holdings[indexOf(holdings, account.ID())], nil
}

// find returns the member's accounts that fit the query best, of those that ask
// returns, or as the token finds them. There may be none.
func (m *Member) find(query string, ask func(oath.Token) ([]oath.Entry, error)) ([]oath.Entry, error) {
	token, err := m.Token()
	if err != nil {
		return nil, err
	}
	if finder, ok := token.(Finder); ok {
		accounts, err := finder.Find(query)
		return entriesOf(accounts), except(err, oath.ErrNotFound)
	}
	entries, err := ask(token)
	if err != nil {
		return nil, err
	}
	matches, err := oath.Match(accountsOf(entries), query)
	matching := make(map[oath.ID]bool, len(matches))
	for _, a := range matches {
		matching[a.ID()] = true
	}
	entries = slices.DeleteFunc(entries, func(e oath.Entry) bool { return !matching[e.Account.ID()] })
	return entries, except(err, oath.ErrNotFound)
}

// except returns the error, unless it is the one that is expected.
func except(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// hasExactly reports whether the query is the ID of one of the accounts, so that
// no other token can have one that fits better.
func hasExactly(holdings []Holding, query string) bool {
	return indexOf(holdings, oath.ID(query)) >= 0
}

// CodeOf computes the code of the account with that very ID, on the first token
// that has it, without asking first what accounts there are. Whether it is a TOTP
// or an HOTP account, and so whether the code expires, is not known afterwards.
func (f Fleet) CodeOf(id oath.ID, at time.Time) (oath.Code, *Member, error) {
	return firstCode(f, id.Account(oath.TOTP), at)
}

// ComputeCode computes the account's code on the first of its members that can.
func (h Holding) ComputeCode(at time.Time) (oath.Code, *Member, error) {
	return firstCode(h.Members, h.Account, at)
}

// firstCode returns the first member's code. A touch that does not come is the
// holder's answer, and the next token is not asked; nor is an error of importance
// if another token has the account.
func firstCode(members []*Member, a oath.Account, at time.Time) (oath.Code, *Member, error) {
	var failures []error
	for _, m := range members {
		code, err := m.code(a, at)
		if err == nil {
			return code, m, nil
		}
		if errors.Is(err, oath.ErrTouchTimeout) {
			return oath.Code{}, nil, &MemberError{m.Name, err}
		}
		if !errors.Is(err, oath.ErrNotFound) {
			failures = append(failures, &MemberError{m.Name, err})
		}
	}
	if len(failures) == 0 {
		return oath.Code{}, nil, oath.ErrNotFound
	}
	return oath.Code{}, nil, errors.Join(failures...)
}

func (m *Member) code(a oath.Account, at time.Time) (oath.Code, error) {
	token, err := m.Token()
	if err != nil {
		return oath.Code{}, err
	}
	return token.Code(a, at)
}

func indexOf(holdings []Holding, id oath.ID) int {
	return slices.IndexFunc(holdings, func(h Holding) bool { return h.Account.ID() == id })
}

func accountsHeld(holdings []Holding) []oath.Account {
	accounts := make([]oath.Account, len(holdings))
	for i, h := range holdings {
		accounts[i] = h.Account
	}
	return accounts
}

func accountsOf(entries []oath.Entry) []oath.Account {
	accounts := make([]oath.Account, len(entries))
	for i, e := range entries {
		accounts[i] = e.Account
	}
	return accounts
}
