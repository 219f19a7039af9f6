package ykoath

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"fmt"
	"io"
)

// An AccessKey is what the applet keeps of a password: it opens every account,
// as the password does, on keys with the same salt. It does not print.
type AccessKey [16]byte

// accessKeyRounds of PBKDF2-HMAC-SHA1 are what every client uses, so that a
// password set by one opens for the other (YKOATH, "SET CODE").
const accessKeyRounds = 1000

// DeriveAccessKey returns the key for a password, in UTF-8, and a session's Salt. There is
// an error only where the system forbids PBKDF2 with SHA-1, as in Go's strict FIPS mode.
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

// MarshalText returns a placeholder, and so keeps the key out of JSON.
func (k AccessKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

func (k AccessKey) sign(challenge []byte) []byte {
	mac := hmac.New(sha1.New, k[:])
	mac.Write(challenge)
	return mac.Sum(nil)
}
