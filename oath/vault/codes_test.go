package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

func TestUpdateBackupCodes(t *testing.T) {
	t.Parallel()
	v := create(t)
	put(t, v, "GitHub:alice")
	errStop := errors.New("stop")
	steps := []struct {
		name     string
		id       oath.ID
		gets     string // "-" for nothing
		returns  string // "-" for nothing
		fails    error
		leaves   string
		isLocked bool
	}{
		{name: "new, locked", id: "GitHub:alice", gets: "-", returns: "1111\n", leaves: "1111\n", isLocked: true},
		{name: "change", id: "GitHub:alice", gets: "1111\n", returns: "2222\n", leaves: "2222\n"},
		{name: "same", id: "GitHub:alice", gets: "2222\n", returns: "2222\n", leaves: "2222\n"},
		{name: "declined", id: "GitHub:alice", gets: "2222\n", returns: "3333\n", fails: errStop, leaves: "2222\n"},
		{name: "emptied", id: "GitHub:alice", gets: "2222\n", returns: "", leaves: ""},
		{name: "removed", id: "GitHub:alice", gets: "", returns: "-", leaves: "-"},
		{name: "nothing to remove", id: "GitHub:alice", gets: "-", returns: "-", leaves: "-"},
		{name: "of an account elsewhere", id: "Key:bob", gets: "-", returns: "4444\n", leaves: "4444\n"},
	}
	for _, s := range steps {
		if s.isLocked {
			v.Lock()
		}
		err := v.UpdateBackupCodes(s.id, func(old []byte, _ error) ([]byte, error) {
			if got := orDash(old); got != s.gets {
				t.Errorf("%s: it is given %q, want %q", s.name, got, s.gets)
			}
			if s.returns == "-" {
				return nil, s.fails
			}
			return []byte(s.returns), s.fails
		})
		expectError(t, err, s.fails)
		if v.Locked() {
			v = unlock(t, v.Dir())
		}
		if got, err := v.BackupCodes(s.id); orDash(got) != s.leaves || err != nil {
			t.Errorf("%s: it leaves %q, %v, want %q", s.name, got, err, s.leaves)
		}
	}
	v.Lock()
	expectError(t, v.UpdateBackupCodes("Key:bob", func([]byte, error) ([]byte, error) {
		t.Error("update is called though the vault is locked")
		return nil, nil
	}), oath.ErrLocked)
}

func TestHasBackupCodes(t *testing.T) {
	t.Parallel()
	v := create(t)
	put(t, v, "GitHub:alice", "GitHub:bob")
	for _, id := range []oath.ID{"GitHub:alice", "Key:carol"} {
		if err := v.SetBackupCodes(id, []byte("1111\n")); err != nil {
			t.Fatal(err)
		}
	}
	for _, locked := range []bool{false, true} {
		if locked {
			v.Lock()
		}
		for id, want := range map[oath.ID]bool{"GitHub:alice": true, "GitHub:bob": false, "Key:carol": true, "Key:dave": false} {
			if got, err := v.HasBackupCodes(id); got != want || err != nil {
				t.Errorf("locked %v: HasBackupCodes(%q) = %v, %v, want %v", locked, id, got, err, want)
			}
		}
	}
}

func orDash(content []byte) string {
	if content == nil {
		return "-"
	}
	return string(content)
}

// Whoever takes a code at the same time gets another one.
func TestUpdateBackupCodesAtOnce(t *testing.T) {
	t.Parallel()
	v := create(t)
	const takers = 20
	var codes strings.Builder
	for i := range takers {
		fmt.Fprintf(&codes, "%04d\n", i)
	}
	if err := v.SetBackupCodes("GitHub:alice", []byte(codes.String())); err != nil {
		t.Fatal(err)
	}
	taken := make([]string, takers)
	var wg sync.WaitGroup
	for i := range takers {
		one := unlock(t, v.Dir())
		wg.Go(func() {
			err := one.UpdateBackupCodes("GitHub:alice", func(old []byte, _ error) ([]byte, error) {
				first, rest, _ := strings.Cut(string(old), "\n")
				taken[i] = first
				return []byte(rest), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	slices.Sort(taken)
	if got := strings.Join(taken, "\n") + "\n"; got != codes.String() {
		t.Errorf("the codes taken are %q", taken)
	}
}

func TestMoveBackupCodes(t *testing.T) {
	t.Parallel()
	v := create(t)
	put(t, v, "GitHub:alice")
	for _, id := range []oath.ID{"Key:bob", "Key:carol"} {
		if err := v.SetBackupCodes(id, []byte("of "+string(id)+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	v.Lock()
	expectError(t, v.MoveBackupCodes("GitHub:alice", "GitHub:bob"), oath.ErrNotFound)
	expectError(t, v.MoveBackupCodes("Key:bob", "Key:carol"), oath.ErrExists)
	expectError(t, v.MoveBackupCodes("Key:bob", "New:bob"), oath.ErrLocked)
	v = unlock(t, v.Dir())
	for _, move := range [][2]oath.ID{{"Key:bob", "New:bob"}, {"Key:carol", "GitHub:alice"}} {
		if err := v.MoveBackupCodes(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[oath.ID]string{"New:bob": "of Key:bob\n", "GitHub:alice": "of Key:carol\n", "Key:bob": "-", "Key:carol": "-"} {
		if got, err := v.BackupCodes(id); orDash(got) != want || err != nil {
			t.Errorf("%s has %q, %v, want %q", id, got, err, want)
		}
	}
	want := []string{"GitHub/alice.age", "GitHub/alice.codes.age", "New/bob.codes.age"}
	if got := files(t, filepath.Join(v.Dir(), "accounts")); !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
}

// No codes are lost to an account that is given the name of others.
func TestRenameOverBackupCodes(t *testing.T) {
	t.Parallel()
	v := create(t)
	put(t, v, "GitHub:alice", "GitHub:bob")
	for _, id := range []oath.ID{"GitHub:alice", "Key:carol"} {
		if err := v.SetBackupCodes(id, []byte("of "+string(id)+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	expectError(t, v.Rename("GitHub:alice", "Key:carol"), oath.ErrExists)
	for _, id := range []oath.ID{"GitHub:alice", "Key:carol"} {
		if got, err := v.BackupCodes(id); string(got) != "of "+string(id)+"\n" || err != nil {
			t.Errorf("%s has %q, %v", id, got, err)
		}
	}
	if err := v.Rename("GitHub:bob", "Key:carol"); err != nil {
		t.Fatal(err)
	}
	want := []string{"GitHub/alice.age", "GitHub/alice.codes.age", "Key/carol.age", "Key/carol.codes.age"}
	if got := files(t, filepath.Join(v.Dir(), "accounts")); !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
}

// What is written is encrypted to the keys that this machine trusts, or not at all.
func TestUpdateBackupCodesDistrusts(t *testing.T) {
	t.Parallel()
	v := create(t)
	known := v.Known()
	other := create(t)
	known.Recipients = other.Known().Recipients
	v = reopen(t, v.Dir(), vault.Options{Known: known})
	for _, err := range []error{
		v.UpdateBackupCodes("GitHub:alice", func([]byte, error) ([]byte, error) { return []byte("1111\n"), nil }),
		v.MoveBackupCodes("GitHub:alice", "GitHub:bob"),
	} {
		expectError(t, err, vault.ErrRecipientsChanged)
	}
}

// TestBackupCodesOfAnotherAccount has who may write to the folder, and cannot read it,
// put one account's codes instead of another's: the codes name whose they are.
func TestBackupCodesOfAnotherAccount(t *testing.T) {
	t.Parallel()
	odd := oath.ID("30/\"Ev\xffil\n\u202e:" + strings.Repeat("a", 200))
	for name, plant := range map[string]func(v *vault.Vault, from, to string) error{
		"copied": func(v *vault.Vault, from, to string) error {
			content, err := os.ReadFile(filepath.Join(v.Dir(), from))
			return errors.Join(err, os.WriteFile(filepath.Join(v.Dir(), to), content, 0o600))
		},
		"moved by a journal": func(v *vault.Vault, from, to string) error {
			journal := fmt.Sprintf(`[{"from":%q,"to":%q}]`, from, to)
			return os.WriteFile(filepath.Join(v.Dir(), ".journal"), []byte(journal), 0o600)
		},
	} {
		for _, victim := range []oath.ID{"Evil:alice", "GitHub:alic", "60/GitHub:alice", odd} {
			v := create(t)
			for _, id := range []oath.ID{"GitHub:alice", victim} {
				if err := v.SetBackupCodes(id, []byte("of "+string(id)+"\n")); err != nil {
					t.Fatal(err)
				}
				if got, err := v.BackupCodes(id); string(got) != "of "+string(id)+"\n" || err != nil {
					t.Errorf("%q: got %q, %v", id, got, err)
				}
			}
			codesOf := func(id oath.ID) string { return strings.TrimSuffix(vault.Path(id), ".age") + ".codes.age" }
			if err := plant(v, codesOf("GitHub:alice"), codesOf(victim)); err != nil {
				t.Fatal(err)
			}
			v = unlock(t, v.Dir())
			got, err := v.BackupCodes(victim)
			if expectError(t, err, vault.ErrOtherCodes); got != nil || !errors.Is(err, vault.ErrDamaged) || !strings.Contains(err.Error(), `"GitHub:alice"`) {
				t.Errorf("%s to %q: got %q, %v", name, victim, got, err)
			}
			expectError(t, v.UpdateBackupCodes(victim, func([]byte, error) ([]byte, error) { return []byte("1\n"), nil }), vault.ErrOtherCodes)
			expectError(t, v.MoveBackupCodes(victim, "New:bob"), vault.ErrOtherCodes)
			if victim != odd { // which is not UTF-8, and can be on a key alone
				put(t, v, victim)
				expectError(t, v.Rename(victim, "New:bob"), vault.ErrOtherCodes)
			}
		}
	}
}

// TestNamelessBackupCodes has codes that a version stored that did not name the account:
// they come with an error, stay so when they are moved, and are the account's once
// whoever updates them says so.
func TestNamelessBackupCodes(t *testing.T) {
	t.Parallel()
	v := create(t)
	put(t, v, "GitHub:alice", "GitHub:bob")
	recipients, err := age.ParseRecipients(strings.NewReader(v.Known().Recipients))
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipients...)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "policy: any order\n\ngeneration 1\n1. 1111\n")
	if err := errors.Join(w.Close(), os.WriteFile(filepath.Join(v.Dir(), "accounts/GitHub/alice.codes.age"), sealed.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := v.Rename("GitHub:alice", "GitHub:carol"); err != nil {
		t.Fatal(err)
	}
	got, err := v.BackupCodes("GitHub:carol")
	if expectError(t, err, vault.ErrNameless); !strings.Contains(string(got), "1111") {
		t.Errorf("got %q", got)
	}
	update := func(old []byte, nameless error) ([]byte, error) {
		if expectError(t, nameless, vault.ErrNameless); string(old) != string(got) {
			t.Errorf("the update gets %q", old)
		}
		return old, nil
	}
	if err := v.UpdateBackupCodes("GitHub:carol", update); err != nil {
		t.Fatal(err)
	}
	if again, err := v.BackupCodes("GitHub:carol"); string(again) != string(got) || err != nil {
		t.Errorf("named, they are %q, %v", again, err)
	}
}
