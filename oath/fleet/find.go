package fleet

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/oath"
)

// A Matcher is a token that finds accounts on its own, without being opened to the
// last. Find returns what oath.Match does over all of the token's accounts.
// It need not be safe for concurrent use.
type Matcher interface {
	Find(query string) ([]oath.Account, error)
}

// Find returns the one account, on any token, that the query fits best, with its
// code if a token gave it on the way, and with the members that were found to
// have it. Once a token has an account of that very ID, it asks no vault and nobody
// for a password; the keys that are open are asked all the same, and compared.
//
// It returns oath.ErrNotFound, or an *oath.AmbiguousError, or ErrDiffer. A token that
// could not be asked is skipped if another has the account; if none has, the error
// says why.
func (f Fleet) Find(query string, now Clock) (h Holding, err error) {
	for range maxTries { // for a password may have been asked for in between
		if h, err = f.findOnce(query, now); err != nil || !h.Code.IsExpired(now()) {
			return h, errors.Join(err, h.Disagreement())
		}
	}
	return h, ErrExpired
}

func (f Fleet) findOnce(query string, now Clock) (Holding, error) {
	var holdings []Holding
	var failures []error
	for _, m := range f {
		if hasExactly(holdings, query) && (m.IsVault() || m.Asks) {
			continue
		}
		entries, err := m.find(query, func(t oath.Token) ([]oath.Entry, error) { return t.Codes(now()) })
		if err != nil {
			failures = append(failures, &MemberError{m.Name, err})
		}
		holdings = add(holdings, m, entries)
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
	if finder, ok := token.(Matcher); ok {
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
// or an HOTP account, and so whether the code expires, is not known afterwards. It returns
// oath.ErrNotFound if every token was asked in vain, or a *MemberError for each that could
// not be, or for the one whose touch did not come.
func (f Fleet) CodeOf(id oath.ID, now Clock) (oath.Code, *Member, error) {
	a := id.Account(oath.TOTP)
	return firstCode(f, func(m *Member) (oath.Code, error) {
		code, err := m.codeOnce(a, now)
		if err != nil || !code.IsExpired(now()) {
			return code, err
		}
		accounts, err := m.token.List() // before a counter is moved twice
		if i := slices.IndexFunc(accounts, func(a oath.Account) bool { return a.ID() == id }); err == nil && i >= 0 && accounts[i].Type == oath.HOTP {
			return oath.Code{Value: code.Value}, nil
		}
		return m.code(a, now)
	})
}

// ComputeCode computes the account's code on the first of its members that can. If it
// needs no touch and no counter, every key computes it, and they must agree; the error
// is ErrDiffer.
func (h Holding) ComputeCode(now Clock) (oath.Code, *Member, error) {
	code, by, err := firstCode(h.Members, func(m *Member) (oath.Code, error) { return m.code(h.Account, now) })
	if err != nil || h.Account.Type != oath.TOTP || h.Account.Touch || by.IsVault() {
		return code, by, err
	}
	computed := Holding{Entry: oath.Entry{Account: h.Account, Code: code}, By: by}
	for _, m := range h.Members {
		if m == by || m.IsVault() {
			continue
		}
		if other, err := m.codeOnce(h.Account, At(code.From)); err == nil {
			computed.compute(m, other)
		}
	}
	return code, by, computed.Disagreement()
}

// firstCode returns the first member's code. A touch that does not come is the
// holder's answer, and the next token is not asked; nor is an error of importance
// if another token has the account.
func firstCode(members []*Member, code func(*Member) (oath.Code, error)) (oath.Code, *Member, error) {
	var failures []error
	for _, m := range members {
		code, err := code(m)
		if err == nil {
			return code, m, nil
		}
		if errors.Is(err, oath.ErrTouchTimeout) || errors.Is(err, ErrExpired) {
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

// code computes a code, and once more if it expired while a passphrase or a touch was
// awaited. It returns ErrExpired if that persists.
func (m *Member) code(a oath.Account, now Clock) (oath.Code, error) {
	for range maxTries {
		if code, err := m.codeOnce(a, now); err != nil || !code.IsExpired(now()) {
			return code, err
		}
	}
	return oath.Code{}, ErrExpired
}

func (m *Member) codeOnce(a oath.Account, now Clock) (oath.Code, error) {
	token, err := m.Token()
	if err != nil {
		return oath.Code{}, err
	}
	return token.Code(a, now())
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
