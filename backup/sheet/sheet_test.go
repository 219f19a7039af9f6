package sheet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

func onDay(t testing.TB, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func keyFrom(t testing.TB, uri string) otpauth.Key {
	t.Helper()
	k, err := otpauth.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	k.Warnings = nil
	return k
}

// oneSet returns codes of one set, numbered from 1.
func oneSet(policy backup.Policy, texts ...string) backup.Record {
	set := backup.Set{Generation: 1}
	for i, text := range texts {
		set.Codes = append(set.Codes, backup.Code{Number: i + 1, Text: text})
	}
	return backup.Record{Policy: policy, Sets: []backup.Set{set}}
}

// everyKind has accounts and codes of all kinds.
func everyKind(t testing.TB) Sheet {
	github := oneSet(backup.AnyOrder, "3f29a-1b0c7", "a81de-77f02", "0042b-9c3aa", "e1f00-d5d21", "77aa0-b1c2d")
	github.Service = "GitHub"
	github.Sets[0].Generation = 2
	github.Sets[0].Made = onDay(t, "2026-05-01")
	github.Sets[0].Codes[1].Used = onDay(t, "2026-08-17")
	github.Sets[0].Codes[4].Since = 1
	steam := oneSet(backup.Reusable, "R12345")
	words := oneSet(backup.InOrder, "correct horse  battery staple and so on for some more words", "fünf %20 = 20 €", "x")
	s := Sheet{
		Number: 7, Supersedes: 6, Date: onDay(t, "2026-11-23"), ID: "KQ3ZT7AB", VaultKey: typedIdentity,
		Entries: []Entry{
			{Key: keyFrom(t, "otpauth://totp/GitHub:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=GitHub"), Codes: github,
				Where: []string{"YubiKey 12345678", "the vault"}, Renew: "Settings, Password and authentication, Recovery codes"},
			{Key: keyFrom(t, "otpauth://totp/AWS:root?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDG&issuer=AWS&algorithm=SHA256&digits=8&period=60")},
			{Key: keyFrom(t, "otpauth://hotp/Bank:alice?secret=GEZDGNBVGY3TQOJQ&issuer=Bank&counter=18446744073709551615")},
			{Key: keyFrom(t, "otpauth://steam/Steam:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Steam"), Codes: steam},
			{Key: keyFrom(t, "otpauth://totp/%E6%97%A5%E6%9C%AC%E8%AA%9E%E9%8A%80%E8%A1%8C:%E5%B1%B1%E7%94%B0?secret=GEZDGNBVGY3TQOJQ"), Codes: words},
			{Key: otpauth.Key{Account: oath.Account{Issuer: "Only: on = key", Name: "bob:b", Type: oath.TOTP}},
				Codes: oneSet(backup.ByNumber, "111", "222"), Notes: []string{"A note."}},
			{Key: otpauth.Key{Account: oath.Account{Name: "nothing", Type: oath.TOTP, Touch: true}}, Where: []string{"YubiKey 1"}},
		},
	}
	s.Entries[1].Key.Account.Touch = true
	s.Entries[2].Key.Account.Touch = true
	return s
}

const typedIdentity = "AGE-SECRET-KEY-1QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZ9K4CN"

func typedText(l line.Line) string {
	return fmt.Sprintf("%d %s %s", l.Number, strings.Join(l.Groups, " "), l.Check)
}

func readOne(t *testing.T, text string) line.Typed {
	t.Helper()
	typed, err := line.Read(text, 0)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return typed
}
