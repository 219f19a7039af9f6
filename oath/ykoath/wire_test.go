package ykoath_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// What goes over the wire, byte by byte as the protocol's specification has it:
// the virtual key takes more than a real one would.
func TestWire(t *testing.T) {
	short := newSecret(t, "Hello!\xde\xad\xbe\xef")
	const key = "48656c6c6f21deadbeef 00000000" // padded on the right
	totp := oath.Account{Name: "a"}.WithDefaults()
	hotp := oath.Account{Name: "a", Type: oath.HOTP, Algorithm: oath.SHA256, Digits: 8, Counter: 0x01020304}
	touch := oath.Account{Name: "a", Type: oath.HOTP, Algorithm: oath.SHA512, Digits: 7, Counter: 1, Touch: true}
	steam := oath.Account{Issuer: "Steam", Name: "a"}.WithDefaults()
	long := oath.Account{Name: strings.Repeat("a", 64), Algorithm: oath.SHA512}.WithDefaults()
	for _, test := range []struct {
		name string
		run  func(*ykoath.Session) error
		want string
	}{
		{"SELECT", func(*ykoath.Session) error { return nil }, "00a40400 07 a0000005272101"},
		{"LIST", func(s *ykoath.Session) error { _, err := s.List(); return err }, "00a10000 00"},
		{"PUT", func(s *ykoath.Session) error { return s.Replace(totp, short) }, "00010000 15 710161 7310 2106" + key},
		{"PUT HOTP", func(s *ykoath.Session) error { return s.Replace(hotp, short) }, "00010000 1b 710161 7310 1208" + key + "7a04 01020304"},
		{"PUT touch", func(s *ykoath.Session) error { return s.Replace(touch, short) }, "00010000 1d 710161 7310 1307" + key + "7802 7a04 00000001"},
		{"PUT Steam", func(s *ykoath.Session) error { return s.Replace(steam, short) }, "00010000 1b 7107 537465616d3a61 7310 2106" + key},
		{
			"PUT the longest", func(s *ykoath.Session) error { return s.Replace(long, newSecret(t, strings.Repeat("k", 128))) },
			"00010000 c7 7140" + strings.Repeat("61", 64) + "738182 2306" + strings.Repeat("6b", 128),
		},
		{"DELETE", func(s *ykoath.Session) error { return s.Delete("a") }, "00020000 03 710161"},
		{"SET CODE to none", func(s *ykoath.Session) error { return s.ClearPassword() }, "00030000 02 7300"},
		{
			"SET CODE", func(s *ykoath.Session) error { return s.SetPassword(ykoath.AccessKey{}) },
			// head -c 8 /dev/zero | openssl dgst -sha1 -mac HMAC -macopt hexkey:00000000000000000000000000000000
			"00030000 33 7311 21 00000000000000000000000000000000 7408 0000000000000000 7514 dab69ad98e28764f977ee2487e4f3f6873b2a297",
		},
		{"RESET", func(s *ykoath.Session) error { return s.Reset() }, "0004dead 00"},
		{"RENAME", func(s *ykoath.Session) error { return s.Rename("a", "b") }, "00050000 06 710161 710162"},
		{"CALCULATE", func(s *ykoath.Session) error { _, err := s.Code(totp, now); return err }, "00a20001 0d 710161 7408 000000000273ef07"},
		{"CALCULATE HOTP", func(s *ykoath.Session) error { _, err := s.Code(hotp, now); return err }, "00a20001 05 710161 7400"},
		{"CALCULATE Steam", func(s *ykoath.Session) error { _, err := s.Code(steam, now); return err }, "00a20000 13 7107 537465616d3a61 7408 000000000273ef07"},
		{"CALCULATE ALL", func(s *ykoath.Session) error { _, err := s.Codes(now); return err }, "00a40001 0a 7408 000000000273ef07"},
		{
			"VALIDATE", func(s *ykoath.Session) error { return s.Unlock(ykoath.AccessKey{}) },
			// printf '\1\2\3\4\5\6\7\10' | openssl dgst -sha1 -mac HMAC -macopt hexkey:00000000000000000000000000000000
			"00a30000 20 7514 56f5d0f487eb6a5d6a3dfc69930099bb17ae0092 7408 0000000000000000",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sent []string
			card := cardFunc(func(command []byte) ([]byte, error) {
				sent = append(sent, hex.EncodeToString(command))
				switch command[1] {
				case 0xa4:
					return unhex(t, "7903050701 74080102030405060708 9000"), nil
				case 0xa1:
					return unhex(t, "72022161 9000"), nil
				}
				return unhex(t, "9000"), nil
			})
			s, err := ykoath.Select(card, zeros{})
			if err != nil {
				t.Fatal(err)
			}
			test.run(s) // of its answers, the other tests show
			if want := strings.ReplaceAll(test.want, " ", ""); !slices.Contains(sent, want) {
				t.Errorf("sent %q, want %s", sent, want)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
