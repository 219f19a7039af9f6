package exchange

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// andOTP's backup is a JSON array of accounts.
//
// https://github.com/andOTP/andOTP, Database/Entry.java
var andOTP = format{
	name: "andOTP",
	is:   func(f *file) bool { return f.holds("secret", "label") },
	read: func(r *reader) error { r.readAndOTP(r.array); return nil },
}

// andOTPSealed is the same, sealed with AES-256-GCM and without any mark: so whatever
// looks like chance may be one, when it is no other format.
//
// https://github.com/asmw/andOTP-decrypt, and andOTP's EncryptionHelper.java
var andOTPSealed = format{
	name: "andOTP, encrypted",
	is:   func(f *file) bool { return len(f.data) >= andOTPNonce+len("[]")+tagSize && looksRandom(f.data) },
	read: readAndOTPSealed,
}

const (
	andOTPSalt  = 12 // bytes
	andOTPNonce = 12
	tagSize     = 16 // of AES-GCM
)

type andOTPEntry struct {
	Secret    string  `json:"secret"`
	Issuer    *string `json:"issuer"` // nil in the oldest files
	Label     string  `json:"label"`
	Digits    number  `json:"digits"`
	Type      string  `json:"type"`
	Algorithm string  `json:"algorithm"`
	Period    number  `json:"period"`
	Counter   number  `json:"counter"`
}

func (r *reader) readAndOTP(list []json.RawMessage) {
	decodeEach(r, list, func(e andOTPEntry) {
		fields := otpauth.Fields{
			Type: e.Type, Name: e.Label, Secret: e.Secret, Algorithm: e.Algorithm,
			Digits: string(e.Digits), Period: string(e.Period), Counter: string(e.Counter),
		}
		issuer, name, found := strings.Cut(e.Label, " - ")
		isTwice := found && strings.HasPrefix(name, issuer+":") // "Issuer - Issuer:name", by a fault of the app
		if e.Issuer != nil {
			fields.Issuer = *e.Issuer
		}
		if isTwice || found && e.Issuer == nil {
			fields.Name = name
			if fields.Issuer == "" {
				fields.Issuer = issuer
			}
		}
		r.add(fields, "")
	})
}

// readAndOTPSealed reads both kinds of encrypted files. The newer begins with the rounds
// of PBKDF2, in four bytes, and the salt; the older took the password's hash as the key.
func readAndOTPSealed(r *reader) error {
	r.Warnings = nil // of the encoding of a text
	var content []byte
	err := r.unlock(func(password []byte) (err error) {
		sum := sha256.Sum256(password)
		content, err = openGCM(sum[:], r.data[:andOTPNonce], r.data[andOTPNonce:], nil)
		if !errors.Is(err, errSealed) {
			return err
		}
		rounds, rest := binary.BigEndian.Uint32(r.data), r.data[4:]
		if rounds == 0 || rounds > andOTPRounds || len(rest) < andOTPSalt+andOTPNonce+tagSize {
			return errEither
		}
		key, err := r.pbkdf2Key(sha1.New, password, rest[:andOTPSalt], int(rounds), 32)
		if err != nil {
			return err
		}
		rest = rest[andOTPSalt:]
		if content, err = openGCM(key, rest[:andOTPNonce], rest[andOTPNonce:], nil); errors.Is(err, errSealed) {
			return errEither
		}
		return err
	})
	if err != nil {
		return err
	}
	var list []json.RawMessage
	if err := decodeOpened(content, &list); err != nil {
		return err
	}
	r.readAndOTP(list)
	return nil
}

// andOTPRounds are far more than the app took, which were 1,000 to 160,000. A file of the
// older kind begins with a number beyond, but for one in four thousand.
const andOTPRounds = 1_000_000

// looksRandom reports whether bytes are as even as encryption leaves them, by a chi-square
// test: of random texts, about one in a million is not.
func looksRandom(data []byte) bool {
	var counts [256]float64
	for _, b := range data {
		counts[b]++
	}
	expected, sum := float64(len(data))/256, 0.0
	for _, n := range counts {
		sum += (n - expected) * (n - expected) / expected
	}
	return sum < 400
}
