package ykoath_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// What the key computes is what oath.Compute does, for every kind of account.
func TestEveryKind(t *testing.T) {
	s := open(t, virtualkey.Config{})
	for _, h := range []oath.Algorithm{oath.SHA1, oath.SHA256, oath.SHA512} {
		for digits := 6; digits <= 8; digits++ {
			for _, period := range []int{30, 1, 7, 60, oath.MaxPeriod} {
				a := oath.Account{Issuer: h.String(), Name: fmt.Sprint(digits), Type: oath.TOTP, Algorithm: h, Digits: digits, Period: period}
				wantCode(t, s, put(t, s, a), rfcSecret)
			}
			a := oath.Account{Name: fmt.Sprintf("%v-%d", h, digits), Type: oath.HOTP, Algorithm: h, Digits: digits, Counter: 7}
			wantCode(t, s, put(t, s, a), rfcSecret)
		}
	}
}

// Secrets shorter than the key's minimum, and longer than the hash's block,
// which is 64 or 128 bytes.
func TestSecretSizes(t *testing.T) {
	for _, h := range []oath.Algorithm{oath.SHA1, oath.SHA256, oath.SHA512} {
		s := open(t, virtualkey.Config{})
		for _, size := range []int{8, 10, 13, 14, 15, 20, 63, 64, 65, 127, 128, 129, 512} {
			var secret strings.Builder
			for i := range size {
				secret.WriteByte(byte(i + 1))
			}
			a := accountOf(oath.ID(fmt.Sprintf("%v-%d", h, size)))
			a.Algorithm = h
			if err := s.Put(a, newSecret(t, secret.String())); err != nil {
				t.Errorf("%v, %d bytes: %v", h, size, err)
				continue
			}
			wantCode(t, s, a, secret.String())
		}
	}
}

func TestPutKeepsWhatIsThere(t *testing.T) {
	s := open(t, virtualkey.Config{})
	a := put(t, s, oath.Account{Name: "a"})
	wantError(t, s.Put(a, newSecret(t, "another secret")), oath.ErrExists)
	wantCode(t, s, a, rfcSecret)
	if err := s.Replace(a, newSecret(t, "another secret")); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s, a, "another secret")
	b := accountOf("b")
	if err := s.Replace(b, newSecret(t, rfcSecret)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s, b, rfcSecret)
	wantError(t, s.Put(b, newSecret(t, rfcSecret)), oath.ErrExists)
	if got := list(t, s); got != "a b" {
		t.Errorf("the key holds %q", got)
	}
}

func TestPutInvalid(t *testing.T) {
	k := plug(t, virtualkey.Config{})
	s := selectApplet(t, k)
	k.ClearExchanges()
	for name, change := range map[string]func(*oath.Account){
		"no name":          func(a *oath.Account) { a.Name = "" },
		"not UTF-8":        func(a *oath.Account) { a.Name = "\xff" },
		"five digits":      func(a *oath.Account) { a.Digits = 5 },
		"no type":          func(a *oath.Account) { a.Type = oath.TypeUnknown },
		"65 bytes":         func(a *oath.Account) { a.Name = strings.Repeat("a", 65) },
		"a counter beyond": func(a *oath.Account) { a.Type, a.Counter = oath.HOTP, math.MaxUint32+1 },
	} {
		a := accountOf("a")
		change(&a)
		for _, put := range []func(oath.Account, oath.Secret) error{s.Put, s.Replace} {
			if err := put(a, newSecret(t, rfcSecret)); !errors.Is(err, oath.ErrInvalid) {
				t.Errorf("%s: got %v, want ErrInvalid", name, err)
			}
		}
	}
	if n := k.Exchanges(); n != 0 {
		t.Errorf("%d commands were sent", n)
	}
}

// Names are counted in bytes, with issuer, colon and period.
func TestNameSizes(t *testing.T) {
	for _, test := range []struct {
		account oath.Account
		over    int
	}{
		{oath.Account{Name: strings.Repeat("a", 64)}, 0},
		{oath.Account{Name: strings.Repeat("é", 32)}, 0},
		{oath.Account{Issuer: "GitHub", Name: strings.Repeat("a", 57)}, 0},
		{oath.Account{Name: strings.Repeat("a", 61), Period: 60}, 0},
		{oath.Account{Name: strings.Repeat("a", 65)}, 1},
		{oath.Account{Name: strings.Repeat("é", 33)}, 2},
		{oath.Account{Issuer: "GitHub", Name: strings.Repeat("a", 58)}, 1},
		{oath.Account{Name: strings.Repeat("a", 62), Period: 60}, 1},
		{oath.Account{Name: strings.Repeat("a", 300)}, 236},
	} {
		s := open(t, virtualkey.Config{})
		a := test.account.WithDefaults()
		err := s.Put(a, newSecret(t, rfcSecret))
		if test.over == 0 {
			if err != nil {
				t.Errorf("%q: %v", a.ID(), err)
			} else {
				wantCode(t, s, a, rfcSecret)
			}
			continue
		}
		var long *ykoath.NameTooLongError
		if !errors.As(err, &long) || !errors.Is(err, oath.ErrInvalid) || long.Size != ykoath.MaxIDSize+test.over {
			t.Errorf("%q: got %v, want a NameTooLongError of %d bytes", a.ID(), err, ykoath.MaxIDSize+test.over)
			continue
		}
		if want := fmt.Sprintf("%d bytes too long", test.over); !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v does not say %q", a.ID(), err, want)
		}
	}
}

func TestOddNames(t *testing.T) {
	s := open(t, virtualkey.Config{})
	var accounts []oath.Account
	for _, a := range []oath.Account{
		{Name: "2024/foo"},
		{Name: "foo", Period: 2024},
		{Name: "2024/foo", Type: oath.HOTP},
		{Name: "0/foo"},
		{Name: "007/foo"},
		{Name: ":a"},
		{Name: "a:"},
		{Issuer: "a b", Name: "c:d"},
		{Issuer: "日本", Name: "名前😀"},
		{Name: "a", Period: 60},
		{Name: "a", Period: 30},
	} {
		a = a.WithDefaults()
		err := s.Put(a, newSecret(t, rfcSecret))
		if a.Type == oath.HOTP { // has the very ID of the account with a period of 2024
			wantError(t, err, oath.ErrExists)
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", a.ID(), err)
		}
		accounts = append(accounts, a)
	}
	listed, err := s.List()
	if err != nil || len(listed) != len(accounts) {
		t.Fatalf("got %+v, %v", listed, err)
	}
	for i, a := range accounts {
		a.Digits = 0 // not reported by LIST
		if listed[i] != a {
			t.Errorf("stored %+v, listed %+v", a, listed[i])
		}
		wantCode(t, s, accounts[i], rfcSecret)
	}
}

func TestCapacity(t *testing.T) {
	for _, test := range []struct {
		firmware virtualkey.Version
		capacity int
	}{
		{virtualkey.Version{4, 2, 6}, 32},
		{virtualkey.Version{5, 4, 3}, 32},
		{virtualkey.Version{5, 7, 1}, 64},
		{virtualkey.Version{2, 4, 0}, 2048 / (9 + len("account 000"))},
		{virtualkey.Version{3, 4, 0}, 2048 / (9 + len("account 000"))},
	} {
		t.Run(test.firmware.String(), func(t *testing.T) {
			k := plug(t, virtualkey.Config{Firmware: test.firmware})
			s := selectApplet(t, k)
			name := func(i int) oath.Account { return accountOf(oath.ID(fmt.Sprintf("account %03d", i))) }
			k.ClearExchanges()
			for i := range test.capacity {
				put(t, s, name(i))
			}
			if got, most := k.Exchanges(), test.capacity+1; got != most {
				t.Errorf("filling the key took %d commands, want one each and one LIST: %d", got, most)
			}
			wantError(t, s.Put(name(999), newSecret(t, rfcSecret)), oath.ErrNoSpace)
			accounts, err := s.List()
			if err != nil || len(accounts) != test.capacity {
				t.Fatalf("%d accounts, %v", len(accounts), err)
			}
			wantCode(t, s, name(0), rfcSecret)
			if test.capacity <= s.Version.Capacity() { // the oldest keys ask for space even then
				if err := s.Replace(name(0), newSecret(t, "another secret")); err != nil {
					t.Errorf("replacing on a full key: %v", err)
				}
				wantCode(t, s, name(0), "another secret")
			}
			if err := s.Delete(name(1).ID()); err != nil {
				t.Fatal(err)
			}
			put(t, s, name(999))
			wantCode(t, s, name(999), rfcSecret)
		})
	}
}

// Firmware that lacks a feature says so, with the version that has it, and
// nothing has changed.
func TestFirmwareGates(t *testing.T) {
	sha512 := accountOf("new")
	sha512.Algorithm = oath.SHA512
	touch := accountOf("new")
	touch.Touch = true
	for _, test := range []struct {
		name     string
		firmware virtualkey.Version
		run      func(*ykoath.Session) error
		since    string // empty if this firmware has it
	}{
		{"SHA-512", virtualkey.Version{4, 3, 0}, func(s *ykoath.Session) error { return s.Put(sha512, newSecret(t, rfcSecret)) }, "4.3.1"},
		{"SHA-512", virtualkey.Version{4, 3, 1}, func(s *ykoath.Session) error { return s.Put(sha512, newSecret(t, rfcSecret)) }, ""},
		{"replace SHA-512", virtualkey.Version{3, 4, 0}, func(s *ykoath.Session) error { return s.Replace(sha512, newSecret(t, rfcSecret)) }, "4.3.1"},
		{"touch", virtualkey.Version{4, 2, 3}, func(s *ykoath.Session) error { return s.Put(touch, newSecret(t, rfcSecret)) }, "4.2.4"},
		{"touch", virtualkey.Version{4, 2, 4}, func(s *ykoath.Session) error { return s.Put(touch, newSecret(t, rfcSecret)) }, ""},
		{"replace touch", virtualkey.Version{2, 4, 0}, func(s *ykoath.Session) error { return s.Replace(touch, newSecret(t, rfcSecret)) }, "4.2.4"},
		{"rename", virtualkey.Version{5, 3, 0}, func(s *ykoath.Session) error { return s.Rename("old", "new") }, "5.3.1"},
		{"rename", virtualkey.Version{5, 3, 1}, func(s *ykoath.Session) error { return s.Rename("old", "new") }, ""},
	} {
		t.Run(test.name+" "+test.firmware.String(), func(t *testing.T) {
			s := open(t, virtualkey.Config{Firmware: test.firmware})
			old := put(t, s, oath.Account{Name: "old"})
			err := test.run(s)
			if test.since == "" {
				if err != nil || !strings.Contains(list(t, s), "new") {
					t.Errorf("%v; the key holds %q", err, list(t, s))
				}
				return
			}
			if !errors.Is(err, oath.ErrUnsupported) || !strings.Contains(err.Error(), test.since) || !strings.Contains(err.Error(), test.firmware.String()) {
				t.Errorf("got %v, want ErrUnsupported with %s and %s", err, test.since, test.firmware)
			}
			if got := list(t, s); got != "old" {
				t.Errorf("the key holds %q", got)
			}
			wantCode(t, s, old, rfcSecret)
		})
	}
}

// Between 4.0.0 and 4.3.5, PUT overwrites an account whose name begins with the
// new one.
func TestPrefixBug(t *testing.T) {
	for _, test := range []struct {
		firmware virtualkey.Version
		buggy    bool
	}{
		{virtualkey.Version{3, 4, 0}, false},
		{virtualkey.Version{4, 0, 0}, false},
		{virtualkey.Version{4, 0, 1}, true},
		{virtualkey.Version{4, 3, 4}, true},
		{virtualkey.Version{4, 3, 5}, false},
	} {
		t.Run(test.firmware.String(), func(t *testing.T) {
			s := open(t, virtualkey.Config{Firmware: test.firmware})
			long := put(t, s, oath.Account{Name: "alice"})
			short := accountOf("ali")
			for _, store := range []func(oath.Account, oath.Secret) error{s.Put, s.Replace} {
				err := store(short, newSecret(t, "another secret"))
				if test.buggy {
					wantError(t, err, oath.ErrUnsupported)
				} else if err != nil && !errors.Is(err, oath.ErrExists) {
					t.Error(err)
				}
				wantCode(t, s, long, rfcSecret)
			}
			put(t, s, oath.Account{Name: "alice and bob"}) // longer is no harm
			wantCode(t, s, long, rfcSecret)
			if err := s.Replace(long, newSecret(t, rfcSecret)); test.buggy {
				wantError(t, err, oath.ErrUnsupported)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// 6985 is how one maker's keys refuse to overwrite. Where there is nothing to
// overwrite it means something else, and nothing is deleted.
func TestReplaceRefused(t *testing.T) {
	k := plug(t, virtualkey.Config{Quirks: virtualkey.NoOverwrite})
	s := selectApplet(t, k)
	a := put(t, s, oath.Account{Name: "a"})
	k.SetFaults(virtualkey.Fault{Nth: 1, INS: 0x01, Kind: virtualkey.FaultStatus, Status: 0x6985})
	err := s.Replace(accountOf("b"), newSecret(t, rfcSecret))
	var status *ykoath.StatusError
	if !errors.As(err, &status) || status.Status != 0x6985 {
		t.Errorf("got %v, want the status word", err)
	}
	if got := list(t, s); got != "a" {
		t.Errorf("the key holds %q", got)
	}
	wantError(t, s.Replace(a, newSecret(t, "another secret")), oath.ErrNoOverwrite)
	wantCode(t, s, a, rfcSecret)
}

// 6F00 says full on very old keys alone.
func TestUnknownFailure(t *testing.T) {
	for firmware, full := range map[virtualkey.Version]bool{{2, 4, 0}: true, {3, 4, 0}: true, {4, 2, 6}: false, {5, 7, 1}: false} {
		k := plug(t, virtualkey.Config{Firmware: firmware})
		s := selectApplet(t, k)
		k.SetFaults(virtualkey.Fault{Nth: 1, INS: 0x01, Kind: virtualkey.FaultStatus, Status: 0x6f00})
		err := s.Put(accountOf("a"), newSecret(t, rfcSecret))
		if errors.Is(err, oath.ErrNoSpace) != full || !strings.Contains(err.Error(), "6F00") {
			t.Errorf("%v: got %v", firmware, err)
		}
	}
}
