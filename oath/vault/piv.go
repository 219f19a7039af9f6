//go:build (cgo && (darwin || freebsd || linux || openbsd)) || windows

package vault

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"strings"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/tokenctl/tokenctl/oath"
)

// A PIV is the PIV applet of a YubiKey. While it is open, nothing else can use
// the key: not even this program, for its OATH accounts. It
// is not safe for concurrent use.
type PIV struct {
	key     *piv.YubiKey
	serial  uint32
	options PIVOptions
	proven  bool // that the PIN is known
	silent  bool // it was given up
}

// ask makes a call to the key, which may never answer. Then it returns oath.ErrSilent, now
// and from there on, and the key is released if the call returns after all.
func ask[T any](p *PIV, call func() (T, error)) (result T, err error) {
	if p.silent {
		return result, oath.ErrSilent
	}
	if p.options.Answer == nil {
		return call()
	}
	answered := make(chan T, 1)
	err = p.options.Answer(func() error {
		result, err := call()
		answered <- result
		return err
	}, oath.ErrSilent, func() {
		if p.key != nil {
			p.key.Close()
		}
	})
	if p.silent = errors.Is(err, oath.ErrSilent); p.silent {
		return result, err
	}
	return <-answered, err
}

// OpenPIV opens the YubiKey in the PC/SC reader of that name. It returns ErrNoKey,
// ErrKeyBusy, oath.ErrRemoved or oath.ErrSilent.
func OpenPIV(reader string, o PIVOptions) (*PIV, error) {
	p := &PIV{options: o}
	_, err := ask(p, func() (_ any, err error) {
		if p.key, err = piv.Open(reader); err != nil {
			return nil, err
		}
		if p.serial, err = p.key.Serial(); err != nil {
			p.key.Close()
			p.key = nil
		}
		return nil, err
	})
	if err != nil {
		return nil, openError(err)
	}
	return p, nil
}

// Close releases the key. A key that was given its PIN remembers it until it is
// reset or pulled out; see PINKnown.
func (p *PIV) Close() error {
	_, err := ask(p, func() (any, error) { return nil, p.key.Close() })
	return err
}

// PINKnown reports whether the key was given its PIN, so that whoever comes next
// would find it open. The library does not reset it.
func (p *PIV) PINKnown() bool { return p.proven }

// Serial returns the number that is printed on the key.
func (p *PIV) Serial() uint32 { return p.serial }

// A Slot is a P-256 key in a PIV slot. It is not safe for
// concurrent use, as its PIV is not.
type Slot struct {
	ID     SlotID
	piv    *PIV
	public *ecdsa.PublicKey
	ecdh   *ecdh.PublicKey
	pin    piv.PINPolicy
	touch  piv.TouchPolicy
}

var _ ecdh.KeyExchanger = (*Slot)(nil)

// PublicKey returns the slot's public key; SlotRecipient gives its name in age.
func (s *Slot) PublicKey() *ecdh.PublicKey { return s.ecdh }

// Curve returns P-256.
func (s *Slot) Curve() ecdh.Curve { return ecdh.P256() }

// ECDH exchanges keys in the slot, with PIN and touch as its policy wants. It
// returns the prompt's own error, ErrMalformedPIN, a *PINError,
// ErrPINBlocked, oath.ErrTouchTimeout, oath.ErrRemoved or oath.ErrSilent.
func (s *Slot) ECDH(peer *ecdh.PublicKey) ([]byte, error) {
	if err := s.prove(); err != nil {
		return nil, err
	}
	policy := piv.PINPolicyNever // the PIN is verified already
	if isBiometric(s.pin) {
		policy = s.pin
	}
	private, err := s.piv.key.PrivateKey(pivSlot(s.ID), s.public, piv.KeyAuth{PINPolicy: policy}) // asks the key nothing
	if err != nil {
		return nil, pivError("using the PIV slot", err)
	}
	if s.touch != piv.TouchPolicyNever && s.piv.options.Touch != nil {
		defer s.piv.options.Touch()()
	}
	shared, err := ask(s.piv, func() ([]byte, error) { return private.(*piv.ECDSAPrivateKey).ECDH(peer) })
	if err != nil {
		return nil, useError(err)
	}
	return shared, nil
}

// prove gives the key its PIN, if the slot wants it.
func (s *Slot) prove() error {
	switch {
	case s.pin == piv.PINPolicyNever, s.pin == piv.PINPolicyOnce && s.piv.proven, isBiometric(s.pin):
		return nil
	}
	pin, err := s.piv.askPIN()
	if err != nil {
		return err
	}
	if _, err := ask(s.piv, func() (any, error) { return nil, s.piv.key.VerifyPIN(pin) }); err != nil {
		return pivError("giving the key its PIN", err)
	}
	s.piv.proven = true
	return nil
}

// isBiometric reports whether a fingerprint replaces the PIN.
func isBiometric(p piv.PINPolicy) bool {
	return p == piv.PINPolicyMatchOnce || p == piv.PINPolicyMatchAlways
}

// askPIN asks the user for the PIN, unless it is blocked already. It refuses one
// that cannot be right: each costs a try.
func (p *PIV) askPIN() (string, error) {
	tries, err := ask(p, p.key.Retries)
	switch {
	case errors.Is(err, oath.ErrSilent):
		return "", err
	case err == nil && tries == 0:
		return "", ErrPINBlocked
	}
	if p.options.PIN == nil {
		return "", oath.ErrLocked
	}
	pin, err := p.options.PIN(tries)
	if err != nil {
		return "", err
	}
	if len(pin) < minPINSize || len(pin) > maxPINSize {
		return "", ErrMalformedPIN
	}
	return pin, nil
}

// UnlockWithPIV opens the vault by whichever slot of the YubiKey opens it. Its
// errors are those of UnlockWithKey and of Slot.ECDH.
func (v *Vault) UnlockWithPIV(p *PIV) error {
	for _, id := range slotIDs() {
		s, err := p.Take(id)
		if isGone(err) {
			return err
		}
		if err != nil {
			continue // there is none, or one of another kind
		}
		if err := v.UnlockWithKey(p.serial, s); !errors.Is(err, ErrWrongSlot) {
			return err
		}
	}
	return v.UnlockWithKey(p.serial)
}

// openError is pivError for a reader that may be empty, or not be there.
func openError(err error) error {
	const doing = "opening the PIV applet"
	noApplet := errors.Is(err, piv.ErrNotFound) // SP 800-73-4, part 2, 3.1.1
	if noApplet || hasText(err, "not recognized", "not currently available", "no Smart Card is currently") {
		return fmt.Errorf("%s: %w", doing, ErrNoKey)
	}
	return pivError(doing, err)
}

// managementError is pivError for a management key that may be wrong. piv-go has no
// error for that, only a name for the step.
func managementError(err error) error {
	if err == nil {
		return nil
	}
	e := pivError("making a key in the slot", err)
	if !isGone(e) && hasText(err, "management key") {
		return ErrManagementKey
	}
	return e
}

// swSecurity is how a key answers when the touch did not come (ISO 7816-4,
// "security status not satisfied").
const swSecurity = 0x6982

// useError is pivError for a slot in use, whose PIN was right.
func useError(err error) error {
	const doing = "using the PIV slot"
	var status interface {
		error
		Status() uint16
	}
	if errors.As(err, &status) && status.Status() == swSecurity {
		return fmt.Errorf("%s: %w", doing, oath.ErrTouchTimeout)
	}
	return pivError(doing, err)
}

// pivError wraps one of our own errors, where piv-go's says enough.
func pivError(doing string, err error) error {
	if err == nil {
		return nil
	}
	var auth piv.AuthErr
	switch {
	case errors.As(err, &auth) && auth.Retries > 0:
		return &PINError{Tries: auth.Retries}
	case errors.As(err, &auth):
		return ErrPINBlocked
	case hasText(err, "connections outstanding"):
		return fmt.Errorf("%s: %w", doing, ErrKeyBusy)
	case hasText(err, "has been removed", "has been reset", "not currently available", "no Smart Card is currently", "response too short",
		"non-existent transaction"): // which a reset ended
		return fmt.Errorf("%s: %w", doing, oath.ErrRemoved)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// isGone reports whether nothing more can be had from the key.
func isGone(err error) bool { return errors.Is(err, oath.ErrRemoved) || errors.Is(err, oath.ErrSilent) }

// hasText reports whether an error is one of PC/SC's, whose numbers piv-go keeps
// to itself.
func hasText(err error, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
