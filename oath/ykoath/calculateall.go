package ykoath

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// Codes returns every account, and the code of those that need neither a touch
// nor another period than 30 seconds (CALCULATE ALL). It asks a card for a list,
// without codes, that lacks the instruction, holds more accounts than its answer has
// room for, or refuses all for the sake of one (see Code): LIST does not report which of
// them would wait for a touch. The algorithm is unknown, and so is whether an HOTP
// account needs a touch: the applet does not report them here.
// It returns oath.ErrUnlisted if the card has more than it can list.
func (s *Session) Codes(at time.Time) ([]oath.Entry, error) {
	entries, err := s.calculateAll(at)
	if errors.Is(err, oath.ErrUnsupported) || hasStatus(err, swWrongLength) || hasStatus(err, swSecurity) && !s.Locked() {
		return s.listEntries()
	}
	if err != nil {
		return nil, err
	}
	s.ids = make([]oath.ID, len(entries))
	for i, e := range entries {
		s.ids[i] = e.Account.ID()
	}
	return entries, nil
}

func (s *Session) calculateAll(at time.Time) ([]oath.Entry, error) {
	challenge := challengeAt(oath.Account{Period: oath.DefaultPeriod}, at)
	answer, err := s.do(command{
		name: cmdCalculateAll, ins: 0xa4, p2: truncatedResponse,
		data: appendField(nil, tagChallenge, challenge...),
	})
	if err != nil {
		return nil, err
	}
	entries, err := parseEntries(answer, at)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmdCalculateAll, err)
	}
	return entries, nil
}

// IgnoresTouch reports whether the key computes the account's code without the touch
// that it should ask for. It returns false where a card does not show that: for HOTP,
// and without CALCULATE ALL. It has no errors of its own.
func (s *Session) IgnoresTouch(id oath.ID, at time.Time) (bool, error) {
	entries, err := s.calculateAll(at)
	if refused := new(StatusError); errors.As(err, &refused) {
		return false, nil
	}
	i := slices.IndexFunc(entries, func(e oath.Entry) bool { return e.Account.ID() == id })
	return i >= 0 && entries[i].Account.Type == oath.TOTP && !entries[i].Account.Touch, err
}

func (s *Session) listEntries() ([]oath.Entry, error) {
	accounts, err := s.List()
	if err != nil {
		return nil, err
	}
	entries := make([]oath.Entry, len(accounts))
	for i, a := range accounts {
		entries[i].Account = steamDigits(a)
	}
	return entries, nil
}

// parseEntries reads names, each followed by what the card reports of it. Tags it
// does not know may stand anywhere.
func parseEntries(answer []byte, at time.Time) ([]oath.Entry, error) {
	fields, err := parseFields(answer)
	if err != nil {
		return nil, err
	}
	var entries []oath.Entry
	var name *oath.ID
	for i, f := range fields {
		switch f.tag {
		case tagName:
			if name != nil {
				return nil, fmt.Errorf("%w: field %d is a second name in a row", ErrMalformed, i)
			}
			id := oath.ID(f.value)
			name = &id
		case tagTruncated, tagResponse, tagHOTP, tagTouch:
			if name == nil {
				return nil, fmt.Errorf("%w: field %d is a code without a name", ErrMalformed, i)
			}
			entry, err := parseEntry(*name, f, at)
			if err != nil {
				return nil, fmt.Errorf("field %d: %w", i, err)
			}
			entries = append(entries, entry)
			name = nil
		}
	}
	if name != nil {
		return nil, fmt.Errorf("%w: the last name has no code", ErrMalformed)
	}
	return entries, nil
}

func parseEntry(id oath.ID, f field, at time.Time) (oath.Entry, error) {
	if f.tag == tagHOTP || f.tag == tagTouch {
		return oath.Entry{Account: parseUncomputed(id, f)}, nil
	}
	digits, value, err := parseValue(f)
	if err != nil {
		return oath.Entry{}, err
	}
	a := id.Account(oath.TOTP)
	a.Digits = digits
	a = steamDigits(a)
	if a.IsSteam() || a.Period != oath.DefaultPeriod {
		return oath.Entry{Account: a}, nil
	}
	return oath.Entry{Account: a, Code: a.NewCode(a.FormatCode(value), at)}, nil
}

// parseUncomputed reads an account whose code must be asked for separately.
func parseUncomputed(id oath.ID, f field) oath.Account {
	a := id.Account(oath.TOTP)
	if f.tag == tagHOTP {
		a = id.Account(oath.HOTP)
	}
	a.Touch = f.tag == tagTouch
	if len(f.value) > 0 {
		a.Digits = int(f.value[0])
	}
	return steamDigits(a)
}

func steamDigits(a oath.Account) oath.Account {
	if a.IsSteam() {
		a.Digits = oath.SteamDigits
	}
	return a
}
