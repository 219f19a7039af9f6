//go:build cgo && !windows

package keys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newKey(t *testing.T, config virtualkey.Config) *virtualkey.Key {
	t.Helper()
	return vktest.New(t, config).Key
}

// unlock returns what opens a key with a password.
func unlock(password string) func(k *keys.Key) (bool, error) {
	return func(k *keys.Key) (bool, error) {
		err := k.Unlock(must(ykoath.DeriveAccessKey(password, k.Salt())))
		return err == nil, err
	}
}

func leaveLocked(*keys.Key) (bool, error) { return false, nil }

// Keys come and go: none, one, one of several, and one that does not answer as a key.
func TestFinder(t *testing.T) {
	d := vktest.Shared(t)
	f := must(keys.Connect(t.Context(), rand.Reader))
	defer f.Close()
	first, second := d.Readers()[0], d.Readers()[1]
	expect := func(what string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	// one expects that opening a key yields the one of that name, or an error.
	one := func(k *keys.Key, err error) func(what string, want any) {
		return func(what string, want any) {
			t.Helper()
			if fails, ok := want.(error); ok {
				expect(what, errors.Is(err, fails), true)
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			expect(what, k.Name(), want)
			k.Close()
		}
	}
	one(f.One(keys.Choice{}))("no key", pcsc.ErrNoCard)
	one(f.One(keys.Choice{Reader: "elsewhere"}))("no such reader", keys.ErrNoSuchKey)
	one(f.Open(first))("an empty reader", pcsc.ErrNoCard)
	_, err := f.OneYubiKey(0)
	one(nil, err)("no YubiKey", pcsc.ErrNoCard)
	expect("an empty reader's problem", f.Inspect(first, leaveLocked).Problem() != "", true)

	red := newKey(t, virtualkey.Config{Serial: 11})
	pull := d.Plug(t, 0, red)
	red.ClearExchanges()
	one(f.One(keys.Choice{}))("the only one", "key:"+first)
	expect("exchanges", red.Exchanges(), 1)
	one(f.Identify(first))("identified", "key:11")
	one(f.One(keys.Choice{Reader: strings.ToUpper(first)}))("by the reader's name", "key:"+first)
	one(f.One(keys.Choice{Serial: 11}))("by its number", "key:11")
	one(f.One(keys.Choice{Serial: 5}))("another number", keys.ErrNoSuchKey)

	blue := newKey(t, virtualkey.Config{Serial: 22})
	s := must(ykoath.Select(blue, rand.Reader))
	if err := s.SetPassword(must(ykoath.DeriveAccessKey("password", s.Salt()))); err != nil {
		t.Fatal(err)
	}
	pullBlue := d.Plug(t, 1, blue)
	_, err = f.One(keys.Choice{})
	expect("two keys", err, keys.ErrSeveral.Error()+": key:11, key:22")
	one(f.One(keys.Choice{Serial: 22}))("one of two", "key:22")
	expect("one YubiKey of two", *must(f.OneYubiKey(22)), keys.YubiKey{Reader: second, Serial: 22})
	_, err = f.OneYubiKey(0)
	one(nil, err)("two YubiKeys", keys.ErrSeveral)
	_, err = f.OneYubiKey(5)
	one(nil, err)("no such YubiKey", keys.ErrNoSuchKey)
	all, failures := f.All([]string{first, second, "elsewhere"})
	expect("all", []any{all[0].Locked(), all[1].Locked(), len(all), len(failures), failures[0].Reader}, "[false true 2 1 elsewhere]")
	all[0].Close()
	if _, err := unlock("password")(all[1]); err != nil {
		t.Error(err)
	}
	all[1].Close()
	card := must(f.Card(second))
	response := must(card.Transmit([]byte{0, 0xa1, 0, 0})) // YKOATH, "LIST", which the next program must not get
	expect("left open", strings.HasSuffix(string(response), "\x90\x00"), false)
	card.Close()
	for n, unlock := range []func(*keys.Key) (bool, error){leaveLocked, unlock("password"), unlock("guess")} {
		i := f.Inspect(second, unlock)
		expect("Inspect", []any{i.Device.Serial, i.Password, i.Firmware, i.Capacity, i.Used != nil}, []any{22, true, "5.7.1", 64, n == 1})
		expect("its problem", i.Problem(), []string{"", "", oath.ErrWrongPassword.Error()}[n])
	}

	// A reader counts again once it was empty.
	seen := map[string]bool{first: true, second: true}
	look, cancel := context.WithCancel(t.Context())
	cancel() // in which Await looks once
	_, err = f.Await(look, seen)
	one(nil, err)("nothing new", context.Canceled)
	pull()
	_, err = f.Await(look, seen)
	one(nil, err)("a key less", context.Canceled)
	d.Plug(t, 0, red)
	expect("plugged in again", must(f.Await(t.Context(), seen)), first)

	// A card without the applet is no key, but may be a YubiKey.
	pullBlue()
	d.Plug(t, 1, newKey(t, virtualkey.Config{Serial: 33, Disable: virtualkey.CapabilityOATH}))
	one(f.One(keys.Choice{}))("the only one with the applet", "key:11")
	one(f.One(keys.Choice{Reader: second}))("switched off", ykoath.ErrNoApplet)
	i := f.Inspect(second, leaveLocked)
	expect("switched off", []any{i.Problem(), i.Device.Serial, i.Firmware}, []any{"OATH is switched off", 33, ""})
	expect("YubiKeys", must(f.YubiKeys(func(serial uint32) bool { return serial > 11 })), []keys.YubiKey{{Reader: second, Serial: 33}})
}

// How many accounts a key has room for is known of YubiKeys from 4.0 on, and of nothing else.
func TestRoom(t *testing.T) {
	for _, test := range []struct {
		name   string
		config virtualkey.Config
		serial uint32
		room   int
		known  bool
	}{
		{"5.7", virtualkey.Config{Firmware: virtualkey.Version{5, 7, 1}}, 1, 63, true},
		{"5.4", virtualkey.Config{Firmware: virtualkey.Version{5, 4, 3}}, 1, 31, true},
		{"NEO", virtualkey.Config{Firmware: virtualkey.Version{3, 4, 0}}, 1, 0, false},
		{"another maker's", virtualkey.Config{}, 0, 0, false},
	} {
		device := newKey(t, test.config)
		k := &keys.Key{Session: must(ykoath.Select(device, rand.Reader)), Serial: test.serial}
		a := oath.Account{Name: "alice"}.WithDefaults()
		if err := k.Put(a, must(oath.NewSecret([]byte("12345678901234567890")))); err != nil {
			t.Fatal(err)
		}
		device.ClearExchanges()
		if room, known, err := k.Room(); room != test.room || known != test.known || err != nil || device.Exchanges() > 0 {
			t.Errorf("%s: room for %d, %t, %v, after %d exchanges", test.name, room, known, err, device.Exchanges())
		}
	}
	k := &keys.Key{Session: must(ykoath.Select(newKey(t, virtualkey.Config{}), rand.Reader)), Serial: 1}
	if err := k.SetPassword(ykoath.AccessKey{1}); err != nil {
		t.Fatal(err)
	}
	k.Session.Unlock(ykoath.AccessKey{2}) // which leaves it locked
	if _, known, err := k.Room(); known || !errors.Is(err, oath.ErrLocked) {
		t.Errorf("locked: %t, %v", known, err)
	}
}

// A key that is pulled out is an oath.ErrRemoved, on its own and in a fleet, when it is
// asked the next time, and in the middle of that.
func TestPulled(t *testing.T) {
	vktest.Shared(t)
	f := must(keys.Connect(t.Context(), rand.Reader))
	defer f.Close()
	for name, pull := range map[string]func(k *vktest.Key){
		"before":      func(k *vktest.Key) { k.Pull() },
		"its command": func(k *vktest.Key) { k.SetFaults(virtualkey.Fault{INS: 0xa2, Kind: virtualkey.FaultPull}) },
		"its answer":  func(k *vktest.Key) { k.SetFaults(virtualkey.Fault{INS: 0xa2, Kind: virtualkey.FaultPullAfter}) },
	} {
		t.Run(name, func(t *testing.T) {
			device := vktest.Here(t, virtualkey.Config{})
			k := must(f.One(keys.Choice{}))
			defer k.Close()
			a := oath.Account{Name: "alice"}.WithDefaults()
			if err := k.Put(a, must(oath.NewSecret([]byte("12345678901234567890")))); err != nil {
				t.Fatal(err)
			}
			pull(device)
			member := &fleet.Member{Name: k.Name(), Open: func() (oath.Token, error) { return k, nil }}
			if _, _, err := (fleet.Fleet{member}).CodeOf(a.ID(), time.Now); !errors.Is(err, oath.ErrRemoved) {
				t.Errorf("through a fleet: got %v", err)
			}
			if _, err := k.Code(a, time.Now()); !errors.Is(err, oath.ErrRemoved) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A key in a reader says when it waits for a touch, and a context ends that; the next
// program has the key once it was touched after all, or gave up on its own.
func TestTouch(t *testing.T) {
	vktest.Shared(t)
	f := must(keys.Connect(t.Context(), nil))
	defer f.Close()
	device := vktest.Here(t, virtualkey.Config{Touch: virtualkey.TouchNever, TouchTimeout: time.Hour})
	k := must(f.One(keys.Choice{}))
	a := oath.Account{Name: "alice", Touch: true}.WithDefaults()
	if err := k.Put(a, must(oath.NewSecret([]byte("12345678901234567890")))); err != nil {
		t.Fatal(err)
	}
	k.Touch = func() func() { go device.Touch(); return nil }
	if code := must(k.Code(a, time.Unix(59, 0))); code.Value != "287082" {
		t.Errorf("the code is %s", code.Value)
	}

	ctx, cancel := context.WithCancel(t.Context())
	k.Context = ctx
	k.Touch = func() func() {
		before := device.Exchanges()
		go func() {
			oathtest.Await("CALCULATE", func() bool { return device.Exchanges() > before })
			cancel()
		}()
		return nil
	}
	if _, err := k.Code(a, time.Unix(59, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: got %v", err)
	}
	if err := k.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: got %v", err)
	}
	device.Touch()
	again := must(f.One(keys.Choice{}))
	defer again.Close()
	if accounts := must(again.List()); len(accounts) != 1 {
		t.Errorf("there is %v", accounts)
	}
}
