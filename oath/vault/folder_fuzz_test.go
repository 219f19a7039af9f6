package vault_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// FuzzFolder plants files, folders and links in a vault, of any mode, and uses it. Nothing
// outside of the folder changes, and no git is run.
func FuzzFolder(f *testing.F) {
	names := []string{
		".journal", ".lock", ".git", ".git/config", ".git/HEAD", ".gitattributes", ".gitignore", ".age-recipients", ".creating", ".tmp-0123456789abcdef", "unlock",
		"unlock/passphrase.age", "unlock/piv-1.age", "accounts", "accounts/GitHub", "accounts/GitHub/alice.age", "accounts/GitHub/alice.codes.age",
		"accounts/GitHub/.tmp-0123456789abcdef", "accounts/Evil", "accounts/Evil/bob.age", "accounts/x.age", "accounts/New",
	}
	contents := []string{
		"", "x", "[core]\n\tfsmonitor = /bin/false\n", "* filter=x\n", `[{"from":"accounts/GitHub/alice.age","to":"accounts/Evil/bob.age"}]`,
		`[{"from":"accounts/Evil/bob.age"}]`, `[{"from":"accounts/../unlock/passphrase.age"}]`, `[{"from":"accounts/Evil/bob.age","to":"accounts/x.age"}]`,
	}
	targets := []string{"OUTSIDE", "OUTSIDE/file", "OUTSIDE/new", "../outside", "../outside/file", ".", "..", "unlock", "../unlock", ".git", "../.git", "alice.age", "/dev/null", "missing"}
	modes := []fs.FileMode{0o600, 0o700, 0o666, 0o777, 0, 0o4700, 0o2770}
	f.Add([]byte{0, 0, 4, 0, 18, 2, 8, 0})
	f.Add([]byte{18, 2, 0, 0, 0, 0, 5, 0})
	f.Add([]byte{1, 2, 2, 0, 2, 1, 0, 1, 3, 0, 2, 0})
	f.Add([]byte{13, 2, 3, 0, 10, 2, 3, 0, 7, 2, 1, 0})
	f.Add([]byte{15, 2, 1, 0, 16, 2, 4, 0, 9, 2, 4, 0, 17, 2, 1, 0})
	id := identity(f)
	f.Fuzz(func(t *testing.T, plan []byte) {
		dir := t.TempDir()
		outside, folder := filepath.Join(dir, "outside"), filepath.Join(dir, "vault")
		if err := os.Mkdir(outside, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(outside, "file"), []byte("theirs"), 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := vault.Create(folder, id, vault.Ways{}, quick)
		if err != nil {
			t.Fatal(err)
		}
		put(t, v, "GitHub:alice")
		v.Close()
		root, err := os.OpenRoot(folder) // so that the test itself stays within
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		for ; len(plan) >= 4; plan = plan[4:] {
			pick := func(i, n int) int { return int(plan[i]) % n }
			name := names[pick(0, len(names))]
			root.RemoveAll(name) // whatever cannot be planted is not
			switch plan[1] % 3 {
			case 0:
				root.WriteFile(name, []byte(contents[pick(2, len(contents))]), 0o600)
			case 1:
				root.Mkdir(name, 0o700)
			case 2:
				root.Symlink(strings.Replace(targets[pick(2, len(targets))], "OUTSIDE", outside, 1), name)
				continue // a mode would be what it leads to
			}
			root.Chmod(name, modes[pick(3, len(modes))])
		}
		use(t, folder, id)
		entries, err := os.ReadDir(outside)
		content, failed := os.ReadFile(filepath.Join(outside, "file"))
		info, statFailed := os.Stat(filepath.Join(outside, "file"))
		if err != nil || failed != nil || statFailed != nil || len(entries) != 1 || string(content) != "theirs" || info.Mode() != 0o600 {
			t.Errorf("outside there are %v, and %q: %v, %v", entries, content, err, failed)
		}
	})
}

// use does all that can be done with a vault that may be anything.
func use(t *testing.T, folder, id string) {
	o := quick
	o.Git = func(_ string, args ...string) ([]byte, error) {
		t.Errorf("git is run: %q", args)
		return nil, nil
	}
	v, err := vault.Open(folder, o)
	if err != nil {
		return
	}
	defer v.Close()
	s := secret(t, key)
	v.Status()
	v.UnlockWithIdentity(id)
	v.Put(account("New:dave"), s)
	v.Put(account("Evil:bob"), s)
	v.SetBackupCodes("GitHub:alice", []byte("1111\n"))
	v.Replace(account("x"), s)
	v.Rename("GitHub:alice", "Evil:alice")
	v.SetPassphrase("next")
	v.Delete("Evil:bob")
	v.MoveBackupCodes("Evil:alice", "New:dave")
	v.RemovePassphrase()
	v.Codes(now)
	v.Find("alice")
}

// programKey are keys of git's configuration that run a program, or lead git elsewhere
// (git-config(1)).
var programKey = regexp.MustCompile(`^(include|includeif|filter|diff|alias|credential|gpg|hook|url|submodule|protocol|https?|uploadpack|receive|pager|sequence|trace2|ssh|man|browser|mergetool|difftool|commit|tag|user\.signingkey)\b` +
	`|^core\.(fsmonitor|hookspath|sshcommand|editor|pager|askpass|gitproxy|worktree|alternaterefscommand|attributesfile|excludesfile)` +
	`|^extensions\.(worktreeconfig|partialclone)|\.(driver|uploadpack|receivepack|vcs|proxy|program|command|helper|textconv)(\n|$)`)

// FuzzConfig has git read what CheckRepository takes for harmless.
func FuzzConfig(f *testing.F) {
	oathtest.RequireTool(f, "git")
	for _, seed := range []string{
		"[core]\n\tfilemode = true\n[remote \"a b\"]\n\turl = https://example.com/x # y\n", "[core] fsmonitor = x\n", "[core]\n\tbare = false\\\n\tfsmonitor = x\n",
		"[core \"x\"]\n[CORE]\nFSMonitor\n", "[remote \"a\\\"]\nb\"]\nurl = \"ext::x\"\n", "\ufeff[alias]x=!y", "[core]\r\n\tbare = true\r[alias]\n\tx = y", "[user]\n\tname = \"a\n[alias]x=y\"\n",
		"[branch \"x\"]\n\tremote = .\n\tmerge = refs/heads/x ; [alias] x\n", "[remote \"o\"]\n\turl = \"-x\"\n[branch \"m\"]\n\tremote = o\n", "[core]\n\t\vfsmonitor = x\n", "[a.b]\nc=d\n", "[remote \"x\"]\n\turl = e\\\n\text::x",
		"[remote \"x\"]\n\turl = e\"xt::\"x\n", "[remote \"x\"]\n\turl = https:\\t//x\n", "[remote \"x\"]\n\turl = host:x\n\tvcs = y\n",
	} {
		f.Add([]byte(seed))
	}
	dir := filepath.Join(f.TempDir(), "vault")
	v, err := vault.Create(dir, identity(f), vault.Ways{}, quick)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { v.Close() })
	f.Fuzz(func(t *testing.T, config []byte) {
		writeFile(t, v, ".git/config", config)
		if v.CheckRepository() != nil {
			return
		}
		read := exec.Command("git", "config", "--file", filepath.Join(dir, ".git/config"), "--null", "--list")
		read.Dir = os.TempDir()
		out, err := read.Output()
		if err != nil {
			return // nor does git use it
		}
		for entry := range strings.SplitSeq(string(out), "\x00") {
			key, value, _ := strings.Cut(entry, "\n")
			isAddress := strings.HasSuffix(key, "url") || strings.HasSuffix(key, "remote")
			if programKey.MatchString(key) || isAddress && (strings.HasPrefix(value, "-") || strings.Contains(strings.SplitN(value, "/", 2)[0], "::")) {
				t.Errorf("git reads %q in %q", entry, config)
			}
		}
	})
}
