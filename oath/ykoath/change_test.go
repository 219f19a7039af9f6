package ykoath_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func TestDelete(t *testing.T) {
	s := open(t, virtualkey.Config{})
	put(t, s, oath.Account{Name: "a"})
	b := put(t, s, oath.Account{Name: "b"})
	wantError(t, s.Delete("c"), oath.ErrNotFound)
	wantError(t, s.Delete(""), oath.ErrInvalid)
	wantError(t, s.Delete(oath.ID(strings.Repeat("a", 65))), oath.ErrNotFound)
	if err := s.Delete("a"); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Delete("a"), oath.ErrNotFound)
	_, err := s.Code(accountOf("a"), now)
	wantError(t, err, oath.ErrNotFound)
	if got := list(t, s); got != "b" {
		t.Errorf("the key holds %q", got)
	}
	wantCode(t, s, b, rfcSecret)
	put(t, s, oath.Account{Name: "a"}) // is free again
}

func TestRename(t *testing.T) {
	s := open(t, virtualkey.Config{})
	put(t, s, oath.Account{Name: "a"})
	b := put(t, s, oath.Account{Name: "b"})
	wantError(t, s.Rename("c", "d"), oath.ErrNotFound)
	wantError(t, s.Rename("c", "b"), oath.ErrNotFound)
	wantError(t, s.Rename("a", "b"), oath.ErrExists)
	wantError(t, s.Rename("a", ""), oath.ErrInvalid)
	wantError(t, s.Rename("", "a"), oath.ErrInvalid)
	wantError(t, s.Rename("a", oath.ID(strings.Repeat("a", 65))), oath.ErrInvalid)
	if err := s.Rename("a", "a"); err != nil {
		t.Error(err)
	}
	long := oath.ID(strings.Repeat("x", 64))
	for _, step := range [][2]oath.ID{{"a", "GitHub:alice"}, {"GitHub:alice", long}, {long, "é"}} {
		if err := s.Rename(step[0], step[1]); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s, accountOf(step[1]), rfcSecret)
		wantError(t, s.Rename(step[0], "other"), oath.ErrNotFound)
	}
	if got := list(t, s); got != "é b" {
		t.Errorf("the key holds %q", got)
	}
	wantCode(t, s, b, rfcSecret)
}

func TestReset(t *testing.T) {
	s := open(t, virtualkey.Config{})
	a := put(t, s, oath.Account{Name: "a"})
	id := s.DeviceID()
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if s.DeviceID() == id {
		t.Error("the device ID is that of before")
	}
	_, err := s.Code(a, now)
	wantError(t, err, oath.ErrNotFound)
	put(t, s, a) // what was known of the accounts is forgotten
	wantCode(t, s, a, rfcSecret)
}

// What the session knows of the accounts is what the card would report, whatever
// was done before.
func TestSessionKnowsTheAccounts(t *testing.T) {
	k := plug(t, virtualkey.Config{})
	s := selectApplet(t, k)
	secret := newSecret(t, rfcSecret)
	for _, step := range []struct {
		name string
		run  func() error
		want error
	}{
		{"put a", func() error { return s.Put(accountOf("a"), secret) }, nil},
		{"put a again", func() error { return s.Put(accountOf("a"), secret) }, oath.ErrExists},
		{"replace b", func() error { return s.Replace(accountOf("b"), secret) }, nil},
		{"put b", func() error { return s.Put(accountOf("b"), secret) }, oath.ErrExists},
		{"delete a", func() error { return s.Delete("a") }, nil},
		{"put a", func() error { return s.Put(accountOf("a"), secret) }, nil},
		{"rename a", func() error { return s.Rename("a", "c") }, nil},
		{"put a", func() error { return s.Put(accountOf("a"), secret) }, nil},
		{"rename onto c", func() error { return s.Rename("a", "c") }, oath.ErrExists},
		{"delete none", func() error { return s.Delete("none") }, oath.ErrNotFound},
		{"put c", func() error { return s.Put(accountOf("c"), secret) }, oath.ErrExists},
		{"codes", func() error { _, err := s.Codes(now); return err }, nil},
		{"put c", func() error { return s.Put(accountOf("c"), secret) }, oath.ErrExists},
	} {
		if err := step.run(); !errors.Is(err, step.want) {
			t.Errorf("%s: got %v, want %v", step.name, err, step.want)
		}
	}
	if got, want := list(t, s), "b c a"; got != want {
		t.Errorf("the key holds %q, want %q", got, want)
	}
}
