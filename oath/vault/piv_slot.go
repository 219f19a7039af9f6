package vault

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// What can go wrong with a PIV slot, besides oath.ErrTouchTimeout and
// oath.ErrRemoved.
var (
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
	// YubiKey tells of.
	ErrSlotEmpty = errors.New("there is no key in the PIV slot")

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
	// PIN asks for the PIN, of which that many tries are left; 0 is not known. It
	// is called when the key wants one, and its error is returned.
	PIN func(tries int) (string, error)

	// Touch is called when the key may begin to wait for a touch, and what it
	// returns when the wait is over, whichever way. Nil is not called.
	Touch func() (done func())

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
func ParseSlotID(text string) (SlotID, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(text), "0x"), 16, 8)
	if id := SlotID(n); err == nil {
		for _, valid := range slotIDs() {
			if id == valid {
				return id, nil
			}
		}
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
	// or it speaks of another key. Nil if it holds.
	Problem error
}
