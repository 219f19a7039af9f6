package virtualkey

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
)

// pivState is what the PIV applet keeps without power. Keys and objects go by
// their numbers in hexadecimal. Once made, byte strings are not written to.
type pivState struct {
	PIN        pivSecret            `json:"pin"`
	PUK        pivSecret            `json:"puk"`
	Management pivManagement        `json:"management"`
	Keys       map[pivSlot]pivKey   `json:"keys"`
	Objects    map[pivObject][]byte `json:"objects"`

	// Unattested says that slot F9 is still to get its key and certificate, which
	// take a while to make and are made for the first command that needs them.
	Unattested bool `json:"unattested,omitempty"`
}

// newPIVState is the state of an applet without keys and objects.
func newPIVState(v Version) *pivState {
	return &pivState{
		PIN:        pivSecret{Value: pivDefaultPIN, Tries: pivDefaultTries, Left: pivDefaultTries},
		PUK:        pivSecret{Value: pivDefaultPUK, Tries: pivDefaultTries, Left: pivDefaultTries},
		Management: pivManagement{Algorithm: pivDefaultManagement(v), Key: pivDefaultManagementKey},
		Keys:       map[pivSlot]pivKey{},
		Objects:    map[pivObject][]byte{},
		Unattested: true,
	}
}

// renewed is the state after a reset, which the attestation outlives.
func (s *pivState) renewed(v Version) *pivState {
	n := newPIVState(v)
	n.Unattested = s.Unattested
	if k, ok := s.Keys[slotAttestation]; ok {
		n.Keys[slotAttestation] = k
	}
	if b, ok := s.Objects[objectAttestation]; ok {
		n.Objects[objectAttestation] = b
	}
	return n
}

func (s *pivState) clone() *pivState {
	if s == nil {
		return nil
	}
	c := *s
	c.Keys, c.Objects = maps.Clone(s.Keys), maps.Clone(s.Objects)
	return &c
}

func (s *pivState) check() error {
	switch {
	case s == nil:
		return nil
	case !s.PIN.valid():
		return errors.New("invalid PIV PIN")
	case !s.PUK.valid():
		return errors.New("invalid PIV PUK")
	case s.Management.block() == nil:
		return errors.New("invalid PIV management key")
	case s.Keys == nil || s.Objects == nil:
		return errors.New("the PIV keys or objects are missing")
	}
	for slot, k := range s.Keys {
		if !slot.valid() || !k.valid() {
			return fmt.Errorf("invalid PIV key %x", byte(slot))
		}
	}
	for id, b := range s.Objects {
		if !id.valid() || len(b) == 0 || len(b) > pivObjectMax {
			return fmt.Errorf("invalid PIV object %06x", uint32(id))
		}
	}
	return nil
}

// MarshalText returns the slot as two digits.
func (s pivSlot) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%02x", byte(s)), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *pivSlot) UnmarshalText(text []byte) error {
	b, err := unhexNumber(text, 1)
	*s = pivSlot(b)
	return err
}

// MarshalText returns the number as six digits.
func (o pivObject) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%06x", uint32(o)), nil }

// UnmarshalText reads what MarshalText wrote.
func (o *pivObject) UnmarshalText(text []byte) error {
	b, err := unhexNumber(text, 3)
	*o = pivObject(b)
	return err
}

// unhexNumber reads a number of n bytes in its only form: lower case, zeros first.
func unhexNumber(text []byte, n int) (uint32, error) {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != n || !bytes.Equal(text, bytes.ToLower(text)) {
		return 0, fmt.Errorf("%q is not %d hexadecimal digits", text, 2*n)
	}
	var v uint32
	for _, c := range b {
		v = v<<8 | uint32(c)
	}
	return v, nil
}
