package vault

import (
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"filippo.io/age"
	"filippo.io/age/tag"
	"filippo.io/hpke"
)

// ErrWrongSlot says that the key in the PIV slot is not the one that the vault
// was opened to.
var ErrWrongSlot = errors.New("the key in this slot is not the one that opens the vault")

// SlotRecipient returns the age recipient, age1tag1..., of a P-256 key.
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
	tagSize   = 4                            // bytes
)

// A slotError is the hardware's refusal, as opposed to a damaged file.
type slotError struct{ err error }

func (e *slotError) Error() string { return e.err.Error() }
func (e *slotError) Unwrap() error { return e.err }

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
			return nil, &slotError{err}
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
	mark, err := base64.RawStdEncoding.Strict().DecodeString(s.Args[0])
	if err != nil || len(mark) != tagSize {
		return nil, false
	}
	point, err = base64.RawStdEncoding.Strict().DecodeString(s.Args[1])
	if err != nil {
		return nil, false
	}
	want, err := i.recipient.Tag(point)
	if err != nil || !slices.Equal(mark, want) {
		return nil, false
	}
	_, err = ecdh.P256().NewPublicKey(point)
	return point, err == nil
}
