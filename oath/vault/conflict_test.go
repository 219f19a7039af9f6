package vault_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

const (
	aliceFile = "accounts/GitHub/alice.age"
	otherKey  = "another secret entirely"
)

// diverge has two machines do something to a vault with the accounts GitHub:alice, by
// time, and Bank:carol, by counter, and backup codes. It returns the first machine's
// vault, unlocked, after it joined what the second did: by a merge, or a rebase.
func diverge(t *testing.T, join string, first, second func(v *vault.Vault) error) *vault.Vault {
	t.Helper()
	o := gitOptions(t)
	tmp := t.TempDir()
	one := createIn(t, filepath.Join(tmp, "one"), o)
	put(t, one, "GitHub:alice")
	err := errors.Join(one.Put(counted("Bank:carol", 5), secret(t, key)), one.SetBackupCodes("GitHub:alice", []byte("1\n2\n")), one.InitGit())
	if err != nil {
		t.Fatal(err)
	}
	git(t, tmp, "clone", "--quiet", "one", "two")
	secureClone(t, filepath.Join(tmp, "two"))
	cloned := o
	cloned.Known.Repository = true
	two := reopen(t, filepath.Join(tmp, "two"), cloned)
	if err := errors.Join(two.UnlockWithPassphrase(passphrase), first(one), second(two)); err != nil {
		t.Fatal(err)
	}
	pull := exec.Command("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "pull", "--quiet", join, "../two", "HEAD")
	pull.Dir = one.Dir()
	if out, err := pull.CombinedOutput(); err == nil {
		t.Fatalf("git sees no conflict: %s", out)
	}
	secureClone(t, one.Dir())
	o.Known = one.Known()
	id, err := one.Identity()
	if err != nil {
		t.Fatal(err)
	}
	one = reopen(t, one.Dir(), o)
	if err := one.UnlockWithIdentity(id); err != nil {
		t.Fatal(err)
	}
	return one
}

// joinCodes is what merges backup codes here.
func joinCodes(a, b []byte) ([]byte, error) { return append(a, b...), nil }

// conflictOver returns what there is to settle over one file.
func conflictOver(t *testing.T, v *vault.Vault, file string) vault.Conflict {
	t.Helper()
	all, err := v.Conflicts(func() time.Time { return now }, joinCodes)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Path == file {
			return c
		}
	}
	t.Fatalf("no conflict over %s among %+v", file, all)
	return vault.Conflict{}
}

// keep settles a conflict, after which all is committed and joined.
func keep(t *testing.T, v *vault.Vault, c vault.Conflict, choice vault.Resolution) {
	t.Helper()
	if err := v.Keep(c, choice); err != nil {
		t.Fatal(err)
	}
	if left := v.Conflicted(); len(left) > 0 {
		t.Errorf("still in conflict: %q", left)
	}
	if status := git(t, v.Dir(), "status", "--porcelain"); status != "" {
		t.Errorf("not committed: %s", status)
	}
}

func replace(t *testing.T, key string) func(*vault.Vault) error {
	return func(v *vault.Vault) error { return v.Replace(account("GitHub:alice"), secret(t, key)) }
}

func count(t *testing.T, n int) func(*vault.Vault) error {
	return func(v *vault.Vault) error {
		for range n {
			if _, err := v.Code(counted("Bank:carol", 0), now); err != nil {
				return err
			}
		}
		return nil
	}
}

func codeOf(t *testing.T, a oath.Account, key string) string {
	t.Helper()
	code, err := oath.Compute(a, secret(t, key), now)
	if err != nil {
		t.Fatal(err)
	}
	return code.Value
}

// TestConflictIsLeftAlone shows that nothing touches a file that git could not merge,
// that nothing is committed, and that the rest of the vault serves.
func TestConflictIsLeftAlone(t *testing.T) {
	t.Parallel()
	v := diverge(t, "--no-rebase", replace(t, key+"1"), replace(t, key+"2"))
	alice := account("GitHub:alice")
	head := git(t, v.Dir(), "rev-parse", "HEAD")
	for name, do := range map[string]func() error{
		"Code":    func() error { _, err := v.Code(alice, now); return err },
		"Codes":   func() error { _, err := v.Codes(now); return err },
		"Secret":  func() error { _, _, err := v.Secret("GitHub:alice"); return err },
		"Put":     func() error { return v.Put(alice, secret(t, key)) },
		"Replace": func() error { return v.Replace(alice, secret(t, key)) },
		"Rename":  func() error { return v.Rename("GitHub:alice", "GitHub:anna") },
		"Delete":  func() error { return v.Delete("GitHub:alice") },
		"Rekey":   func() error { return v.Rekey(identity(t), vault.Ways{}) },
	} {
		if err := do(); !errors.Is(err, vault.ErrConflict) || !strings.Contains(err.Error(), aliceFile) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	err := v.Put(account("New:dave"), secret(t, key))
	if !errors.Is(err, vault.ErrNotCommitted) || !errors.Is(err, vault.ErrConflict) {
		t.Errorf("Put of another account: %v", err)
	}
	expectCode(t, v, account("New:dave"))
	expectIDs(t, v, "Bank:carol", "GitHub:alice", "New:dave")
	if now := git(t, v.Dir(), "rev-parse", "HEAD"); now != head {
		t.Error("something was committed")
	}
	if status, err := v.Status(); len(status.Conflicted) != 1 || status.Conflicted[0] != aliceFile {
		t.Errorf("Status = %+v, %v", status, err)
	}
}

// TestConflictKeepsTheChosenSide settles each kind of conflict that only the owner can.
func TestConflictKeepsTheChosenSide(t *testing.T) {
	t.Parallel()
	alice := account("GitHub:alice")
	one, two := codeOf(t, alice, key+"1"), codeOf(t, alice, key+"2")
	remove := func(v *vault.Vault) error { return v.Delete("GitHub:alice") }
	for _, test := range []struct {
		name, join    string
		first, second func(*vault.Vault) error
		choice        vault.Resolution
		this, other   string // codes; "" for deleted
		want          string
	}{
		{"replaced", "--no-rebase", replace(t, key+"1"), replace(t, key+"2"), vault.This, one, two, one},
		{"replaced, and the other's", "--no-rebase", replace(t, key+"1"), replace(t, key+"2"), vault.Other, one, two, two},
		{"rebase", "--rebase", replace(t, key+"1"), replace(t, key+"2"), vault.This, one, two, one},
		{"rebase to the other's", "--rebase", replace(t, key+"1"), replace(t, key+"2"), vault.Other, one, two, two},
		{"deleted here", "--no-rebase", remove, replace(t, key+"2"), vault.This, "", two, ""},
		{"deleted here, and kept", "--no-rebase", remove, replace(t, key+"2"), vault.Other, "", two, two},
		{"deleted there", "--no-rebase", replace(t, key+"1"), remove, vault.This, one, "", one},
		{"deleted there, as it must be", "--no-rebase", replace(t, key+"1"), remove, vault.Other, one, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := diverge(t, test.join, test.first, test.second)
			c := conflictOver(t, v, aliceFile)
			if c.Settled || c.ID != "GitHub:alice" || c.This.Code.Value != test.this || c.Other.Code.Value != test.other {
				t.Errorf("the conflict is %+v, want codes %q and %q", c, test.this, test.other)
			}
			if c.This.Changed.IsZero() || c.Other.Changed.IsZero() {
				t.Errorf("changed on %v and %v", c.This.Changed, c.Other.Changed)
			}
			keep(t, v, c, test.choice)
			if v.Rebasing() {
				git(t, v.Dir(), "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.editor=true", "rebase", "--continue")
			}
			code, err := v.Code(alice, now)
			if code.Value != test.want || (test.want == "") != errors.Is(err, oath.ErrNotFound) {
				t.Errorf("Code = %q, %v, want %q", code.Value, err, test.want)
			}
			expectError(t, v.Keep(c, test.choice), vault.ErrConflict) // it was settled before
		})
	}
}

// TestConflictOfCounters shows that no HOTP code comes twice.
func TestConflictOfCounters(t *testing.T) {
	t.Parallel()
	for name, machines := range map[string][2]int{"this one ahead": {3, 1}, "the other ahead": {1, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := diverge(t, "--no-rebase", count(t, machines[0]), count(t, machines[1]))
			_, err := v.Code(counted("Bank:carol", 0), now)
			expectError(t, err, vault.ErrConflict)
			c := conflictOver(t, v, "accounts/Bank/carol.age")
			if !c.Settled || c.This.Account.Counter != uint64(5+machines[0]) || c.Other.Account.Counter != uint64(5+machines[1]) {
				t.Fatalf("the conflict is %+v", c)
			}
			keep(t, v, c, vault.Merged)
			expectCode(t, v, counted("Bank:carol", 8))
		})
	}
	t.Run("notes differ", func(t *testing.T) {
		t.Parallel()
		note := func(v *vault.Vault) error {
			writeAge(t, v, "accounts/Bank/carol.age", "otpauth://hotp/Bank:carol?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=5\nnote: x\n")
			return count(t, 1)(v)
		}
		v := diverge(t, "--no-rebase", note, count(t, 3))
		c := conflictOver(t, v, "accounts/Bank/carol.age")
		if c.Settled {
			t.Fatal("the note is lost")
		}
		keep(t, v, c, vault.This)
		expectCode(t, v, counted("Bank:carol", 8))
		if text := readAge(t, v, "accounts/Bank/carol.age"); !strings.HasSuffix(text, "\nnote: x\n") {
			t.Error("the note is lost")
		}
	})
}

// TestConflictOfBackupCodes merges them.
func TestConflictOfBackupCodes(t *testing.T) {
	t.Parallel()
	set := func(codes string) func(*vault.Vault) error {
		return func(v *vault.Vault) error { return v.SetBackupCodes("GitHub:alice", []byte(codes)) }
	}
	v := diverge(t, "--no-rebase", set("1 used\n"), set("2 used\n"))
	_, err := v.BackupCodes("GitHub:alice")
	expectError(t, err, vault.ErrConflict)
	expectError(t, v.SetBackupCodes("GitHub:alice", nil), vault.ErrConflict)
	expectCode(t, v, account("GitHub:alice"))
	c := conflictOver(t, v, "accounts/GitHub/alice.codes.age")
	if !c.Codes || !c.Settled || c.ID != "GitHub:alice" {
		t.Fatalf("the conflict is %+v", c)
	}
	keep(t, v, c, vault.Merged)
	if codes, err := v.BackupCodes("GitHub:alice"); string(codes) != "1 used\n2 used\n" {
		t.Errorf("the codes are %q, %v", codes, err)
	}
}

// TestConflictOfForeignBackupCodes merges no codes with those of another account.
func TestConflictOfForeignBackupCodes(t *testing.T) {
	t.Parallel()
	v := diverge(t, "--no-rebase", func(v *vault.Vault) error { return v.SetBackupCodes("GitHub:alice", []byte("1 used\n")) },
		func(v *vault.Vault) error {
			from, to := filepath.Join(v.Dir(), "accounts/Other/eve.codes.age"), filepath.Join(v.Dir(), "accounts/GitHub/alice.codes.age")
			err := v.SetBackupCodes("Other:eve", []byte("9\n"))
			return errors.Join(err, os.Rename(from, to), v.InitGit())
		})
	c := conflictOver(t, v, "accounts/GitHub/alice.codes.age")
	if c.Settled || c.This.Err != nil || !errors.Is(c.Other.Err, vault.ErrOtherCodes) {
		t.Errorf("the conflict is %+v", c)
	}
	expectError(t, v.Keep(c, vault.Other), vault.ErrOtherCodes)
}

// TestConflictOfWaysIn keeps the vault open by this machine's until the owner chooses.
func TestConflictOfWaysIn(t *testing.T) {
	t.Parallel()
	set := func(passphrase string) func(*vault.Vault) error {
		return func(v *vault.Vault) error { return v.SetPassphrase(passphrase) }
	}
	v := diverge(t, "--no-rebase", set("this one"), set("the other"))
	v.Lock()
	if err := v.UnlockWithPassphrase("this one"); err != nil {
		t.Fatal(err)
	}
	expectError(t, v.SetPassphrase("a third"), vault.ErrConflict)
	expectError(t, v.RemovePassphrase(), vault.ErrConflict)
	keep(t, v, conflictOver(t, v, "unlock/passphrase.age"), vault.Other)
	v.Lock()
	if err := v.UnlockWithPassphrase("the other"); err != nil {
		t.Error(err)
	}
}

// TestConflictOfKeys has both machines give the vault another key.
func TestConflictOfKeys(t *testing.T) {
	t.Parallel()
	rekey := func(v *vault.Vault) error { return v.Rekey(identity(t), vault.Ways{Passphrase: passphrase}) }
	v := diverge(t, "--no-rebase", rekey, rekey)
	_, err := v.Conflicts(func() time.Time { return now }, joinCodes)
	expectError(t, err, vault.ErrKeyConflict)
	expectError(t, v.Put(account("New:dave"), secret(t, key)), vault.ErrKeyConflict)
	if status, err := v.Status(); len(status.Conflicted) != 5 || status.Recipients != v.Known().Recipients {
		t.Errorf("Status = %+v, %v", status, err)
	}
	git(t, v.Dir(), "merge", "--abort")
	secureClone(t, v.Dir())
	put(t, reopen(t, v.Dir(), gitOptions(t)), "New:dave")
}

// TestConflictWithWhatCannotBeRead keeps no side that the vault's key does not open.
func TestConflictWithWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	spoil := func(v *vault.Vault) error {
		writeFile(t, v, aliceFile, []byte("rubbish"))
		return v.InitGit()
	}
	v := diverge(t, "--no-rebase", replace(t, key), spoil)
	c := conflictOver(t, v, aliceFile)
	if c.Other.Err == nil || c.This.Err != nil {
		t.Fatalf("the conflict is %+v", c)
	}
	expectError(t, v.Keep(c, vault.Other), vault.ErrDamaged)
	keep(t, v, c, vault.This)
	expectCode(t, v, account("GitHub:alice"))
}

// TestConflictUnknown has a git that does not work: what it cannot say stops no reader.
func TestConflictUnknown(t *testing.T) {
	t.Parallel()
	v := diverge(t, "--no-rebase", replace(t, key), replace(t, otherKey))
	o := quick
	o.Known.Repository = true
	o.Git = func(string, ...string) ([]byte, error) { return nil, errors.New("broken") }
	v = reopen(t, v.Dir(), o)
	expectIDs(t, v, "Bank:carol", "GitHub:alice")
	expectError(t, v.Put(account("New:dave"), secret(t, key)), vault.ErrNotCommitted)
}
