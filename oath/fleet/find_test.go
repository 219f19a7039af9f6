package fleet_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// Two keys and a locked vault, and what a query finds on them.
var findTests = []struct {
	name             string
	red, blue, vault string // IDs
	query            string
	want             string // the account's ID, and where Locate finds it
	ambiguous        string // the IDs that fit, instead of that
}{
	{name: "on the first key", red: "GitHub:alice", query: "GitHub:alice", want: "GitHub:alice: red"},
	{name: "on the second key", red: "GitHub:alice", blue: "GitHub:bob", query: "GitHub:bob", want: "GitHub:bob: blue"},
	{name: "in the vault", red: "GitHub:alice", vault: "GitHub:carol", query: "carol", want: "GitHub:carol: vault"},
	{name: "everywhere", red: "GitHub:alice", blue: "GitHub:alice", vault: "GitHub:alice", query: "git", want: "GitHub:alice: red blue vault"},
	{name: "whole name before part", red: "GitHub:alice-work", vault: "GitHub:alice", query: "alice", want: "GitHub:alice: vault"},
	{name: "ID before name", red: "60/alice", vault: "alice", query: "alice", want: "alice: vault"},
	{name: "beginning before part", red: "Corp:github", blue: "GitHub:alice", query: "git", ambiguous: "Corp:github GitHub:alice"},
	{name: "beginning of one", red: "Corp:agit", blue: "GitHub:alice", query: "git", want: "GitHub:alice: blue"},
	{name: "issuer before its beginning", red: "GitHub-Enterprise:carla", vault: "GitHub:bob", query: "GitHub", want: "GitHub:bob: vault"},
	{name: "but for case before beginning", red: "Corp:githubber", vault: "GitHub:bob", query: "github", want: "GitHub:bob: vault"},
	{name: "two on one key", red: "GitHub:alice GitLab:alice", query: "alice", ambiguous: "GitHub:alice GitLab:alice"},
	{name: "two on two", red: "GitHub:alice", vault: "GitLab:alice", query: "alice", ambiguous: "GitHub:alice GitLab:alice"},
	{name: "period", red: "60/GitHub:alice", vault: "60/GitHub:alice", query: "alice", want: "60/GitHub:alice: red vault"},
	{name: "nowhere", red: "GitHub:alice", blue: "GitHub:bob", query: "carol"},
	{name: "no accounts", query: "a"},
}

func TestFind(t *testing.T) {
	for _, test := range findTests {
		t.Run(test.name, func(t *testing.T) {
			red, blue, v := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{}), newVault(t)
			put(t, red, one, test.red)
			put(t, blue, one, test.blue)
			put(t, v, one, test.vault)
			v.Lock()
			f := fleet.Fleet{member("red", red), member("blue", blue), member("vault", v)}
			found, err := f.Find(test.query, fleet.At(now))
			check(t, found, err, test.want, test.ambiguous, strings.HasPrefix)
			located, err := f.Locate(test.query)
			check(t, located, err, test.want, test.ambiguous, func(want, got string) bool { return want == got })
		})
	}
}

// check compares what was found with what was wanted. The members may be fewer, as
// fits decides.
func check(t *testing.T, h fleet.Holding, err error, want, ambiguous string, fits func(want, got string) bool) {
	t.Helper()
	switch several := (*oath.AmbiguousError)(nil); {
	case ambiguous != "":
		if !errors.As(err, &several) {
			t.Errorf("got %v, want ErrAmbiguous", err)
			return
		}
		var ids []string
		for _, a := range several.Matches {
			ids = append(ids, string(a.ID()))
		}
		if got := strings.Join(ids, " "); got != ambiguous {
			t.Errorf("%q fit, want %q", got, ambiguous)
		}
	case want == "":
		expectError(t, err, oath.ErrNotFound)
	case err != nil:
		t.Error(err)
	default:
		h.Code = oath.Code{}
		if got := described([]fleet.Holding{h}); !fits(want, got) {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}

func TestFindBringsTheCode(t *testing.T) {
	red := newKey(t, virtualkey.Config{})
	put(t, red, one, "alice")
	h, err := fleet.Fleet{member("red", red)}.Find("al", fleet.At(now))
	if want := codeOf(t, totp("alice"), one); err != nil || h.Code.Value != want {
		t.Errorf("got %q, %v, want %q", h.Code.Value, err, want)
	}
}

// A token that has the very account spares the others the question.
func TestFindStopsAtTheID(t *testing.T) {
	red := newKey(t, virtualkey.Config{})
	put(t, red, one, "GitHub:alice")
	f := fleet.Fleet{member("red", red), {Name: "vault", Open: func() (oath.Token, error) {
		t.Error("the vault was opened")
		return nil, errBusy
	}}}
	if _, err := f.Find("GitHub:alice", fleet.At(now)); err != nil {
		t.Error(err)
	}
	if _, _, err := f.CodeOf("GitHub:alice", fleet.At(now)); err != nil {
		t.Error(err)
	}
}

func TestFindWithoutOneToken(t *testing.T) {
	locked, v := newKey(t, virtualkey.Config{}), newVault(t)
	put(t, locked, one, "alice")
	locked.lock(t)
	put(t, v, one, "alice")
	f := fleet.Fleet{failing("broken"), member("locked", locked), member("vault", v)}
	h, err := f.Find("al", fleet.At(now))
	if err != nil || names(h.Members) != "vault" {
		t.Errorf("found on %q, %v", names(h.Members), err)
	}
	if _, m, err := f.CodeOf("alice", fleet.At(now)); err != nil || m.Name != "vault" {
		t.Errorf("the code is of %v, %v", m, err)
	}
	_, err = f.Locate("al")
	if expectError(t, err, errBusy); !strings.HasPrefix(err.Error(), "broken: ") {
		t.Errorf("the error names no token: %v", err)
	}

	_, err = f.Find("bob", fleet.At(now))
	expectError(t, err, errBusy)
	expectError(t, err, oath.ErrLocked)
	_, _, err = f.CodeOf("bob", fleet.At(now))
	expectError(t, err, errBusy)
	expectError(t, err, oath.ErrLocked)
}

func TestCodeOf(t *testing.T) {
	red, blue := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{})
	put(t, red, one, "both")
	put(t, blue, other, "both 60/blue")
	f := fleet.Fleet{member("red", red), member("blue", blue)}
	for _, test := range []struct {
		id, member, secret string
	}{
		{"both", "red", one},
		{"60/blue", "blue", other},
	} {
		code, m, err := f.CodeOf(oath.ID(test.id), fleet.At(now))
		if err != nil || m.Name != test.member || code.Value != codeOf(t, totp(oath.ID(test.id)), test.secret) {
			t.Errorf("%s: got %v from %v, %v", test.id, code, m, err)
		}
	}
	for _, id := range []oath.ID{"blue", "nobody"} {
		if _, _, err := f.CodeOf(id, fleet.At(now)); err != oath.ErrNotFound {
			t.Errorf("%s: got %v, want ErrNotFound", id, err)
		}
	}
}

// A touch that does not come is an answer: the spare key is not asked next.
func TestTouchTimeoutIsAnAnswer(t *testing.T) {
	red, blue := newKey(t, virtualkey.Config{Touch: virtualkey.TouchNever}), newKey(t, virtualkey.Config{})
	touched := totp("alice")
	touched.Touch = true
	if err := red.Put(touched, secret(t, one)); err != nil {
		t.Fatal(err)
	}
	put(t, blue, one, "alice")
	blue.device.ClearExchanges()
	f := fleet.Fleet{member("red", red), member("blue", blue)}
	_, _, err := f.CodeOf("alice", fleet.At(now))
	expectError(t, err, oath.ErrTouchTimeout)
	h := fleet.Holding{Entry: oath.Entry{Account: touched}, Members: f}
	_, _, err = h.ComputeCode(fleet.At(now))
	if expectError(t, err, oath.ErrTouchTimeout); !strings.HasPrefix(err.Error(), "red: ") {
		t.Errorf("the error names no token: %v", err)
	}
	if n := blue.device.Exchanges(); n != 0 {
		t.Errorf("the other key was sent %d commands", n)
	}
}

// A key that went away in the middle leaves it to the next.
func TestComputeCodeAfterPull(t *testing.T) {
	red, v := newKey(t, virtualkey.Config{}), newVault(t)
	put(t, red, one, "alice")
	put(t, v, one, "alice")
	h, err := fleet.Fleet{member("red", red), member("vault", v)}.Find("ali", fleet.At(now))
	if err != nil {
		t.Fatal(err)
	}
	red.device.Pull()
	code, m, err := h.ComputeCode(fleet.At(now))
	if err != nil || m.Name != "vault" || code.Value != codeOf(t, totp("alice"), one) {
		t.Errorf("got %v from %v, %v", code, m, err)
	}
}
