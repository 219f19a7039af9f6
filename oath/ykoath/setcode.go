package ykoath

import (
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
)

// setCodeKind is TOTP with SHA-1, which every client sends, whatever the card
// has in tag 7B (YKOATH, "SET CODE").
const setCodeKind = kindTOTP | kindSHA1

// SetPassword protects the applet with a key, instead of the one before (SET CODE), and
// has the card prove that it has the new one. The session stays open. It returns
// ErrUnproven if the card took the key and does not open with it.
func (s *Session) SetPassword(key AccessKey) error {
	challenge, err := s.newChallenge()
	if err != nil {
		return err
	}
	data := appendField(nil, tagKey, append([]byte{byte(setCodeKind)}, key[:]...)...)
	data = appendField(data, tagChallenge, challenge...)
	data = appendField(data, tagResponse, key.sign(challenge)...)
	if err := s.setCode(data); err != nil {
		return err
	}
	err = s.Unlock(key)
	if errors.Is(err, ErrUnproven) || errors.Is(err, oath.ErrWrongPassword) || errors.Is(err, oath.ErrNoPassword) {
		return fmt.Errorf("%s: %w that it was just given", cmdSetCode, ErrUnproven)
	}
	return err
}

// ClearPassword removes the password. The session stays open. It returns
// oath.ErrNoPassword if none is set.
func (s *Session) ClearPassword() error {
	if !s.HasPassword() {
		return fmt.Errorf("%s: %w", cmdSetCode, oath.ErrNoPassword)
	}
	if err := s.setCode(appendField(nil, tagKey)); err != nil {
		return err
	}
	if s.Locked() {
		return fmt.Errorf("%s: %w: it still asks for a password", cmdSetCode, ErrMalformed)
	}
	return nil
}

// setCode changes the password and selects the applet anew: to learn the new
// challenge, and because keys before version 3 lock themselves.
func (s *Session) setCode(data []byte) error {
	if err := s.change(command{name: cmdSetCode, ins: 0x03, data: data}); err != nil {
		return err
	}
	return s.selectApplet()
}
