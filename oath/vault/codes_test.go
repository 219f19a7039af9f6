package vault_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

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
		err := v.UpdateBackupCodes(s.id, func(old []byte) ([]byte, error) {
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
	expectError(t, v.UpdateBackupCodes("Key:bob", func([]byte) ([]byte, error) {
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
			err := one.UpdateBackupCodes("GitHub:alice", func(old []byte) ([]byte, error) {
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
	for _, move := range [][2]oath.ID{{"Key:bob", "New:bob"}, {"Key:carol", "GitHub:alice"}} {
		if err := v.MoveBackupCodes(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
	v = unlock(t, v.Dir())
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
		v.UpdateBackupCodes("GitHub:alice", func([]byte) ([]byte, error) { return []byte("1111\n"), nil }),
		v.MoveBackupCodes("GitHub:alice", "GitHub:bob"),
	} {
		expectError(t, err, vault.ErrRecipientsChanged)
	}
}
