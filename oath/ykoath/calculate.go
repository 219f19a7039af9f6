package ykoath

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

const (
	fullResponse      = 0x00 // P2: the whole HMAC
	truncatedResponse = 0x01 // P2: four bytes of it, as RFC 4226 picks them
)

// Code computes one account's code (CALCULATE). A touch account waits for the
// finger; oath.ErrTouchTimeout says that it did not come.
func (s *Session) Code(a oath.Account, at time.Time) (oath.Code, error) {
	name, err := encodeID(a.ID())
	if err != nil {
		return oath.Code{}, err
	}
	form := byte(truncatedResponse)
	if a.IsSteam() {
		// Some keys reduce the truncated form to digits, and Steam needs it whole.
		form = fullResponse
	}
	data := appendField(nil, tagName, name...)
	data = appendField(data, tagChallenge, challengeAt(a, at)...)
	answer, err := s.do(command{name: cmdCalculate, ins: 0xa2, p2: form, data: data})
	if err != nil {
		return oath.Code{}, err
	}
	fields, err := parseFields(answer)
	if err != nil {
		return oath.Code{}, fmt.Errorf("%s: %w", cmdCalculate, err)
	}
	for _, f := range fields {
		if f.tag != tagTruncated && f.tag != tagResponse {
			continue
		}
		digits, value, err := parseValue(f)
		if err != nil {
			return oath.Code{}, fmt.Errorf("%s: %w", cmdCalculate, err)
		}
		a.Digits = digits
		return a.NewCode(a.FormatCode(value), at), nil
	}
	return oath.Code{}, fmt.Errorf("%s: %w: no code in %d bytes", cmdCalculate, ErrMalformed, len(answer))
}

// challengeAt returns the account's time step, 8 bytes big-endian, and nothing
// for HOTP, whose counter the key keeps.
func challengeAt(a oath.Account, at time.Time) []byte {
	if a.Type == oath.HOTP {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, a.TimeStep(at))
}

// parseValue reads a code out of either form of response: the digits, and the
// truncated HMAC, which some keys have reduced already.
func parseValue(f field) (digits int, value uint32, err error) {
	if len(f.value) < 1 {
		return 0, 0, fmt.Errorf("%w: an empty code", ErrMalformed)
	}
	digits = int(f.value[0])
	if digits < 6 || digits > 8 {
		return 0, 0, fmt.Errorf("%w: a code of %d digits", ErrMalformed, digits)
	}
	rest := f.value[1:]
	if f.tag == tagTruncated {
		if len(rest) != 4 {
			return 0, 0, fmt.Errorf("%w: a truncated code of %d bytes, not 4", ErrMalformed, len(rest))
		}
		return digits, binary.BigEndian.Uint32(rest), nil
	}
	value, ok := oath.Truncate(rest)
	if !ok {
		return 0, 0, fmt.Errorf("%w: an HMAC of %d bytes", ErrMalformed, len(rest))
	}
	return digits, value, nil
}

// Codes returns every account, and the code of those that need neither a touch
// nor another period than 30 seconds (CALCULATE ALL). It asks a card without
// that instruction for a list, without codes. The algorithm is unknown, and so
// is whether an HOTP account needs a touch: the applet does not tell them here.
func (s *Session) Codes(at time.Time) ([]oath.Entry, error) {
	challenge := challengeAt(oath.Account{Period: oath.DefaultPeriod}, at)
	answer, err := s.do(command{
		name: cmdCalculateAll, ins: 0xa4, p2: truncatedResponse,
		data: appendField(nil, tagChallenge, challenge...),
	})
	if hasStatus(err, swNoSuchInstruction) {
		return s.listEntries()
	}
	if err != nil {
		return nil, err
	}
	entries, err := parseEntries(answer, at)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmdCalculateAll, err)
	}
	s.ids = make([]oath.ID, len(entries))
	for i, e := range entries {
		s.ids[i] = e.Account.ID()
	}
	return entries, nil
}

func (s *Session) listEntries() ([]oath.Entry, error) {
	accounts, err := s.List()
	if err != nil {
		return nil, err
	}
	entries := make([]oath.Entry, len(accounts))
	for i, a := range accounts {
		entries[i].Account = a
	}
	return entries, nil
}

// parseEntries reads names, each followed by what the card tells of it. Tags it
// does not know may stand anywhere.
func parseEntries(answer []byte, at time.Time) ([]oath.Entry, error) {
	fields, err := parseFields(answer)
	if err != nil {
		return nil, err
	}
	var entries []oath.Entry
	var name *oath.ID
	for i, f := range fields {
		if f.tag == tagName {
			if name != nil {
				return nil, fmt.Errorf("%w: field %d is a second name in a row", ErrMalformed, i)
			}
			id := oath.ID(f.value)
			name = &id
			continue
		}
		if !tellsOfCode(f.tag) {
			continue
		}
		if name == nil {
			return nil, fmt.Errorf("%w: field %d is a code without a name", ErrMalformed, i)
		}
		entry, err := parseEntry(*name, f, at)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
		name = nil
	}
	if name != nil {
		return nil, fmt.Errorf("%w: the last name has no code", ErrMalformed)
	}
	return entries, nil
}

func tellsOfCode(tag byte) bool {
	return tag == tagTruncated || tag == tagResponse || tag == tagHOTP || tag == tagTouch
}

func parseEntry(id oath.ID, f field, at time.Time) (oath.Entry, error) {
	switch f.tag {
	case tagHOTP, tagTouch:
		a := id.Account(oath.TOTP)
		if f.tag == tagHOTP {
			a = id.Account(oath.HOTP)
		}
		a.Touch = f.tag == tagTouch
		if len(f.value) > 0 {
			a.Digits = int(f.value[0])
		}
		return oath.Entry{Account: steamDigits(a)}, nil
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

func steamDigits(a oath.Account) oath.Account {
	if a.IsSteam() {
		a.Digits = oath.SteamDigits
	}
	return a
}
