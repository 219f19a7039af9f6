package ykoath

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// aid is the application identifier of the OATH applet (YKOATH, "SELECT").
var aid = []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x21, 0x01}

// selectCommand selects an applet by its identifier, ISO 7816-4, 11.2.2.
func selectCommand(name string, aid []byte) command {
	return command{name: name, ins: 0xa4, p1: 0x04, data: aid}
}

// Select selects the OATH applet. Random is where the challenges for the card come
// from; nil is crypto/rand. The error wraps ErrNoApplet if there is no such applet or it
// is disabled.
func Select(card Card, random io.Reader) (*Session, error) {
	if random == nil {
		random = rand.Reader
	}
	s := &Session{card: card, rand: random}
	if err := s.selectApplet(); err != nil {
		return nil, err
	}
	return s, nil
}

// selectApplet begins the card's session, anew if there was one. The password
// must be given again then.
func (s *Session) selectApplet() error {
	answer, err := s.do(selectCommand(cmdSelect, aid))
	if err != nil {
		return err
	}
	fields, err := parseFields(answer)
	if err != nil {
		return fmt.Errorf("%s: %w", cmdSelect, err)
	}
	s.Version = Version{}
	if version, found := find(fields, tagVersion); found {
		copy(s.Version[:], version)
	}
	s.salt, _ = find(fields, tagName)
	challenge, found := find(fields, tagChallenge)
	if found && len(challenge) == 0 {
		return fmt.Errorf("%s: %w: an empty challenge", cmdSelect, ErrMalformed)
	}
	s.challenge = challenge
	s.unlocked = !found
	return nil
}

// HasPassword reports whether the applet is protected by a password.
func (s *Session) HasPassword() bool { return s.challenge != nil }

// Locked reports whether a password is set and Unlock has not been called yet.
func (s *Session) Locked() bool { return !s.unlocked }

// Salt returns what the applet says to salt passwords with: 8 bytes that
// RESET changes. Some makers' keys have none.
func (s *Session) Salt() []byte { return s.salt }

// DeviceID names the applet from one RESET to the next, in the form that
// Yubico's own clients use: the first 16 bytes of the salt's SHA-256, in base64
// without padding. It is empty for a key that has no salt.
func (s *Session) DeviceID() string {
	if len(s.salt) == 0 {
		return ""
	}
	sum := sha256.Sum256(s.salt)
	return base64.RawStdEncoding.EncodeToString(sum[:16])
}
