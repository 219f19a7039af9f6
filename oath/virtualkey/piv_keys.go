package virtualkey

import (
	"context"
	"crypto"
	"crypto/x509"
)

// A pivSlot holds a key. SP 800-73-4, part 1, 5.1; F9 is Yubico's.
type pivSlot byte

const (
	slotAuthentication     pivSlot = 0x9A
	slotManagement         pivSlot = 0x9B // of the management key alone
	slotSignature          pivSlot = 0x9C
	slotKeyManagement      pivSlot = 0x9D
	slotCardAuthentication pivSlot = 0x9E
	slotRetiredFirst       pivSlot = 0x82
	slotRetiredLast        pivSlot = 0x95
	slotAttestation        pivSlot = 0xF9
)

// valid says whether the slot is for keys that sign, decipher or agree.
func (s pivSlot) valid() bool {
	switch s {
	case slotAuthentication, slotSignature, slotKeyManagement, slotCardAuthentication, slotAttestation:
		return true
	}
	return s >= slotRetiredFirst && s <= slotRetiredLast
}

// has says whether the firmware has the slot. Source:
// https://docs.yubico.com/yesdk/users-manual/application-piv/slots.html, table 1.
func (p *piv) has(s pivSlot) bool {
	switch v := p.key.config.Firmware; {
	case s >= slotRetiredFirst && s <= slotRetiredLast:
		return !v.before(4, 0, 0)
	case s == slotAttestation:
		return !v.before(4, 3, 0)
	}
	return s.valid()
}

// pivKey is a key in a slot.
type pivKey struct {
	Private  []byte      `json:"private"` // PKCS #8
	PIN      pinPolicy   `json:"pin"`
	Touch    touchPolicy `json:"touch"`
	Imported bool        `json:"imported,omitempty"`
}

// When a key wants the PIN, and the touch.
// https://developers.yubico.com/PIV/Introduction/Yubico_extensions.html
type (
	pinPolicy   byte
	touchPolicy byte
)

const (
	policyDefault = 0

	pinNever  pinPolicy = 1
	pinOnce   pinPolicy = 2
	pinAlways pinPolicy = 3

	touchNever  touchPolicy = 1
	touchAlways touchPolicy = 2
	touchCached touchPolicy = 3

	tagPINPolicy   = 0xAA
	tagTouchPolicy = 0xAB
)

func (k pivKey) valid() bool {
	return k.PIN >= pinNever && k.PIN <= pinAlways && k.Touch >= touchNever && k.Touch <= touchCached && k.open() != nil
}

// open returns the private key, which is one that openPrivate knows.
func (k pivKey) open() pivPrivate { return openPrivate(k.Private) }

// policies begins a key with the policies that are asked for, or those that the
// slot has on its own.
func (p *piv) policies(slot pivSlot, parts map[byte][]byte) (pivKey, bool) {
	pin, ok1 := policy(parts[tagPINPolicy])
	touch, ok2 := policy(parts[tagTouchPolicy])
	v, k := p.key.config.Firmware, pivKey{PIN: pinPolicy(pin), Touch: touchPolicy(touch)}
	switch {
	case !ok1 || !ok2:
		return k, false
	case v.before(4, 0, 0) && pin|touch != policyDefault:
		return k, false
	case v.before(4, 3, 0) && k.Touch == touchCached:
		return k, false
	}
	if k.PIN == policyDefault {
		k.PIN = slot.pinPolicy()
	}
	if k.Touch == policyDefault {
		k.Touch = touchNever
	}
	return k, true
}

// policy reads a policy: one byte, or nothing.
func policy(b []byte) (byte, bool) {
	if b == nil {
		return policyDefault, true
	}
	return append(b, 0)[0], len(b) == 1 && b[0] <= 3
}

// pinPolicy is that of a key for which none is asked for.
func (s pivSlot) pinPolicy() pinPolicy {
	switch s {
	case slotSignature:
		return pinAlways
	case slotCardAuthentication:
		return pinNever
	}
	return pinOnce
}

// store puts a key into a slot.
func (p *piv) store(slot pivSlot, k pivKey, private crypto.PrivateKey) status {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return swAborted
	}
	k.Private = der
	if k.open() == nil {
		return swWrongData
	}
	return p.change(func(s *pivState) { s.Keys[slot] = k })
}

// slotNone as the place to move a key to deletes it.
const slotNone pivSlot = 0xFF

// moveKey is MOVE KEY: takes the key in slot P2 to P1, or deletes it. Its
// certificate stays where it is.
// https://docs.yubico.com/yesdk/yubikey-api/Yubico.YubiKey.Piv.Commands.MoveKeyCommand.html
func (p *piv) moveKey(_ context.Context, c command) ([]byte, status) {
	to, from := pivSlot(c.p1), pivSlot(c.p2)
	keys := p.key.state.PIV.Keys
	k, ok := keys[from]
	_, taken := keys[to]
	switch {
	case !from.valid(), to != slotNone && (!to.valid() || to == slotAttestation || from == slotAttestation):
		return nil, swIncorrectP1P2
	case !ok:
		return nil, swReferenceNotFound
	case taken:
		return nil, swConditions
	}
	return nil, p.change(func(s *pivState) {
		delete(s.Keys, from)
		if to != slotNone {
			s.Keys[to] = k
		}
	})
}
