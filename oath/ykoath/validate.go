package ykoath

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"io"

	"github.com/tokenctl/tokenctl/oath"
)

// ErrUnproven says that the key did not prove that it knows the password: it is another
// key than it seems, or a broken one. What it was sent is enough to guess at the password
// with, at 1000 rounds of PBKDF2 for each guess.
var ErrUnproven = errors.New("the key could not prove that it knows the password")

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
// the same (VALIDATE). It returns oath.ErrWrongPassword if the card refuses the key,
// after which it may be called again; ErrUnproven if the card takes the key and does not
// show that it has it; and oath.ErrNoPassword if no password is set.
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
	if errors.Is(err, oath.ErrWrongPassword) {
		return s.afterWrongPassword(err)
	}
	if err != nil {
		return err
	}
	if card, ok := s.card.(interface{ ResetOnClose() }); ok {
		card.ResetOnClose()
	}
	return s.checkProof(answer, key.sign(ours))
}

// afterWrongPassword gets another challenge, for whether the one before still
// stands is not specified. A card that is gone by then says so instead.
func (s *Session) afterWrongPassword(wrong error) error {
	if err := s.selectApplet(); err != nil {
		return err
	}
	return wrong
}

// checkProof opens the session if the card answered our challenge as only one
// that knows the key can.
func (s *Session) checkProof(answer, expected []byte) error {
	fields, err := parseFields(answer)
	if err != nil {
		return fmt.Errorf("%s: %w", cmdValidate, err)
	}
	if proof, _ := find(fields, tagResponse); !hmac.Equal(proof, expected) {
		return fmt.Errorf("%s: %w", cmdValidate, ErrUnproven)
	}
	s.unlocked = true
	return nil
}
