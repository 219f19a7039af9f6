package otpauth

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tokenctl/tokenctl/oath"
)

// A message builds a protobuf message field by field.
type message []byte

func (m message) varint(number, value uint64) message {
	m = binary.AppendUvarint(slices.Clip(m), number<<3|uint64(protowire.VarintType))
	return binary.AppendUvarint(m, value)
}

func (m message) bytes(number uint64, value string) message {
	m = binary.AppendUvarint(slices.Clip(m), number<<3|uint64(protowire.BytesType))
	return append(binary.AppendUvarint(m, uint64(len(value))), value...)
}

func (m message) uri() string {
	return "otpauth-migration://offline?data=" + url.QueryEscape(base64.StdEncoding.EncodeToString(m))
}

const rawSecret = "12345678901234567890" // RFC 4226, appendix D

// account is an entry of the usual kind.
func account(name, issuer string) message {
	return message{}.bytes(1, rawSecret).bytes(2, name).bytes(3, issuer).varint(4, 1).varint(5, 1).varint(6, 2)
}

func batch(index, size, id uint64, entries ...message) message {
	var m message
	for _, entry := range entries {
		m = m.bytes(1, string(entry))
	}
	return m.varint(2, 1).varint(3, size).varint(4, index).varint(5, id)
}

// The texts are what the app itself showed for an example account that the
// Raspberry Pi Foundation published.
func TestParsePartOfApp(t *testing.T) {
	const secret = "7KSQL2JTUDIS5EF65KLMRQIIGY"
	tests := []struct {
		name string
		text string
		want oath.Account
		id   int32
	}{
		{"totp with an issuer",
			"otpauth-migration://offline?data=CjUKEPqlBekzoNEukL7qlsjBCDYSDnBpQHJhc3BiZXJyeXBpGgtyYXNwYmVycnlwaSABKAEwAhABGAEgACjr4JKK%2B%2F%2F%2F%2F%2F8B",
			totp("raspberrypi", "pi@raspberrypi"), -1320898453},
		{"hotp",
			"otpauth-migration://offline?data=CiUKEPqlBekzoNEukL7qlsjBCDYSCWhvdHAgZGVtbyABKAEwATgEEAEYASAAKNuv15j6%2F%2F%2F%2F%2FwE%3D",
			oath.Account{Name: "hotp demo", Type: oath.HOTP, Algorithm: oath.SHA1, Digits: 6, Counter: 4}, -1558849573},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := parsePart(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if len(b.keys) != 1 || b.keys[0].Account != tt.want || b.keys[0].Secret.Base32() != secret {
				t.Errorf("got %+v, want %+v", b.keys, tt.want)
			}
			if b.id != tt.id || b.index != 0 || b.size != 1 {
				t.Errorf("part %d of %d of %d, want 0 of 1 of %d", b.index, b.size, b.id, tt.id)
			}
		})
	}
}

func TestParsePartEntries(t *testing.T) {
	bare := message{}.bytes(1, rawSecret).bytes(2, "alice")
	with := func(a oath.Account, change func(*oath.Account)) oath.Account { change(&a); return a }
	tests := []struct {
		name  string
		entry message
		want  oath.Account
	}{
		{"nothing given", bare, totp("", "alice")},
		{"everything given", bare.bytes(3, "Example").varint(4, 3).varint(5, 2).varint(6, 2),
			with(totp("Example", "alice"), func(a *oath.Account) { a.Algorithm, a.Digits = oath.SHA512, 8 })},
		{"SHA256", bare.varint(4, 2), with(totp("", "alice"), func(a *oath.Account) { a.Algorithm = oath.SHA256 })},
		{"hotp without a counter", bare.varint(6, 1), oath.Account{Name: "alice", Type: oath.HOTP, Algorithm: oath.SHA1, Digits: 6}},
		{"issuer in both", account("Example:alice", "Example"), totp("Example", "alice")},
		{"issuer in the name", account("Example: alice", ""), totp("Example", "alice")},
		{"colon in the name", account("alice:443", "Example"), totp("Example", "alice:443")},
		{"nothing is escaped", account("100%41+b", "A%20B"), totp("A%20B", "100%41+b")},
		{"Latin-1", account("b\xfcb", ""), totp("", "büb")},
		{"Steam", account("alice", "Steam"), totp("Steam", "alice")},
		{"later fields", append(account("alice", "Example").bytes(8, "unique").varint(99, 1),
			99<<3&0x7f|byte(protowire.Fixed32Type)|0x80, 6, 1, 2, 3, 4), totp("Example", "alice")},
		{"known field of an unknown type", account("alice", "Example").bytes(5, "x").varint(1, 7), totp("Example", "alice")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := parsePart(batch(0, 1, 1, tt.entry).uri())
			if err != nil {
				t.Fatal(err)
			}
			if len(b.keys) != 1 || b.keys[0].Account != tt.want || string(b.keys[0].Secret.Bytes()) != rawSecret {
				t.Fatalf("got %+v\nwant %+v", b.keys, tt.want)
			}
			b.keys[0].Warnings = nil
			checkIdentity(t, b.keys[0])
		})
	}
}

func TestParsePartRefusesEntries(t *testing.T) {
	tests := []struct {
		name  string
		entry message
		says  string
	}{
		{"MD5", account("bob", "").varint(4, 4), "MD5"},
		{"other algorithm", account("bob", "").varint(4, 5), "one of SHA1"},
		{"other digits", account("bob", "").varint(5, 3), "6 or 8"},
		{"other type", account("bob", "").varint(6, 3), "totp or hotp"},
		{"negative counter", account("bob", "").varint(6, 1).varint(7, 1<<63), "the counter is not"},
		{"no secret", message{}.bytes(2, "bob"), "secret is empty"},
		{"short secret", message{}.bytes(1, "1234567").bytes(2, "bob"), "cut short"},
		{"no name", message{}.bytes(1, rawSecret), "name is empty"},
		{"cut short", account("bob", "")[:30], "cut short at byte 29"},
		{"number cut short", message{0x80}, "at byte 0"},
		{"group", message{1<<3 | 3}, "at byte 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := parsePart(batch(0, 1, 1, account("alice", "Example"), tt.entry, account("carol", "")).uri())
			if !errors.Is(err, oath.ErrInvalid) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "account 2") {
				t.Errorf("the error is %v, want account 2 and %q", err, tt.says)
			}
			if len(b.keys) != 2 || b.keys[0].Account.Name != "alice" || b.keys[1].Account.Name != "carol" {
				t.Errorf("the others are %+v", b.keys)
			}
		})
	}
}

func TestParsePartRefuses(t *testing.T) {
	tests := []struct {
		name string
		text string
		says string
	}{
		{"no data", "otpauth-migration://offline", "no data"},
		{"not base64", "otpauth-migration://offline?data=!!!!", "not base64"},
		{"malformed", message{0x0a, 0x7f}.uri(), "at byte 0"},
		{"part beyond the last", batch(2, 2, 1).uri(), "part 3 of 2"},
		{"negative part", batch(1<<64-1, 2, 1).uri(), "part 0 of 2"},
		{"many parts", batch(0, 1<<31-1, 1).uri(), "of 2147483647"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parsePart(tt.text)
			if !errors.Is(err, oath.ErrInvalid) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error is %v, want %q", err, tt.says)
			}
		})
	}
	if _, err := parsePart("otpauth://totp/x?secret=" + testSecret); !errors.Is(err, ErrNotURI) {
		t.Errorf("an otpauth URI: %v", err)
	}
}

// The secret is one whose base64 has '+', '/' and padding.
func TestMigrationSpellings(t *testing.T) {
	const key = "\x00\x00\xfb\xef\xbe\xff\xff\xff\x00\x00\x00\x00"
	m := batch(0, 1, 1, message{}.bytes(1, key).bytes(2, "ab"))
	data := base64.StdEncoding.EncodeToString(m)
	if !strings.ContainsRune(data, '+') || !strings.ContainsRune(data, '/') || !strings.HasSuffix(data, "=") {
		t.Fatalf("%s tests nothing", data)
	}
	for name, spelling := range map[string]string{
		"escaped":     url.QueryEscape(data),
		"raw":         data,
		"plus lost":   strings.ReplaceAll(data, "+", " "),
		"no padding":  strings.TrimRight(data, "="),
		"for URLs":    base64.RawURLEncoding.EncodeToString(m),
		"after other": "x&lang=en&data=" + data,
	} {
		b, err := parsePart("OTPAUTH-MIGRATION://offline?data=" + spelling)
		if name == "after other" {
			b, err = parsePart("otpauth-migration://offline?" + spelling)
		}
		if err != nil || len(b.keys) != 1 || string(b.keys[0].Secret.Bytes()) != key {
			t.Errorf("%s: %v, %v", name, b.keys, err)
		}
	}
}

func TestParseAll(t *testing.T) {
	first := batch(0, 3, 9, account("a", ""), account("b", "")).uri()
	second := batch(1, 3, 9, account("c", "")).uri()
	third := batch(2, 3, 9, account("d", "")).uri()
	other := batch(1, 2, 5, account("e", "")).uri()
	names := func(keys []Key) (names string) {
		for _, k := range keys {
			names += k.Account.Name
		}
		return names
	}
	tests := []struct {
		name    string
		texts   []string
		want    string
		missing [][]int
		says    string
	}{
		{name: "nothing"},
		{name: "one account", texts: []string{"otpauth://totp/x?secret=" + testSecret}, want: "x"},
		{name: "whole export", texts: []string{third, first, second}, want: "dabc"},
		{name: "the same twice", texts: []string{first, first + "\n", second, third}, want: "abcd"},
		{name: "a part missing", texts: []string{first, third}, want: "abd", missing: [][]int{{2}},
			says: "the export has 3 QR codes, and number 2 is missing"},
		{name: "two parts missing", texts: []string{second}, want: "c", missing: [][]int{{1, 3}},
			says: "the export has 3 QR codes, and numbers 1, 3 are missing"},
		{name: "two exports", texts: []string{first, other}, want: "abe", missing: [][]int{{2, 3}, {1}}},
		{name: "a stranger among them", texts: []string{"https://example.com", "otpauth://totp/x?secret=" + testSecret},
			want: "x", says: "number 1 of 2: not an otpauth URI"},
		{name: "a bad one", texts: []string{"otpauth://totp/x?secret="}, says: "no secret"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := ParseAll(tt.texts...)
			if got := names(keys); got != tt.want {
				t.Errorf("accounts %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.says == "" && tt.missing == nil) {
				t.Errorf("the error is %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error is %q, and should say %q", err, tt.says)
			}
			if got := missing(err); !reflect.DeepEqual(got, tt.missing) {
				t.Errorf("missing %v, want %v", got, tt.missing)
			}
		})
	}
}

// missing collects the parts that an error of ParseAll names.
func missing(err error) (parts [][]int) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	for _, err := range joined.Unwrap() {
		var incomplete *IncompleteError
		if errors.As(err, &incomplete) {
			parts = append(parts, incomplete.Missing)
		}
	}
	return parts
}

// TestBatches writes accounts and reads them back, from codes in any order.
func TestBatches(t *testing.T) {
	var keys []Key
	for i := range 23 {
		secret, err := oath.NewSecret([]byte(strings.Repeat(string(rune('a'+i)), 11+i)))
		if err != nil {
			t.Fatal(err)
		}
		a := totp("Example: & Söhne", "alice"+strings.Repeat("+", i))
		switch i % 4 {
		case 1:
			a.Algorithm, a.Digits = oath.SHA512, 8
		case 2:
			a.Type, a.Period, a.Counter = oath.HOTP, 0, 1<<40
		}
		keys = append(keys, Key{Account: a, Secret: secret})
	}
	texts, refused := Batches(keys, -7)
	if len(refused) > 0 || len(texts) != 3 {
		t.Fatalf("%d codes, %v; want 3", len(texts), refused)
	}
	slices.Reverse(texts)
	read, err := ParseAll(texts...)
	if err != nil || len(read) != len(keys) {
		t.Fatalf("read %d accounts, %v", len(read), err)
	}
	for _, want := range keys {
		if !slices.ContainsFunc(read, func(k Key) bool { return reflect.DeepEqual(k, want) }) {
			t.Errorf("%s is missing from it", want)
		}
	}
	var incomplete *IncompleteError
	if _, err := ParseAll(texts[0], texts[2]); !errors.As(err, &incomplete) || !slices.Equal(incomplete.Missing, []int{2}) {
		t.Errorf("without the second code: %v", err)
	}
}

func TestBatchesRefuse(t *testing.T) {
	secret, _ := oath.NewSecret([]byte(rawSecret))
	other := totp("Example", "alice")
	other.Period = 60
	seven := totp("Example", "bob")
	seven.Digits = 7
	steam := totp(oath.SteamIssuer, "carol")
	steam.Digits = oath.SteamDigits
	keys := []Key{{Account: other, Secret: secret}, {Account: totp("Example", "dave"), Secret: secret}, {Account: seven, Secret: secret}, {Account: steam, Secret: secret}}
	texts, refused := Batches(keys, 1)
	if read, _ := ParseAll(texts...); len(read) != 1 || read[0].Account.Name != "dave" {
		t.Errorf("wrote %v", read)
	}
	for i := range keys {
		if err := refused[i]; (err != nil) != (i != 1) {
			t.Errorf("account %d: %v", i, err)
		}
	}
}

// TestExportsGoOn reads the parts of an export one at a time, by readers of their own.
func TestExportsGoOn(t *testing.T) {
	var keys []Key
	secret, _ := oath.NewSecret([]byte(rawSecret))
	for i := range 25 {
		keys = append(keys, Key{Account: totp("Example", strings.Repeat("a", i+1)), Secret: secret})
	}
	texts, _ := Batches(keys, 5)
	var exports []Export
	for i, missing := range [][]int{{2, 3}, {2}, nil} {
		var r Reader
		if _, err := r.Read(texts[[]int{0, 2, 1}[i]]); err != nil {
			t.Fatal(err)
		}
		exports = MergeExports(exports, r.Exports...)
		var incomplete *IncompleteError
		if errors.As(exports[0].Incomplete(), &incomplete); incomplete == nil && missing != nil || incomplete != nil && !slices.Equal(incomplete.Missing, missing) {
			t.Errorf("after %d codes, missing: %v, want %v", i+1, incomplete, missing)
		}
	}
}
