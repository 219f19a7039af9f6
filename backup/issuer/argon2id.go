package issuer

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Argon2id hashes codes with Argon2id (RFC 9106) under a random salt: without a
// key, and slowly, so that who steals the store cannot try all codes. A field that
// is zero has the value of OWASP's Password Storage Cheat Sheet, which costs some
// 50 ms, and 19 MiB for as long as it takes: AtOnce bounds how many take that. To make
// ten codes costs ten times that.
//
// The codes of a set share one salt. Which of them was typed is not known, so that
// ten salts would cost ten hashes for each try; a service would buy them with
// weaker ones. What a salt is for is kept: no two users, and no two sets of one
// user, have the same, so that no work done on one helps with another.
type Argon2id struct {
	Memory  uint32 // KiB; 19456 if zero
	Time    uint32 // passes; 2 if zero
	Threads uint8  // 1 if zero
}

const (
	argon2idName = "argon2id"

	saltSize   = 16 // bytes; RFC 9106, section 3.1, recommends it. NIST asks for 4
	digestSize = 32 // bytes
)

// What a hash in the store may ask for, so that a forged one does not stop the
// service.
const (
	maxMemory  = 1 << 20 // KiB
	maxTime    = 64
	maxThreads = 64
	maxBinary  = 64 // bytes of salt and of digest
)

func (a Argon2id) withDefaults() Argon2id {
	if a.Memory == 0 {
		a.Memory = 19456
	}
	if a.Time == 0 {
		a.Time = 2
	}
	if a.Threads == 0 {
		a.Threads = 1
	}
	return a
}

// Hash implements Hasher.
func (a Argon2id) Hash(ctx context.Context, _ string, codes []string, random io.Reader) ([]string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, fmt.Errorf("drawing a salt: %w", err)
	}
	a = a.withDefaults()
	if err := a.validate(); err != nil {
		return nil, err
	}
	hashes := make([]string, len(codes))
	for i, code := range codes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h := argon2idHash{Argon2id: a, salt: salt}
		h.digest = h.of(code, digestSize)
		hashes[i] = h.String()
	}
	return hashes, nil
}

func (a Argon2id) validate() error {
	if a.Memory > maxMemory || a.Memory < 8*uint32(a.Threads) || a.Time < 1 || a.Time > maxTime || a.Threads < 1 || a.Threads > maxThreads {
		return fmt.Errorf("argon2id: m=%d,t=%d,p=%d is out of bounds", a.Memory, a.Time, a.Threads)
	}
	return nil
}

// Knows implements Hasher.
func (Argon2id) Knows(hash string) bool { return strings.HasPrefix(hash, "$"+argon2idName+"$") }

// Match implements Hasher, whatever the parameters of the hashes. Hashes with one
// salt cost one computation.
func (a Argon2id) Match(ctx context.Context, _, code string, hashes []string) ([]bool, error) {
	digests := make(map[string][]byte) // by all but the digest
	matched := make([]bool, len(hashes))
	for i, text := range hashes {
		if !a.Knows(text) {
			return nil, ErrNoKey
		}
		h, err := parseArgon2id(text)
		if err != nil {
			return nil, err
		}
		work := text[:strings.LastIndexByte(text, '$')] + "$" + strconv.Itoa(len(h.digest))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if digests[work] == nil {
			digests[work] = h.of(code, len(h.digest))
		}
		matched[i] = subtle.ConstantTimeCompare(digests[work], h.digest) == 1
	}
	return matched, nil
}

// An argon2idHash is one hash with how it was made.
type argon2idHash struct {
	Argon2id
	salt, digest []byte
}

func (h argon2idHash) of(code string, size int) []byte {
	return argon2.IDKey([]byte(code), h.salt, h.Time, h.Memory, h.Threads, uint32(size))
}

// String returns the hash as Argon2's own tools write it.
func (h argon2idHash) String() string {
	return fmt.Sprintf("$%s$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2idName, argon2.Version,
		h.Memory, h.Time, h.Threads, encode(h.salt), encode(h.digest))
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

func decode(text string, min int) ([]byte, bool) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(text)
	return b, err == nil && len(b) >= min && len(b) <= maxBinary
}

func parseArgon2id(text string) (argon2idHash, error) {
	h, ok := argon2idHash{}, false
	if parts := strings.Split(text, "$"); len(parts) == 6 {
		ok = parts[2] == "v="+strconv.Itoa(argon2.Version) && h.parseParameters(parts[3]) && h.parseBinary(parts[4], parts[5])
	}
	if !ok || h.String() != text {
		return h, fmt.Errorf("%w: an argon2id hash is malformed, or asks for too much", ErrDamaged)
	}
	return h, nil
}

func (h *argon2idHash) parseParameters(text string) bool {
	_, err := fmt.Sscanf(text, "m=%d,t=%d,p=%d", &h.Memory, &h.Time, &h.Threads)
	return err == nil && h.validate() == nil
}

func (h *argon2idHash) parseBinary(salt, digest string) bool {
	var ok [2]bool
	h.salt, ok[0] = decode(salt, 8) // 8 bytes are the least of Argon2's own tools
	h.digest, ok[1] = decode(digest, 16)
	return ok[0] && ok[1]
}
