package vault

import (
	"crypto/ecdh"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"
	"filippo.io/age/tag"
	"filippo.io/hpke"

	"github.com/tokenctl/tokenctl/oath"
)

// What can go wrong with a PIV slot, besides oath.ErrTouchTimeout,
// oath.ErrRemoved and oath.ErrSilent.
var (
	// ErrWrongSlot says that the key in the PIV slot is not the one that opens the
	// vault.
	ErrWrongSlot = errors.New("the key in this slot is not the one that opens the vault")

	// ErrNoPIV says that this program was built without smart card support.
	ErrNoPIV = errors.New("built without smart card support")

	// ErrNoKey says that there is no YubiKey in the reader, or that its PIV applet
	// is switched off.
	ErrNoKey = errors.New("no YubiKey with a PIV applet")

	// ErrKeyBusy says that another program, or another session of this one,
	// has the key open.
	ErrKeyBusy = errors.New("another program is using the key")

	// ErrSlotInUse says that there is a key or a certificate in the slot. Nothing
	// was changed.
	ErrSlotInUse = errors.New("the PIV slot is in use")

	// ErrSlotEmpty says that there is no key in the slot, or none that the
	// YubiKey shows.
	ErrSlotEmpty = errors.New("no key in the PIV slot")

	// ErrNoFreeSlot says that all slots are in use.
	ErrNoFreeSlot = errors.New("no PIV slot is free")

	// ErrPINBlocked says that the PIN was wrong too often. Only the PUK sets
	// another one; the key in the slot is unharmed.
	ErrPINBlocked = errors.New("the PIV PIN is blocked")

	// ErrMalformedPIN says that a PIN cannot be right. It was not tried.
	ErrMalformedPIN = fmt.Errorf("a PIV PIN has %d to %d characters", minPINSize, maxPINSize)

	// ErrManagementKey says that the management key is neither the one given, nor
	// the one kept behind the PIN, nor the factory's. Nothing was changed.
	ErrManagementKey = errors.New("wrong PIV management key")

	// ErrNoAttestation says that the YubiKey does not vouch for the slot: it did
	// not make the key there itself, or is too old to.
	ErrNoAttestation = errors.New("the YubiKey does not vouch for the key in the slot")
)

// How many bytes a PIN has, NIST SP 800-73-4, part 2, section 2.4.3.
const (
	minPINSize = 6
	maxPINSize = 8
)

// A PINError says that a PIN was wrong. It wraps oath.ErrWrongPassword.
type PINError struct {
	Tries int // that are left, 1 or more
}

func (e *PINError) Error() string {
	if e.Tries == 1 {
		return "wrong PIV PIN; 1 try is left"
	}
	return fmt.Sprintf("wrong PIV PIN; %d tries are left", e.Tries)
}

// Unwrap returns oath.ErrWrongPassword.
func (e *PINError) Unwrap() error { return oath.ErrWrongPassword }

// PIVOptions say how to work with a PIV applet.
type PIVOptions struct {
	// PIN asks for the PIN, with so many tries left; 0 is not known. It is called
	// when the key wants one, and its error is returned.
	PIN func(tries int) (string, error)

	// Touch is called when the key may begin to wait for a touch, and what it
	// returns when the wait is over, with or without one. Nil is not called.
	Touch func() (done func())

	// Answer makes a call to the key and returns its error; or silent, if the key does
	// not answer for longer than a touch may take, and then runs late if the call returns
	// after all: pcsc.Answer. Nil waits without limit.
	Answer func(call func() error, silent error, late func()) error

	// Roots are whom to trust for attestation; nil is Yubico.
	Roots *x509.CertPool
}

// A SlotID is the number of a PIV slot (NIST SP 800-73-4, part 1, table 4b).
type SlotID byte

// Slots for keys. The retired ones are for nothing in particular, and the ones
// that other age tools use.
const (
	SlotAuthentication     SlotID = 0x9a
	SlotSignature          SlotID = 0x9c
	SlotKeyManagement      SlotID = 0x9d
	SlotCardAuthentication SlotID = 0x9e
	SlotFirstRetired       SlotID = 0x82
	SlotLastRetired        SlotID = 0x95
)

// slotIDs are all slots, those first that the vault is most likely in.
func slotIDs() []SlotID {
	var all []SlotID
	for id := SlotFirstRetired; id <= SlotLastRetired; id++ {
		all = append(all, id)
	}
	return append(all, SlotKeyManagement, SlotAuthentication, SlotSignature, SlotCardAuthentication)
}

// String returns the slot's number in hexadecimal, as PIV tools write it.
func (id SlotID) String() string { return fmt.Sprintf("%02x", byte(id)) }

// ParseSlotID reads a slot's number as PIV tools write it, in hexadecimal.
// The error says which there are.
func ParseSlotID(text string) (SlotID, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(text), "0x"), 16, 8)
	if err == nil && slices.Contains(slotIDs(), SlotID(n)) {
		return SlotID(n), nil
	}
	return 0, fmt.Errorf("%q is not a PIV slot for keys; those are 82 to 95, 9a, 9c, 9d and 9e", text)
}

// A PINPolicy says when a slot wants the PIN.
type PINPolicy int

const (
	PINOnce   PINPolicy = iota // once while the key is open
	PINAlways                  // at every use
	PINNever
)

// String returns the policy as PIV tools write it.
func (p PINPolicy) String() string {
	return [...]string{"once", "always", "never"}[p]
}

// A TouchPolicy says when a slot wants a touch.
type TouchPolicy int

const (
	TouchAlways TouchPolicy = iota // at every use
	TouchCached                    // unless there was one in the last 15 seconds
	TouchNever
)

// String returns the policy as PIV tools write it.
func (p TouchPolicy) String() string {
	return [...]string{"always", "cached", "never"}[p]
}

// A NewSlot says how to make a key in a slot. The zero value takes the PIN once
// and a touch every time.
type NewSlot struct {
	PIN   PINPolicy
	Touch TouchPolicy

	// ManagementKey allows changes to slots. Nil tries the factory's, and then
	// the one that ykman keeps behind the PIN.
	ManagementKey []byte
}

// An Attestation is what a YubiKey says of a slot.
type Attestation struct {
	Serial   uint32
	Firmware string
	PIN      PINPolicy
	Touch    TouchPolicy

	// Problem is why not to believe it: its signatures do not lead to the roots,
	// or it is about another key. Nil if it holds.
	Problem error
}

// SlotRecipient returns the age recipient, age1tag1..., of a P-256 key.
// The error is about a key of another curve.
func SlotRecipient(public *ecdh.PublicKey) (string, error) {
	r, err := slotRecipient(public)
	if err != nil {
		return "", err
	}
	return r.String(), nil
}

func slotRecipient(public *ecdh.PublicKey) (*tag.Recipient, error) {
	if public.Curve() != ecdh.P256() {
		return nil, fmt.Errorf("a slot for the vault needs a P-256 key, and this is one of %v", public.Curve())
	}
	// SEC 1, section 2.3.3: from 04, X, Y to the parity of Y and X.
	point := public.Bytes()
	compressed := append([]byte{2 + point[len(point)-1]&1}, point[1:1+32]...)
	r, err := tag.NewClassicRecipient(compressed)
	if err != nil {
		return nil, fmt.Errorf("naming the slot's key: %w", err)
	}
	return r, nil
}

// A slotIdentity opens what is encrypted to a P-256 key that stays in its
// hardware (age, "The p256tag recipient type").
type slotIdentity struct {
	recipient *tag.Recipient
	private   hpke.PrivateKey
}

var _ age.Identity = (*slotIdentity)(nil)

func newSlotIdentity(slot ecdh.KeyExchanger) (*slotIdentity, error) {
	recipient, err := slotRecipient(slot.PublicKey())
	if err != nil {
		return nil, err
	}
	private, err := hpke.NewDHKEMPrivateKey(slot)
	if err != nil {
		return nil, fmt.Errorf("using the slot's key: %w", err)
	}
	return &slotIdentity{recipient, private}, nil
}

const (
	tagStanza = "p256tag"
	tagInfo   = "age-encryption.org/p256tag" // HPKE's info
)

// A wayError is why a way in is not used, as opposed to a wrong key: the hardware's
// refusal, for one.
type wayError struct{ err error }

func (e *wayError) Error() string { return e.err.Error() }
func (e *wayError) Unwrap() error { return e.err }

// Unwrap asks the slot only for stanzas with its tag, since it may ask for a PIN
// and a touch in turn.
func (i *slotIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		encapsulated, ours := i.encapsulated(s)
		if !ours {
			continue
		}
		r, err := hpke.NewRecipient(encapsulated, i.private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(tagInfo))
		if err != nil {
			return nil, &wayError{err}
		}
		if key, err := r.Open(nil, s.Body); err == nil {
			return key, nil
		}
		// Tags are short, and another recipient's may be the same.
	}
	return nil, age.ErrIncorrectIdentity
}

// encapsulated returns the ephemeral key of a stanza that bears our tag.
func (i *slotIdentity) encapsulated(s *age.Stanza) (point []byte, ours bool) {
	if s.Type != tagStanza || len(s.Args) != 2 {
		return nil, false
	}
	encoding := base64.RawStdEncoding.Strict()
	point, err := encoding.DecodeString(s.Args[1])
	if err != nil {
		return nil, false
	}
	mark, err := i.recipient.Tag(point)
	if err != nil || s.Args[0] != encoding.EncodeToString(mark) {
		return nil, false
	}
	_, err = ecdh.P256().NewPublicKey(point)
	return point, err == nil
}
