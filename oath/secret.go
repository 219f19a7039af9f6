package oath

import (
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

const (
	// MinSecretSize is the least size of a secret in bytes. RFC 4226 asks for
	// 16, but services hand out 10; less than 8 is a secret cut short.
	MinSecretSize = 8

	// MaxSecretSize is the greatest size of a secret in bytes: four times the
	// block of SHA-512, beyond which HMAC gains nothing.
	MaxSecretSize = 512
)

// A Secret is the key an account's codes are computed from. It does not print:
// formatting it in any way yields a placeholder.
type Secret struct {
	key []byte
}

// NewSecret returns a secret that holds a copy of key. The error wraps
// ErrInvalid if key is shorter than MinSecretSize or longer than MaxSecretSize.
func NewSecret(key []byte) (Secret, error) {
	switch {
	case len(key) == 0:
		return Secret{}, fmt.Errorf("%w: the secret is empty", ErrInvalid)
	case len(key) < MinSecretSize:
		return Secret{}, fmt.Errorf("%w: the secret has %d bytes, and needs %d or more; is it cut short?", ErrInvalid, len(key), MinSecretSize)
	case len(key) > MaxSecretSize:
		return Secret{}, fmt.Errorf("%w: the secret has %d bytes, and may have %d at most", ErrInvalid, len(key), MaxSecretSize)
	}
	return Secret{append([]byte(nil), key...)}, nil
}

// ParseSecret reads a secret in base32 (RFC 4648) as services show it: in either
// case, in groups parted by spaces or dashes, with or without padding. The error
// wraps ErrInvalid and tells where the text stops being base32, but not the text.
func ParseSecret(s string) (Secret, error) {
	text := strings.NewReplacer(" ", "", "-", "", "\t", "", "\u00a0", "").Replace(s)
	text = strings.ToUpper(strings.TrimRight(text, "="))
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		return Secret{}, fmt.Errorf("%w: the secret is not base32: %s", ErrInvalid, base32Mistake(text, err))
	}
	return NewSecret(key)
}

func base32Mistake(text string, err error) string {
	for i, r := range text {
		switch {
		case r >= 'A' && r <= 'Z', r >= '2' && r <= '7':
		case strings.ContainsRune("0189", r):
			return fmt.Sprintf("character %d is a digit that base32 does not have (it uses A-Z and 2-7)", i+1)
		default:
			return fmt.Sprintf("character %d is neither a letter A-Z nor a digit 2-7", i+1)
		}
	}
	if corrupt := base32.CorruptInputError(0); errors.As(err, &corrupt) {
		return "its length does not fit; is it cut short?"
	}
	return "it cannot be read"
}

// Bytes returns the key itself, not a copy.
func (s Secret) Bytes() []byte { return s.key }

// Base32 returns the secret in upper-case base32 without padding, the form of
// otpauth URIs.
func (s Secret) Base32() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(s.key)
}

// Clear overwrites the key in memory. Copies of the Secret share the key, and
// are cleared with it.
func (s Secret) Clear() { clear(s.key) }

// String returns a placeholder.
func (Secret) String() string { return "[secret]" }

// Format prints a placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText returns a placeholder, and so keeps the secret out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
