package exchange

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"errors"
	"testing"

	"golang.org/x/crypto/argon2"
)

func stratumSamples() []sample {
	entry := func(e Entry, kind, algorithm int) map[string]any {
		return map[string]any{
			"Type": kind, "Icon": "github", "Issuer": e.Account.Issuer, "Username": e.Account.Name, "Secret": e.Secret.Base32(), "Pin": nil,
			"Algorithm": algorithm, "Digits": e.Account.Digits, "Period": max(e.Account.Period, 30), "Counter": e.Account.Counter, "Ranking": 0, "CopyCount": 3,
		}
	}
	nameless := entry(account("Reddit", "Reddit", nil), 2, 0)
	nameless["Username"] = nil
	named := entryOf(account("Reddit", "Reddit", nil), func(e *Entry) {
		e.Warnings = []string{`The account has no name; it is called "Reddit", like its issuer.`}
	})
	backup := map[string]any{
		"Authenticators": []any{
			entry(alice, 2, 0), entry(bob, 2, 1), entry(carol, 1, 0), entry(dave, 4, 0), entry(erin, 2, 2), nameless,
			entry(account("M", "motp", nil), 3, 0), entry(account("Y", "yandex", nil), 5, 1), entry(account("Z", "later", nil), 6, 0), entry(account("A", "hash", nil), 2, 3),
		},
		"Categories": []any{map[string]any{"Id": "a8323a2a", "Name": "Web", "Ranking": 0}}, "AuthenticatorCategories": []any{}, "CustomIcons": []any{},
	}
	want, refused := []Entry{alice, bob, carol, dave, erin, named}, []string{"M:motp", "Y:yandex", "Z:later", "A:hash"}
	const name = "Stratum (Authenticator Pro)"
	return []sample{
		{name: "Stratum", format: name, data: object(backup), want: want, refused: refused},
		{name: "Stratum encrypted", format: name, data: stratumSealed(object(backup), "Hallå"), password: "Hallå", want: want, refused: refused, either: true, slow: true},
		{name: "Stratum encrypted, legacy", format: name, data: stratumOld(object(backup), "Hallå"), password: "Hallå", want: want, refused: refused, either: true, slow: true},
	}
}

func stratumSealed(content []byte, password string) []byte {
	const salt, nonce = "sixteen byte, 16", "twelve bytes"
	key := argon2.IDKey([]byte(password), []byte(salt), 3, 1<<16, 4, 32)
	return append([]byte("AUTHENTICATORPRO"+salt+nonce), sealGCM(key, []byte(nonce), content, nil)...)
}

func stratumOld(content []byte, password string) []byte {
	const salt, iv = "twenty bytes, all 20", "sixteen byte, 16"
	key, _ := pbkdf2.Key(sha1.New, password, []byte(salt), 64000, 32)
	return append([]byte("AuthenticatorPro"+salt+iv), sealCBC(key, []byte(iv), content)...)
}

// sealCBC encrypts with AES-CBC and PKCS #7's padding.
func sealCBC(key, iv, plain []byte) []byte {
	block, _ := aes.NewCipher(key)
	padding := 16 - len(plain)%16
	sealed := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
	return sealed
}

// sealGCM encrypts with AES-GCM, the tag last.
func sealGCM(key, nonce, plain, additional []byte) []byte {
	block, _ := aes.NewCipher(key)
	gcm, _ := cipher.NewGCM(block)
	return gcm.Seal(nil, nonce, plain, additional)
}

func TestStratumRefuses(t *testing.T) {
	sealed, old := stratumSealed([]byte(`{"Authenticators":[]}`), "x"), stratumOld([]byte(`{"Authenticators":[]}`), "x")
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"the mark alone":             {[]byte("AUTHENTICATORPRO"), ErrDamaged},
		"cut short":                  {sealed[:16+16+12+15], ErrDamaged},
		"altered":                    {append(bytes.Clone(sealed), 0), errEither},
		"the old mark alone":         {[]byte("AuthenticatorPro"), ErrDamaged},
		"old, and not whole blocks":  {old[:len(old)-1], ErrDamaged},
		"old, and a block less":      {old[:len(old)-16], errEither},
		"no JSON when opened":        {stratumSealed([]byte("{"), "x"), ErrDamaged},
		"no list":                    {[]byte(`{"Authenticators":{}}`), ErrDamaged},
		"an entry twice in the same": {[]byte(`{"Authenticators":[{"Type":2,"Type":1}]}`), ErrDamaged},
	} {
		if _, err := Read(tt.data, given("x")); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
