package otpauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
)

func testKey(t *testing.T, a oath.Account) Key {
	t.Helper()
	secret, err := oath.ParseSecret(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	return Key{Account: a, Secret: secret}
}

func TestURI(t *testing.T) {
	const prefix = "otpauth://"
	tests := []struct {
		account oath.Account
		want    string
	}{
		{totp("Example", "alice@google.com"),
			"totp/Example:alice@google.com?secret=" + testSecret + "&issuer=Example&algorithm=SHA1&digits=6&period=30"},
		{oath.Account{Name: "alice", Type: oath.TOTP, Algorithm: oath.SHA512, Digits: 8, Period: 60},
			"totp/alice?secret=" + testSecret + "&algorithm=SHA512&digits=8&period=60"},
		{oath.Account{Issuer: "A B", Name: "c+d", Type: oath.HOTP, Algorithm: oath.SHA256, Digits: 7, Counter: 1<<64 - 1},
			"hotp/A%20B:c%2Bd?secret=" + testSecret + "&issuer=A%20B&algorithm=SHA256&digits=7&counter=18446744073709551615"},
		{totp("Steam", "alice"),
			"steam/Steam:alice?secret=" + testSecret + "&issuer=Steam&algorithm=SHA1&digits=5&period=30&encoder=steam"},
		{totp("Foo: Bar", "a:443"),
			"totp/Foo%3A%20Bar:a%3A443?secret=" + testSecret + "&issuer=Foo%3A%20Bar&algorithm=SHA1&digits=6&period=30"},
		{totp("", "a:b"),
			"totp/:a%3Ab?secret=" + testSecret + "&algorithm=SHA1&digits=6&period=30"},
		{totp("ü&=#%?/", "~"),
			"totp/%C3%BC%26%3D%23%25%3F%2F:~?secret=" + testSecret + "&issuer=%C3%BC%26%3D%23%25%3F%2F&algorithm=SHA1&digits=6&period=30"},
		{oath.Account{Name: "defaults"},
			"totp/defaults?secret=" + testSecret + "&algorithm=SHA1&digits=6&period=30"},
	}
	for _, tt := range tests {
		k := testKey(t, tt.account)
		if got, err := k.URI(); got != prefix+tt.want || err != nil {
			t.Errorf("got  %s, %v\nwant %s", got, err, prefix+tt.want)
		}
		k.Account = k.Account.WithDefaults()
		checkIdentity(t, k)
	}
}

// Without a secret, or after it was cleared, there is no URI, and no part of an export.
func TestNoSecret(t *testing.T) {
	for _, k := range []Key{{Account: totp("Example", "alice")}, testKey(t, totp("Example", "alice"))} {
		k.Secret.Clear()
		if uri, err := k.URI(); uri != "" || !errors.Is(err, oath.ErrInvalid) {
			t.Errorf("got %q, %v", uri, err)
		}
		if uris, refused := Batches([]Key{k}, 1); len(uris) > 0 || !errors.Is(refused[0], oath.ErrInvalid) {
			t.Errorf("got %q, %v", uris, refused)
		}
	}
}

// A key does not give its secret away unless it is asked to.
func TestKeyDoesNotPrint(t *testing.T) {
	k := testKey(t, totp("Example", "alice"))
	object, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(object)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, k), fmt.Sprintf(verb, &k), fmt.Sprintf(verb, []Key{k}))
	}
	for _, text := range texts {
		if strings.Contains(text, testSecret[:8]) || strings.Contains(text, "48656c6c6f") || strings.Contains(text, "72 101 108") {
			t.Errorf("the secret shows in %s", text)
		}
	}
	if got := k.String(); got != "Example:alice" {
		t.Errorf("prints as %q", got)
	}
}
