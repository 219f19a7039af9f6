package ykoath_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// An operation is something done to a key from SELECT on.
type operation struct {
	name     string
	commands int // APDUs on a key with two accounts, SELECT included
	locked   bool
	quirks   virtualkey.Quirks
	firmware virtualkey.Version
	run      func(*ykoath.Session) (result any, err error)
}

var (
	alice = accountOf("GitHub:alice")
	carol = accountOf("GitHub:carol")
	steam = oath.Account{Issuer: "Steam", Name: "gamer"}.WithDefaults()
)

func operations(t *testing.T) []operation {
	secret := newSecret(t, rfcSecret)
	hotp := oath.Account{Name: "count", Type: oath.HOTP}.WithDefaults()
	password := ykoath.AccessKey{1}
	nothing := func(err error) (any, error) { return nil, err }
	return []operation{
		{name: "select", commands: 1, run: func(s *ykoath.Session) (any, error) { return s.DeviceID(), nil }},
		{name: "code", commands: 2, run: func(s *ykoath.Session) (any, error) { return s.Code(alice, now) }},
		{name: "code of a counter", commands: 2, run: func(s *ykoath.Session) (any, error) { return s.Code(hotp, now) }},
		{name: "code of Steam", commands: 2, run: func(s *ykoath.Session) (any, error) { return s.Code(steam, now) }},
		{name: "respond", commands: 2, run: func(s *ykoath.Session) (any, error) { return s.Respond(alice, 1234567) }},
		{name: "respond for Steam", commands: 2, run: func(s *ykoath.Session) (any, error) { return s.Respond(steam, 1234567) }},
		{name: "respond by a counter", commands: 1, run: func(s *ykoath.Session) (any, error) {
			_, err := s.Respond(hotp, 1234567)
			return expected(err, oath.ErrUnsupported)
		}},
		{name: "code of none", commands: 2, run: func(s *ykoath.Session) (any, error) {
			_, err := s.Code(carol, now)
			return expected(err, oath.ErrNotFound)
		}},
		{name: "code of a locked key", commands: 3, locked: true, run: func(s *ykoath.Session) (any, error) {
			if err := s.Unlock(password); err != nil {
				return nil, err
			}
			return s.Code(alice, now)
		}},
		{name: "codes", commands: 2, run: func(s *ykoath.Session) (any, error) { return s.Codes(now) }},
		{name: "codes in pieces", commands: 6, quirks: virtualkey.SmallChunks, run: func(s *ykoath.Session) (any, error) { return s.Codes(now) }},
		{name: "codes without CALCULATE ALL", commands: 3, quirks: virtualkey.NoCalculateAll, run: func(s *ykoath.Session) (any, error) { return s.Codes(now) }},
		{name: "list", commands: 2, run: func(s *ykoath.Session) (any, error) { return s.List() }},
		{name: "put", commands: 3, run: func(s *ykoath.Session) (any, error) { return nothing(s.Put(carol, secret)) }},
		{name: "put and code", commands: 4, run: func(s *ykoath.Session) (any, error) {
			if err := s.Put(carol, secret); err != nil {
				return nil, err
			}
			return s.Code(carol, now)
		}},
		{name: "put two", commands: 4, run: func(s *ykoath.Session) (any, error) {
			if err := s.Put(carol, secret); err != nil {
				return nil, err
			}
			return nothing(s.Put(accountOf("dave"), secret))
		}},
		{name: "put what is there", commands: 2, run: func(s *ykoath.Session) (any, error) {
			return expected(s.Put(alice, secret), oath.ErrExists)
		}},
		{name: "replace", commands: 2, run: func(s *ykoath.Session) (any, error) { return nothing(s.Replace(carol, secret)) }},
		{name: "replace with the prefix bug", commands: 3, firmware: virtualkey.Version{4, 2, 6}, run: func(s *ykoath.Session) (any, error) {
			return nothing(s.Replace(carol, secret))
		}},
		{name: "replace where PUT does not", commands: 3, quirks: virtualkey.NoOverwrite, run: func(s *ykoath.Session) (any, error) {
			return expected(s.Replace(alice, secret), oath.ErrNoOverwrite)
		}},
		{name: "rename", commands: 3, run: func(s *ykoath.Session) (any, error) { return nothing(s.Rename(alice.ID(), carol.ID())) }},
		{name: "delete", commands: 2, run: func(s *ykoath.Session) (any, error) { return nothing(s.Delete(alice.ID())) }},
		{name: "set password", commands: 4, run: func(s *ykoath.Session) (any, error) { return nothing(s.SetPassword(password)) }},
		{name: "set password of old firmware", commands: 4, firmware: virtualkey.Version{2, 4, 0}, run: func(s *ykoath.Session) (any, error) {
			return nothing(s.SetPassword(password))
		}},
		{name: "unlock", commands: 2, locked: true, run: func(s *ykoath.Session) (any, error) { return nothing(s.Unlock(password)) }},
		{name: "unlock wrongly", commands: 3, locked: true, run: func(s *ykoath.Session) (any, error) {
			return expected(s.Unlock(ykoath.AccessKey{2}), oath.ErrWrongPassword)
		}},
		{name: "clear password", commands: 4, locked: true, run: func(s *ykoath.Session) (any, error) {
			if err := s.Unlock(password); err != nil {
				return nil, err
			}
			return nothing(s.ClearPassword())
		}},
		{name: "reset", commands: 3, locked: true, run: func(s *ykoath.Session) (any, error) { return nothing(s.Reset()) }},
	}
}

// expected turns the error that is due into success.
func expected(err, due error) (any, error) {
	if errors.Is(err, due) {
		return nil, nil
	}
	return nil, fmt.Errorf("%w, where %q is due", err, due)
}

// keyFor returns a key as the operation finds it.
func (o operation) keyFor(t *testing.T) *virtualkey.Key {
	t.Helper()
	k := plug(t, virtualkey.Config{Quirks: o.quirks, Firmware: o.firmware})
	s := selectApplet(t, k)
	for _, a := range []oath.Account{alice, steam, {Name: "count", Type: oath.HOTP}} {
		put(t, s, a)
	}
	if o.locked {
		if err := s.SetPassword(ykoath.AccessKey{1}); err != nil {
			t.Fatal(err)
		}
	}
	k.Reset()
	k.ClearExchanges()
	return k
}

func (o operation) on(k *virtualkey.Key) (result any, err error) {
	s, err := ykoath.Select(k, rand.Reader)
	if err != nil {
		return nil, err
	}
	return o.run(s)
}

func TestExchanges(t *testing.T) {
	for _, o := range operations(t) {
		t.Run(o.name, func(t *testing.T) {
			k := o.keyFor(t)
			if _, err := o.on(k); err != nil {
				t.Error(err)
			}
			if got := k.Exchanges(); got != o.commands {
				t.Errorf("%d commands, want %d", got, o.commands)
			}
		})
	}
}

// The key is pulled out at each command of each operation, before it is executed
// and after: that is what the error says, and what else was there is not harmed.
func TestPulled(t *testing.T) {
	for _, o := range operations(t) {
		for n := 1; n <= o.commands; n++ {
			for _, kind := range []virtualkey.FaultKind{virtualkey.FaultPull, virtualkey.FaultPullAfter} {
				fault := virtualkey.Fault{Nth: n, Kind: kind}
				t.Run(o.name+" "+fault.String(), func(t *testing.T) {
					k := o.keyFor(t)
					k.SetFaults(fault)
					result, err := o.on(k)
					wantError(t, err, oath.ErrRemoved)
					wantNothing(t, result)
					k.SetFaults()
					k.Plug()
					o.wantUnharmed(t, k)
				})
			}
		}
	}
}

// wantNothing checks that nothing was returned besides the error.
func wantNothing(t *testing.T, result any) {
	t.Helper()
	switch r := result.(type) {
	case nil:
		return
	case oath.Code:
		if r.IsZero() {
			return
		}
	case oath.Response:
		if r.HMAC == nil && r.Value == 0 && r.Digits == 0 {
			return
		}
	case []oath.Entry:
		if r == nil {
			return
		}
	case []oath.Account:
		if r == nil {
			return
		}
	}
	t.Errorf("got %v besides the error", result)
}

// wantUnharmed checks that the accounts are those of before or those of after.
func (o operation) wantUnharmed(t *testing.T, k *virtualkey.Key) {
	t.Helper()
	s := selectApplet(t, k)
	if s.Locked() {
		if err := s.Unlock(ykoath.AccessKey{1}); err != nil {
			t.Fatal(err)
		}
	}
	got := list(t, s)
	if o.name == "reset" && got == "" {
		return
	}
	if !strings.Contains(got, string(steam.ID())) || !strings.Contains(got, "count") {
		t.Errorf("the key holds %q", got)
	}
	wantCode(t, s, steam, rfcSecret)
	for _, a := range []oath.Account{alice, carol} {
		if strings.Contains(got, string(a.ID())) {
			wantCode(t, s, a, rfcSecret)
		}
	}
	lost := o.name == "delete" || o.name == "rename"
	if !lost && !strings.Contains(got, string(alice.ID())) {
		t.Errorf("%q is gone; the key holds %q", alice.ID(), got)
	}
}

// Each answer of each operation is cut short or is rubbish. That is an error,
// not a panic and no wrong code.
func TestRubbish(t *testing.T) {
	for _, o := range operations(t) {
		want, err := o.on(o.keyFor(t))
		if err != nil {
			t.Errorf("%s: %v", o.name, err)
			continue
		}
		for n := 1; n <= o.commands; n++ {
			for _, what := range []string{"truncate=1", "reply=90", "reply=ffff", "reply=719000", "reply=71ff9000", "reply=718200009000", "sw=6f00"} {
				var fault virtualkey.Fault
				if err := fault.UnmarshalText(fmt.Appendf(nil, "%d:%s", n, what)); err != nil {
					t.Fatal(err)
				}
				t.Run(o.name+" "+fault.String(), func(t *testing.T) {
					k := o.keyFor(t)
					k.SetFaults(fault)
					result, err := o.on(k)
					if err != nil {
						wantNothing(t, result)
						return
					}
					// A command without an answer of its own is not looked at.
					if code, isCode := result.(oath.Code); isCode && code != want {
						t.Errorf("got %+v, want %+v", result, want)
					}
				})
			}
		}
	}
}

// A response that never ends is given up soon, whatever its pieces.
func TestEndlessResponse(t *testing.T) {
	for _, size := range []int{0, 1, 256, 65000} {
		commands := 0
		card := cardFunc(func([]byte) ([]byte, error) {
			commands++
			return append(make([]byte, size), 0x61, 0xff), nil
		})
		_, err := ykoath.Select(card, rand.Reader)
		wantError(t, err, ykoath.ErrMalformed)
		if commands > 2000 || commands*size > 2<<20 {
			t.Errorf("%d bytes each: %d commands", size, commands)
		}
	}
}
