package exchange

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Stratum, which was called Authenticator Pro, backs up a JSON object: in the clear; or
// sealed with AES-256-GCM under a key of Argon2id; or, by old versions, with AES-256-CBC
// under one of PBKDF2-HMAC-SHA1.
//
// https://github.com/stratumauth/app/blob/master/doc/BACKUP_FORMAT.md
var stratum = format{
	name: "Stratum (Authenticator Pro)",
	is: func(f *file) bool {
		return f.has("Authenticators") || bytes.HasPrefix(f.data, []byte(stratumMark)) || bytes.HasPrefix(f.data, []byte(stratumOldMark))
	},
	read: readStratum,
}

const (
	stratumMark    = "AUTHENTICATORPRO"
	stratumOldMark = "AuthenticatorPro"
)

type stratumEntry struct {
	Type      number // of stratumTypes
	Issuer    string
	Username  string // may be null
	Secret    string
	Algorithm number // of stratumAlgorithms
	Digits    number // always 5 for Steam, whatever is written
	Period    number
	Counter   number
}

var (
	stratumTypes      = map[number]string{"1": "hotp", "2": "totp", "3": "motp", "4": "steam", "5": "yaotp"}
	stratumAlgorithms = map[number]string{"": "", "0": "SHA1", "1": "SHA256", "2": "SHA512"}
)

func readStratum(r *reader) error {
	content := []byte(r.text)
	if r.object == nil {
		r.Warnings = nil // of the encoding of a text
		var err error
		if content, err = r.openStratum(); err != nil {
			return err
		}
	}
	var f struct{ Authenticators []json.RawMessage }
	if err := decodeOpened(content, &f); err != nil {
		return err
	}
	decodeEach(r, f.Authenticators, func(e stratumEntry) {
		kind, known := stratumTypes[e.Type]
		if !known {
			kind = "type " + string(e.Type) // which otpauth refuses
		}
		algorithm, known := stratumAlgorithms[e.Algorithm]
		if !known {
			algorithm = "algorithm " + string(e.Algorithm)
		}
		r.add(otpauth.Fields{
			Type: kind, Issuer: e.Issuer, Name: e.Username, Secret: e.Secret, Algorithm: algorithm,
			Digits: string(e.Digits), Period: string(e.Period), Counter: string(e.Counter),
		}, "")
	})
	return nil
}

// openStratum returns the JSON of an encrypted backup: behind the mark stand the salt,
// the nonce or initialization vector, and what is sealed.
func (r *reader) openStratum() (content []byte, err error) {
	isOld := bytes.HasPrefix(r.data, []byte(stratumOldMark))
	saltSize, nonceSize := 16, 12
	if isOld {
		saltSize, nonceSize = 20, 16
	}
	rest := r.data[len(stratumMark):]
	if len(rest) < saltSize+nonceSize+16 {
		return nil, fmt.Errorf("%w: it ends in the middle, at byte %d", ErrDamaged, len(r.data))
	}
	salt, nonce, sealed := rest[:saltSize], rest[saltSize:saltSize+nonceSize], rest[saltSize+nonceSize:]
	err = r.unlock(func(password []byte) error {
		if isOld {
			key, err := r.pbkdf2Key(sha1.New, password, salt, 64_000, 32)
			if err != nil {
				return err
			}
			// Its padding is all that can show a wrong password, and one in 256 fits.
			if content, err = openCBC(key, nonce, sealed); errors.Is(err, errSealed) || err == nil && checkJSON(content) != nil {
				return errEither
			}
			return err
		}
		key, err := r.argon2Key(password, salt, 3, 64<<10, 4)
		if err != nil {
			return err
		}
		if content, err = openGCM(key, nonce, sealed, nil); errors.Is(err, errSealed) {
			return errEither
		}
		return err
	})
	return content, err
}
