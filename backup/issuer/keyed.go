package issuer

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Keyed hashes codes with HMAC-SHA-256 under a key of the server's, which is kept
// apart from the store: who steals the store alone has nothing to try codes on, and
// a try costs the server microseconds. Who has both tries billions of codes a
// second on a graphics card: 50 bits last for days.
//
// The first key makes hashes, and all of them check. To rotate, put a new one
// first, and take an old one out when no set of its time is in use.
//
// NIST SP 800-63B-4 wants codes below 112 bits salted and hashed with a password
// hashing scheme (section 3.1.2.2): who is bound by it takes Argon2id.
type Keyed []Key

// A Key is a key of the server's. Printed, logged or marshalled, in whatever is around
// it, it shows its ID alone.
type Key struct {
	ID string // names it in the store

	secret func() []byte // which fmt cannot look into
}

// NewKey returns a key of 32 random bytes or more, with a copy of them, under a name of
// 1 to 32 letters, digits, - and _.
func NewKey(id string, secret []byte) (Key, error) {
	switch {
	case !isKeyID(id):
		return Key{}, errors.New("the name of a key has 1 to 32 letters, digits, - and _")
	case len(secret) < minKeySize:
		return Key{}, fmt.Errorf("the key %s is shorter than %d bytes", id, minKeySize)
	}
	secret = bytes.Clone(secret)
	return Key{id, func() []byte { return secret }}, nil
}

const (
	keyedName    = "hmac-sha256"
	minKeySize   = 32 // as long as what HMAC-SHA-256 returns (RFC 2104, section 3)
	keyedContext = "tokenctl backup code 1\n"
)

const maxKeyID = 32 // bytes

// isKeyID reports whether a text may name a key.
func isKeyID(text string) bool {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return text != "" && len(text) <= maxKeyID && strings.Trim(text, allowed) == ""
}

// ParseKeys reads keys from text: one per line, its ID, a space, and its bytes in
// base64. Empty lines, and those that begin with #, say nothing. Errors name the
// line, and show nothing of the key.
func ParseKeys(text []byte) (Keyed, error) {
	var keys Keyed
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		fields := strings.Fields(string(line))
		if len(fields) != 2 {
			return nil, fmt.Errorf("line %d: a key is its name, a space, and base64", number)
		}
		secret, err := base64.StdEncoding.DecodeString(fields[1])
		if err != nil {
			return nil, fmt.Errorf("line %d: the key is not base64", number)
		}
		key, err := NewKey(fields[0], secret)
		if err == nil {
			keys = append(keys, key)
			err = keys.validate()
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return keys, keys.validate()
}

func (k Keyed) validate() error {
	if len(k) == 0 {
		return fmt.Errorf("%w: no key", ErrNoKey)
	}
	seen := make(map[string]bool)
	for _, key := range k {
		switch {
		case key.secret == nil:
			return fmt.Errorf("%w: the key %s was not made by NewKey", ErrNoKey, key.ID)
		case seen[key.ID]:
			return fmt.Errorf("two keys are named %s", key.ID)
		}
		seen[key.ID] = true
	}
	return nil
}

// Hash implements Hasher. It needs no randomness: the user stands for the salt.
func (k Keyed) Hash(_ context.Context, user string, codes []string, _ io.Reader) ([]string, error) {
	if err := k.validate(); err != nil {
		return nil, err
	}
	hashes := make([]string, len(codes))
	for i, code := range codes {
		hashes[i] = k[0].prefix() + encode(k[0].digest(user, code))
	}
	return hashes, nil
}

func (k Key) prefix() string { return "$" + keyedName + "$k=" + k.ID + "$" }

// digest computes HMAC-SHA-256 over the line "tokenctl backup code 1", the number
// of bytes in the user's name as 8 bytes, high byte first, that name, and the code.
// Without the length, a code of alice's with a B before it would be one of aliceB's.
func (k Key) digest(user, code string) []byte {
	message := []byte(keyedContext)
	message = binary.BigEndian.AppendUint64(message, uint64(len(user)))
	message = append(append(message, user...), code...)
	mac := hmac.New(sha256.New, k.secret())
	mac.Write(message)
	return mac.Sum(nil)
}

// Knows implements Hasher.
func (k Keyed) Knows(hash string) bool {
	_, _, found := k.of(hash)
	return found
}

// of returns the key that made a hash, and the digest in it.
func (k Keyed) of(hash string) (key Key, digest string, found bool) {
	for _, key := range k {
		if digest, found := strings.CutPrefix(hash, key.prefix()); found {
			return key, digest, true
		}
	}
	return Key{}, "", false
}

// Match implements Hasher.
func (k Keyed) Match(_ context.Context, user, code string, hashes []string) ([]bool, error) {
	if err := k.validate(); err != nil {
		return nil, err
	}
	digests := make(map[string][]byte) // by key
	matched := make([]bool, len(hashes))
	for i, hash := range hashes {
		key, text, found := k.of(hash)
		if !found {
			return nil, ErrNoKey
		}
		want, ok := decode(text, digestSize)
		if !ok || len(want) != digestSize {
			return nil, fmt.Errorf("%w: an hmac-sha256 hash is malformed", ErrDamaged)
		}
		if digests[key.ID] == nil {
			digests[key.ID] = key.digest(user, code)
		}
		matched[i] = hmac.Equal(digests[key.ID], want)
	}
	return matched, nil
}
