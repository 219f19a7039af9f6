package ykoath

import (
	"bytes"
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
	// minKeySize is the least length of a key as the applet stores it, in bytes.
	// A shorter one is padded with zeros on its right, which HMAC does anyway.
	minKeySize = 14

	propertyTouch = 0x02 // YKOATH, "PUT", properties
)

// Put stores a new account (PUT). It makes sure first that no account has this
// ID, since the card's own PUT overwrites without a word. It returns
// oath.ErrExists, oath.ErrNoSpace, oath.ErrUnsupported or a *NameTooLongError as
// oath.Token describes.
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

// Replace stores an account, over the one with the same ID if there is one, in one
// command: the card has the old account or the new one whenever it is pulled out. It
// returns oath.ErrNoOverwrite on keys of makers that have it otherwise.
func (s *Session) Replace(a oath.Account, secret oath.Secret) error {
	c, err := s.putCommand(a, secret)
	if err != nil {
		return err
	}
	err = s.put(a, c)
	if !hasStatus(err, swConditions) {
		return err
	}
	ids, listErr := s.knownIDs()
	if listErr != nil {
		return listErr
	}
	if !slices.Contains(ids, a.ID()) { // so that there is another reason
		return err
	}
	return fmt.Errorf("%s: %w (status %04X)", cmdPut, oath.ErrNoOverwrite, swConditions)
}

func (s *Session) put(a oath.Account, c command) error {
	id := a.ID()
	if err := s.prefixBug(id); err != nil {
		return err
	}
	known := s.ids
	if err := s.change(c); err != nil {
		err = s.explainPut(err, a)
		if errors.Is(err, oath.ErrNoSpace) || errors.Is(err, oath.ErrUnsupported) { // nothing was changed
			s.ids = known
		}
		return err
	}
	if s.ids != nil && !slices.Contains(s.ids, id) {
		s.ids = append(s.ids, id)
	}
	return nil
}

func (s *Session) explainPut(err error, a oath.Account) error {
	switch {
	case hasStatus(err, swUnknown) && s.Version.before(versionSlots): // as very old keys say it
		return fmt.Errorf("%s: %w (status %04X)", cmdPut, oath.ErrNoSpace, swUnknown)
	case a.Algorithm == oath.SHA512:
		return s.unsupported(err, "SHA-512", versionSHA512)
	}
	return err
}

// prefixBug refuses an ID that an account's ID begins with, on the firmware where
// PUT would overwrite that account.
func (s *Session) prefixBug(id oath.ID) error {
	if !s.Version.PrefixBug() {
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

// Fits returns why a key cannot hold such an account, as far as that is known before it
// is tried: oath.ErrInvalid, oath.ErrUnsupported or a *NameTooLongError.
func (s *Session) Fits(a oath.Account) error {
	if err := a.Validate(); err != nil {
		return err
	}
	if err := CheckID(a.ID()); err != nil {
		return err
	}
	if a.Counter > math.MaxUint32 {
		return fmt.Errorf("%w: a key's counter begins at %d at most, not at %d", oath.ErrInvalid, uint32(math.MaxUint32), a.Counter)
	}
	// An older key would store the account and ignore the property in silence.
	if a.Touch && s.Version.before(versionTouch) {
		return fmt.Errorf("%w: touch needs firmware %s, and this key has %s", oath.ErrUnsupported, versionTouch, s.Version)
	}
	return nil
}

func (s *Session) putCommand(a oath.Account, secret oath.Secret) (command, error) {
	if err := s.Fits(a); err != nil {
		return command{}, err
	}
	if secret.IsZero() {
		return command{}, fmt.Errorf("%w: the secret is empty", oath.ErrInvalid)
	}
	data, err := encodeName(a.ID())
	if err != nil {
		return command{}, err
	}
	data = appendField(data, tagKey, encodeKey(a, secret)...)
	if a.Touch {
		data = append(data, tagProperty, propertyTouch) // no length: YKOATH, "PUT"
	}
	if a.Type == oath.HOTP && a.Counter > 0 {
		data = appendField(data, tagInitialFactor, binary.BigEndian.AppendUint32(nil, uint32(a.Counter))...)
	}
	return command{name: cmdPut, ins: 0x01, data: data}, nil
}

// encodeKey returns type, digits and the HMAC key.
func encodeKey(a oath.Account, secret oath.Secret) []byte {
	digits := byte(a.Digits)
	if a.IsSteam() {
		digits = oath.DefaultDigits // the host spells the code; the key wants 6 to 8
	}
	key := shortenKey(a.Algorithm, secret.Bytes())
	if missing := minKeySize - len(key); missing > 0 {
		key = append(bytes.Clone(key), make([]byte, missing)...)
	}
	return append([]byte{byte(kindOf(a)), digits}, key...)
}

// shortenKey hashes a key that is longer than its hash's block, as HMAC itself
// would do (RFC 2104, section 2).
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
