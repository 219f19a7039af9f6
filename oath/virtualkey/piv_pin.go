package virtualkey

import (
	"bytes"
	"context"
	"crypto/hmac"
	"slices"
)

// pivSecret is the PIN or the PUK.
type pivSecret struct {
	Value []byte `json:"value"` // 8 bytes, FF after the last digit
	Tries byte   `json:"tries"` // before it is blocked
	Left  byte   `json:"left"`  // of the tries; zero is blocked
}

var (
	pivDefaultPIN = []byte("123456\xff\xff")
	pivDefaultPUK = []byte("12345678")
)

const (
	pivDefaultTries = 3
	pivSecretLength = 8 // SP 800-73-4, part 2, 2.4.3
	pivSecretMin    = 6

	referencePIN = 0x80
	referencePUK = 0x81
)

func (s pivSecret) valid() bool {
	return len(s.Value) == pivSecretLength && s.Tries > 0 && s.Left <= s.Tries
}

// left is the status that says how many tries are left, for which one digit is
// room for no more than 15.
func (s pivSecret) left() status {
	if s.Left == 0 {
		return swBlocked
	}
	return swTriesLeft | status(min(s.Left, 15))
}

// secret returns the PIN or the PUK, or nil for another reference.
func (s *pivState) secret(reference byte) *pivSecret {
	switch reference {
	case referencePIN:
		return &s.PIN
	case referencePUK:
		return &s.PUK
	}
	return nil
}

// compare takes a try at the PIN or PUK. The count of those left is kept before
// the client learns anything; it is reported as 63C0 when this was the last.
func (p *piv) compare(reference byte, value []byte) status {
	s := *p.key.state.PIV.secret(reference)
	if s.Left == 0 {
		return swBlocked
	}
	right := hmac.Equal(value, s.Value)
	left := s.Tries
	if !right {
		left = s.Left - 1
	}
	if sw := p.keepTries(reference, s.Left, left); sw != swOK {
		return sw
	}
	if !right {
		return swTriesLeft | status(min(left, 15))
	}
	return swOK
}

func (p *piv) keepTries(reference, before, after byte) status {
	if before == after {
		return swOK
	}
	return p.change(func(s *pivState) { s.secret(reference).Left = after })
}

// login takes a try at the PIN and remembers for the session how it went.
func (p *piv) login(value []byte) status {
	sw := p.compare(referencePIN, value)
	p.verified, p.fresh = sw == swOK, sw == swOK
	return sw
}

const pivLogout = 0xFF

// verify is VERIFY, SP 800-73-4, part 2, 3.2.1. Without data it asks whether the
// PIN was verified.
func (p *piv) verify(_ context.Context, c command) ([]byte, status) {
	switch {
	case c.p2 != referencePIN:
		return nil, swReferenceNotFound
	case c.p1 == pivLogout && len(c.data) == 0:
		p.verified, p.fresh = false, false
		return nil, swOK
	case c.p1 != 0:
		return nil, swIncorrectP1P2
	case len(c.data) == 0 && p.verified:
		return nil, swOK
	case len(c.data) == 0:
		return nil, p.key.state.PIV.PIN.left()
	case len(c.data) != pivSecretLength:
		return nil, swWrongData
	}
	return nil, p.login(c.data)
}

// changeReference is CHANGE REFERENCE DATA, SP 800-73-4, part 2, 3.2.2: the old
// PIN or PUK and the new one.
func (p *piv) changeReference(_ context.Context, c command) ([]byte, status) {
	switch {
	case c.p1 != 0:
		return nil, swIncorrectP1P2
	case p.key.state.PIV.secret(c.p2) == nil:
		return nil, swReferenceNotFound
	case len(c.data) != 2*pivSecretLength:
		return nil, swWrongData
	}
	before, after := c.data[:pivSecretLength], c.data[pivSecretLength:]
	check := func(b []byte) status { return p.compare(c.p2, b) }
	if c.p2 == referencePIN {
		check = p.login
	}
	if sw := check(before); sw != swOK {
		return nil, sw
	}
	return nil, p.replace(c.p2, after)
}

// resetRetry is RESET RETRY COUNTER, SP 800-73-4, part 2, 3.2.3: the PUK and a
// new PIN.
func (p *piv) resetRetry(_ context.Context, c command) ([]byte, status) {
	switch {
	case c.p1 != 0:
		return nil, swIncorrectP1P2
	case c.p2 != referencePIN:
		return nil, swReferenceNotFound
	case len(c.data) != 2*pivSecretLength:
		return nil, swWrongData
	}
	if sw := p.compare(referencePUK, c.data[:pivSecretLength]); sw != swOK {
		return nil, sw
	}
	return nil, p.replace(referencePIN, c.data[pivSecretLength:])
}

// replace sets the PIN or PUK to a value in proper form, and gives all tries back.
// Any other is 6985, as seen on a YubiKey 5 for a new one that is too short. From
// firmware 5.7.0 on a PUK is of bytes below 80:
// https://docs.yubico.com/yesdk/users-manual/application-piv/apdu/change-ref.html.
func (p *piv) replace(reference byte, value []byte) status {
	digits := value // and after the last of them FF
	for len(digits) > 0 && digits[len(digits)-1] == 0xFF {
		digits = digits[:len(digits)-1]
	}
	max := byte(0xFE)
	if reference == referencePUK && !p.key.config.Firmware.before(5, 7, 0) {
		max = 0x7F
	}
	if len(digits) < pivSecretMin || slices.Max(digits) > max {
		return swConditions
	}
	value = bytes.Clone(value)
	return p.change(func(s *pivState) {
		secret := s.secret(reference)
		secret.Value, secret.Left = value, secret.Tries
	})
}

// setRetries sets how many tries there are, which sets the PIN and the PUK to
// what they were at first. It wants the PIN as well.
func (p *piv) setRetries(_ context.Context, c command) ([]byte, status) {
	switch {
	case !p.verified:
		return nil, swSecurity
	case c.p1 == 0 || c.p2 == 0:
		return nil, swIncorrectP1P2
	}
	return nil, p.change(func(s *pivState) {
		s.PIN = pivSecret{Value: pivDefaultPIN, Tries: c.p1, Left: c.p1}
		s.PUK = pivSecret{Value: pivDefaultPUK, Tries: c.p2, Left: c.p2}
	})
}
