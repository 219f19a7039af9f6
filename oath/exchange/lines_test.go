package exchange

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// lineSamples are those of formats that are lines of text.
func lineSamples() []sample {
	eight := account("Example", "eight", func(a *oath.Account) { a.Algorithm, a.Digits = oath.SHA256, 8 })
	batch := []otpauth.Key{carol.Key, eight.Key}
	for range 10 {
		batch = append(batch, alice.Key)
	}
	batches, _ := otpauth.Batches(batch, 7)
	erinURI := "otpauth://totp/erin?secret=" + erin.Secret.Base32() + "&algorithm=SHA512"
	aliceURI := "otpauth://totp/GitHub:alice?secret=" + aliceSecret
	list := "# mine\r\n\r\n" + aliceURI + "\r\n  " + bobURI + "\r\n" + "GitHub recovery\r\n" + carolURI + "\r\nmotp://x:y?secret=1234\r\nsteam://" + dave.Secret.Base32() + "\r\n" + erinURI
	steam := entryOf(dave, func(e *Entry) {
		e.Account.Name, e.Warnings = "Steam", []string{`The account has no name; it is called "Steam", like its issuer.`}
	})
	nameless := func(program string, e Entry) Entry {
		e.Account.Issuer, e.Account.Name = "", program
		e.Warnings = []string{fmt.Sprintf("The file has no name for the account; it is called %q.", program)}
		return e
	}
	user := func(e Entry, name string) Entry { e.Account.Issuer, e.Account.Name = "", name; return e }
	counter := func(e Entry, n uint64) Entry { e.Account.Counter = n; return e }
	digits := func(e Entry, n int) Entry { e.Account.Digits = n; return e }
	hexOf := func(e Entry) string { return hex.EncodeToString(e.Secret.Bytes()) }
	pinned := func(e Entry) Entry {
		e.Warnings = []string{"The server asks for a PIN with the code; it was left out."}
		return e
	}
	scratch := []string{"21298240", "15806357"}
	withCodes := func(e Entry) Entry { e.Codes = scratch; return e }
	bobSHA1 := entryOf(bob, func(e *Entry) { e.Account.Algorithm, e.Account.Digits = oath.SHA1, 6 })

	return []sample{
		{name: "URIs", format: "URIs", data: []byte(list), want: []Entry{alice, bob, carol, steam, erin}, refused: []string{"line 7"}},
		{name: "QR codes of Google Authenticator", format: "Google Authenticator", data: []byte(batches[1] + "\n" + batches[0] + "\n"), want: slices.Concat([]Entry{alice, alice, carol, eight}, slices.Repeat([]Entry{alice}, 8))},
		{name: "one of two QR codes", format: "Google Authenticator", data: []byte(batches[1] + "\n"), want: slices.Repeat([]Entry{alice}, 2)},

		{name: "pass-otp", format: "pass and gopass", data: []byte("hunter2\nuser: somebody\nurl: github.com\ncodes: 1234-5678\n" + aliceURI + "\n"),
			want: []Entry{noted(alice, "user: somebody\nurl: github.com\ncodes: 1234-5678")}},
		{name: "pass-otp without a password", format: "URIs", data: []byte(carolURI + "\n"), want: []Entry{carol}},
		{name: "pass-otp with more", format: "pass and gopass", data: []byte("hunter2\n" + bobURI + "\n" + daveURI + "\nuser: dave\n"),
			want: []Entry{noted(bob, "user: dave"), noted(dave, "user: dave")}},
		{name: "gopass without a password", format: "pass and gopass", data: []byte("\ntotp: " + aliceSecret + "\nuser: alice\n"),
			want: []Entry{noted(user(alice, "alice"), "user: alice")}},
		{name: "gopass", format: "pass and gopass", data: []byte("hunter2\n---\notpauth: //totp/GitHub:alice?secret=" + aliceSecret + "\n"), want: []Entry{alice}},
		{name: "gopass with a secret", format: "pass and gopass", data: []byte("hunter2\n---\nuser: alice\ntotp: \"" + aliceSecret + "\"\n"),
			want: []Entry{noted(user(alice, "alice"), "user: alice")}},
		{name: "gopass with a counter", format: "pass and gopass", data: []byte("hunter2\nhotp: //hotp/Bank:carol?counter=7&secret=" + carol.Secret.Base32()), want: []Entry{carol}},
		{name: "gopass without a name", format: "pass and gopass", data: []byte("hunter2\nTOTP: " + aliceSecret + "\n"), want: []Entry{nameless("pass", alice)}},

		{name: "2fa", format: "2fa", data: []byte("alice 6 " + alice.Secret.Base32() + "==\n" +
			"nine 9 " + aliceSecret + "\nlast 6 " + aliceSecret + " 18446744073709551615\ncut 6 " + aliceSecret + " 0000000000000000000\nshort 6 AAAA\n" +
			"carol 8 " + strings.ToLower(carol.Secret.Base32()) + " 00000000000000000006\n"),
			want: []Entry{user(alice, "alice"), digits(user(carol, "carol"), 8)}, refused: []string{"nine", "last", "cut", "short"}},

		{name: "users file", format: "OATH Toolkit users file", data: []byte("# comment\n\nHOTP/T30\talice\t-\t" + hexOf(alice) + "\n" +
			"HOTP/T60/6 bob - " + hexOf(bob) + " 0 123456 2024-01-02T03:04:05L\n" +
			"HOTP carol - " + hexOf(carol) + "\n" +
			"HOTP/T30/9 dave - " + hexOf(dave) + "\nHOTP/E erin - zz\nHOTP/E\nOCRA frank - 00\n" +
			"HOTP/E/8\tcarol\t1234\t" + strings.ToUpper(hexOf(carol)) + "\t6\t12345678\t2024-01-02T03:04:05L\n" +
			"HOTP/E/6\tcarol\t-\t" + hexOf(carol) + "\t7\n"),
			want:    []Entry{user(alice, "alice"), user(bobSHA1, "bob"), counter(user(carol, "carol"), 0), pinned(digits(user(carol, "carol"), 8)), user(carol, "carol")},
			refused: []string{"dave", "erin", "line 8", "line 9"}},

		{name: "google-authenticator", format: "google-authenticator", data: []byte(alice.Secret.Base32() + "\n\" RATE_LIMIT 3 30 1700000000\n\" WINDOW_SIZE 17\n\" DISALLOW_REUSE 56666666\n\" TOTP_AUTH\n" + strings.Join(scratch, "\n") + "\n"),
			want: []Entry{nameless("google-authenticator", withCodes(alice))}},
		{name: "google-authenticator by counter", format: "google-authenticator", data: []byte(carol.Secret.Base32() + "\n\" HOTP_COUNTER 7\n" + strings.Join(scratch, "\n") + "\n"),
			want: []Entry{nameless("google-authenticator", withCodes(carol))}},
		{name: "google-authenticator with a period", format: "google-authenticator", data: []byte(bob.Secret.Base32() + "\n\" TOTP_AUTH\n\" LAST0 1700000000\n\" STEP_SIZE 60\n"),
			want: []Entry{nameless("google-authenticator", bobSHA1)}},
		{name: "google-authenticator, printed", format: "google-authenticator", data: []byte("Warning: pasting the following URL into your browser exposes the OTP secret to Google:\n" +
			"  https://www.google.com/chart?chs=200x200&chld=M|0&cht=qr&chl=otpauth://totp/GitHub:alice%3Fsecret%3D" + alice.Secret.Base32() + "%26issuer%3DGitHub\n" +
			"Your new secret key is: " + alice.Secret.Base32() + "\nYour verification code for code 1 is 305084\nYour emergency scratch codes are:\n  21298240\n  15806357\n"),
			want: []Entry{withCodes(alice)}},
		{name: "google-authenticator, printed without address", format: "google-authenticator",
			data: []byte("Your new secret key is: " + alice.Secret.Base32() + "\nEnter code from app (-1 to skip): -1\nCode confirmation skipped\nYour emergency scratch codes are:\n  21298240\n  15806357\n"),
			want: []Entry{nameless("google-authenticator", withCodes(alice))}},
	}
}

func TestPassKeepsNoPassword(t *testing.T) {
	for _, s := range lineSamples() {
		if s.format != "pass and gopass" {
			continue
		}
		got, err := Read(s.data, nil)
		if err != nil || strings.Contains(described(got.Entries)+fmt.Sprintf("%q%q", got.Refused, got.Warnings), "hunter2") {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

func TestIncompleteExport(t *testing.T) {
	for _, s := range lineSamples() {
		if s.name != "one of two QR codes" {
			continue
		}
		got, err := Read(s.data, nil)
		incomplete := new(otpauth.IncompleteError)
		if err != nil || len(got.Exports) != 1 || !errors.As(got.Exports[0].Incomplete(), &incomplete) || incomplete.Missing[0] != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// TestServerSide writes what google-authenticator and pam_oath keep.
func TestServerSide(t *testing.T) {
	codes := []string{"21298240", "15806357"}
	guarded := entryOf(alice, func(e *Entry) { e.Codes = codes })
	odd := entryOf(alice, func(e *Entry) { e.Codes = []string{"01234567"} })
	spaced := entryOf(alice, func(e *Entry) { e.Account.Name = "alice b" })
	comment := entryOf(alice, func(e *Entry) { e.Account.Name = "#alice" })
	first := entryOf(carol, func(e *Entry) { e.Account.Counter = 0 })
	for _, tt := range []struct {
		word    string
		entries []Entry
		want    string
		refused int
	}{
		{"google-authenticator", []Entry{odd, bob, dave, first, guarded, carol},
			alice.Secret.Base32() + "\n\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\" STEP_SIZE 30\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n21298240\n15806357\n", 5},
		{"google-authenticator", []Entry{carol}, carol.Secret.Base32() + "\n\" HOTP_COUNTER 7\n", 0},
		{"users", []Entry{bob, dave, spaced, comment, alice, carol},
			"HOTP/T30/6\talice\t-\t" + hex.EncodeToString(alice.Secret.Bytes()) + "\nHOTP/E/6\tcarol\t-\t" + hex.EncodeToString(carol.Secret.Bytes()) + "\t7\n", 4},
	} {
		got, refused, err := Write(tt.word, tt.entries, "", nil)
		if err != nil || string(got) != tt.want || len(refused) != tt.refused {
			t.Errorf("%s: %q, %q, %v", tt.word, got, refused, err)
		}
	}
}
