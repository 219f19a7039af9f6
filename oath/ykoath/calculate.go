package ykoath

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

const (
	fullResponse      = 0x00 // P2: the whole HMAC
	truncatedResponse = 0x01 // P2: four bytes of it, as RFC 4226 picks them
)

// Code computes one account's code (CALCULATE). It returns oath.ErrNotFound, or
// ErrCorrupt. A touch account waits for the finger; oath.ErrTouchTimeout says that it did
// not come. An account that only takes increasing times (property 01) says the same of an
// earlier one, at once: whoever has a clock can distinguish them.
func (s *Session) Code(a oath.Account, at time.Time) (oath.Code, error) {
	form := byte(truncatedResponse)
	if a.IsSteam() { // a YubiKey 4 or 5 reduces the truncated form to digits
		form = fullResponse
	}
	answer, err := s.calculate(a, form, challengeAt(a, at))
	if err != nil && a.Type == oath.HOTP { // the counter may have moved
		err = unsure(err)
	}
	if err != nil {
		return oath.Code{}, err
	}
	value, err := parseCode(answer, a)
	if err != nil {
		return oath.Code{}, fmt.Errorf("%s: %w", cmdCalculate, err)
	}
	return a.NewCode(value, at), nil
}

// calculate sends a CALCULATE, for the whole or the truncated form of the response.
func (s *Session) calculate(a oath.Account, form byte, challenge []byte) ([]byte, error) {
	data, err := encodeName(a.ID())
	if err != nil {
		return nil, err
	}
	defer s.awaitTouch(a.Touch)()
	answer, err := s.do(command{
		name: cmdCalculate, ins: 0xa2, p2: form,
		data: appendField(data, tagChallenge, challenge...),
	})
	if hasStatus(err, swSecurity) && !s.Locked() {
		// An open applet refuses for want of a touch, with the word that otherwise
		// asks for the password (YKOATH, "CALCULATE").
		return nil, fmt.Errorf("%s: %w", cmdCalculate, oath.ErrTouchTimeout)
	}
	return answer, err
}

// touchNotice is how long a key may take to answer before it is safe to say that it
// waits for a touch: many times what it takes to compute.
const touchNotice = 400 * time.Millisecond

// awaitTouch has Touch called when the key waits for a touch: now, if it is known to, or
// else if answered, which it returns, is not called soon.
func (s *Session) awaitTouch(known bool) (answered func()) {
	if s.Touch == nil {
		return func() {}
	}
	var mu sync.Mutex
	var done func()
	over := false
	ask := func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			done = s.Touch()
		}
	}
	if known {
		ask()
	} else {
		time.AfterFunc(touchNotice, ask)
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
		if done != nil {
			done()
		}
	}
}

// challengeAt returns the account's time step, 8 bytes big-endian, and nothing
// for HOTP, whose counter the key keeps.
func challengeAt(a oath.Account, at time.Time) []byte {
	if a.Type == oath.HOTP {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, a.TimeStep(at))
}

// parseCode reads the answer to CALCULATE, in either form, as the account's code.
func parseCode(answer []byte, a oath.Account) (string, error) {
	fields, err := parseFields(answer)
	if err != nil {
		return "", err
	}
	for _, f := range fields {
		if f.tag != tagResponse && (f.tag != tagTruncated || a.IsSteam()) {
			continue
		}
		digits, value, err := parseValue(f)
		if err != nil {
			return "", err
		}
		a.Digits = digits
		return a.FormatCode(value), nil
	}
	return "", fmt.Errorf("%w: no code in %d bytes", ErrMalformed, len(answer))
}

// maxDigits is how many a 31-bit number has. Keys are known to hold 6 to 8, and
// what another client stored is not to hide all the rest.
const maxDigits = 10

// parseValue reads a code out of either form of response: the digits, and the
// truncated HMAC, which some keys have reduced already.
func parseValue(f field) (digits int, value uint32, err error) {
	if len(f.value) < 1 {
		return 0, 0, fmt.Errorf("%w: an empty code", ErrMalformed)
	}
	digits = int(f.value[0])
	if digits < 1 || digits > maxDigits {
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
