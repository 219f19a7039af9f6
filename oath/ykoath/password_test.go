package ykoath_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

func accessKey(t *testing.T, s *ykoath.Session, password string) ykoath.AccessKey {
	t.Helper()
	key, err := ykoath.DeriveAccessKey(password, s.Salt())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Also: openssl kdf -kdfopt digest:SHA1 -kdfopt iter:1000 -kdfopt pass:foobar
// -kdfopt hexsalt:0000000000000000 -keylen 16 PBKDF2.
func TestDeriveAccessKey(t *testing.T) {
	for _, test := range []struct{ password, salt, want string }{
		{"foobar", "\x00\x00\x00\x00\x00\x00\x00\x00", "b07da1e7de87f89a87a2b598eaa2188c"},
		{"Hallå världen!", "12345678", "da818e6b2cf0a2d0bf19b3ddd34b83f5"},
	} {
		key, err := ykoath.DeriveAccessKey(test.password, []byte(test.salt))
		if got := hex.EncodeToString(key[:]); err != nil || got != test.want {
			t.Errorf("%q: got %s, %v", test.password, got, err)
		}
	}
}

func TestAccessKeyDoesNotPrint(t *testing.T) {
	key := ykoath.AccessKey(bytes.Repeat([]byte("A"), 16))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%c"} {
		text := fmt.Sprintf(verb, struct{ K ykoath.AccessKey }{key})
		if !strings.Contains(text, "[access key]") || strings.Contains(text, "65") || strings.Contains(text, "4141") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	if text, err := json.Marshal(key); err != nil || string(text) != `"[access key]"` {
		t.Errorf("its JSON is %s, %v", text, err)
	}
}

// A password is set, asked for, changed and cleared, on firmware that locks
// itself after SET CODE and on such that does not.
func TestPassword(t *testing.T) {
	for _, firmware := range []virtualkey.Version{{2, 4, 0}, {3, 4, 0}, {4, 3, 7}, {5, 7, 1}} {
		t.Run(firmware.String(), func(t *testing.T) {
			k := plug(t, virtualkey.Config{Firmware: firmware})
			s := selectApplet(t, k)
			a := put(t, s, oath.Account{Name: "a"})
			first, second := accessKey(t, s, "first"), accessKey(t, s, "second")

			for _, password := range []ykoath.AccessKey{first, second} {
				if err := s.SetPassword(password); err != nil {
					t.Fatal(err)
				}
				if !s.HasPassword() || s.Locked() {
					t.Error("the session does not stay open")
				}
				wantCode(t, s, a, rfcSecret)
			}

			s = selectApplet(t, k)
			if !s.HasPassword() || !s.Locked() {
				t.Fatal("the key is not locked")
			}
			wantError(t, s.Unlock(first), oath.ErrWrongPassword)
			_, err := s.Code(a, now)
			wantError(t, err, oath.ErrLocked)
			if err := s.Unlock(second); err != nil {
				t.Fatalf("the right password after a wrong one: %v", err)
			}
			wantCode(t, s, a, rfcSecret)

			if err := s.ClearPassword(); err != nil {
				t.Fatal(err)
			}
			if s.HasPassword() || s.Locked() {
				t.Error("the password is still there")
			}
			wantCode(t, selectApplet(t, k), a, rfcSecret)
		})
	}
}

func TestNoPassword(t *testing.T) {
	s := open(t, virtualkey.Config{})
	wantError(t, s.Unlock(ykoath.AccessKey{}), oath.ErrNoPassword)
	wantError(t, s.ClearPassword(), oath.ErrNoPassword)
}

// Of a locked key, all is refused but to reset it.
func TestLocked(t *testing.T) {
	k := plug(t, virtualkey.Config{})
	s := selectApplet(t, k)
	a := put(t, s, oath.Account{Name: "a"})
	key := accessKey(t, s, "secret")
	if err := s.SetPassword(key); err != nil {
		t.Fatal(err)
	}
	s = selectApplet(t, k)
	secret := newSecret(t, rfcSecret)
	for name, run := range map[string]func() error{
		"List":          func() error { _, err := s.List(); return err },
		"Codes":         func() error { _, err := s.Codes(now); return err },
		"Code":          func() error { _, err := s.Code(a, now); return err },
		"Put":           func() error { return s.Put(a, secret) },
		"Replace":       func() error { return s.Replace(a, secret) },
		"Rename":        func() error { return s.Rename("a", "b") },
		"Delete":        func() error { return s.Delete("a") },
		"SetPassword":   func() error { return s.SetPassword(key) },
		"ClearPassword": s.ClearPassword,
	} {
		if err := run(); !errors.Is(err, oath.ErrLocked) {
			t.Errorf("%s: got %v, want ErrLocked", name, err)
		}
	}
	if err := s.Unlock(key); err != nil {
		t.Fatal(err)
	}
	if got := list(t, s); got != "a" {
		t.Errorf("the key holds %q", got)
	}

	s = selectApplet(t, k)
	salt := bytes.Clone(s.Salt())
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := list(t, s); s.HasPassword() || s.Locked() || got != "" {
		t.Errorf("after a reset, the key holds %q, password %v", got, s.HasPassword())
	}
	if bytes.Equal(salt, s.Salt()) {
		t.Error("the salt is that of before the reset")
	}
}

// The card has to prove that it knows the password, too.
func TestCardMustProve(t *testing.T) {
	for _, test := range []struct {
		response string
		want     error
	}{
		{"7514" + strings.Repeat("00", 20) + "9000", ykoath.ErrUnproven},
		{"7500 9000", ykoath.ErrUnproven},
		{"9000", ykoath.ErrUnproven},
		{"7414" + strings.Repeat("00", 20) + "9000", ykoath.ErrUnproven},
		{"75ff 9000", ykoath.ErrMalformed},
		{"6a80", oath.ErrWrongPassword},
		{"6985", oath.ErrWrongPassword},
		{"6982", oath.ErrWrongPassword},
		{"6300", oath.ErrWrongPassword},
		{"63c2", oath.ErrWrongPassword},
		{"6984", oath.ErrWrongPassword},
	} {
		selected := unhex(t, "7903050701 71080001020304050607 74080001020304050607 7b0101 9000")
		response := unhex(t, test.response)
		s := selectApplet(t, cardFunc(func(command []byte) ([]byte, error) {
			if command[1] == 0xa4 {
				return selected, nil
			}
			return response, nil
		}))
		err := s.Unlock(ykoath.AccessKey{})
		if !errors.Is(err, test.want) || !s.Locked() {
			t.Errorf("%s: got %v, want %v; locked %v", test.response, err, test.want, s.Locked())
		}
		if errors.Is(err, oath.ErrWrongPassword) && errors.Is(err, ykoath.ErrUnproven) {
			t.Errorf("%s: %v blames both", test.response, err)
		}
	}
}

// A card that takes a new password has to open with it, and nobody reads that the
// password is wrong.
func TestCardMustProveNewPassword(t *testing.T) {
	for _, fault := range []string{
		"ins=03:sw=9000", // it was not set
		"ins=a3:reply=751400000000000000000000000000000000000000009000",
		"ins=a3:sw=9000",
		"ins=a3:sw=6a80",
	} {
		var f virtualkey.Fault
		if err := f.UnmarshalText([]byte(fault)); err != nil {
			t.Fatal(err)
		}
		s := open(t, virtualkey.Config{Faults: []virtualkey.Fault{f}})
		err := s.SetPassword(accessKey(t, s, "secret"))
		if !errors.Is(err, ykoath.ErrUnproven) || errors.Is(err, oath.ErrWrongPassword) || errors.Is(err, oath.ErrNoPassword) ||
			!strings.HasPrefix(fmt.Sprint(err), "SET CODE: ") {
			t.Errorf("%s: got %v", fault, err)
		}
	}
}

// Neither the password is sent, nor, once it is set, the key that is derived from it.
func TestPasswordIsNotSent(t *testing.T) {
	const password = "correct horse"
	k := plug(t, virtualkey.Config{})
	var sent []byte
	card := cardFunc(func(command []byte) ([]byte, error) {
		sent = append(sent, command...)
		return k.Transmit(command)
	})
	s := selectApplet(t, card)
	key := accessKey(t, s, password)
	if err := s.SetPassword(key); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sent, []byte(password)) || !bytes.Contains(sent, key[:]) {
		t.Errorf("to set it, %x was sent", sent)
	}
	sent = nil
	s = selectApplet(t, card)
	wantError(t, s.Unlock(accessKey(t, s, "another")), oath.ErrWrongPassword)
	if err := s.Unlock(key); err != nil {
		t.Fatal(err)
	}
	if len(sent) == 0 || bytes.Contains(sent, []byte(password)) || bytes.Contains(sent, key[:]) {
		t.Errorf("to open it, %x was sent", sent)
	}
}

// A card that keeps its password is not believed to have lost it.
func TestClearPasswordIsChecked(t *testing.T) {
	k := plug(t, virtualkey.Config{})
	s := selectApplet(t, k)
	if err := s.SetPassword(accessKey(t, s, "secret")); err != nil {
		t.Fatal(err)
	}
	k.SetFaults(virtualkey.Fault{Nth: 1, INS: 0x03, Kind: virtualkey.FaultStatus, Status: 0x9000})
	wantError(t, s.ClearPassword(), ykoath.ErrMalformed)
}

type noRandomness struct{}

func (noRandomness) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

// Without randomness nothing is sent that a challenge belongs to.
func TestNoRandomness(t *testing.T) {
	k := plug(t, virtualkey.Config{})
	s, err := ykoath.Select(k, noRandomness{})
	if err != nil {
		t.Fatal(err)
	}
	k.ClearExchanges()
	if err := s.SetPassword(ykoath.AccessKey{}); err == nil || !strings.Contains(err.Error(), "no randomness") {
		t.Errorf("got %v", err)
	}
	if n := k.Exchanges(); n != 0 {
		t.Errorf("%d commands were sent", n)
	}
}
