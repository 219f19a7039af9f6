package exchange

import (
	"errors"
	"strings"
	"testing"
)

func TestClosed(t *testing.T) {
	for name, data := range map[string]string{
		"KeePass 1":                "\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5\x03\x00",
		"SQLite":                   "SQLite format 3\x00\x10\x00",
		"age":                      "age-encryption.org/v1\n-> X25519 x",
		"age, armored":             "\n-----BEGIN AGE ENCRYPTED FILE-----\nYWdl",
		"OpenPGP, armored":         "\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA1ph\r\n",
		"OpenPGP for RSA":          "\x85\x01\x0c\x03" + strings.Repeat("r", 0x010b) + "\xd2\xc0\x01",
		"OpenPGP for Curve25519":   "\x84\x5e\x03" + strings.Repeat("c", 0x5d) + "\xd4\x01",
		"OpenPGP by a passphrase":  "\x8c\x0d\x04\x09\x03\x08saltsalt\x60\xd2",
		"OpenPGP for two":          "\xc1\x03\x03ab\xc1\x03\x03ab",
		"OpenPGP, a newer program": "\xc1\xc0\x4c\x03" + strings.Repeat("r", 0x10b) + "\xd2\xff\x00",
	} {
		closed := new(*ClosedError)
		if _, err := Read([]byte(data), nil); !errors.As(err, closed) || (*closed).Instead == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
