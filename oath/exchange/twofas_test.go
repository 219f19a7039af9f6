package exchange

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func twoFASSamples() []sample {
	service := func(e Entry, kind string, otp map[string]any) map[string]any {
		otp["tokenType"], otp["account"], otp["issuer"], otp["label"] = kind, e.Account.Name, e.Account.Issuer, e.Account.Name
		otp["digits"], otp["algorithm"], otp["source"], otp["link"] = e.Account.Digits, e.Account.Algorithm.String(), "Link", nil
		return map[string]any{
			"name": e.Account.Issuer, "secret": e.Secret.Base32(), "updatedAt": 1700000000000, "serviceTypeID": nil, "groupId": nil, "badge": nil,
			"otp": otp, "order": map[string]any{"position": 0}, "icon": map[string]any{"selected": "Label", "label": map[string]any{"text": "GI", "backgroundColor": "Red"}},
		}
	}
	// Typed in, on iOS: no issuer, and nothing that is usual.
	typed := map[string]any{"name": "erin", "secret": strings.ToLower(erin.Secret.Base32()), "updatedAt": 1, "otp": map[string]any{"algorithm": "SHA512", "source": "manual"}, "order": map[string]any{"position": 1}}
	named := entryOf(erin, func(e *Entry) {
		e.Account.Issuer, e.Warnings = "erin", []string{`The account has no name; it is called "erin", like its issuer.`}
	})
	services := []any{
		service(alice, "TOTP", map[string]any{"period": 30}),
		service(bob, "TOTP", map[string]any{"period": 60, "counter": nil}),
		service(carol, "HOTP", map[string]any{"counter": 7, "period": nil}),
		service(dave, "STEAM", map[string]any{"period": 30}),
		typed,
		service(entryOf(account("M", "md5", nil), func(e *Entry) { e.Account.Algorithm = 99 }), "TOTP", map[string]any{}),
		map[string]any{"name": 7},
	}
	want, refused := []Entry{alice, bob, carol, dave, named}, []string{"M:md5", "entry 7"}
	backup := func(version int, more map[string]any) []byte {
		more["schemaVersion"], more["appOrigin"], more["updatedAt"] = version, "android", 1700000000000
		if more["services"] == nil {
			more["services"] = []any{}
		}
		return object(more)
	}
	// The first version had little more than names and secrets.
	first := map[string]any{"name": "GitHub", "secret": alice.Secret.Base32(), "type": "GitHub", "otp": map[string]any{"account": "alice", "digits": nil}}
	encrypted := backup(4, map[string]any{
		"servicesEncrypted": twoFASSealed(string(object(services)), "pässword", "services"), "reference": twoFASSealed("known", "pässword", "reference"), "groups": []any{},
	})
	return []sample{
		{name: "2FAS 1", format: "2FAS", data: backup(1, map[string]any{"services": []any{first}}), want: []Entry{alice}},
		{name: "2FAS 2", format: "2FAS", data: backup(2, map[string]any{"services": services}), want: want, refused: refused},
		{name: "2FAS 3", format: "2FAS", data: append([]byte("\ufeff"), backup(3, map[string]any{"services": services, "groups": []any{map[string]any{"id": "1", "name": "Work"}}})...), want: want, refused: refused},
		{name: "2FAS 4", format: "2FAS", data: backup(4, map[string]any{"services": services, "groups": []any{}, "servicesEncrypted": nil, "reference": nil}), want: want, refused: refused},
		{name: "2FAS 4 encrypted", format: "2FAS", data: encrypted, password: "pässword", want: want, refused: refused},
		{name: "2FAS 2 encrypted, no reference", format: "2FAS", data: backup(2, map[string]any{"servicesEncrypted": twoFASSealed(string(object(services)), "x", "services")}), password: "x", want: want, refused: refused, either: true},
	}
}

// twoFASSealed encrypts a text as the app does.
func twoFASSealed(text, password, salt string) string {
	key, _ := pbkdf2.Key(sha256.New, password, []byte(salt), 10000, 32)
	encode := base64.StdEncoding.EncodeToString
	return encode(sealGCM(key, []byte("twelve bytes"), []byte(text), nil)) + ":" + encode([]byte(salt)) + ":" + encode([]byte("twelve bytes"))
}

func TestTwoFASRefuses(t *testing.T) {
	sealed := string(object(map[string]any{"schemaVersion": 4, "services": []any{}, "servicesEncrypted": twoFASSealed("[]", "x", "salt"), "reference": twoFASSealed("known", "x", "other")}))
	for _, tt := range []struct {
		name, old, new string
		want           error
	}{
		{"newer", `"schemaVersion":4`, `"schemaVersion":5`, ErrDamaged},
		{"services altered, and the password right", `"servicesEncrypted":"`, `"servicesEncrypted":"AAAA`, ErrDamaged},
		{"not base64", `"servicesEncrypted":"`, `"servicesEncrypted":"?`, ErrDamaged},
		{"no nonce", `:dHdlbHZlIGJ5dGVz"`, `:"`, ErrDamaged},
		{"two parts", `:dHdlbHZlIGJ5dGVz"`, `"`, ErrDamaged},
		{"reference altered", `"reference":"`, `"reference":"AAAA`, nil},
		{"the services are no list", `"services":[]`, `"services":{}`, ErrDamaged},
	} {
		altered := strings.ReplaceAll(sealed, tt.old, tt.new)
		if altered == sealed {
			t.Fatalf("%s: nothing to alter", tt.name)
		}
		if _, err := Read([]byte(altered), given("x")); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
