package exchange

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
)

func protonSamples() []sample {
	uri := func(e Entry, kind string) string {
		a := e.Account
		label := url.PathEscape(a.Name)
		if a.Issuer != "" {
			label = url.PathEscape(a.Issuer) + ":" + label
		}
		return fmt.Sprintf("otpauth://%s/%s?secret=%s&issuer=%s&algorithm=%s&digits=%d&period=%d", kind, label, e.Secret.Base32(), url.QueryEscape(a.Issuer), a.Algorithm, a.Digits, a.Period)
	}
	entry := func(kind, uri string, name, note any) map[string]any {
		return map[string]any{"id": "0b8e", "content": map[string]any{"uri": uri, "entry_type": kind, "name": name}, "note": note}
	}
	noted := entryOf(bob, func(e *Entry) { e.Notes = "code: 1234-5678" })
	long := entryOf(dave, func(e *Entry) { e.Account.Name = "long" })
	export := map[string]any{"version": 1, "entries": []any{
		entry("Totp", uri(alice, "totp"), "alice", nil),
		entry("Totp", uri(bob, "totp"), "bob@example.com", "code: 1234-5678"),
		entry("Steam", "steam://"+base64.StdEncoding.EncodeToString(dave.Secret.Bytes()), "dave", ""),
		entry("Steam", "steam://"+strings.TrimRight(dave.Secret.Base32(), "="), "long", nil),
		entry("Totp", strings.Replace(uri(erin, "totp"), "/erin", "/:erin", 1), nil, nil),
		entry("Totp", strings.Replace(uri(account("Nine", "digits", nil), "totp"), "digits=6", "digits=9", 1), "digits", nil),
		entry("Steam", "steam://??", "broken", nil),
		map[string]any{"content": "none"},
	}}
	want, refused := []Entry{alice, noted, dave, long, erin}, []string{"digits", "Steam:broken", "entry 8"}
	sealed := protonSealed(object(export), "Hallå")
	old := map[string]any{"version": 1, "entries": []any{map[string]any{"id": "1", "content": map[string]any{"uri": uri(alice, "totp"), "entry_type": "Totp"}}}}
	return []sample{
		{name: "Proton", format: "Proton Authenticator", data: object(export), want: want, refused: refused},
		{name: "Proton, without names", format: "Proton Authenticator", data: object(old), want: []Entry{alice}},
		{name: "Proton encrypted", format: "Proton Authenticator", data: sealed, password: "Hallå", want: want, refused: refused, either: true, slow: true},
	}
}

func protonSealed(export []byte, password string) []byte {
	key := argon2.IDKey([]byte(password), []byte("sixteen byte, 16"), 2, 19456, 1, 32)
	content := append([]byte("twelve bytes"), sealGCM(key, []byte("twelve bytes"), export, []byte("proton.authenticator.export.v1"))...)
	return object(map[string]any{"version": 1, "salt": base64.StdEncoding.EncodeToString([]byte("sixteen byte, 16")), "content": base64.StdEncoding.EncodeToString(content)})
}

func TestProtonRefuses(t *testing.T) {
	sealed := string(protonSealed([]byte(`{"version":1,"entries":[]}`), "x"))
	for _, tt := range []struct {
		name, data string
		want       error
	}{
		{"newer", `{"version":2,"entries":[]}`, ErrDamaged},
		{"newer, encrypted", strings.Replace(sealed, `"version":1`, `"version":2`, 1), ErrDamaged},
		{"newer inside", string(protonSealed([]byte(`{"version":2,"entries":[]}`), "x")), ErrDamaged},
		{"no base64", strings.Replace(sealed, `"salt":"`, `"salt":"?`, 1), ErrDamaged},
		{"altered", strings.Replace(sealed, `"content":"`, `"content":"AAAA`, 1), errEither},
		{"too short", `{"version":1,"salt":"","content":"AAAA"}`, ErrDamaged},
		{"no object when opened", string(protonSealed([]byte(`[]`), "x")), ErrDamaged},
	} {
		if _, err := Read([]byte(tt.data), given("x")); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
