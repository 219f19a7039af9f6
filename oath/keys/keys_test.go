//go:build cgo && !windows

package keys_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/pcsc/pcscdtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

func TestMain(m *testing.M) { os.Exit(pcscdtest.Main(m)) }

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expectError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func newKey(t *testing.T, config virtualkey.Config) *virtualkey.Key {
	t.Helper()
	k, err := virtualkey.New(config)
	fatal(t, err)
	t.Cleanup(func() { k.Close() })
	return k
}

func connect(t *testing.T) *keys.Finder {
	t.Helper()
	f, err := keys.Connect(t.Context(), rand.Reader)
	fatal(t, err)
	t.Cleanup(f.Close)
	return f
}

// unlock returns what opens a key with a password.
func unlock(password string) func(k *keys.Key) (bool, error) {
	return func(k *keys.Key) (bool, error) {
		accessKey, err := ykoath.DeriveAccessKey(password, k.Salt())
		if err == nil {
			err = k.Unlock(accessKey)
		}
		return err == nil, err
	}
}

func leaveLocked(*keys.Key) (bool, error) { return false, nil }

// expectKey checks which key was opened, and releases it.
func expectKey(t *testing.T, k *keys.Key, err error, name, reader string) {
	t.Helper()
	if err != nil || k.Name() != name || k.Reader != reader {
		t.Errorf("got %+v, %v; want %s in %s", k, err, name, reader)
	}
	if k != nil {
		k.Close()
	}
}

// Keys come and go: none, one, one of several, and one that does not answer as a key.
func TestFinder(t *testing.T) {
	d := pcscdtest.Shared(t)
	f, first, second := connect(t), d.Readers()[0], d.Readers()[1]
	_, err := f.One(keys.Choice{})
	expectError(t, "no key", err, pcsc.ErrNoCard)
	_, err = f.One(keys.Choice{Reader: "elsewhere"})
	expectError(t, "no key in a reader", err, keys.ErrNoSuchKey)
	_, err = f.OneYubiKey(0)
	expectError(t, "no YubiKey", err, pcsc.ErrNoCard)
	_, err = f.Open(first)
	expectError(t, "an empty reader", err, pcsc.ErrNoCard)
	if i := f.Inspect(first, leaveLocked); i.Problem == "" || i.Used != nil {
		t.Errorf("an empty reader: %+v", i)
	}

	red := newKey(t, virtualkey.Config{Serial: 11})
	pull := d.Plug(t, 0, red)
	red.ClearExchanges()
	k, err := f.One(keys.Choice{})
	if n := red.Exchanges(); n != 1 {
		t.Errorf("the only key was sent %d commands", n)
	}
	expectKey(t, k, err, "key:"+first, first)
	k, err = f.Identify(first)
	expectKey(t, k, err, "key:11", first)
	k, err = f.One(keys.Choice{Reader: strings.ToUpper(first)})
	expectKey(t, k, err, "key:"+first, first)
	_, err = f.One(keys.Choice{Serial: 5})
	expectError(t, "another serial number", err, keys.ErrNoSuchKey)

	blue := newKey(t, virtualkey.Config{Serial: 22})
	s, err := ykoath.Select(blue, rand.Reader)
	fatal(t, err)
	accessKey, err := ykoath.DeriveAccessKey("password", s.Salt())
	fatal(t, err)
	fatal(t, s.SetPassword(accessKey))
	pullBlue := d.Plug(t, 1, blue)
	_, err = f.One(keys.Choice{})
	if expectError(t, "two keys", err, keys.ErrSeveral); !strings.HasSuffix(err.Error(), ": key:11, key:22") {
		t.Errorf("two keys: %v", err)
	}
	for serial, reader := range map[uint32]string{11: first, 22: second} {
		k, err := f.One(keys.Choice{Serial: serial})
		expectKey(t, k, err, keys.YubiKey{Reader: reader, Serial: serial}.Name(), reader)
		if y, err := f.OneYubiKey(serial); err != nil || *y != (keys.YubiKey{Reader: reader, Serial: serial}) {
			t.Errorf("YubiKey %d: %v, %v", serial, y, err)
		}
	}
	_, err = f.OneYubiKey(0)
	expectError(t, "two YubiKeys", err, keys.ErrSeveral)
	_, err = f.OneYubiKey(5)
	expectError(t, "no such YubiKey", err, keys.ErrNoSuchKey)
	all, failures := f.All([]string{first, second, "elsewhere"})
	if len(all) != 2 || all[0].Locked() || !all[1].Locked() || len(failures) != 1 || failures[0].Reader != "elsewhere" {
		t.Errorf("all: %v, %v", all, failures)
	}
	for _, k := range all {
		k.Close()
	}
	testPassword(t, f, second)

	// A reader counts again once it was empty.
	seen, looked := map[string]bool{first: true, second: true}, cancelled()
	_, err = f.Await(looked, seen)
	expectError(t, "nothing new", err, context.Canceled)
	pull()
	_, err = f.Await(looked, seen)
	if expectError(t, "a key less", err, context.Canceled); seen[first] || !seen[second] {
		t.Errorf("seen: %v", seen)
	}
	d.Plug(t, 0, red)
	reader, err := f.Await(t.Context(), seen)
	if err != nil || reader != first {
		t.Errorf("plugged in again: %q, %v", reader, err)
	}

	// A card without the applet is no key, but may be a YubiKey.
	pullBlue()
	d.Plug(t, 1, newKey(t, virtualkey.Config{Serial: 33, Disable: virtualkey.CapabilityOATH}))
	k, err = f.One(keys.Choice{})
	expectKey(t, k, err, "key:11", first)
	_, err = f.One(keys.Choice{Reader: second})
	expectError(t, "switched off", err, ykoath.ErrNoApplet)
	if i := f.Inspect(second, leaveLocked); i.Problem != "OATH is switched off" || i.Device.Serial != 33 || i.Firmware != "" {
		t.Errorf("switched off: %+v", i)
	}
	if y, err := f.YubiKeys(func(serial uint32) bool { return serial > 11 }); err != nil || len(y) != 1 || y[0].Serial != 33 {
		t.Errorf("YubiKeys: %v, %v", y, err)
	}
}

// cancelled returns a context in which Await looks once.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// testPassword checks that a key with a password is opened for its owner alone.
func testPassword(t *testing.T, f *keys.Finder, reader string) {
	for _, test := range []struct {
		name   string
		unlock func(*keys.Key) (bool, error)
		open   bool
		want   string
	}{
		{"locked", leaveLocked, false, ""},
		{"unlocked", unlock("password"), true, ""},
		{"wrong password", unlock("guess"), false, oath.ErrWrongPassword.Error()},
	} {
		i := f.Inspect(reader, test.unlock)
		if i.Device.Serial != 22 || !i.Password || i.Firmware != "5.7.1" || i.Capacity != 64 || (i.Used != nil) != test.open || i.Problem != test.want {
			t.Errorf("%s: %+v", test.name, i)
		}
	}
	k, err := f.Open(reader)
	fatal(t, err)
	if _, err := unlock("password")(k); err != nil {
		t.Error(err)
	}
	k.Close()
	card, err := f.Card(reader)
	fatal(t, err)
	defer card.Close(false)
	// YKOATH, "LIST", of which the next program must get nothing.
	if response, err := card.Transmit([]byte{0, 0xa1, 0, 0}); err != nil || strings.HasSuffix(string(response), "\x90\x00") {
		t.Errorf("the key was left open: %x, %v", response, err)
	}
}

func TestChoice(t *testing.T) {
	if !(keys.Choice{}).IsAny() || (keys.Choice{Serial: 1}).IsAny() || (keys.Choice{Reader: "x"}).IsAny() {
		t.Error("IsAny is wrong")
	}
	err := error(&keys.ReaderError{Reader: "Reader 0", Err: pcsc.ErrMute})
	if expectError(t, "a reader's error", err, pcsc.ErrMute); err.Error() != "Reader 0: "+pcsc.ErrMute.Error() {
		t.Error(err)
	}
}
