package ykoath

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"

	"github.com/tokenctl/tokenctl/oath"
)

// An AccessKey is what the applet keeps of a password: it opens every account,
// as the password does, on keys with the same salt.
type AccessKey [16]byte

// accessKeyRounds of PBKDF2-HMAC-SHA1 are what every client uses, so that a
// password set by one opens for the other (YKOATH, "SET CODE").
const accessKeyRounds = 1000

// DeriveAccessKey returns the key for a password, in UTF-8, and a session's Salt.
func DeriveAccessKey(password string, salt []byte) (AccessKey, error) {
	key, err := pbkdf2.Key(sha1.New, password, salt, accessKeyRounds, len(AccessKey{}))
	if err != nil {
		return AccessKey{}, fmt.Errorf("deriving the access key: %w", err)
	}
	return AccessKey(key), nil
}

// String returns a placeholder.
func (AccessKey) String() string { return "[access key]" }

// Format prints a placeholder, whatever the verb.
func (k AccessKey) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

func (k AccessKey) sign(challenge []byte) []byte {
	mac := hmac.New(sha1.New, k[:])
	mac.Write(challenge)
	return mac.Sum(nil)
}

// challengeSize is in bytes (YKOATH, "VALIDATE").
const challengeSize = 8

func (s *Session) newChallenge() ([]byte, error) {
	challenge := make([]byte, challengeSize)
	if _, err := io.ReadFull(s.rand, challenge); err != nil {
		return nil, fmt.Errorf("drawing a challenge: %w", err)
	}
	return challenge, nil
}

// Unlock proves to the card that the caller has the key, and has the card prove
// the same (VALIDATE). It returns oath.ErrWrongPassword if either fails, and
// oath.ErrNoPassword if none is set. After the wrong key, it may be called again.
func (s *Session) Unlock(key AccessKey) error {
	if !s.HasPassword() {
		return fmt.Errorf("%s: %w", cmdValidate, oath.ErrNoPassword)
	}
	ours, err := s.newChallenge()
	if err != nil {
		return err
	}
	data := appendField(nil, tagResponse, key.sign(s.challenge)...)
	data = appendField(data, tagChallenge, ours...)
	answer, err := s.do(command{name: cmdValidate, ins: 0xa3, data: data})
	if errors.Is(err, oath.ErrWrongPassword) { // whether the challenge stands is not known
		return errors.Join(err, s.selectApplet())
	}
	if err != nil {
		return err
	}
	return s.checkProof(answer, key.sign(ours))
}

// checkProof opens the session if the card answered our challenge as only one
// that knows the key can.
func (s *Session) checkProof(answer, expected []byte) error {
	fields, err := parseFields(answer)
	if err != nil {
		return fmt.Errorf("%s: %w", cmdValidate, err)
	}
	proof, found := find(fields, tagResponse)
	if !found {
		return fmt.Errorf("%s: %w: it did not prove to know the password", cmdValidate, ErrMalformed)
	}
	if !hmac.Equal(proof, expected) {
		return fmt.Errorf("%s: %w: the card does not know it", cmdValidate, oath.ErrWrongPassword)
	}
	s.unlocked = true
	return nil
}

// setCodeAlgorithm is TOTP with SHA-1, which every client sends, whatever the
// card tells in tag 7B (YKOATH, "SET CODE").
const setCodeAlgorithm = 0x21

// SetPassword protects the applet with a key, in the place of the one before.
// The session stays open.
func (s *Session) SetPassword(key AccessKey) error {
	challenge, err := s.newChallenge()
	if err != nil {
		return err
	}
	data := appendField(nil, tagKey, append([]byte{setCodeAlgorithm}, key[:]...)...)
	data = appendField(data, tagChallenge, challenge...)
	data = appendField(data, tagResponse, key.sign(challenge)...)
	if _, err := s.do(command{name: cmdSetCode, ins: 0x03, data: data}); err != nil {
		return err
	}
	return s.reopen(&key)
}

// ClearPassword removes the password. The session stays open.
func (s *Session) ClearPassword() error {
	data := appendField(nil, tagKey)
	if _, err := s.do(command{name: cmdSetCode, ins: 0x03, data: data}); err != nil {
		return err
	}
	return s.reopen(nil)
}

// reopen selects the applet anew after its password was changed: to learn the
// new challenge, and because keys before version 3 lock themselves.
func (s *Session) reopen(key *AccessKey) error {
	if err := s.selectApplet(); err != nil {
		return err
	}
	if key == nil {
		return nil
	}
	return s.Unlock(*key)
}
