package vault_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// TestJournalThroughLinks plants a journal whose steps lead through links to what is no
// account.
func TestJournalThroughLinks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ link, to, journal string }{
		{"accounts/Evil", "../unlock", `[{"from":"accounts/Evil/passphrase.age"}]`},
		{"accounts/Evil", "../unlock", `[{"from":"accounts/Evil/passphrase.age","to":"accounts/x.age"}]`},
		{"accounts/Evil", "../unlock", `[{"from":"accounts/GitHub/alice.age","to":"accounts/Evil/passphrase.age"}]`},
		{"accounts/Evil", "../.git", `[{"from":"accounts/GitHub/alice.age","to":"accounts/Evil/x.age"}]`},
		{"accounts/evil.age", "../unlock/passphrase.age", `[{"from":"accounts/evil.age"}]`},
		{"accounts/evil.age", "../unlock/passphrase.age", `[{"from":"accounts/GitHub/alice.age","to":"accounts/evil.age"}]`},
		{".lock", "unlock/passphrase.age", `[]`},
	} {
		v := create(t)
		put(t, v, "GitHub:alice")
		v.Close()
		if err := os.Remove(filepath.Join(v.Dir(), ".lock")); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(v.Dir(), ".git"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(test.to, filepath.Join(v.Dir(), test.link)); err != nil {
			t.Fatal(err)
		}
		if test.link != ".lock" {
			writeFile(t, v, ".lock", nil)
		}
		writeFile(t, v, ".journal", []byte(test.journal))
		before := files(t, v.Dir())
		_, err := vault.Open(v.Dir(), quick)
		if !errors.Is(err, vault.ErrSymlink) {
			t.Errorf("%s: got error %v, want %v", test.journal, err, vault.ErrSymlink)
		}
		if after := files(t, v.Dir()); strings.Join(after, "\n") != strings.Join(before, "\n") {
			t.Errorf("%s: it holds %q, and %q before", test.journal, after, before)
		}
	}
}

// TestStoredIsRead stores what is about as large as can be. What would be too large to be
// read again is refused.
func TestStoredIsRead(t *testing.T) {
	t.Parallel()
	v := create(t)
	put(t, v, "GitHub:alice")
	longest, huge := oath.ID("x:"+strings.Repeat("a", 1022)), oath.ID("x:"+strings.Repeat("a", 1_100_000))
	put(t, v, longest)
	expectCode(t, v, account(longest))
	for _, id := range []oath.ID{longest + "a", huge} {
		for name, err := range map[string]error{
			"Put": v.Put(account(id), secret(t, key)), "Replace": v.Replace(account(id), secret(t, key)), "Rename": v.Rename("GitHub:alice", id),
			"SetBackupCodes": v.SetBackupCodes(id, []byte("1111\n")), "MoveBackupCodes": v.MoveBackupCodes("GitHub:alice", id),
		} {
			if !errors.Is(err, oath.ErrInvalid) {
				t.Errorf("%s with %d bytes: got error %v, want %v", name, len(id), err, oath.ErrInvalid)
			}
		}
	}
	expectError(t, v.SetBackupCodes("GitHub:alice", bytes.Repeat([]byte("1111\n"), 1<<18)), oath.ErrInvalid)
	expectIDs(t, v, "GitHub:alice", longest)
}

// TestWorkFactor opens a vault by a file that asks for four times the work of the most
// costly one, and gigabytes.
func TestWorkFactor(t *testing.T) {
	t.Parallel()
	v := create(t)
	file := filepath.Join(v.Dir(), "unlock/passphrase.age")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(content), " 2\n")
	writeFile(t, v, "unlock/passphrase.age", []byte(head+" 21\n"+rest))
	err = reopen(t, v.Dir(), quick).UnlockWithPassphrase(passphrase)
	if !errors.Is(err, vault.ErrDamaged) || !strings.Contains(err.Error(), "work factor above 20") {
		t.Errorf("got error %v", err)
	}
}

// TestHarmlessRepository has git configure a repository as owners of a vault do.
func TestHarmlessRepository(t *testing.T) {
	t.Parallel()
	o := gitOptions(t)
	tmp := t.TempDir()
	one := createIn(t, filepath.Join(tmp, "one"), o)
	put(t, one, "GitHub:alice")
	if err := one.InitGit(); err != nil {
		t.Fatal(err)
	}
	git(t, tmp, "clone", "--quiet", "one", "two")
	git(t, tmp, "init", "--quiet", "--bare", "a remote.git")
	two := filepath.Join(tmp, "two")
	for i, remote := range []string{
		"https://example.com/a/b.git", "http://a:b@example.com:8080/x", "ssh://git@example.com/x", "git@example.com:a/b.git", "ssh://[::1]:22/x",
		filepath.Join(tmp, "a remote.git"), "file://" + filepath.Join(tmp, "a remote.git"), "git://example.com/x",
	} {
		git(t, two, "remote", "add", "r"+string(rune('0'+i)), remote)
	}
	git(t, two, "push", "--quiet", "--set-upstream", "r5", "HEAD:main")
	git(t, two, "config", "user.name", "Some \"One\" ; # else")
	git(t, two, "config", "pull.rebase", "true")
	secureClone(t, two)
	if err := reopen(t, two, o).CheckRepository(); err != nil {
		t.Error(err)
	}
}
