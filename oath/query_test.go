package oath_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
)

func TestMatch(t *testing.T) {
	var accounts []oath.Account
	for _, id := range []oath.ID{
		"GitHub:alice", "GitHub:bob", "60/GitHub:alice", "GitLab:alice", "alice", "Alice", "mail:GitHub", "Ünï:x", "2024/foo",
		"GitHub Enterprise:carla",
	} {
		accounts = append(accounts, id.Account(oath.TOTP))
	}
	for _, test := range []struct {
		query string
		want  []oath.ID // nil for none
	}{
		// The very ID.
		{"GitHub:bob", []oath.ID{"GitHub:bob"}},
		{"GitHub:alice", []oath.ID{"GitHub:alice"}},
		{"60/GitHub:alice", []oath.ID{"60/GitHub:alice"}},
		{"alice", []oath.ID{"alice"}},
		{"2024/foo", []oath.ID{"2024/foo"}},
		// The very name or issuer, before what begins with it.
		{"bob", []oath.ID{"GitHub:bob"}},
		{"GitHub", []oath.ID{"GitHub:alice", "GitHub:bob", "60/GitHub:alice", "mail:GitHub"}},
		{"Alice", []oath.ID{"Alice"}},
		{"foo", []oath.ID{"2024/foo"}},
		{"GitHub Enterprise", []oath.ID{"GitHub Enterprise:carla"}},
		// The same but for case, or for the form of a letter.
		{"github", []oath.ID{"GitHub:alice", "GitHub:bob", "60/GitHub:alice", "mail:GitHub"}},
		{"60/github:ALICE", []oath.ID{"60/GitHub:alice"}},
		{"ALICE", []oath.ID{"GitHub:alice", "60/GitHub:alice", "GitLab:alice", "alice", "Alice"}},
		{"U\u0308NI\u0308", []oath.ID{"Ünï:x"}},
		{"GITLAB", []oath.ID{"GitLab:alice"}},
		// What it begins with.
		{"githu", []oath.ID{"GitHub:alice", "GitHub:bob", "60/GitHub:alice", "mail:GitHub", "GitHub Enterprise:carla"}},
		{"BO", []oath.ID{"GitHub:bob"}},
		{"ün", []oath.ID{"Ünï:x"}},
		{"", []oath.ID{"GitHub:alice", "GitHub:bob", "60/GitHub:alice", "GitLab:alice", "alice", "Alice", "mail:GitHub", "Ünï:x", "2024/foo", "GitHub Enterprise:carla"}},
		// What it contains.
		{"LAB:", []oath.ID{"GitLab:alice"}},
		{"ub:b", []oath.ID{"GitHub:bob"}},
		{"I\u0308", []oath.ID{"Ünï:x"}},

		{"carol", nil},
		{"60/", nil},
	} {
		matches, err := oath.Match(accounts, test.query)
		if got := ids(matches); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.query, got, test.want)
		}
		if none := test.want == nil; none != errors.Is(err, oath.ErrNotFound) || !none && err != nil {
			t.Errorf("%q: the error is %v", test.query, err)
		}
	}
}

func TestMatchOne(t *testing.T) {
	accounts := []oath.Account{{Issuer: "a", Name: "x"}, {Issuer: "b", Name: "x"}}
	if a, err := oath.MatchOne(accounts, "b:x"); err != nil || a != accounts[1] {
		t.Errorf("got %+v, %v", a, err)
	}
	if _, err := oath.MatchOne(accounts, "y"); !errors.Is(err, oath.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	_, err := oath.MatchOne(accounts, "x")
	var ambiguous *oath.AmbiguousError
	if !errors.As(err, &ambiguous) || !errors.Is(err, oath.ErrAmbiguous) {
		t.Fatalf("got %v, want an AmbiguousError", err)
	}
	if ambiguous.Query != "x" || !slices.Equal(ambiguous.Matches, accounts) {
		t.Errorf("got %+v", ambiguous)
	}
}

func ids(accounts []oath.Account) []oath.ID {
	var ids []oath.ID
	for _, a := range accounts {
		ids = append(ids, a.ID())
	}
	return ids
}

// TestMatchNormalForms finds names that look the same, however they were typed.
func TestMatchNormalForms(t *testing.T) {
	composed, apart := "Caf\u00e9", "Cafe\u0301" // NFC and NFD
	for _, held := range []string{composed, apart} {
		accounts := []oath.Account{oath.ID(held + ":x").Account(oath.TOTP), oath.ID(held + "2:x").Account(oath.TOTP)}
		for _, query := range []string{composed + ":x", apart + ":x", "CAF\u00c9:X", "cafe\u0301:", "AF\u00c9:"} {
			if a, err := oath.MatchOne(accounts, query); err != nil || a != accounts[0] {
				t.Errorf("%+q finds %+v, %v of %+q", query, a, err, held)
			}
		}
	}
	if _, err := oath.MatchOne([]oath.Account{oath.ID("Stra\u00dfe:x").Account(oath.TOTP)}, "STRASSE"); err != nil {
		t.Errorf("ß and SS: %v", err)
	}
}

// TestPasswordForms counts tries, each of which may take a second.
func TestPasswordForms(t *testing.T) {
	for text, want := range map[string][]string{
		"":             {""},
		"plain":        {"plain"},
		"caf\u00e9":    {"caf\u00e9", "cafe\u0301"},
		"cafe\u0301":   {"cafe\u0301", "caf\u00e9"},
		"\u212b\u0323": {"\u212b\u0323", "\u1ea0\u030a", "A\u0323\u030a"}, // neither C nor D
	} {
		if got := oath.PasswordForms(text); !slices.Equal(got, want) {
			t.Errorf("PasswordForms(%+q) = %+q, want %+q", text, got, want)
		}
	}
	if got := oath.NormalPassword("cafe\u0301"); got != "caf\u00e9" {
		t.Errorf("a new password is set as %+q", got)
	}
}

// A name shadows an account if what it is called found that one before, less well.
func TestShadows(t *testing.T) {
	for _, test := range []struct {
		there []oath.ID
		added oath.ID
		want  []oath.Shadow
	}{
		{[]oath.ID{"GitHub:alice"}, "github", []oath.Shadow{{Query: "github"}}},   // the same but for case
		{[]oath.ID{"GitHub:alice"}, "git", []oath.Shadow{{Query: "git"}}},         // what it begins with
		{[]oath.ID{"GitHub:alice"}, "hub:mallory", []oath.Shadow{{Query: "hub"}}}, // what it contains
		{[]oath.ID{"GitHub:alice"}, "github:alic", []oath.Shadow{{Query: "github:alic"}, {Query: "github"}, {Query: "alic"}}},
		{[]oath.ID{"GitHub:alice", "GitLab:alice"}, "gitlab", []oath.Shadow{{Query: "gitlab", Before: oath.ID("GitLab:alice").Account(oath.TOTP)}}},

		{[]oath.ID{"GitHub:alice"}, "GitHub:bob", nil},              // "GitHub" fits both now
		{[]oath.ID{"GitHub:alice"}, "GitHub:alice", nil},            // it is there already
		{[]oath.ID{"GitHub:alice", "GitHub:bob"}, "github", nil},    // "github" found none alone
		{[]oath.ID{"GitHub:alice"}, "GitHub Enterprise:carla", nil}, // "GitHub" finds what it did
		{[]oath.ID{"GitHub:alice"}, "Bank:dave", nil},
		{nil, "github", nil},
	} {
		var accounts []oath.Account
		for _, id := range test.there {
			accounts = append(accounts, id.Account(oath.TOTP))
		}
		for i, s := range test.want {
			if s.Before == (oath.Account{}) {
				test.want[i].Before = accounts[0]
			}
		}
		if got := oath.Shadows(accounts, test.added.Account(oath.TOTP)); !slices.Equal(got, test.want) {
			t.Errorf("%q beside %q: got %+v, want %+v", test.added, test.there, got, test.want)
		}
	}
}
