package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// gitOptions have a git that knows nothing of who runs the test.
func gitOptions(t *testing.T) vault.Options {
	t.Helper()
	oathtest.RequireTool(t, "git")
	home := t.TempDir()
	o := quick
	o.Git = func(folder string, args ...string) ([]byte, error) {
		command := exec.Command("git", args...)
		command.Dir = folder
		command.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		}
		var message bytes.Buffer
		command.Stderr = &message
		out, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(message.Bytes()))
		}
		return out, nil
	}
	return o
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestGit(t *testing.T) {
	t.Parallel()
	o := gitOptions(t)
	v := createIn(t, filepath.Join(t.TempDir(), "vault"), o)
	put(t, v, "GitHub:alice")
	if err := v.InitGit(); err != nil {
		t.Fatal(err)
	}
	put(t, v, "GitHub:bob", "*:?", ":(top)x")
	writeFile(t, v, "accounts/notes.txt", []byte("not the vault's"))
	if err := v.Put(counted("Bank:carol", 0), secret(t, key)); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Code(counted("Bank:carol", 0), now); err != nil {
		t.Fatal(err)
	}
	if err := v.Rename("GitHub:bob", "GitLab:bob"); err != nil {
		t.Fatal(err)
	}
	if err := v.Delete("GitHub:alice"); err != nil {
		t.Fatal(err)
	}
	if err := v.SetPassphrase("hunter2"); err != nil {
		t.Fatal(err)
	}
	if err := v.RemovePassphrase(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Keep the vault in git", "Add GitHub:bob", "Add *:?", "Add :(top)x", "Add Bank:carol", "Move the counter of Bank:carol",
		"Rename GitHub:bob to GitLab:bob", "Delete GitHub:alice", "Set the passphrase", "Remove the passphrase",
	}
	if got := strings.Split(git(t, v.Dir(), "log", "--reverse", "--format=%s"), "\n"); !slices.Equal(got, want) {
		t.Errorf("the commits are %q, want %q", got, want)
	}
	if err := v.SetBackupCodes("Evil\x1b]52;c;eA==\a\u202e\n\nx:y", []byte("1\n")); err != nil { // as a key may hold
		t.Fatal(err)
	}
	if got := git(t, v.Dir(), "log", "-1", "--format=%B"); got != "Change the backup codes of Evil?]52;c;eA==????x:y" {
		t.Errorf("the last commit is %q", got)
	}
	if status := git(t, v.Dir(), "status", "--porcelain"); status != "" {
		t.Errorf("not committed: %s", status)
	}
	if err := v.InitGit(); err != nil {
		t.Errorf("again: %v", err)
	}
	if log := git(t, v.Dir(), "log", "-p", "--text"); strings.Contains(log, "otpauth") || strings.Contains(log, "AGE-SECRET") || strings.Contains(log, "hunter2") {
		t.Error("a secret is in the history")
	}
	status, err := v.Status()
	if err != nil || !status.Git {
		t.Errorf("Status = %+v, %v", status, err)
	}
}

// TestGitMerge has two machines enroll different accounts and meet.
func TestGitMerge(t *testing.T) {
	t.Parallel()
	o := gitOptions(t)
	tmp := t.TempDir()
	one := createIn(t, filepath.Join(tmp, "one"), o)
	put(t, one, "GitHub:alice")
	if err := one.InitGit(); err != nil {
		t.Fatal(err)
	}
	git(t, tmp, "clone", "--quiet", "one", "two")
	secureClone(t, filepath.Join(tmp, "two"))
	other := o
	other.Known = one.Known()
	two := reopen(t, filepath.Join(tmp, "two"), other)

	put(t, one, "GitHub:bob", "GitLab:alice")
	put(t, two, "GitHub:carol", "New:dave")
	who := []string{"-c", "user.name=a", "-c", "user.email=a@example.com"}
	git(t, two.Dir(), append(who, "pull", "--quiet", "--no-rebase", "--no-edit")...)
	git(t, one.Dir(), append(who, "pull", "--quiet", "--no-rebase", "--no-edit", "../two", "HEAD")...)
	secureClone(t, two.Dir())
	secureClone(t, one.Dir())

	all := []oath.ID{"GitHub:alice", "GitHub:bob", "GitHub:carol", "GitLab:alice", "New:dave"}
	for _, dir := range []string{one.Dir(), two.Dir()} {
		v := unlock(t, dir)
		expectIDs(t, v, all...)
		for _, id := range all {
			expectCode(t, v, account(id))
		}
	}
}

// secureClone sets the modes that git gives files under the umask that the
// command line sets.
func secureClone(t *testing.T, dir string) {
	t.Helper()
	if out, err := exec.Command("chmod", "-R", "go-w", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestGitKeepsBytes checks out a vault as Windows would.
func TestGitKeepsBytes(t *testing.T) {
	t.Parallel()
	o := gitOptions(t)
	tmp := t.TempDir()
	v := createIn(t, filepath.Join(tmp, "one"), o)
	if err := v.InitGit(); err != nil {
		t.Fatal(err)
	}
	for i := range 40 { // some of which hold no zero byte
		put(t, v, oath.ID(fmt.Sprint("GitHub:", i)))
	}
	git(t, tmp, "-c", "core.autocrlf=true", "clone", "--quiet", "one", "two")
	secureClone(t, filepath.Join(tmp, "two"))
	if entries, err := unlock(t, filepath.Join(tmp, "two")).Codes(now); len(entries) != 40 || err != nil {
		t.Errorf("%d accounts of 40 are sound: %v", len(entries), err)
	}
}

// TestGitFails checks that a change is done, and says that git did not take it.
func TestGitFails(t *testing.T) {
	t.Parallel()
	o := gitOptions(t)
	v := createIn(t, filepath.Join(t.TempDir(), "vault"), o)
	if err := v.Put(counted("Bank:alice", 0), secret(t, key)); err != nil {
		t.Fatal(err)
	}
	if err := v.InitGit(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(v.Dir(), ".git/index.lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expectError(t, v.Put(account("GitHub:bob"), secret(t, key)), vault.ErrNotCommitted)
	expectCode(t, v, account("GitHub:bob"))
	code, err := v.Code(counted("Bank:alice", 0), now)
	if !errors.Is(err, vault.ErrNotCommitted) || code.Value == "" {
		t.Errorf("Code = %+v, %v", code, err)
	}

	if err := os.Remove(filepath.Join(v.Dir(), ".git/index.lock")); err != nil {
		t.Fatal(err)
	}
	put(t, v, "GitHub:carol") // takes along what was left
	if status := git(t, v.Dir(), "status", "--porcelain"); status != "" {
		t.Errorf("not committed: %s", status)
	}
}

// TestGitCreate makes a vault in a repository that is empty yet, and was not said to be
// the vault's.
func TestGitCreate(t *testing.T) {
	o := gitOptions(t)
	dir := t.TempDir()
	git(t, dir, "init", "--quiet")
	v := createIn(t, dir, o)
	if status, err := v.Status(); err != nil || status.Git || !v.IgnoresRepository() {
		t.Errorf("the repository is used: %+v, %v", status, err)
	}
	secureClone(t, dir)
	if err := v.InitGit(); err != nil {
		t.Fatal(err)
	}
	if log := git(t, v.Dir(), "log", "--format=%s"); log != "Keep the vault in git" {
		t.Errorf("the commits are %q", log)
	}
}
