package otpauth

import (
	"errors"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
)

// Whatever is read is valid, and is written so that it is read again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"otpauth://totp/Example:alice@google.com?secret=" + testSecret + "&issuer=Example",
		"otpauth://totp/Foo%3A%20Bar%3Aalice:443?secret=" + testSecret + "&issuer=Foo:+Bar&algorithm=HMAC-SHA-256",
		"otpauth://hotp/:a%3Ab?secret=jbsw+y3dp-ehpk3pxp%3D%3D&counter=7&digits=8&image=x",
		"otpauth://steam/https://example.com/:#1?secret=" + testSecret + "&issuer=Fooperiod=60",
		"otpauth://totp/?issuer=%E2%98%83&secret=" + testSecret + "&encoder=steam&amp;digits=5",
		"steam://" + testSecret,
		"otpauth:steam/0\xa0?secret=" + testSecret, // a space, but not in UTF-8
		"motp://x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := Parse(text)
		if err != nil {
			if !errors.Is(err, oath.ErrInvalid) && !errors.Is(err, ErrNotURI) {
				t.Errorf("%v wraps no known error", err)
			}
			return
		}
		if err := k.Account.Validate(); err != nil {
			t.Error(err)
		}
		checkIdentity(t, k)
	})
}

// Every account that oath takes is written so that it is read again.
func FuzzURI(f *testing.F) {
	f.Add("Example", "alice", byte(oath.TOTP), byte(oath.SHA1), 6, 30, uint64(0))
	f.Add("", ":a:b", byte(oath.HOTP), byte(oath.SHA512), 8, 0, uint64(1)<<63)
	f.Add("https://a:b", "//c%3A", byte(oath.TOTP), byte(oath.SHA256), 7, 86400, uint64(0))
	f.Add("Steam", "+ +", byte(oath.TOTP), byte(oath.SHA1), 5, 30, uint64(0))
	f.Add("a", "a:a:b", byte(oath.TOTP), byte(oath.SHA1), 6, 1, uint64(0))
	f.Fuzz(func(t *testing.T, issuer, name string, kind, algorithm byte, digits, period int, counter uint64) {
		a := oath.Account{Issuer: issuer, Name: name, Type: oath.Type(kind), Algorithm: oath.Algorithm(algorithm), Digits: digits}
		if a.Type == oath.HOTP {
			a.Counter = counter
		} else {
			a.Period = period
		}
		trimmed := strings.TrimSpace(issuer) == issuer && strings.TrimSpace(name) == name
		if a.Validate() != nil || !trimmed {
			t.Skip()
		}
		checkIdentity(t, testKey(t, a))
	})
}

func FuzzParsePart(f *testing.F) {
	f.Add([]byte(batch(0, 1, 1, account("alice", "Example"))))
	f.Add([]byte(batch(1, 3, 1<<64-5, account("A:b", ""), account("c", "Steam").varint(6, 1).varint(7, 9))))
	f.Add([]byte(batch(0, 1, 1, account("\xa00\xa0", "\x850\xa0"))))
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, payload []byte) {
		b, err := parsePart(message(payload).uri())
		if err != nil && !errors.Is(err, oath.ErrInvalid) {
			t.Errorf("%v does not wrap oath.ErrInvalid", err)
		}
		if b.size > 0 && (b.index < 0 || b.index >= b.size) {
			t.Errorf("part %d of %d", b.index, b.size)
		}
		for _, k := range b.keys {
			checkIdentity(t, k)
		}
	})
}
