package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// A slow token answers when its owner did, which moves the clock by so much.
type slow struct {
	oath.Token
	clock *time.Time
	waits []time.Duration // of the next codes
	asked int
}

func (s *slow) Code(a oath.Account, at time.Time) (oath.Code, error) {
	if s.asked++; len(s.waits) > 0 {
		*s.clock = s.clock.Add(s.waits[0])
		s.waits = s.waits[1:]
	}
	return s.Token.Code(a, at)
}

// A code that expired while a passphrase or a touch was awaited is computed again.
func TestNoExpiredCode(t *testing.T) {
	for _, test := range []struct {
		name    string
		account oath.Account
		waits   []time.Duration
		asked   int
		code    string
		err     error
	}{
		{"in time", totp("Bank:alice"), []time.Duration{29 * time.Second}, 1, codeAt(t, totp("Bank:alice"), 0), nil},
		{"late once", totp("Bank:alice"), []time.Duration{31 * time.Second}, 2, codeAt(t, totp("Bank:alice"), 30), nil},
		{"late twice", totp("Bank:alice"), []time.Duration{30 * time.Second, 45 * time.Second}, 3, codeAt(t, totp("Bank:alice"), 75), nil},
		{"for ever", totp("Bank:alice"), []time.Duration{time.Hour, time.Hour, time.Hour, time.Hour}, 0, "", fleet.ErrExpired},
		{"counted", hotp("Bank:alice"), []time.Duration{time.Hour}, 1, codeOf(t, hotp("Bank:alice"), one), nil},
	} {
		for _, direct := range []bool{true, false} {
			clock := time.Unix(0, 0)
			key := newKey(t, virtualkey.Config{})
			if err := key.Put(test.account, secret(t, one)); err != nil {
				t.Fatal(err)
			}
			token := &slow{Token: key, clock: &clock, waits: test.waits}
			f := fleet.Fleet{member("red", token)}
			now := func() time.Time { return clock }
			var code oath.Code
			var err error
			if direct {
				code, _, err = f.CodeOf("Bank:alice", now)
			} else {
				code, _, err = fleet.Holding{Entry: oath.Entry{Account: test.account}, Members: f}.ComputeCode(now)
			}
			if expectError(t, err, test.err); code.Value != test.code || token.asked != test.asked && test.err == nil {
				t.Errorf("%s, direct %t: got %q after %d, want %q after %d", test.name, direct, code.Value, token.asked, test.code, test.asked)
			}
		}
	}
}

// A password for the second key takes its time: the codes of the first are read again.
func TestCodesAfterThePasswords(t *testing.T) {
	clock := time.Unix(0, 0)
	red, blue := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{})
	put(t, red, one, "alice 60/slow")
	put(t, blue, one, "bob")
	f := func() fleet.Fleet {
		return fleet.Fleet{member("red", red), {Name: "blue", Asks: true, Open: func() (oath.Token, error) {
			clock = clock.Add(40 * time.Second)
			return blue, nil
		}}}
	}
	now := func() time.Time { return clock }
	holdings, err := f().Codes(now)
	if want := codeAt(t, totp("alice"), 40); err != nil || holdings[1].Code.Value != want {
		t.Errorf("got %+v, %v, want %s", holdings, err, want)
	}
	h, err := f().Find("al", now)
	if want := codeAt(t, totp("alice"), 80); err != nil || h.Code.Value != want {
		t.Errorf("got %+v, %v, want %s", h, err, want)
	}
}

// Of two keys that hold different secrets under one name, neither's code is shown.
func TestSecretsThatDiffer(t *testing.T) {
	for _, id := range []oath.ID{"Bank:alice", "60/Bank:alice"} {
		red, blue, green := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{})
		put(t, red, one, string(id)+" same")
		put(t, blue, one, string(id))
		put(t, green, other, string(id))
		f := fleet.Fleet{member("red", red), member("blue", blue), member("green", green)}
		h, err := f.Find(string(id), fleet.At(now))
		if err == nil {
			_, _, err = h.ComputeCode(fleet.At(now))
		}
		if expectError(t, err, fleet.ErrDiffer); !strings.Contains(err.Error(), "red") || !strings.Contains(err.Error(), "green") || strings.Contains(err.Error(), "blue") {
			t.Errorf("%s: %v", id, err)
		}
		holdings, err := f.Codes(fleet.At(now))
		expectError(t, err, fleet.ErrDiffer)
		if len(holdings) != 2 || !holdings[0].Code.IsZero() || len(holdings[0].Differ) != 1 || holdings[1].Code.IsZero() {
			t.Errorf("%s: got %+v", id, holdings)
		}
		if h, err := f[:2].Find(string(id), fleet.At(now)); err != nil || names(h.Members) != "red blue" {
			t.Errorf("%s: got %+v, %v", id, h, err)
		}
	}
}

// Where the very account was found, nobody is asked for another key's password.
func TestFindAsksForNoPassword(t *testing.T) {
	red := newKey(t, virtualkey.Config{})
	put(t, red, one, "Bank:alice")
	f := fleet.Fleet{member("red", red), {Name: "blue", Asks: true, Open: func() (oath.Token, error) {
		t.Error("blue was opened")
		return nil, errBusy
	}}}
	if _, err := f.Find("Bank:alice", fleet.At(now)); err != nil {
		t.Error(err)
	}
}

// A locked vault alone computes no code, and the secret is in hand. The vault continues
// behind the counter of the code that is shown.
func TestCodeFromTheSecret(t *testing.T) {
	for _, a := range []oath.Account{totp("Bank:alice"), hotp("Bank:alice")} {
		v := newVault(t)
		v.Lock()
		r := fleet.Result{Enrollment: fleet.Enrollment{Account: a, Secret: secret(t, one), Now: fleet.At(now)}}
		enrollAll(&r, []*fleet.Member{member("vault", v)}, func(fleet.Outcome) {})
		if r.Renew(); r.Code.Value != codeOf(t, a, one) || r.IsChecked() {
			t.Errorf("%v: the code is %q", a.Type, r.Code.Value)
		}
		if err := v.UnlockWithPassphrase("passphrase"); err != nil {
			t.Fatal(err)
		}
		a.Counter++
		if code, err := v.Code(a, now); err != nil || code.Value != codeOf(t, a, one) {
			t.Errorf("%v: the next code is %q, %v", a.Type, code.Value, err)
		}
	}
	r := fleet.Result{Enrollment: fleet.Enrollment{Account: totp("Bank:alice"), Secret: secret(t, one), Now: fleet.At(now)}}
	enrollAll(&r, []*fleet.Member{failing("red")}, func(fleet.Outcome) {})
	if r.Renew(); !r.Code.IsZero() {
		t.Error("there is a code of a secret that no token took")
	}
}
