package exchange

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/scrypt"
)

func aegisSamples() []sample {
	entry := func(e Entry, kind string, info map[string]any) map[string]any {
		info["secret"], info["algo"], info["digits"] = e.Secret.Base32(), e.Account.Algorithm.String(), e.Account.Digits
		return map[string]any{"type": kind, "name": e.Account.Name, "issuer": e.Account.Issuer, "note": e.Notes, "favorite": true, "icon": nil, "info": info}
	}
	noted := entryOf(erin, func(e *Entry) { e.Notes = "codes: 1234-5678" })
	db := map[string]any{"version": 3, "groups": []any{}, "entries": []any{
		entry(alice, "totp", map[string]any{"period": 30}),
		entry(bob, "totp", map[string]any{"period": 60}),
		entry(carol, "hotp", map[string]any{"counter": 7}),
		entry(dave, "steam", map[string]any{"period": 30}),
		entry(noted, "totp", map[string]any{"period": 30}),
		entry(account("Y", "yandex", nil), "yandex", map[string]any{"period": 30, "pin": "1234"}),
		entry(account("M", "motp", nil), "motp", map[string]any{"period": 10, "pin": "1234"}),
	}}
	want, refused := []Entry{alice, bob, carol, dave, noted}, []string{"Y:yandex", "M:motp"}
	plain := map[string]any{"version": 1, "header": map[string]any{"slots": nil, "params": nil}, "db": db}
	return []sample{
		{name: "Aegis", format: "Aegis", data: object(plain), want: want, refused: refused},
		{name: "Aegis encrypted", format: "Aegis", data: aegisSealed(db, "Hallå", 1<<10), password: "Hallå", want: want, refused: refused},
	}
}

// aegisSealed encrypts accounts as Aegis's documentation has it.
func aegisSealed(db any, password string, n int) []byte {
	seal := func(key []byte, plain []byte) (sealed []byte, params map[string]any) {
		block, _ := aes.NewCipher(key)
		gcm, _ := cipher.NewGCM(block)
		nonce := []byte("twelve bytes")
		b := gcm.Seal(nil, nonce, plain, nil)
		return b[:len(b)-16], map[string]any{"nonce": hex.EncodeToString(nonce), "tag": hex.EncodeToString(b[len(b)-16:])}
	}
	salt, master := []byte(strings.Repeat("salt", 8)), []byte(strings.Repeat("key!", 8))
	wrapping, _ := scrypt.Key([]byte(password), salt, n, 8, 1, 32)
	wrapped, params := seal(wrapping, master)
	content, contentParams := seal(master, object(db))
	return object(map[string]any{
		"version": 1,
		"header": map[string]any{
			"slots": []any{
				map[string]any{"type": 2, "uuid": "b", "key": "00", "key_params": params},
				map[string]any{"type": 1, "uuid": "a", "key": hex.EncodeToString(wrapped), "key_params": params, "n": n, "r": 8, "p": 1, "salt": hex.EncodeToString(salt)},
			},
			"params": contentParams,
		},
		"db": base64.StdEncoding.EncodeToString(content),
	})
}

func TestAegisRefuses(t *testing.T) {
	sealed := string(aegisSealed(map[string]any{}, "x", 1<<10))
	for _, tt := range []struct {
		name, old, new string
		want           error
	}{
		{"too much memory", `"n":1024`, `"n":67108864`, ErrTooCostly},
		{"memory beyond counting", `"n":1024`, `"n":1099511627776`, ErrTooCostly},
		{"too much time", `"p":1`, `"p":1000,"n":1048576`, ErrDamaged}, // n comes twice
		{"a cost that is no power of two", `"n":1024`, `"n":1000`, ErrDamaged},
		{"no cost", `"n":1024`, `"n":0`, ErrDamaged},
		{"no nonce", `"nonce":"74`, `"nonce":"","x":"74`, ErrDamaged},
		{"not hexadecimal", `"salt":"73`, `"salt":"zz`, ErrDamaged},
		{"content altered", `"db":"`, `"db":"AAAA`, ErrDamaged},
		{"not base64", `"db":"`, `"db":"?`, ErrDamaged},
		{"newer", `"version":1`, `"version":2`, ErrDamaged},
	} {
		altered := strings.Replace(sealed, tt.old, tt.new, 1)
		if altered == sealed {
			t.Fatalf("%s: nothing to alter", tt.name)
		}
		if _, err := Read([]byte(altered), given("x")); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	var closed *ClosedError
	if _, err := Read([]byte(strings.Replace(sealed, `"type":1`, `"type":0`, 1)), given("x")); !errors.As(err, &closed) {
		t.Errorf("without a password's slot: %v", err)
	}
}
