// Package fleet treats all tokens of one person as one: it finds the token that
// has an account, and puts a new account on each of them.
//
// A secret can be written to a hardware key but never read back, so the moment of
// enrolling is the only one in which a spare key can be given the same account.
//
// Nothing here is safe for concurrent use, for tokens are not: a fleet asks one after the
// other.
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
// once. It is not safe for concurrent use.
type Member struct {
	Name string                     // what its owner calls it
	Open func() (oath.Token, error) // may ask for a password
	Asks bool                       // opening it would ask its owner

	opened bool
	token  oath.Token
	err    error
}

// Token opens the token, or returns what came of opening it before. The error is Open's.
func (m *Member) Token() (oath.Token, error) {
	switch {
	case m.opened:
	case m.Open == nil:
		return nil, errNoOpen
	default:
		m.token, m.err = m.Open()
		m.opened = true
	}
	return m.token, m.err
}

// Room returns how many more accounts the token takes, and whether it is one that is
// known to take no more than that. The error is Token's, or the token's own.
func (m *Member) Room() (n int, known bool, err error) {
	token, err := m.Token()
	limited, ok := token.(interface {
		Room() (n int, known bool, err error)
	})
	if err != nil || !ok {
		return 0, false, err
	}
	return limited.Room()
}

// Reset has a token that was open opened anew when it is next needed.
func (m *Member) Reset() { m.opened = m.opened && m.err != nil }

// VaultName is what the vault is called among the members; keys have other names.
const VaultName = "vault"

// IsVault reports whether the member is the vault.
func (m *Member) IsVault() bool { return m.Name == VaultName }

// A MemberError says which token an error came from.
type MemberError struct {
	Member string
	Err    error
}

func (e *MemberError) Error() string { return fmt.Sprintf("%s: %v", e.Member, e.Err) }
func (e *MemberError) Unwrap() error { return e.Err }

// An AwayError says that a token which is known was not asked, since it is not at hand.
type AwayError struct{ Reason error }

func (e *AwayError) Error() string { return fmt.Sprintf("not asked: %v", e.Reason) }
func (e *AwayError) Unwrap() error { return e.Reason }

// A Fleet is all tokens of one person, in the order in which they are asked.
type Fleet []*Member

// A Locker is a token that can say that it is locked, and takes new accounts all
// the same. As any token, it need not be safe for concurrent use.
type Locker interface {
	Locked() bool
}

func isLocked(t oath.Token) bool {
	locker, ok := t.(Locker)
	return ok && locker.Locked()
}

// A Clock shows the time that codes are computed for. It is read once a token is open,
// and again when a code is there: its owner may take their time over a password or a touch.
type Clock func() time.Time

// At is a clock that stands still.
func At(t time.Time) Clock { return func() time.Time { return t } }

var (
	// ErrExpired says that a code was no good any more each time it was there.
	ErrExpired = errors.New("the code expired before it could be shown")

	// ErrNoClock says that an Enrollment or a Comparison has no Now.
	ErrNoClock = errors.New("no clock was given")

	// ErrDiffer says that tokens compute different codes for one account. The error
	// names them.
	ErrDiffer = errors.New("different secrets under one name")
)

var errNoOpen = errors.New("no way to open it")

// maxTries is how often a code is computed that expires meanwhile.
const maxTries = 3

// A Holding is an account and the members that have it.
type Holding struct {
	oath.Entry
	Members []*Member
	By      *Member   // computed the code; nil if there is none
	Differ  []*Member // computed another one for the same time

	// Unlisted may have it besides: they hold more accounts than they can list.
	Unlisted []*Member
}

// Disagreement returns ErrDiffer if members hold different secrets.
func (h Holding) Disagreement() error {
	if len(h.Differ) == 0 {
		return nil
	}
	var others []string
	for _, m := range h.Differ {
		others = append(others, m.Name)
	}
	return fmt.Errorf("%q: %w: the code of %s is not that of %s", h.Account.Label(), ErrDiffer, h.By.Name, strings.Join(others, ", "))
}

// List returns all accounts of all tokens, by label. The errors name the tokens
// that could not be asked; the rest is returned all the same.
func (f Fleet) List() ([]Holding, error) {
	return f.collect(list)
}

// Describe returns what List does, with all that the tokens report of each account
// without being asked for its code. The errors are as in List.
func (f Fleet) Describe(now Clock) ([]Holding, error) {
	return f.collect(func(t oath.Token) ([]oath.Entry, error) {
		entries, err := list(t)
		if err != nil || isLocked(t) {
			return entries, err
		}
		reported, err := t.Codes(now())
		accounts := make(map[oath.ID]oath.Account, len(reported))
		for _, e := range reported {
			accounts[e.Account.ID()] = e.Account
		}
		for i := range entries {
			a := &entries[i].Account
			*a = Complete(*a, accounts[a.ID()])
		}
		return entries, err
	})
}

// Codes returns all accounts of all tokens, by label, with the codes that cost
// neither a touch nor a counter nor an unlock. The errors are as in List; an account
// that tokens disagree about is one as well, and has no code.
func (f Fleet) Codes(now Clock) ([]Holding, error) {
	f.open()
	for try := 1; ; try++ {
		at := now()
		holdings, err := f.collect(func(t oath.Token) ([]oath.Entry, error) {
			if isLocked(t) {
				return list(t)
			}
			return codes(t, at)
		})
		failures, expired := []error{err}, false
		for i := range holdings {
			h := &holdings[i]
			switch late := h.Code.IsExpired(now()); {
			case late:
				expired = true
			case len(h.Differ) == 0:
				continue
			default:
				failures = append(failures, h.Disagreement())
			}
			h.Code = oath.Code{}
		}
		if !expired {
			return holdings, errors.Join(failures...)
		}
		if try == maxTries {
			return holdings, errors.Join(append(failures, ErrExpired)...)
		}
	}
}

// open opens the members, so that whoever is asked for passwords has answered before
// the time is read. What goes wrong shows when they are used.
func (f Fleet) open() {
	for _, m := range f {
		m.Token()
	}
}

func list(t oath.Token) ([]oath.Entry, error) {
	accounts, err := t.List()
	return entriesOf(accounts), err
}

func codes(t oath.Token, at time.Time) ([]oath.Entry, error) {
	entries, listed := t.Codes(at)
	for i, e := range entries {
		if !e.Code.IsZero() || e.Account.Touch || e.Account.Type != oath.TOTP {
			continue
		}
		code, err := t.Code(e.Account, at)
		if err != nil { // which is no reason to keep back the others
			listed = errors.Join(listed, fmt.Errorf("%q: %w", e.Account.Label(), err))
		}
		if errors.Is(err, oath.ErrRemoved) || errors.Is(err, oath.ErrSilent) {
			break
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

// add enters a member's accounts, and completes what others have reported of them.
func add(holdings []Holding, m *Member, entries []oath.Entry) []Holding {
	known := make(map[oath.ID]int, len(holdings))
	for i, h := range holdings {
		known[h.Account.ID()] = i
	}
	for _, e := range entries {
		i, found := known[e.Account.ID()]
		if !found {
			i = len(holdings)
			known[e.Account.ID()] = i
			holdings = append(holdings, Holding{Entry: oath.Entry{Account: e.Account}})
		}
		h := &holdings[i]
		h.Members = append(h.Members, m)
		touch := h.Account.Touch
		h.Account = Complete(h.Account, e.Account)
		if found && m.IsVault() && h.Account.Type == oath.TOTP { // a key says what it asks for, a vault what was meant
			h.Account.Touch = touch
		}
		h.compute(m, e.Code)
	}
	return holdings
}

// compute enters a member's code, if there is one. Of HOTP, members need not agree.
func (h *Holding) compute(m *Member, code oath.Code) {
	switch {
	case code.IsZero():
	case h.Code.IsZero():
		h.Code, h.By = code, m
	case code.Value != h.Code.Value && !code.Until.IsZero() && code.Until.Equal(h.Code.Until):
		h.Differ = append(h.Differ, m)
	}
}

// Complete fills in what one token does not report of an account, and another does.
func Complete(a, b oath.Account) oath.Account {
	if a.Type == oath.TypeUnknown && b.Type != oath.TypeUnknown {
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

// Each does something with each token that has the account. It returns the members
// that it went well with, and what went wrong with the others.
func (h Holding) Each(do func(oath.Token) error) (done []*Member, failures []*MemberError) {
	for i, m := range slices.Concat(h.Members, h.Unlisted) {
		token, err := m.Token()
		if err == nil {
			err = do(token)
		}
		switch {
		case err == nil:
			done = append(done, m)
		case i >= len(h.Members) && errors.Is(err, oath.ErrNotFound): // it has none
		default:
			failures = append(failures, &MemberError{m.Name, err})
		}
	}
	return done, failures
}

func entriesOf(accounts []oath.Account) []oath.Entry {
	entries := make([]oath.Entry, len(accounts))
	for i, a := range accounts {
		entries[i].Account = a
	}
	return entries
}
