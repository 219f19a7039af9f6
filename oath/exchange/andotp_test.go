package exchange

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func andOTPSamples() []sample {
	entry := func(e Entry, kind string, more map[string]any) map[string]any {
		more["secret"], more["issuer"], more["label"] = e.Secret.Base32(), e.Account.Issuer, e.Account.Name
		more["type"], more["algorithm"], more["digits"] = kind, e.Account.Algorithm.String(), e.Account.Digits
		more["thumbnail"], more["last_used"], more["used_frequency"], more["tags"] = "Default", 0, 0, []any{"work"}
		return more
	}
	accounts := []any{
		entry(alice, "TOTP", map[string]any{"period": 30}),
		entry(bob, "TOTP", map[string]any{"period": 60}),
		entry(carol, "HOTP", map[string]any{"counter": 7}),
		entry(dave, "STEAM", map[string]any{}),
		entry(erin, "TOTP", map[string]any{"period": 30}),
		entry(account("Y", "motp", nil), "MOTP", map[string]any{"period": 10}),
		map[string]any{"label": []any{}},
	}
	want, refused := []Entry{alice, bob, carol, dave, erin}, []string{"Y:motp", "entry 7"}
	// The oldest had no issuer, and named it in front of the label, or twice.
	old := func(e Entry, label string) map[string]any {
		return map[string]any{"secret": e.Secret.Base32(), "label": label, "period": 30}
	}
	oldest := []any{old(alice, "GitHub - GitHub:alice"), old(alice, "GitHub - alice"), old(account("", "x", nil), "x")}
	for _, issuer := range []string{"", "GitHub"} { // as the app wrote them later
		twice := old(alice, "GitHub - GitHub:alice")
		twice["issuer"] = issuer
		oldest = append([]any{twice}, oldest...)
	}
	return []sample{
		{name: "andOTP", format: "andOTP", data: object(accounts), want: want, refused: refused},
		{name: "andOTP, the oldest", format: "andOTP", data: object(oldest), want: []Entry{alice, alice, alice, alice, account("", "x", nil)}},
		{name: "andOTP encrypted", format: "andOTP, encrypted", data: andOTPEncrypted(accounts, "Hallå", 1000), password: "Hallå", want: want, refused: refused, either: true},
		{name: "andOTP encrypted, old", format: "andOTP, encrypted", data: andOTPOld(accounts, "Hallå"), password: "Hallå", want: want, refused: refused, either: true},
	}
}

// These look like chance.
const (
	andOTPTestSalt  = "\x9e\x1cq\x07\xf3K\xd8+`\xaa\x15\xe4"
	andOTPTestNonce = "\x81t\xee\x0cV-\xbd\x02\x99/\x5e\x05"
)

func andOTPEncrypted(accounts any, password string, rounds uint32) []byte {
	head := append(binary.BigEndian.AppendUint32(nil, rounds), andOTPTestSalt...)
	key, _ := pbkdf2.Key(sha1.New, password, head[4:], 1000, 32)
	return append(append(head, andOTPTestNonce...), sealGCM(key, []byte(andOTPTestNonce), object(accounts), nil)...)
}

func andOTPOld(accounts any, password string) []byte {
	key := sha256.Sum256([]byte(password))
	return append([]byte(andOTPTestNonce), sealGCM(key[:], []byte(andOTPTestNonce), object(accounts), nil)...)
}

func TestAndOTPRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"more rounds than sane":     {andOTPEncrypted([]any{}, "x", 1_000_001), errEither},
		"no list when opened":       {andOTPOld(map[string]any{}, "x"), ErrDamaged},
		"no JSON when opened":       {andOTPOld(json.RawMessage("77"), "x"), ErrDamaged},
		"a text, or a short one":    {[]byte(strings.Repeat("some text ", 20)), ErrUnknown},
		"nothing behind the nonce":  {[]byte("\x00\x00\x03\xe8" + andOTPTestSalt + andOTPTestNonce), ErrUnknown},
		"zeros and ones":            {[]byte(strings.Repeat("\x00\x01", 100)), ErrUnknown},
		"less than a key with salt": {[]byte("\x00\x00\x03\xe8" + andOTPTestSalt + andOTPTestNonce + "ab"), errEither},
	} {
		if _, err := Read(tt.data, given("x")); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
