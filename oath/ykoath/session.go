package ykoath

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/tokenctl/tokenctl/oath"
)

// The commands of the applet, as YKOATH names them.
const (
	cmdSelect       = "SELECT"
	cmdPut          = "PUT"
	cmdDelete       = "DELETE"
	cmdSetCode      = "SET CODE"
	cmdReset        = "RESET"
	cmdRename       = "RENAME"
	cmdList         = "LIST"
	cmdCalculate    = "CALCULATE"
	cmdValidate     = "VALIDATE"
	cmdCalculateAll = "CALCULATE ALL"
)

// aid is the application identifier of the OATH applet (YKOATH, "SELECT").
var aid = []byte{0xa0, 0x00, 0x00, 0x05, 0x27, 0x21, 0x01}

// A Session is the OATH applet, selected on a card. It ends when another applet
// is selected, or the card is reset. It counts on being alone with the card, as
// in a PC/SC transaction, and remembers which accounts it was told of. It is not
// safe for concurrent use.
type Session struct {
	// Version is the firmware the applet tells, and zero if it tells none.
	Version Version

	card      Card
	rand      io.Reader
	salt      []byte
	challenge []byte // of the card, to be answered by Unlock; nil if no password is set
	unlocked  bool
	ids       []oath.ID // of all accounts, if known; nil if not
}

var _ oath.Token = (*Session)(nil)

// Select selects the OATH applet. Rand is where the challenges for the card come
// from. The error wraps ErrNoApplet if there is no such applet or it is disabled.
func Select(card Card, rand io.Reader) (*Session, error) {
	s := &Session{card: card, rand: rand}
	if err := s.selectApplet(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Session) selectApplet() error {
	answer, err := s.do(command{name: cmdSelect, ins: 0xa4, p1: 0x04, data: aid})
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
	s.challenge = nil
	if challenge, found := find(fields, tagChallenge); found {
		if len(challenge) == 0 {
			return fmt.Errorf("%s: %w: an empty challenge", cmdSelect, ErrMalformed)
		}
		s.challenge = challenge
	}
	s.unlocked = s.challenge == nil
	return nil
}

// HasPassword reports whether the applet is protected by a password.
func (s *Session) HasPassword() bool { return s.challenge != nil }

// Locked reports whether a password is set and Unlock has not been called yet.
func (s *Session) Locked() bool { return !s.unlocked }

// Salt returns what the applet tells passwords to be salted with: 8 bytes that
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

// do runs a command. Where the applet is open already, it refuses a command only
// because a touch did not come, with the word that otherwise asks for the
// password.
func (s *Session) do(c command) ([]byte, error) {
	answer, err := transmit(s.card, c, insSendRemaining)
	if err != nil && s.unlocked && c.name == cmdCalculate && hasStatus(err, swSecurity) {
		return nil, fmt.Errorf("%s: %w", c.name, oath.ErrTouchTimeout)
	}
	return answer, err
}

// unsupported explains a refusal by the firmware, if that is known to lack the
// feature, or if the card itself says that it does.
func (s *Session) unsupported(err error, feature string, since Version) error {
	refused := hasStatus(err, swWrongSyntax) && s.Version.before(since)
	if refused || errors.Is(err, oath.ErrUnsupported) {
		return fmt.Errorf("%w: %s needs firmware %s, and this key tells %s", oath.ErrUnsupported, feature, since, s.Version)
	}
	return err
}
