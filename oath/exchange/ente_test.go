package exchange

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20"
)

func enteSamples() []sample {
	uri := func(e Entry, kind, note string, trashed bool) string {
		a := e.Account
		display := fmt.Sprintf(`{"pinned":true,"trashed":%t,"lastUsedAt":0,"tapCount":3,"tags":["work"],"note":%q,"position":0,"iconSrc":"","iconID":""}`, trashed, note)
		text := fmt.Sprintf("otpauth://%s/%s:%s?algorithm=%s&digits=%d&issuer=%s&period=%d&secret=%s&codeDisplay=%s",
			kind, url.PathEscape(a.Issuer), url.PathEscape(a.Name), strings.ToLower(a.Algorithm.String()), a.Digits, url.QueryEscape(a.Issuer), max(a.Period, 30), e.Secret.Base32(), url.QueryEscape(display))
		if kind == "hotp" {
			text += fmt.Sprint("&counter=", a.Counter)
		}
		return strings.ReplaceAll(text, ",", "%2C")
	}
	noted := entryOf(bob, func(e *Entry) { e.Notes = "codes: 1, 2" })
	bare := fmt.Sprintf("otpauth://totp/erin?secret=%s&algorithm=Algorithm.sha512", erin.Secret.Base32())
	// The note's commas may have been written as %2C before.
	twice := strings.Replace(uri(noted, "totp", "codes: 1, 2", false), "%2C+2", "%252C+2", 1)
	list := strings.Join([]string{
		uri(alice, "totp", "", false), uri(carol, "hotp", "", false), uri(dave, "steam", "", false), bare,
		strings.Replace(uri(account("Nine", "digits", nil), "totp", "", false), "digits=6", "digits=9", 1),
		strings.Replace(uri(alice, "totp", "", false), "%22pinned%22", "broken", 1),
		uri(account("Old", "gone", nil), "totp", "", true), twice, "",
	}, "\n")
	want, refused := []Entry{alice, carol, dave, erin, alice, noted}, []string{"Nine:digits"}
	return []sample{
		{name: "Ente Auth", format: "Ente Auth", data: []byte(list), want: want, refused: refused},
		{name: "Ente Auth, CRLF", format: "Ente Auth", data: []byte("\ufeff" + strings.ReplaceAll(list, "\n", "\r\n")), want: want, refused: refused},
		{name: "Ente Auth encrypted", format: "Ente Auth", data: enteSealed(list, "Hallå", 8<<20), password: "Hallå", want: want, refused: refused, either: true},
	}
}

// enteSealed encrypts a list as libsodium's documentation and source have it.
func enteSealed(list, password string, memory uint32) []byte {
	salt, header := []byte("sixteen byte, 16"), []byte("a header of 24 bytes, 24")
	key := argon2.IDKey([]byte(password), salt, 3, memory/1024, 1, 32)
	subkey, _ := chacha20.HChaCha20(key, header[:16])
	keystream := make([]byte, 128+len(list))
	stream, _ := chacha20.NewUnauthenticatedCipher(subkey, append([]byte{1, 0, 0, 0}, header[16:]...))
	stream.XORKeyStream(keystream, keystream)

	block := keystream[64:128] // the tag of a message, 0, is its first byte
	sealed := []byte(list)
	for i := range sealed {
		sealed[i] ^= keystream[128+i]
	}
	text := slices.Concat(block, sealed, make([]byte, (16-64+len(sealed))&15), make([]byte, 8))
	text = binary.LittleEndian.AppendUint64(text, uint64(64+len(sealed)))
	mac := poly1305Of(keystream[:32], text)
	encode := base64.StdEncoding.EncodeToString
	return object(map[string]any{
		"version": 1, "kdfParams": map[string]any{"memLimit": memory, "opsLimit": 3, "salt": encode(salt)},
		"encryptedData": encode(slices.Concat(block[:1], sealed, mac)), "encryptionNonce": encode(header),
	})
}

// poly1305Of computes a Poly1305 (RFC 8439, section 2.5.1), of whole blocks.
func poly1305Of(key, text []byte) []byte {
	number := func(littleEndian []byte) *big.Int {
		b := bytes.Clone(littleEndian)
		slices.Reverse(b)
		return new(big.Int).SetBytes(b)
	}
	prime := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 130), big.NewInt(5))
	clamp, _ := new(big.Int).SetString("0ffffffc0ffffffc0ffffffc0fffffff", 16)
	r, sum := new(big.Int).And(number(key[:16]), clamp), new(big.Int)
	for block := range slices.Chunk(text, 16) {
		sum.Add(sum, number(append(bytes.Clone(block), 1)))
		sum.Mod(sum.Mul(sum, r), prime)
	}
	b := sum.Add(sum, number(key[16:])).FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b[:16]
}

func TestEnteRefuses(t *testing.T) {
	sealed := string(enteSealed("", "x", 8<<20))
	for _, tt := range []struct {
		name, old, new string
		want           error
	}{
		{"newer", `"version":1`, `"version":2`, ErrDamaged},
		{"more memory than one GiB", `"memLimit":8388608`, `"memLimit":1073742848`, ErrTooCostly},
		{"more memory than there is", `"memLimit":8388608`, `"memLimit":18446744073709551615`, ErrTooCostly},
		{"more memory than a number", `"memLimit":8388608`, `"memLimit":-1`, ErrDamaged},
		{"too many passes", `"opsLimit":3`, `"opsLimit":4294967295`, ErrTooCostly},
		{"no pass", `"opsLimit":3`, `"opsLimit":0`, ErrDamaged},
		{"no nonce", `"encryptionNonce":"`, `"encryptionNonce":"","x":"`, ErrDamaged},
		{"nothing encrypted", `"encryptedData":"`, `"encryptedData":"","x":"`, ErrDamaged},
		{"not base64", `"salt":"`, `"salt":"?`, ErrDamaged},
		{"altered", `"encryptedData":"`, `"encryptedData":"AAAA`, errEither},
		{"right", `{`, ` {`, nil},
	} {
		altered := strings.Replace(sealed, tt.old, tt.new, 1)
		if altered == sealed {
			t.Fatalf("%s: nothing to alter", tt.name)
		}
		if _, err := Read([]byte(altered), given("x")); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestEnteOfSize opens a file that asks for as much memory as the app does.
func TestEnteOfSize(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 1 GiB of memory")
	}
	list := fmt.Sprintf("otpauth://totp/GitHub:alice?secret=%s", alice.Secret.Base32())
	c, err := Read(enteSealed(list, "x", 1<<30), given("x"))
	if err != nil || len(c.Entries) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestEnteWarns(t *testing.T) {
	whole := enteSamples()[0].data
	for _, tt := range []struct {
		name string
		data []byte
		want []string
	}{
		{"trash", whole, []string{"Left out are the accounts in the app's trash: 1."}},
		{"no end", bytes.SplitAfter(whole, []byte("codeDisplay="))[0], []string{"The list does not end with the end of a line, as the app writes it: the last account may be incomplete."}},
	} {
		if c, err := Read(tt.data, nil); err != nil || !slices.Equal(c.Warnings, tt.want) {
			t.Errorf("%s: %+v, %v", tt.name, c, err)
		}
	}
}
