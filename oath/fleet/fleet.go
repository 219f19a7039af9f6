// Package fleet treats all tokens of one person as one: it finds the token that
// has an account, and puts a new account on each of them.
//
// A secret can be written to a hardware key but never read back, so the moment of
// enrolling is the only one in which a spare key can be given the same account.
package fleet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// A Member is one of a person's tokens. It is opened when it is first needed, and
// once.
type Member struct {
	Name string                     // what its owner calls it
	Open func() (oath.Token, error) // may ask for a password

	opened bool
	token  oath.Token
	err    error
}

// Token opens the token, or returns what came of opening it before.
func (m *Member) Token() (oath.Token, error) {
	if !m.opened {
		m.token, m.err = m.Open()
		m.opened = true
	}
	return m.token, m.err
}

// A MemberError tells which token an error came from.
type MemberError struct {
	Member string
	Err    error
}

func (e *MemberError) Error() string { return fmt.Sprintf("%s: %v", e.Member, e.Err) }
func (e *MemberError) Unwrap() error { return e.Err }

// A Fleet is all tokens of one person, in the order in which they are asked.
type Fleet []*Member

// A Finder is a token that finds accounts by itself, without being opened to the
// last. Find returns what oath.Match does over all of the token's accounts.
type Finder interface {
	Find(query string) ([]oath.Account, error)
}

// A Locker is a token that can tell that it is locked, and takes new accounts all
// the same.
type Locker interface {
	Locked() bool
}

func isLocked(t oath.Token) bool {
	locker, ok := t.(Locker)
	return ok && locker.Locked()
}

// A Holding is an account and the members that have it.
type Holding struct {
	oath.Entry
	Members []*Member
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
// all members that have it. Its errors are Find's; but no token is skipped.
func (f Fleet) Locate(query string) (Holding, error) {
	var holdings []Holding
	for _, m := range f {
		entries, err := m.find(query, list)
		if err != nil {
			return Holding{}, &MemberError{m.Name, err}
		}
		holdings = add(holdings, m, entries)
	}
	return matchOne(holdings, query)
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

func list(t oath.Token) ([]oath.Entry, error) {
	accounts, err := t.List()
	return entriesOf(accounts), err
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

// List returns all accounts of all tokens, by label. The errors tell of tokens
// that could not be asked; the rest is returned all the same.
func (f Fleet) List() ([]Holding, error) {
	return f.collect(list)
}

// Codes returns all accounts of all tokens, by label, with the codes that cost
// neither a touch nor a counter nor an unlock. The errors are as in List.
func (f Fleet) Codes(at time.Time) ([]Holding, error) {
	return f.collect(func(t oath.Token) ([]oath.Entry, error) {
		if isLocked(t) {
			return list(t)
		}
		return codes(t, at)
	})
}

func codes(t oath.Token, at time.Time) ([]oath.Entry, error) {
	entries, listed := t.Codes(at)
	for i, e := range entries {
		if !e.Code.IsZero() || e.Account.Touch || e.Account.Type != oath.TOTP {
			continue
		}
		code, err := t.Code(e.Account, at)
		if err != nil {
			return entries, err
		}
		entries[i].Code = code
	}
	return entries, listed
}

func (f Fleet) collect(ask func(oath.Token) ([]oath.Entry, error)) ([]Holding, error) {
	var holdings []Holding
	var failures []error
	for _, m := range f {
		token, err := m.Token()
		var entries []oath.Entry
		if err == nil {
			entries, err = ask(token)
		}
		if err != nil {
			failures = append(failures, &MemberError{m.Name, err})
		}
		holdings = add(holdings, m, entries)
	}
	slices.SortStableFunc(holdings, func(a, b Holding) int {
		return strings.Compare(strings.ToLower(a.Account.Label()), strings.ToLower(b.Account.Label()))
	})
	return holdings, errors.Join(failures...)
}

// add enters a member's accounts, and completes what others have told of them.
func add(holdings []Holding, m *Member, entries []oath.Entry) []Holding {
	known := make(map[oath.ID]int, len(holdings))
	for i, h := range holdings {
		known[h.Account.ID()] = i
	}
	for _, e := range entries {
		i, found := known[e.Account.ID()]
		if !found {
			known[e.Account.ID()] = len(holdings)
			holdings = append(holdings, Holding{e, []*Member{m}})
			continue
		}
		h := &holdings[i]
		h.Members = append(h.Members, m)
		h.Account = Complete(h.Account, e.Account)
		if h.Code.IsZero() {
			h.Code = e.Code
		}
	}
	return holdings
}

// Complete fills in what one token does not tell of an account, and another does.
func Complete(a, b oath.Account) oath.Account {
	if a.Type == oath.TypeUnknown {
		a.Type, a.Period = b.Type, b.Period
	}
	if a.Algorithm == oath.AlgorithmUnknown {
		a.Algorithm = b.Algorithm
	}
	if a.Digits == 0 {
		a.Digits = b.Digits
	}
	a.Touch = a.Touch || b.Touch
	return a
}

// Each does something with each token that has the account, and returns what went
// wrong where. The members that it went well with come first.
func (h Holding) Each(do func(oath.Token) error) (done []*Member, failures []*MemberError) {
	for _, m := range h.Members {
		token, err := m.Token()
		if err == nil {
			err = do(token)
		}
		if err != nil {
			failures = append(failures, &MemberError{m.Name, err})
		} else {
			done = append(done, m)
		}
	}
	return done, failures
}

func indexOf(holdings []Holding, id oath.ID) int {
	return slices.IndexFunc(holdings, func(h Holding) bool { return h.Account.ID() == id })
}

func entriesOf(accounts []oath.Account) []oath.Entry {
	entries := make([]oath.Entry, len(accounts))
	for i, a := range accounts {
		entries[i].Account = a
	}
	return entries
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
