package exchange

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
)

// bitwardenItems are as the web vault exports them, and as the Authenticator does.
func bitwardenItems() string {
	item := func(name, more string) string {
		return `{"passwordHistory":[{"lastUsedDate":"2024-01-02T03:04:05.678Z","password":"old"}],"revisionDate":"2024-01-02T03:04:05.678Z","creationDate":"2024-01-02T03:04:05.678Z","deletedDate":null,"archivedDate":null,"id":"4c2d8e07-9a57-4a1c-b3a5-aa77007e5b43","organizationId":null,"folderId":null,"type":1,"reprompt":0,"name":"` + name + `","favorite":false,"fields":[{"name":"PIN","value":"1234","type":1,"linkedId":null}],"collectionIds":null,` + more + `}`
	}
	login := func(user, totp string) string {
		return `"login":{"uris":[{"match":null,"uri":"https://example.com"}],"fido2Credentials":[],"username":` + user + `,"password":"hunter2","totp":` + totp + `}`
	}
	items := []string{
		item("GitHub", `"notes":"codes: 1234-5678",`+login(`"alice"`, `"`+aliceSecret+`"`)),
		item("just a password", `"notes":null,`+login(`"nobody"`, `null`)),
		item("Example & Söhne", `"notes":null,`+login(`null`, `"`+bobURI+`"`)),
		strings.Replace(item("gone", `"notes":null,`+login(`"x"`, `"`+aliceSecret+`"`)), `"deletedDate":null`, `"deletedDate":"2024-02-02T03:04:05.678Z"`, 1),
		strings.Replace(item("Bank", `"notes":null,`+login(`"carol"`, `"`+carolURI+`"`)), `"archivedDate":null`, `"archivedDate":"2024-02-02T03:04:05.678Z"`, 1),
		item("A note", `"notes":"text","secureNote":{"type":0}`),
		`{"favorite":false,"id":"A","login":{"totp":"` + daveURI + `","username":"dave"},"name":"Steam","type":1}`,
		item("Empty", `"notes":null,`+login(`"e"`, `"otpauth://totp/e?secret="`)),
		item("Nine", `"notes":null,`+login(`"n"`, `"otpauth://totp/n?secret=`+aliceSecret+`&digits=99"`)),
		`{"type":1,"name":["wrong"]}`,
	}
	return `{"encrypted":false,"folders":[],"items":[` + strings.Join(items, ",\n    ") + "]}\n"
}

func bitwardenSamples() []sample {
	s := sample{format: "Bitwarden", want: []Entry{noted(alice, "codes: 1234-5678"), bob, carol, dave}, refused: []string{"Empty:e", "Nine:n", "entry 10"}}
	with := func(name, password string, data []byte) sample {
		s.name, s.password, s.data = name, password, data
		return s
	}
	items := []byte(bitwardenItems())
	return []sample{
		with("Bitwarden", "", items),
		with("Bitwarden with attachments", "", zipOf("data.json", string(items), "attachments/4c2d8e07/codes.txt", "1234")),
		with("Bitwarden PBKDF2", "Hallå", bitwardenSealed(items, "Hallå", `"kdfType":0,"kdfIterations":5000,"kdfMemory":null,"kdfParallelism":null`)),
		with("Bitwarden Argon2id", "Hallå", bitwardenSealed(items, "Hallå", `"kdfType":1,"kdfIterations":3,"kdfMemory":2,"kdfParallelism":4`)),
	}
}

// bitwardenSealed encrypts an export as Bitwarden's whitepaper has it. HKDF's expansion
// (RFC 5869, 2.3) is of one block: the HMAC of the purpose and the byte 1.
func bitwardenSealed(plain []byte, password, kdf string) []byte {
	salt := "nB2pTnPSJx8Y2Dg9bVbqUg=="
	key, _ := pbkdf2.Key(sha256.New, password, []byte(salt), 5000, 32)
	if strings.Contains(kdf, `"kdfType":1`) {
		hashed := sha256.Sum256([]byte(salt))
		key = argon2.IDKey([]byte(password), hashed[:], 3, 2*1024, 4, 32)
	}
	mac := func(key []byte, parts ...[]byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(bytes.Join(parts, nil))
		return h.Sum(nil)
	}
	seal := func(plain []byte) string {
		block, _ := aes.NewCipher(mac(key, []byte("enc\x01")))
		iv := []byte("sixteen bytes iv")
		padding := 16 - len(plain)%16
		sealed := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(padding)}, padding)...)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
		var parts []string
		for _, part := range [][]byte{iv, sealed, mac(mac(key, []byte("mac\x01")), iv, sealed)} {
			parts = append(parts, base64.StdEncoding.EncodeToString(part))
		}
		return "2." + strings.Join(parts, "|")
	}
	return fmt.Appendf(nil, `{"encrypted":true,"passwordProtected":true,"salt":"%s",%s,"encKeyValidation_DO_NOT_EDIT":"%s","data":"%s"}`,
		salt, kdf, seal([]byte("d5f2b2f1-1c5c-4b5a-9d5f-0d6a8a3d8b9e")), seal(plain))
}

func TestBitwardenRefuses(t *testing.T) {
	const kdf = `"kdfType":1,"kdfIterations":3,"kdfMemory":2,"kdfParallelism":4`
	sealed := string(bitwardenSealed([]byte(`{"items":[]}`), "x", kdf))
	for _, tt := range []struct {
		name, old, new string
		want           error
	}{
		{"too much memory", `"kdfMemory":2`, `"kdfMemory":1025`, ErrTooCostly},
		{"more than fits", `"kdfMemory":2`, `"kdfMemory":4194304`, ErrTooCostly},
		{"too many passes", `"kdfIterations":3`, `"kdfIterations":4000000000`, ErrTooCostly},
		{"no passes", `"kdfIterations":3`, `"kdfIterations":0`, ErrDamaged},
		{"a negative count", `"kdfIterations":3`, `"kdfIterations":-1`, ErrDamaged},
		{"no threads", `"kdfParallelism":4`, `"kdfParallelism":0`, ErrDamaged},
		{"too many rounds", kdf, `"kdfType":0,"kdfIterations":2000000000`, ErrTooCostly},
		{"an unknown derivation", `"kdfType":1`, `"kdfType":2`, ErrDamaged},
		{"an unknown cipher", `"data":"2.`, `"data":"1.`, ErrDamaged},
		{"altered", `"data":"2.c2l4`, `"data":"2.C2l4`, ErrDamaged},
		{"no base64", `"data":"2.c`, `"data":"2.?`, ErrDamaged},
		{"no data", `"data":"`, `"data":"","x":"`, ErrDamaged},
	} {
		altered := strings.Replace(sealed, tt.old, tt.new, 1)
		if altered == sealed {
			t.Fatalf("%s: nothing to alter", tt.name)
		}
		if _, err := Read([]byte(altered), given("x")); !errors.Is(err, tt.want) || errors.Is(err, errEither) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for _, closed := range []string{
		`{"encrypted":true,"encKeyValidation_DO_NOT_EDIT":"2.a|b|c","folders":[],"items":[]}`,
		`{"encrypted":true,"passwordProtected":false,"data":"2.a|b|c"}`,
	} {
		if _, err := Read([]byte(closed), given("x")); !errors.As(err, new(*ClosedError)) {
			t.Errorf("%s: %v", closed, err)
		}
	}
	got, err := Read([]byte(bitwardenItems()), nil)
	if err != nil || len(got.Warnings) != 2 {
		t.Errorf("of the deleted and the archived: %q, %v", got.Warnings, err)
	}
	if !json.Valid([]byte(bitwardenItems())) {
		t.Error("the sample is not JSON")
	}
}
