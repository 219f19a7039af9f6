package ykoath

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

const (
	// MaxIDSize is the greatest length of an account's ID, in bytes of UTF-8
	// (YKOATH, "PUT").
	MaxIDSize = 64

	// minKeySize is the least length of a key as the applet stores it, in bytes.
	// A shorter one is padded with zeros on its right, which HMAC does anyway.
	minKeySize = 14

	propertyTouch = 0x02 // YKOATH, "PUT", properties

	typeHOTP = 0x10
	typeTOTP = 0x20
	typeMask = 0xf0
)

// A NameTooLongError says that an ID does not fit the key. It wraps
// oath.ErrInvalid.
type NameTooLongError struct {
	Size int // bytes
}

func (e *NameTooLongError) Error() string {
	return fmt.Sprintf("%v: the name is %d bytes too long for the key (issuer, account and period take %d, and %d fit)",
		oath.ErrInvalid, e.Size-MaxIDSize, e.Size, MaxIDSize)
}

func (e *NameTooLongError) Unwrap() error { return oath.ErrInvalid }

func encodeID(id oath.ID) ([]byte, error) {
	switch size := len(id); {
	case size == 0:
		return nil, fmt.Errorf("%w: the name is empty", oath.ErrInvalid)
	case size > MaxIDSize:
		return nil, &NameTooLongError{Size: size}
	}
	return []byte(id), nil
}

// List returns every account with its algorithm. Digits and touch are unknown:
// the applet does not tell them here.
func (s *Session) List() ([]oath.Account, error) {
	answer, err := s.do(command{name: cmdList, ins: 0xa1})
	if err != nil {
		return nil, err
	}
	accounts, err := parseList(answer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmdList, err)
	}
	s.ids = make([]oath.ID, len(accounts))
	for i, a := range accounts {
		s.ids[i] = a.ID()
	}
	return accounts, nil
}

// knownIDs returns the IDs of all accounts, and asks the card only if it has not
// told them yet.
func (s *Session) knownIDs() ([]oath.ID, error) {
	if s.ids == nil {
		if _, err := s.List(); err != nil {
			return nil, err
		}
	}
	return s.ids, nil
}

// change runs a command after which the accounts are others.
func (s *Session) change(c command) error {
	s.ids = nil
	_, err := s.do(c)
	return err
}

func parseList(answer []byte) ([]oath.Account, error) {
	fields, err := parseFields(answer)
	if err != nil {
		return nil, err
	}
	var accounts []oath.Account
	for i, f := range fields {
		if f.tag != tagNameList {
			continue
		}
		if len(f.value) < 1 {
			return nil, fmt.Errorf("%w: entry %d of the list is empty", ErrMalformed, i)
		}
		kind, name := f.value[0], f.value[1:]
		a := oath.ID(name).Account(parseType(kind))
		a.Algorithm = parseAlgorithm(kind)
		accounts = append(accounts, a)
	}
	return accounts, nil
}

func parseType(kind byte) oath.Type {
	switch kind & typeMask {
	case typeHOTP:
		return oath.HOTP
	case typeTOTP:
		return oath.TOTP
	}
	return oath.TypeUnknown
}

func parseAlgorithm(kind byte) oath.Algorithm {
	switch kind &^ typeMask {
	case 1:
		return oath.SHA1
	case 2:
		return oath.SHA256
	case 3:
		return oath.SHA512
	}
	return oath.AlgorithmUnknown
}

// Put stores a new account. It makes sure first that there is none of this ID,
// since the card's own PUT overwrites without a word. It returns oath.ErrExists,
// oath.ErrNoSpace, oath.ErrUnsupported or a *NameTooLongError as oath.Token
// describes.
func (s *Session) Put(a oath.Account, secret oath.Secret) error {
	c, err := s.putCommand(a, secret)
	if err != nil {
		return err
	}
	ids, err := s.knownIDs()
	if err != nil {
		return err
	}
	if slices.Contains(ids, a.ID()) {
		return fmt.Errorf("%s: %w", cmdPut, oath.ErrExists)
	}
	return s.put(a, c)
}

// Replace stores an account, over the one with the same ID if there is one.
func (s *Session) Replace(a oath.Account, secret oath.Secret) error {
	c, err := s.putCommand(a, secret)
	if err != nil {
		return err
	}
	err = s.put(a, c)
	if errors.Is(err, oath.ErrExists) { // some makers' keys do not overwrite
		if err := s.Delete(a.ID()); err != nil {
			return err
		}
		return s.put(a, c)
	}
	return err
}

func (s *Session) put(a oath.Account, c command) error {
	if err := s.prefixBug(a.ID()); err != nil {
		return err
	}
	err := s.change(c)
	if err != nil && a.Algorithm == oath.SHA512 {
		return s.unsupported(err, "SHA-512", versionSHA512)
	}
	return err
}

// prefixBug refuses an ID that an account's ID begins with, on the firmware where
// PUT would overwrite that account.
func (s *Session) prefixBug(id oath.ID) error {
	if !versionSlots.before(s.Version) || !s.Version.before(versionNoPrefix) {
		return nil
	}
	ids, err := s.knownIDs()
	if err != nil {
		return err
	}
	for _, there := range ids {
		if there != id && strings.HasPrefix(string(there), string(id)) {
			return fmt.Errorf("%w: firmware %s would overwrite %q, which begins with this name; choose another name",
				oath.ErrUnsupported, s.Version, there)
		}
	}
	return nil
}

func (s *Session) putCommand(a oath.Account, secret oath.Secret) (command, error) {
	if err := a.Validate(); err != nil {
		return command{}, err
	}
	name, err := encodeID(a.ID())
	if err != nil {
		return command{}, err
	}
	if a.Counter > math.MaxUint32 {
		return command{}, fmt.Errorf("%w: a key's counter begins at %d at most, not at %d", oath.ErrInvalid, uint32(math.MaxUint32), a.Counter)
	}
	// An older key would store the account and ignore the property in silence.
	if a.Touch && s.Version.before(versionTouch) {
		return command{}, fmt.Errorf("%w: touch needs firmware %s, and this key tells %s", oath.ErrUnsupported, versionTouch, s.Version)
	}
	data := appendField(nil, tagName, name...)
	data = appendField(data, tagKey, encodeKey(a, secret)...)
	if a.Touch {
		data = append(data, tagProperty, propertyTouch) // no length: YKOATH, "PUT"
	}
	if a.Type == oath.HOTP && a.Counter > 0 {
		data = appendField(data, tagInitialFactor, binary.BigEndian.AppendUint32(nil, uint32(a.Counter))...)
	}
	return command{name: cmdPut, ins: 0x01, data: data}, nil
}

// encodeKey returns type, digits and the HMAC key. What is longer than the
// hash's block is hashed first, as HMAC itself would do (RFC 2104).
func encodeKey(a oath.Account, secret oath.Secret) []byte {
	kind, digits := byte(typeTOTP), byte(a.Digits)
	if a.Type == oath.HOTP {
		kind = typeHOTP
	}
	if a.IsSteam() {
		digits = oath.DefaultDigits // the host spells the code; the key wants 6 to 8
	}
	key := shortenKey(a.Algorithm, secret.Bytes())
	if missing := minKeySize - len(key); missing > 0 {
		key = append(append([]byte(nil), key...), make([]byte, missing)...)
	}
	return append([]byte{kind | encodeAlgorithm(a.Algorithm), digits}, key...)
}

func encodeAlgorithm(a oath.Algorithm) byte {
	switch a {
	case oath.SHA256:
		return 2
	case oath.SHA512:
		return 3
	}
	return 1
}

func shortenKey(a oath.Algorithm, key []byte) []byte {
	switch {
	case a == oath.SHA1 && len(key) > sha1.BlockSize:
		sum := sha1.Sum(key)
		return sum[:]
	case a == oath.SHA256 && len(key) > sha256.BlockSize:
		sum := sha256.Sum256(key)
		return sum[:]
	case a == oath.SHA512 && len(key) > sha512.BlockSize:
		sum := sha512.Sum512(key)
		return sum[:]
	}
	return key
}

// Delete removes an account. It returns oath.ErrNotFound if there is none.
func (s *Session) Delete(id oath.ID) error {
	name, err := encodeID(id)
	if err != nil {
		return err
	}
	return s.change(command{name: cmdDelete, ins: 0x02, data: appendField(nil, tagName, name...)})
}

// Rename gives an account another ID. It returns oath.ErrUnsupported if the key
// cannot, oath.ErrNotFound if there is no such account, and oath.ErrExists if
// the new ID is taken.
func (s *Session) Rename(old, new oath.ID) error {
	from, err := encodeID(old)
	if err != nil {
		return err
	}
	to, err := encodeID(new)
	if err != nil {
		return err
	}
	ids, err := s.knownIDs()
	switch {
	case err != nil:
		return err
	case !slices.Contains(ids, old):
		return fmt.Errorf("%s: %w", cmdRename, oath.ErrNotFound)
	case old != new && slices.Contains(ids, new):
		return fmt.Errorf("%s: %w", cmdRename, oath.ErrExists)
	case old == new:
		return nil
	}
	data := appendField(appendField(nil, tagName, from...), tagName, to...)
	err = s.change(command{name: cmdRename, ins: 0x05, data: data})
	if errors.Is(err, oath.ErrUnsupported) {
		return s.unsupported(err, "renaming", versionRename)
	}
	return err
}

// Reset deletes every account and the password (RESET). It needs no password.
func (s *Session) Reset() error {
	if err := s.change(command{name: cmdReset, ins: 0x04, p1: 0xde, p2: 0xad}); err != nil {
		return err
	}
	return s.selectApplet()
}
