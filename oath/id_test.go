package oath_test

import (
	"regexp"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/oath"
)

func TestID(t *testing.T) {
	for _, test := range []struct {
		account oath.Account
		want    oath.ID
	}{
		{oath.Account{Name: "alice"}, "alice"},
		{oath.Account{Issuer: "GitHub", Name: "alice"}, "GitHub:alice"},
		{oath.Account{Issuer: "GitHub", Name: "alice", Type: oath.TOTP, Period: 30}, "GitHub:alice"},
		{oath.Account{Issuer: "GitHub", Name: "alice", Type: oath.TOTP, Period: 60}, "60/GitHub:alice"},
		{oath.Account{Issuer: "GitHub", Name: "alice", Type: oath.HOTP}, "GitHub:alice"},
		{oath.Account{Issuer: "GitHub", Name: "alice", Type: oath.HOTP, Period: 60}, "GitHub:alice"},
		{oath.Account{Name: "2024/foo", Type: oath.TOTP}, "30/2024/foo"},
		{oath.Account{Name: "2024/foo", Type: oath.TOTP, Period: 60}, "60/2024/foo"},
		{oath.Account{Name: "2024/foo", Type: oath.HOTP}, "2024/foo"},
		{oath.Account{Issuer: "2024/foo", Name: "a", Type: oath.TOTP}, "30/2024/foo:a"},
		{oath.Account{Name: "0/foo", Type: oath.TOTP}, "0/foo"},
		{oath.Account{Name: "a/b", Type: oath.TOTP}, "a/b"},
	} {
		if got := test.account.ID(); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.account, got, test.want)
		}
		back := test.want.Account(test.account.Type)
		if back.Issuer != test.account.Issuer || back.Name != test.account.Name {
			t.Errorf("%q is read as %q and %q", test.want, back.Issuer, back.Name)
		}
	}
}

func TestAccountOfID(t *testing.T) {
	for _, test := range []struct {
		id     oath.ID
		kind   oath.Type
		issuer string
		name   string
		period int
	}{
		{"alice", oath.TOTP, "", "alice", 30},
		{"GitHub:alice", oath.TOTP, "GitHub", "alice", 30},
		{"GitHub:alice:bob", oath.TOTP, "GitHub", "alice:bob", 30},
		{"60/GitHub:alice", oath.TOTP, "GitHub", "alice", 60},
		{"60/GitHub:alice", oath.TypeUnknown, "GitHub", "alice", 60},
		{"60/GitHub:alice", oath.HOTP, "60/GitHub", "alice", 0},
		{"2024/foo", oath.TOTP, "", "foo", 2024},
		{"2024/foo", oath.HOTP, "", "2024/foo", 0},
		{"30/2024/foo", oath.TOTP, "", "2024/foo", 30},
		{"30/foo", oath.TOTP, "", "30/foo", 30},
		{"0/foo", oath.TOTP, "", "0/foo", 30},
		{"007/x", oath.TOTP, "", "007/x", 30},
		{"+60/x", oath.TOTP, "", "+60/x", 30},
		{"99999999999/x", oath.TOTP, "", "99999999999/x", 30},
		{"60/", oath.TOTP, "", "60/", 30},
		{"60/a:", oath.TOTP, "", "a:", 60},
		{":a", oath.TOTP, "", ":a", 30},
		{"a:", oath.TOTP, "", "a:", 30},
		{"", oath.TOTP, "", "", 30},
		{"\xff:\xfe", oath.TOTP, "\xff", "\xfe", 30},
	} {
		got := test.id.Account(test.kind)
		want := oath.Account{Issuer: test.issuer, Name: test.name, Type: test.kind, Period: test.period}
		if got != want {
			t.Errorf("%q as %v: got %+v, want %+v", test.id, test.kind, got, want)
		}
	}
}

// reference is how Yubico's client reads the name of a TOTP account:
// yubikit/oath.py of https://github.com/Yubico/yubikey-manager.
var reference = regexp.MustCompile(`^((\d+)/)?(([^:]+):)?(.+)$`)

// readByReference returns what the reference client reads, and whether we have
// the same view of such names: not of a period that no client writes.
func readByReference(id string) (a oath.Account, same bool) {
	parts := reference.FindStringSubmatch(id)
	if parts == nil || !utf8.ValidString(id) {
		return a, false
	}
	a = oath.Account{Type: oath.TOTP, Period: oath.DefaultPeriod, Issuer: parts[4], Name: parts[5]}
	if parts[2] == "" {
		return a, true
	}
	period, err := strconv.ParseInt(parts[2], 10, 32)
	a.Period = int(period)
	written := err == nil && period > 0 && period != oath.DefaultPeriod && parts[2] == strconv.Itoa(a.Period)
	return a, written
}

func TestReferenceReadsTheSame(t *testing.T) {
	for _, id := range []string{
		"alice", "GitHub:alice", "60/GitHub:alice", "2024/foo", "45/a:b:c", "a/b:c", "45/:a", "45/a:", "::a", "a::b", "15/15/x", "日本:名前",
	} {
		want, same := readByReference(id)
		if !same {
			t.Fatalf("%q is no name to compare", id)
		}
		if got := oath.ID(id).Account(oath.TOTP); got != want {
			t.Errorf("%q: got %+v, the reference reads %+v", id, got, want)
		}
	}
	// The one prefix that says 30 seconds, for the sake of a name with a slash.
	if parts := reference.FindStringSubmatch(string(oath.Account{Name: "2024/foo"}.ID())); parts[2] != "30" || parts[5] != "2024/foo" {
		t.Errorf("the reference reads a period of %s and the name %q", parts[2], parts[5])
	}
}

// FuzzID checks that reading an ID and writing it again is the identity, and
// that the reference client reads the same.
func FuzzID(f *testing.F) {
	for _, id := range []string{
		"", "alice", "GitHub:alice", "60/GitHub:alice", "2024/foo", "0/foo", "30/foo", "30/2024/foo", "30/30/foo", "30/30/60/foo",
		"007/x", ":a", "a:", "60/:", "60/", "/", "30/60/", "\xff", "60/\xff:\xff", "2147483647/x", "2147483648/x",
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		for _, kind := range []oath.Type{oath.TypeUnknown, oath.HOTP, oath.TOTP} {
			a := oath.ID(id).Account(kind)
			if got := a.ID(); string(got) != id {
				t.Errorf("%q as %v is read as %+v and written as %q", id, kind, a, got)
			}
		}
		if want, same := readByReference(id); same {
			if got := oath.ID(id).Account(oath.TOTP); got != want {
				t.Errorf("%q: got %+v, the reference reads %+v", id, got, want)
			}
		}
	})
}
