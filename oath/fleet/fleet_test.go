package fleet_test

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

var now = time.Unix(1700000000, 0)

// Secrets; each token may be given its own, to see from a code where it came from.
const (
	one   = "12345678901234567890"
	other = "09876543210987654321"
)

// A key is a virtual key, with the applet selected.
type key struct {
	*ykoath.Session
	device *virtualkey.Key
}

// newKey plugs in a key that was never used. Nobody waits for its touches.
func newKey(t *testing.T, config virtualkey.Config) *key {
	t.Helper()
	config.After = func(time.Duration) <-chan time.Time {
		passed := make(chan time.Time)
		close(passed)
		return passed
	}
	device := vktest.New(t, config).Key
	return &key{selectApplet(t, device), device}
}

func selectApplet(t *testing.T, device *virtualkey.Key) *ykoath.Session {
	t.Helper()
	s, err := ykoath.Select(device, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lock gives the key a password, and finds it locked.
func (k *key) lock(t *testing.T) {
	t.Helper()
	accessKey, err := ykoath.DeriveAccessKey("password", k.Salt())
	if err != nil {
		t.Fatal(err)
	}
	if err := k.SetPassword(accessKey); err != nil {
		t.Fatal(err)
	}
	k.Session = selectApplet(t, k.device)
}

// newVault makes a vault that is unlocked.
func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	identity, err := vault.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Create(filepath.Join(t.TempDir(), "vault"), identity, vault.Ways{Passphrase: "passphrase"}, vault.Options{WorkFactor: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func secret(t *testing.T, key string) oath.Secret {
	t.Helper()
	s, err := oath.NewSecret([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func totp(id oath.ID) oath.Account { return id.Account(oath.TOTP).WithDefaults() }

func hotp(id oath.ID) oath.Account { return id.Account(oath.HOTP).WithDefaults() }

// put stores TOTP accounts of a secret; ids are separated by spaces.
func put(t *testing.T, token oath.Token, secretKey, ids string) {
	t.Helper()
	for id := range strings.FieldsSeq(ids) {
		if err := token.Put(totp(oath.ID(id)), secret(t, secretKey)); err != nil {
			t.Fatal(err)
		}
	}
}

func member(name string, token oath.Token) *fleet.Member {
	return &fleet.Member{Name: name, Open: func() (oath.Token, error) { return token, nil }}
}

// errBusy keeps a token from being opened.
var errBusy = errors.New("in use by another program")

func failing(name string) *fleet.Member {
	return &fleet.Member{Name: name, Open: func() (oath.Token, error) { return nil, errBusy }}
}

func names(members []*fleet.Member) string {
	var list []string
	for _, m := range members {
		list = append(list, m.Name)
	}
	return strings.Join(list, " ")
}

func codeOf(t *testing.T, a oath.Account, secretKey string) string {
	t.Helper()
	return computed(t, a, secretKey, now)
}

// codeAt returns the code of the secret one at a second since 1970.
func codeAt(t *testing.T, a oath.Account, second int64) string {
	t.Helper()
	return computed(t, a, one, time.Unix(second, 0))
}

func computed(t *testing.T, a oath.Account, secretKey string, at time.Time) string {
	t.Helper()
	code, err := oath.Compute(a, secret(t, secretKey), at)
	if err != nil {
		t.Fatal(err)
	}
	return code.Value
}

func expectError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func TestMemberIsOpenedOnce(t *testing.T) {
	opened := 0
	m := &fleet.Member{Name: "key", Open: func() (oath.Token, error) {
		opened++
		return nil, errBusy
	}}
	for range 2 {
		if _, err := m.Token(); err != errBusy {
			t.Errorf("got %v, want %v", err, errBusy)
		}
	}
	if opened != 1 {
		t.Errorf("it was opened %d times", opened)
	}
}

func TestList(t *testing.T) {
	red, blue, v := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{}), newVault(t)
	put(t, red, one, "Bank:bob GitHub:alice")
	put(t, v, one, "GitHub:alice 60/zoe Ära:d")
	put(t, blue, one, "bank:BOB")
	v.Lock()
	f := fleet.Fleet{member("red", red), failing("broken"), member("blue", blue), member("vault", v)}
	holdings, err := f.List()
	expectError(t, err, errBusy)
	if got := err.Error(); got != "broken: in use by another program" {
		t.Errorf("the error is %q", got)
	}
	want := []string{"Bank:bob: red", "bank:BOB: blue", "GitHub:alice: red vault", "60/zoe: vault", "Ära:d: vault"}
	if got := described(holdings); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	if a := holdings[2].Account; a.Type != oath.TOTP || a.Algorithm != oath.SHA1 {
		t.Errorf("the vault hides what the key reports: %+v", a)
	}
	if a := holdings[3].Account; a.Type != oath.TypeUnknown || a.Period != 60 {
		t.Errorf("a locked vault reported %+v", a)
	}
}

// described returns where each account is, and the code that came with it.
func described(holdings []fleet.Holding) string {
	var lines []string
	for _, h := range holdings {
		line := string(h.Account.ID()) + ": " + names(h.Members)
		if !h.Code.IsZero() {
			line += " " + h.Code.Value
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestCodes(t *testing.T) {
	red, v := newKey(t, virtualkey.Config{}), newVault(t)
	put(t, red, one, "both 60/slow")
	if err := red.Put(hotp("counted"), secret(t, one)); err != nil {
		t.Fatal(err)
	}
	touched := totp("touched")
	touched.Touch = true
	if err := red.Put(touched, secret(t, one)); err != nil {
		t.Fatal(err)
	}
	put(t, v, one, "both")
	put(t, v, other, "stored")
	f := fleet.Fleet{member("red", red), member("vault", v)}
	both, slow, stored := codeOf(t, totp("both"), one), codeOf(t, totp("60/slow"), one), codeOf(t, totp("stored"), other)
	for _, test := range []struct {
		name   string
		locked bool
		want   []string
	}{
		{"unlocked", false, []string{"both: red vault " + both, "counted: red", "60/slow: red " + slow, "stored: vault " + stored, "touched: red"}},
		{"locked", true, []string{"both: red vault " + both, "counted: red", "60/slow: red " + slow, "stored: vault", "touched: red"}},
	} {
		if test.locked {
			v.Lock()
		}
		holdings, err := f.Codes(fleet.At(now))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if got, want := described(holdings), strings.Join(test.want, "\n"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, want)
		}
	}
	if code, err := red.Code(hotp("counted"), now); err != nil || code.Value != codeOf(t, hotp("counted"), one) {
		t.Errorf("the counter moved: %v, %v", code, err)
	}
}

func TestComplete(t *testing.T) {
	whole := oath.Account{Name: "a", Type: oath.TOTP, Algorithm: oath.SHA512, Digits: 8, Period: 60}
	for _, test := range []struct{ a, b, want oath.Account }{
		{oath.Account{Name: "a", Period: 30}, whole, whole},
		{whole, oath.Account{Name: "a"}, whole},
		{oath.Account{Name: "a", Period: 60}, oath.Account{}, oath.Account{Name: "a", Period: 60}},
		{whole, oath.Account{Name: "a", Type: oath.HOTP, Algorithm: oath.SHA1, Digits: 6}, whole},
		{oath.Account{Name: "a"}, oath.Account{Name: "a", Touch: true}, oath.Account{Name: "a", Touch: true}},
	} {
		if got := fleet.Complete(test.a, test.b); got != test.want {
			t.Errorf("Complete(%+v, %+v) = %+v, want %+v", test.a, test.b, got, test.want)
		}
	}
}

func TestEach(t *testing.T) {
	red, blue := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{})
	put(t, red, one, "alice")
	h := fleet.Holding{
		Entry:   oath.Entry{Account: totp("alice")},
		Members: []*fleet.Member{member("red", red), failing("broken"), member("blue", blue)},
	}
	done, failures := h.Each(func(token oath.Token) error { return token.Delete("alice") })
	if names(done) != "red" || len(failures) != 2 {
		t.Fatalf("done on %q, %d failures", names(done), len(failures))
	}
	expectError(t, failures[0], errBusy)
	expectError(t, failures[1], oath.ErrNotFound)
	if failures[0].Member != "broken" || failures[1].Member != "blue" {
		t.Errorf("the failures are of %s and %s", failures[0].Member, failures[1].Member)
	}
}
