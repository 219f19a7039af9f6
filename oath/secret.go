package oath

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"strings"
	"unicode"
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
// formatting it in any way yields a placeholder. The zero Secret is none, and whatever
// needs one returns ErrInvalid for it.
type Secret struct {
	// In an unexported field of another type, fmt cannot call Format, and prints
	// what it finds. It follows one pointer, but not two.
	key **[]byte
}

// NewSecret returns a secret that holds a copy of key. The error wraps
// ErrInvalid if key is shorter than MinSecretSize or longer than MaxSecretSize.
func NewSecret(key []byte) (Secret, error) {
	switch {
	case len(key) == 0:
		return Secret{}, errNoSecret
	case len(key) < MinSecretSize:
		return Secret{}, fmt.Errorf("%w: the secret has %d bytes, and needs %d or more; is it cut short?", ErrInvalid, len(key), MinSecretSize)
	case len(key) > MaxSecretSize:
		return Secret{}, fmt.Errorf("%w: the secret has %d bytes, and may have %d at most", ErrInvalid, len(key), MaxSecretSize)
	}
	held := new([]byte)
	*held = bytes.Clone(key)
	return Secret{&held}, nil
}

// secretEncoding is what services show secrets in, RFC 4648, section 6.
var secretEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// isGrouping reports whether a character stands between the groups of a secret: a space
// or a dash of any kind, or what does not show.
func isGrouping(r rune) bool { return r == '\t' || unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf) }

// ParseSecret reads a secret in base32 (RFC 4648) as services show it: in either
// case, in groups separated by spaces or dashes of any kind, with or without padding. The error
// wraps ErrInvalid and says where the text stops being base32, but not the text.
func ParseSecret(s string) (Secret, error) {
	letters, err := base32Letters(strings.TrimRightFunc(s, func(r rune) bool { return r == '=' || isGrouping(r) }))
	if err != nil {
		return Secret{}, fmt.Errorf("%w: the secret is not base32: %w", ErrInvalid, err)
	}
	key, err := secretEncoding.DecodeString(letters)
	if err != nil {
		return Secret{}, fmt.Errorf("%w: the secret is not base32", ErrInvalid)
	}
	return NewSecret(key)
}

// base32Letters returns the text in upper case and without its grouping. The
// error counts the characters of the text from 1.
func base32Letters(text string) (string, error) {
	var letters strings.Builder
	for i, r := range []rune(text) {
		if '\uff01' <= r && r <= '\uff5e' { // ASCII from a Chinese or Japanese keyboard
			r -= '\uff01' - '!'
		}
		switch {
		case r >= 'a' && r <= 'z':
			letters.WriteRune(r - 'a' + 'A')
		case r >= 'A' && r <= 'Z', r >= '2' && r <= '7':
			letters.WriteRune(r)
		case isGrouping(r):
		case r >= '0' && r <= '9':
			return "", fmt.Errorf("character %d is a digit that base32 does not have (it uses A-Z and 2-7)", i+1)
		default:
			return "", fmt.Errorf("character %d is neither a letter A-Z nor a digit 2-7", i+1)
		}
	}
	switch n := letters.Len(); n % 8 {
	case 1, 3, 6: // package base32 would drop the last group in silence
		return "", fmt.Errorf("%d characters end within a byte; is it cut short?", n)
	}
	return letters.String(), nil
}

// IsZero reports whether there is no secret, or none any more: it was cleared.
func (s Secret) IsZero() bool { return len(s.Bytes()) == 0 }

// check returns ErrInvalid for a secret that is zero.
func (s Secret) check() error {
	if s.IsZero() {
		return errNoSecret
	}
	return nil
}

var errNoSecret = fmt.Errorf("%w: the secret is empty", ErrInvalid)

// Bytes returns the key itself, not a copy, and nil if there is none.
func (s Secret) Bytes() []byte {
	if s.key == nil {
		return nil
	}
	return **s.key
}

// Base32 returns the secret in upper-case base32 without padding, the form of
// otpauth URIs.
func (s Secret) Base32() string {
	return secretEncoding.EncodeToString(s.Bytes())
}

// Clear overwrites the key in memory, and leaves the Secret zero. Copies of it share
// the key, and are cleared with it.
func (s Secret) Clear() {
	if s.key != nil {
		clear(**s.key)
		**s.key = nil
	}
}

// String returns a placeholder.
func (Secret) String() string { return "[secret]" }

// Format prints a placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText returns a placeholder, and so keeps the secret out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
