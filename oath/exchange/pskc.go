package exchange

import (
	"crypto"
	"crypto/hmac"
	_ "crypto/sha1" // linked in for crypto.SHA1, as are the others
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A Portable Symmetric Key Container (RFC 6030) is XML. Secrets are in the clear, or
// encrypted as XML Encryption has it, under a key that both sides have or that PBKDF2
// makes of a password. The algorithm of TOTP is that of
// draft-hoyer-keyprov-pskc-algorithm-profiles-01, section 4.
var pskc = format{
	name: "PSKC", word: "pskc",
	is: func(f *file) bool {
		return strings.HasPrefix(strings.TrimSpace(f.text), "<") && strings.Contains(f.text, "KeyContainer")
	},
	read:  readPSKC,
	write: writePSKC,
	seals: true,
}

type pskcFile struct {
	XMLName    xml.Name `xml:"KeyContainer"`
	Encryption struct {
		Derivation *struct {
			Algorithm  string `xml:"Algorithm,attr"`
			Salt       string `xml:"PBKDF2-params>Salt>Specified"`
			Iterations string `xml:"PBKDF2-params>IterationCount"`
			PRF        struct {
				Algorithm string `xml:"Algorithm,attr"`
				Text      string `xml:",chardata"` // as python-pskc writes it
			} `xml:"PBKDF2-params>PRF"`
		} `xml:"DerivedKey>KeyDerivationMethod"`
	} `xml:"EncryptionKey"`
	MAC struct {
		Algorithm string      `xml:"Algorithm,attr"`
		Key       *pskcCipher `xml:"MACKey"`
	} `xml:"MACMethod"`
	Packages []struct {
		SerialNo string    `xml:"DeviceInfo>SerialNo"`
		UserID   string    `xml:"DeviceInfo>UserId"`
		Keys     []pskcKey `xml:"Key"`
	} `xml:"KeyPackage"`
}

type pskcKey struct {
	ID             string `xml:"Id,attr"`
	Algorithm      string `xml:"Algorithm,attr"`
	Issuer         string `xml:"Issuer"`
	FriendlyName   string `xml:"FriendlyName"`
	UserID         string `xml:"UserId"`
	Suite          string `xml:"AlgorithmParameters>Suite"` // the hash, such as HMAC-SHA256
	ResponseFormat struct {
		Length   string `xml:"Length,attr"`
		Encoding string `xml:"Encoding,attr"`
	} `xml:"AlgorithmParameters>ResponseFormat"`
	Secret       pskcValue `xml:"Data>Secret"`
	Counter      pskcValue `xml:"Data>Counter"`
	TimeInterval pskcValue `xml:"Data>TimeInterval"`
}

type pskcValue struct {
	Plain     string      `xml:"PlainValue"`
	Encrypted *pskcCipher `xml:"EncryptedValue"`
	MAC       string      `xml:"ValueMAC"`
}

type pskcCipher struct {
	Method struct {
		Algorithm string `xml:"Algorithm,attr"`
	} `xml:"EncryptionMethod"`
	Value string `xml:"CipherData>CipherValue"`
}

func readPSKC(r *reader) error {
	var f pskcFile
	if err := decodeXML(r.text, &f); err != nil {
		return err
	}
	var box pskcBox
	for _, p := range f.Packages {
		for _, k := range p.Keys {
			for _, v := range []pskcValue{k.Secret, k.Counter, k.TimeInterval} {
				if v.Encrypted != nil {
					box.values = append(box.values, v)
				}
			}
		}
	}
	if len(box.values) > 0 {
		if err := r.openPSKC(f, &box); err != nil {
			return err
		}
	}
	for _, p := range f.Packages {
		for _, k := range p.Keys {
			_, kind, _ := strings.Cut(strings.ToLower(k.Algorithm), "pskc") // urn:...:pskc:totp, or #totp
			kind = strings.TrimLeft(kind, ":#")
			if kind == "" {
				kind = strings.ToLower(k.Algorithm)
			}
			if kind == "pin" {
				continue // which goes with another key
			}
			field := otpauth.Fields{Type: kind, Issuer: k.Issuer, Algorithm: k.Suite, Digits: k.ResponseFormat.Length}
			for _, name := range []string{k.FriendlyName, k.UserID, p.UserID, k.ID, p.SerialNo} {
				if field.Name == "" {
					field.Name = strings.TrimSpace(name)
				}
			}
			if encoding := k.ResponseFormat.Encoding; encoding != "" && encoding != "DECIMAL" {
				r.refuse(field.Name, invalid(errors.New("its codes are not decimal")))
				continue
			}
			var err, errCounter, errPeriod error
			field.Bytes, err = box.bytes(k.Secret)
			field.Counter, errCounter = box.number(k.Counter)
			field.Period, errPeriod = box.number(k.TimeInterval)
			if err = errors.Join(err, errCounter, errPeriod); err != nil {
				r.refuse(field.Name, invalid(err))
				continue
			}
			r.add(field, "")
		}
	}
	return nil
}

// A pskcBox opens the encrypted values of a container.
type pskcBox struct {
	values      []pskcValue
	key, macKey []byte
	mac         func() hash.Hash // nil if there is none
}

// pskcHashes are those of the algorithms that XML Signature names.
var pskcHashes = map[string]crypto.Hash{
	"hmac-sha1": crypto.SHA1, "hmac-sha224": crypto.SHA224, "hmac-sha256": crypto.SHA256,
	"hmac-sha384": crypto.SHA384, "hmac-sha512": crypto.SHA512,
}

// pskcCiphers are those of XML Encryption that are opened, with the sizes of their keys.
var pskcCiphers = map[string]int{"aes128-cbc": 16, "aes192-cbc": 24, "aes256-cbc": 32}

// fragment returns the part of an algorithm's URI that names it.
func fragment(uri string) string { return uri[strings.LastIndex(uri, "#")+1:] }

var errPSKCClosed = &ClosedError{App: "the program that it was made for", Instead: "let it be made in the clear, or with AES-CBC and HMAC under a password or a shared key"}

// openPSKC asks for the password, or for the key in hexadecimal, and keeps the one that
// a value opens with.
func (r *reader) openPSKC(f pskcFile, box *pskcBox) error {
	size, known := pskcCiphers[fragment(box.values[0].Encrypted.Method.Algorithm)]
	prf := crypto.SHA1 // PKCS #5 2.0, B.1.1
	derivation := f.Encryption.Derivation
	if derivation != nil {
		name := fragment(derivation.PRF.Algorithm + strings.TrimSpace(derivation.PRF.Text))
		if name != "" {
			prf = pskcHashes[name]
		}
		known = known && prf != 0 && fragment(derivation.Algorithm) == "pbkdf2"
	}
	if f.MAC.Algorithm != "" {
		h := pskcHashes[fragment(f.MAC.Algorithm)]
		known, box.mac = known && h != 0, h.New
	}
	if !known {
		return errPSKCClosed
	}
	return r.unlock(func(password []byte) (err error) {
		if derivation == nil {
			box.key, err = hex.DecodeString(strings.ReplaceAll(string(password), " ", ""))
			if err != nil || len(box.key) != size {
				return fmt.Errorf("%w: it must be a key of %d hexadecimal digits", oath.ErrWrongPassword, 2*size)
			}
		} else {
			salt, err := unwrapBase64(derivation.Salt)
			if err != nil {
				return err
			}
			rounds, err := strconv.Atoi(strings.TrimSpace(derivation.Iterations))
			if err != nil {
				return fmt.Errorf("%w: the parameters of PBKDF2 are out of range", ErrDamaged)
			}
			if box.key, err = r.pbkdf2Key(prf.New, password, salt, rounds, size); err != nil {
				return err
			}
		}
		box.macKey = box.key
		if f.MAC.Key != nil {
			if box.macKey, err = box.decrypt(*f.MAC.Key); errors.Is(err, errSealed) {
				return errEither
			} else if err != nil {
				return err
			}
		}
		opened := 0
		for _, v := range box.values {
			if _, err := box.bytes(v); err == nil {
				opened++
			}
		}
		if opened == 0 || box.mac == nil && opened < len(box.values) { // without a MAC, some open by chance
			return errEither
		}
		return nil
	})
}

// bytes returns a value that is written as bytes.
func (box *pskcBox) bytes(v pskcValue) ([]byte, error) {
	if v.Encrypted == nil {
		return unwrapBase64(v.Plain)
	}
	if box.mac != nil {
		sealed, err := unwrapBase64(v.Encrypted.Value)
		if err != nil {
			return nil, err
		}
		mac, err := unwrapBase64(v.MAC)
		if err != nil {
			return nil, err
		}
		h := hmac.New(box.mac, box.macKey)
		h.Write(sealed)
		if !hmac.Equal(h.Sum(nil), mac) {
			return nil, errSealed
		}
	}
	return box.decrypt(*v.Encrypted)
}

func (box *pskcBox) decrypt(c pskcCipher) ([]byte, error) {
	sealed, err := unwrapBase64(c.Value)
	if err != nil {
		return nil, err
	}
	if pskcCiphers[fragment(c.Method.Algorithm)] != len(box.key) || len(sealed) < 16 {
		return nil, fmt.Errorf("%w: a value is encrypted in another way", ErrDamaged)
	}
	padded, size, err := decryptCBC(box.key, sealed[:16], sealed[16:]) // whose padding may be any bytes
	if err != nil {
		return nil, err
	}
	return padded[:len(padded)-size], nil
}

// number returns a value that is a number: in the clear in decimal, and encrypted in
// binary, its most significant byte first (RFC 6030, 4.2.1).
func (box *pskcBox) number(v pskcValue) (string, error) {
	if v.Encrypted == nil {
		return strings.TrimSpace(v.Plain), nil
	}
	b, err := box.bytes(v)
	if err == nil && len(b) > 8 {
		err = fmt.Errorf("%w: a number is too large", ErrDamaged)
	}
	if err != nil {
		return "", err
	}
	return strconv.FormatUint(binary.BigEndian.Uint64(append(make([]byte, 8-len(b)), b...)), 10), nil
}
