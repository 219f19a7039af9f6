//go:build !((cgo && (darwin || freebsd || linux || openbsd)) || windows)

package vault

import "crypto/ecdh"

// A PIV is the PIV applet of a YubiKey. There is none in a program without smart
// card support.
type PIV struct{}

// A Slot is a P-256 key in a PIV slot.
type Slot struct{ ID SlotID }

// OpenPIV returns ErrNoPIV.
func OpenPIV(string, PIVOptions) (*PIV, error) { return nil, ErrNoPIV }

// Close does nothing.
func (*PIV) Close() error { return nil }

// Serial returns 0.
func (*PIV) Serial() uint32 { return 0 }

// PINKnown returns false.
func (*PIV) PINKnown() bool { return false }

// FreeSlot returns ErrNoPIV.
func (*PIV) FreeSlot() (SlotID, error) { return 0, ErrNoPIV }

// Take returns ErrNoPIV.
func (*PIV) Take(SlotID) (*Slot, error) { return nil, ErrNoPIV }

// Make returns ErrNoPIV.
func (*PIV) Make(SlotID, NewSlot) (*Slot, error) { return nil, ErrNoPIV }

// Attest returns ErrNoPIV.
func (*PIV) Attest(*Slot) (Attestation, error) { return Attestation{}, ErrNoPIV }

// UnlockWithPIV returns ErrNoPIV.
func (*Vault) UnlockWithPIV(*PIV) error { return ErrNoPIV }

// PublicKey returns nil.
func (*Slot) PublicKey() *ecdh.PublicKey { return nil }

// Curve returns P-256.
func (*Slot) Curve() ecdh.Curve { return ecdh.P256() }

// ECDH returns ErrNoPIV.
func (*Slot) ECDH(*ecdh.PublicKey) ([]byte, error) { return nil, ErrNoPIV }
