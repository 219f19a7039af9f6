package virtualkey

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// oathState is what the OATH applet keeps without power.
type oathState struct {
	Salt     []byte     `json:"salt"`
	Code     *code      `json:"code,omitempty"`
	Accounts []*account `json:"accounts,omitempty"`
}

// code is the key derived from the access password, and its hash.
type code struct {
	Algorithm algorithm `json:"algorithm"`
	Key       []byte    `json:"key"`
}

// An account is a credential. Once made, its byte strings are not written to.
type account struct {
	Name       []byte    `json:"name"`
	Algorithm  algorithm `json:"algorithm"`
	Digits     byte      `json:"digits"`
	Key        []byte    `json:"key"`
	Touch      bool      `json:"touch,omitempty"`
	Increasing bool      `json:"increasing,omitempty"`
	Counter    uint64    `json:"counter,omitempty"` // HOTP: of the next code
	Last       []byte    `json:"last,omitempty"`    // Increasing: the last challenge
}

const (
	nameMax     = 64  // YKOATH, "PUT"
	longNameMax = 200 // of LongNames
	keyMin      = 14  // from firmware 4.0.0; Yubico/yubikey-manager#50

	propertyIncreasing = 0x01
	propertyTouch      = 0x02
)

func (s *oathState) check() error {
	if len(s.Salt) != saltLength {
		return errors.New("the OATH salt is not 8 bytes")
	}
	if s.Code != nil && (!s.Code.Algorithm.valid() || len(s.Code.Key) == 0) {
		return errors.New("the OATH code is not a key")
	}
	for i, a := range s.Accounts {
		if a == nil || len(a.Name) == 0 || len(a.Name) > longNameMax || !a.Algorithm.valid() || len(a.Key) > a.Algorithm.block() {
			return fmt.Errorf("OATH account %d is malformed", i)
		}
	}
	return nil
}

// index returns the place of the account with that name, or -1.
func (s *oathState) index(name []byte) int {
	return slices.IndexFunc(s.Accounts, func(a *account) bool { return bytes.Equal(a.Name, name) })
}

// put stores an account, and replaces one with the same name. YKOATH, "PUT".
func (o *oath) put(d objects) status {
	a, ok := o.parseAccount(d)
	if !ok {
		return swWrongData
	}
	i := o.place(a.Name)
	switch {
	case i >= 0 && o.quirk(NoOverwrite):
		return swConditions
	case !o.fits(a, i < 0):
		return o.full()
	}
	return o.change(func(s *oathState) {
		if i < 0 {
			s.Accounts = append(s.Accounts, a)
		} else {
			s.Accounts[i] = a
		}
	})
}

// parseAccount reads the data of PUT.
func (o *oath) parseAccount(d objects) (*account, bool) {
	name, ok1 := d.take(tagName)
	key, ok2 := d.take(tagKey)
	if !ok1 || !ok2 || len(name) == 0 || len(name) > o.nameMax() || len(key) < 2 {
		return nil, false
	}
	a := &account{
		Name:      bytes.Clone(name),
		Algorithm: algorithm(key[0]),
		Digits:    key[1],
		Key:       bytes.Clone(key[2:]),
	}
	ok := o.accepts(a) && o.parseProperty(a, &d) && parseIMF(a, &d)
	return a, ok && len(d) == 0
}

func (o *oath) nameMax() int {
	if o.quirk(LongNames) {
		return longNameMax
	}
	return nameMax
}

// accepts checks the algorithm and the length of the key.
func (o *oath) accepts(a *account) bool {
	v := o.key.config.Firmware
	switch {
	case !a.Algorithm.valid(), len(a.Key) > a.Algorithm.block():
		return false
	case a.Algorithm.hash() == hashSHA512 && v.before(4, 3, 1):
		return false
	}
	return len(a.Key) >= keyMin || v.before(4, 0, 0)
}

// parseProperty reads tag 78, which has no length byte. Firmware that knows no
// touch passes over that bit, as ykneo-oath does.
func (o *oath) parseProperty(a *account, d *objects) bool {
	if d.peek() != tagProperty {
		return true
	}
	d.byte()
	p, ok := d.byte()
	a.Increasing = p&propertyIncreasing != 0
	a.Touch = p&propertyTouch != 0 && !o.key.config.Firmware.before(4, 2, 4) && !o.quirk(IgnoredTouch)
	return ok && p&^(propertyIncreasing|propertyTouch) == 0
}

// parseIMF reads the first counter, four bytes. TOTP has no use for it.
func parseIMF(a *account, d *objects) bool {
	if d.peek() != tagIMF {
		return true
	}
	imf, ok := d.take(tagIMF)
	if !ok || len(imf) != 4 {
		return false
	}
	for _, b := range imf {
		a.Counter = a.Counter<<8 | uint64(b)
	}
	return true
}

// place returns the index of the account that a PUT of that name replaces, or
// -1. Firmware between 4.0.0 and 4.3.5 takes the name for that of a longer one
// that begins with it.
func (o *oath) place(name []byte) int {
	s, v := &o.key.state.OATH, o.key.config.Firmware
	if i := s.index(name); i >= 0 || !(Version{4, 0, 0}).before(v[0], v[1], v[2]) || !v.before(4, 3, 5) {
		return i
	}
	return slices.IndexFunc(s.Accounts, func(a *account) bool { return bytes.HasPrefix(a.Name, name) })
}

// memory is the budget of the keys before 4.0.0: what a whole list may take, so
// that CALCULATE ALL fits their buffer. ykneo-oath, BUFSIZE.
const (
	memory          = 2048
	memoryOfAccount = 9 // and its name
)

// fits says whether there is room for an account. The oldest keys ask even
// where it replaces another.
func (o *oath) fits(a *account, isNew bool) bool {
	accounts, v := o.key.state.OATH.Accounts, o.key.config.Firmware
	switch {
	case o.quirk(Roomy):
		return !isNew || len(accounts) < 255
	case v.before(4, 0, 0):
		used := len(a.Name) + memoryOfAccount
		for _, b := range accounts {
			used += len(b.Name) + memoryOfAccount
		}
		return used <= memory
	case v.before(5, 7, 0):
		return !isNew || len(accounts) < 32
	}
	return !isNew || len(accounts) < 64
}

// full is the status for no space.
func (o *oath) full() status {
	if o.key.config.Firmware.before(3, 0, 0) {
		return swAborted
	}
	return swNoSpace
}

// delete removes an account. YKOATH, "DELETE".
func (o *oath) delete(d objects) status {
	name, ok := d.take(tagName)
	if !ok || len(d) > 0 {
		return swWrongData
	}
	i := o.key.state.OATH.index(name)
	if i < 0 {
		return o.notFound()
	}
	return o.change(func(s *oathState) { s.Accounts = slices.Delete(s.Accounts, i, i+1) })
}

// rename gives an account another name that is free, which its own is not.
// YKOATH, "RENAME"; tests/device/test_oath.py of yubikey-manager.
func (o *oath) rename(d objects) status {
	from, ok1 := d.take(tagName)
	to, ok2 := d.take(tagName)
	if !ok1 || !ok2 || len(d) > 0 || len(to) == 0 || len(to) > o.nameMax() {
		return swWrongData
	}
	i := o.key.state.OATH.index(from)
	if i < 0 {
		return o.notFound()
	}
	if o.key.state.OATH.index(to) >= 0 {
		return swWrongData
	}
	return o.change(func(s *oathState) { s.Accounts[i].Name = bytes.Clone(to) })
}

// notFound is the status for a name that no account has.
func (o *oath) notFound() status {
	switch {
	case o.quirk(NotFound6A82):
		return swFileNotFound
	case o.quirk(NotFound6A88):
		return swReferenceNotFound
	}
	return swDataInvalid
}
