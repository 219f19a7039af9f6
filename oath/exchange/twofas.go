package exchange

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// 2FAS's backup is a JSON object with the list of services: in the clear, or sealed with
// AES-256-GCM under a key that PBKDF2-HMAC-SHA256 makes of the password. A known text,
// the reference, is sealed with the same key, so that a wrong password shows.
//
// https://github.com/twofas/2fas-android, BackupContent.kt, BackupService.kt and
// BackupCipherImpl.kt
var twoFAS = format{
	name: "2FAS",
	is: func(f *file) bool {
		return f.has("schemaVersion", "services") || f.has("schemaVersion", "servicesEncrypted")
	},
	read: readTwoFAS,
}

// The newest version of the file. They differ in groups and icons; the first ones lack
// what is usual of an account, too.
const twoFASVersion = 4

// twoFASRounds are those of PBKDF2.
const twoFASRounds = 10_000

type twoFASService struct {
	Name   string `json:"name"`
	Secret string `json:"secret"`
	OTP    struct {
		Label     string `json:"label"`
		Account   string `json:"account"`
		Issuer    string `json:"issuer"`
		Digits    number `json:"digits"`
		Period    number `json:"period"`
		Algorithm string `json:"algorithm"`
		Counter   number `json:"counter"`
		TokenType string `json:"tokenType"`
	} `json:"otp"`
}

func readTwoFAS(r *reader) error {
	var f struct {
		Version   int               `json:"schemaVersion"`
		Services  []json.RawMessage `json:"services"`
		Encrypted string            `json:"servicesEncrypted"`
		Reference string            `json:"reference"`
	}
	if err := decode([]byte(r.text), &f); err != nil {
		return err
	}
	if f.Version > twoFASVersion {
		return fmt.Errorf("%w: its version is %d, and the newest that is known is %d", ErrDamaged, f.Version, twoFASVersion)
	}
	if f.Encrypted != "" {
		content, err := r.openTwoFAS(f.Encrypted, f.Reference)
		if err != nil {
			return err
		}
		if err := decodeOpened(content, &f.Services); err != nil {
			return err
		}
	}
	decodeEach(r, f.Services, func(s twoFASService) {
		// The name is the service's as its owner calls it, and always there.
		fields := otpauth.Fields{
			Type: s.OTP.TokenType, Issuer: s.OTP.Issuer, Name: s.OTP.Account, Secret: s.Secret, Algorithm: s.OTP.Algorithm,
			Digits: string(s.OTP.Digits), Period: string(s.OTP.Period), Counter: string(s.OTP.Counter),
		}
		if fields.Issuer == "" {
			fields.Issuer = s.Name
		}
		if fields.Name == "" {
			fields.Name = s.OTP.Label
		}
		r.add(fields, "")
	})
	return nil
}

// openTwoFAS returns the services of an encrypted backup.
func (r *reader) openTwoFAS(encrypted, reference string) (content []byte, err error) {
	services, err := parseTwoFASSeal(encrypted)
	if err != nil {
		return nil, err
	}
	err = r.unlock(func(password []byte) error {
		if content, err = services.open(r, password); !errors.Is(err, errSealed) {
			return err
		}
		if reference == "" {
			return errEither
		}
		known, err := parseTwoFASSeal(reference)
		if err != nil {
			return err
		}
		switch _, err := known.open(r, password); {
		case errors.Is(err, errSealed):
			return oath.ErrWrongPassword
		case err != nil:
			return err
		}
		return fmt.Errorf("%w: the password is right, but %w", ErrDamaged, errSealed)
	})
	return content, err
}

// A twoFASSeal is a sealed text, with what its key is made of besides the password.
type twoFASSeal struct {
	sealed, salt, nonce []byte
}

func parseTwoFASSeal(text string) (s twoFASSeal, err error) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return s, fmt.Errorf("%w: what is encrypted has %d parts, not 3", ErrDamaged, len(parts))
	}
	for i, part := range []*[]byte{&s.sealed, &s.salt, &s.nonce} {
		if *part, err = unbase64(parts[i]); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s twoFASSeal) open(r *reader, password []byte) ([]byte, error) {
	key, err := r.pbkdf2Key(sha256.New, password, s.salt, twoFASRounds, 32)
	if err != nil {
		return nil, err
	}
	return openGCM(key, s.nonce, s.sealed, nil)
}
