package exchange

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// FreeOTP 2 writes externalBackup.xml, which is no XML: a java.util.HashMap of strings, as
// Java serializes it. One is the master key, sealed with AES-256-GCM under a key that
// PBKDF2 makes of the password. For each account there are two: the token in the clear,
// and its secret, sealed with the master key.
//
// https://github.com/freeotp/freeotp-android, TokenPersistence.java, Token.java,
// encryptor/MasterKey.java and encryptor/EncryptedKey.java
var freeOTP2 = format{
	name: "FreeOTP 2",
	is:   func(f *file) bool { return strings.HasPrefix(string(f.data[:min(len(f.data), 4)]), javaMagic) },
	read: readFreeOTP2,
}

const (
	freeOTPMaster = "masterKey"
	freeOTPSuffix = "-token" // of a token's name; its secret's has none
)

type freeOTPMasterKey struct {
	Algorithm string      `json:"mAlgorithm"`
	Rounds    int         `json:"mIterations"`
	Salt      signedBytes `json:"mSalt"`
	Key       freeOTPKey  `json:"mEncryptedKey"`
}

// A freeOTPKey is a sealed key. What it is for is the additional data of the seal.
type freeOTPKey struct {
	Cipher     string      `json:"mCipher"`
	Parameters signedBytes `json:"mParameters"` // GCMParameters of RFC 5084, in DER
	Sealed     signedBytes `json:"mCipherText"`
	Token      string      `json:"mToken"`
}

// freeOTPHashes are those of PBKDF2, by the lower-case name. Old systems lack the better.
var freeOTPHashes = map[string]func() hash.Hash{
	"pbkdf2withhmacsha512": sha512.New,
	"pbkdf2withhmacsha256": sha256.New,
	"pbkdf2withhmacsha1":   sha1.New,
}

func readFreeOTP2(r *reader) error {
	r.Warnings = nil // of the encoding of a text
	values, err := readJavaMap(r.data)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	master, err := r.openFreeOTPMaster(values[freeOTPMaster])
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		uuid, isToken := strings.CutSuffix(name, freeOTPSuffix)
		if _, found := values[name+freeOTPSuffix]; name == freeOTPMaster || !isToken && found {
			continue
		}
		var t freeOTPToken
		if err := decodeOpened([]byte(values[uuid+freeOTPSuffix]), &t); err != nil {
			r.refuse(uuid, invalid(err))
			continue
		}
		fields := t.fields()
		if fields.Bytes, err = openFreeOTPSecret(master, values[uuid]); err != nil {
			r.refuse(strings.Trim(fields.Issuer+":"+fields.Name, ":"), invalid(err))
			continue
		}
		if fields.Counter == "-1" {
			fields.Counter = "0" // as FreeOTP 1 kept it, and no code was made since
		}
		r.add(fields, "")
	}
	return nil
}

// openFreeOTPMaster returns the master key. Only it shows a wrong password: it is as
// short as a key, and is in one place.
func (r *reader) openFreeOTPMaster(text string) (key []byte, err error) {
	var m freeOTPMasterKey
	if err := decodeOpened([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("the master key: %w", err)
	}
	newHash := freeOTPHashes[strings.ToLower(m.Algorithm)]
	if newHash == nil || len(m.Salt) == 0 {
		return nil, fmt.Errorf("%w: the master key is made in a way that is not known", ErrDamaged)
	}
	err = r.unlock(func(password []byte) error {
		wrapping, err := r.pbkdf2Key(newHash, password, m.Salt, m.Rounds, 32)
		if err != nil {
			return err
		}
		if key, err = m.Key.open(wrapping); errors.Is(err, errSealed) {
			return oath.ErrWrongPassword
		}
		return err
	})
	return key, err
}

// openFreeOTPSecret opens the secret of an account: a JSON object with one in a string.
func openFreeOTPSecret(master []byte, text string) ([]byte, error) {
	var outer struct {
		Key string `json:"key"`
	}
	if err := decodeOpened([]byte(text), &outer); err != nil {
		return nil, err
	}
	var k freeOTPKey
	if err := decodeOpened([]byte(outer.Key), &k); err != nil {
		return nil, err
	}
	secret, err := k.open(master)
	if errors.Is(err, errSealed) {
		return nil, fmt.Errorf("%w: the secret does not open with the master key", ErrDamaged)
	}
	return secret, err
}

func (k freeOTPKey) open(key []byte) ([]byte, error) {
	var parameters struct {
		Nonce []byte
		Tag   int `asn1:"optional,default:12"` // bytes
	}
	rest, err := asn1.Unmarshal(k.Parameters, &parameters)
	if err != nil || len(rest) > 0 || parameters.Tag != tagSize || k.Cipher != "AES/GCM/NoPadding" {
		return nil, fmt.Errorf("%w: a key is sealed in a way that is not known", ErrDamaged)
	}
	return openGCM(key, parameters.Nonce, k.Sealed, []byte(k.Token))
}
