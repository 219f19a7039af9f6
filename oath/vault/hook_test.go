package vault_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// operations are all that a vault does with accounts, codes and keys; whether it
// needs the private key for it, and whether it changes anything.
var operations = []struct {
	name     string
	do       func(*vault.Vault, oath.Secret) error
	needsKey bool
	changes  bool
}{
	{"Code", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.Code(account("GitHub:alice"), now)) }, true, false},
	{"Code, counted", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.Code(counted("Bank:bob", 0), now)) }, true, true},
	{"Codes", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.Codes(now)) }, true, false},
	{"Secret", func(v *vault.Vault, _ oath.Secret) error { _, _, err := v.Secret("GitHub:alice"); return err }, true, false},
	{"Identity", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.Identity()) }, true, false},
	{"Replace", func(v *vault.Vault, s oath.Secret) error { return v.Replace(account("GitHub:alice"), s) }, true, true},
	{"Rename", func(v *vault.Vault, _ oath.Secret) error { return v.Rename("GitHub:alice", "GitHub:carol") }, true, true},
	{"BackupCodes", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.BackupCodes("GitHub:alice")) }, true, false},
	{"UpdateBackupCodes", func(v *vault.Vault, _ oath.Secret) error { return v.UpdateBackupCodes("GitHub:alice", addCode) }, true, true},
	{"SetPassphrase", func(v *vault.Vault, _ oath.Secret) error { return v.SetPassphrase("next") }, true, true},
	{"AddKey", addSomeKey, true, true},
	{"Rekey", rekeyAnew, true, true},

	{"List", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.List()) }, false, false},
	{"Find", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.Find("alice")) }, false, false},
	{"Status", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.Status()) }, false, false},
	{"Ways", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.Ways()) }, false, false},
	{"Put", func(v *vault.Vault, s oath.Secret) error { return v.Put(account("GitHub:carol"), s) }, false, true},
	{"Replace, of none", func(v *vault.Vault, s oath.Secret) error { return v.Replace(account("GitHub:carol"), s) }, false, true},
	{"Code, of none", func(v *vault.Vault, _ oath.Secret) error {
		return absent(errorOf(v.Code(account("GitHub:carol"), now)))
	}, false, false},
	{"Secret, of none", func(v *vault.Vault, _ oath.Secret) error { _, _, err := v.Secret("GitHub:carol"); return absent(err) }, false, false},
	{"Rename, of none", func(v *vault.Vault, _ oath.Secret) error { return absent(v.Rename("GitHub:carol", "GitHub:dave")) }, false, false},
	{"Delete", func(v *vault.Vault, _ oath.Secret) error { return v.Delete("GitHub:alice") }, false, true},
	{"ListBackupCodes", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.ListBackupCodes()) }, false, false},
	{"HasBackupCodes", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.HasBackupCodes("GitHub:alice")) }, false, false},
	{"BackupCodes, of none", func(v *vault.Vault, _ oath.Secret) error { return errorOf(v.BackupCodes("Key:dave")) }, false, false},
	{"UpdateBackupCodes, of none", func(v *vault.Vault, _ oath.Secret) error { return v.UpdateBackupCodes("Key:dave", addCode) }, false, true},
	{"SetBackupCodes", func(v *vault.Vault, _ oath.Secret) error { return v.SetBackupCodes("GitHub:alice", []byte("2222\n")) }, false, true},
	{"MoveBackupCodes", func(v *vault.Vault, _ oath.Secret) error { return v.MoveBackupCodes("GitHub:alice", "Key:dave") }, true, true},
	{"RemovePassphrase", func(v *vault.Vault, _ oath.Secret) error { return v.RemovePassphrase() }, false, true},
}

func errorOf[T any](_ T, err error) error { return err }

// absent is nil for the error of an account that is not there.
func absent(err error) error {
	if errors.Is(err, oath.ErrNotFound) {
		return nil
	}
	return err
}

func addCode(old []byte, _ error) ([]byte, error) { return append(old, "2222\n"...), nil }

func addSomeKey(v *vault.Vault, _ oath.Secret) error {
	slot, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	recipient, err := vault.SlotRecipient(slot.PublicKey())
	if err != nil {
		return err
	}
	return v.AddKey(1, recipient)
}

func rekeyAnew(v *vault.Vault, _ oath.Secret) error {
	identity, err := vault.GenerateIdentity()
	if err != nil {
		return err
	}
	return v.Rekey(identity, vault.Ways{})
}

// hookedVault returns a locked vault that operations find something in. Its hook is
// given the vault's key.
func hookedVault(t *testing.T, hook func(v *vault.Vault, ask bool, identity string) error) *vault.Vault {
	t.Helper()
	v := create(t)
	identity, err := v.Identity()
	if err != nil {
		t.Fatal(err)
	}
	put(t, v, "GitHub:alice")
	if err := v.Put(counted("Bank:bob", 0), secret(t, key)); err != nil {
		t.Fatal(err)
	}
	if err := v.SetBackupCodes("GitHub:alice", []byte("1111\n")); err != nil {
		t.Fatal(err)
	}
	o := quick
	o.Unlock = func(v *vault.Vault, ask bool) error { return hook(v, ask, identity) }
	return reopen(t, v.Dir(), o)
}

// TestUnlockHook has each operation ask once for the key that it needs, and not at
// all for one that it does not need.
func TestUnlockHook(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		asked, quiet := 0, 0
		v := hookedVault(t, func(v *vault.Vault, ask bool, identity string) error {
			if !ask {
				quiet++
				return errors.New("no keyring")
			}
			asked++
			other := reopen(t, v.Dir(), quick) // must not wait for the user's answer
			if err := other.SetBackupCodes("Other:erin", []byte("3333\n")); err != nil {
				t.Error(err)
			}
			return v.UnlockWithIdentity(identity)
		})
		if err := op.do(v, secret(t, key)); err != nil {
			t.Errorf("%s: %v", op.name, err)
		}
		v.Locked()
		if want := map[bool]int{true: 1}[op.needsKey]; asked != want || quiet != 1 || v.Locked() == op.needsKey {
			t.Errorf("%s: asks %d times, want %d; tries the keyring %d times, want 1; locked %v", op.name, asked, want, quiet, v.Locked())
		}
	}
}

// TestUnlockHookQuiet has the vault open without a question, if that is possible.
func TestUnlockHookQuiet(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		v := hookedVault(t, func(v *vault.Vault, ask bool, identity string) error {
			if ask {
				t.Errorf("%s asks", op.name)
			}
			return v.UnlockWithIdentity(identity)
		})
		if err := op.do(v, secret(t, key)); err != nil {
			t.Errorf("%s: %v", op.name, err)
		}
		if v.Locked() {
			t.Errorf("%s leaves the vault locked", op.name)
		}
	}
}

// TestUnlockHookRefuses returns the hook's own error, or oath.ErrLocked if it has
// none and the vault is still locked; what does not need the key works.
func TestUnlockHookRefuses(t *testing.T) {
	t.Parallel()
	errRefused := errors.New("not now")
	for _, op := range operations {
		for refusal, want := range map[error]error{errRefused: errRefused, nil: oath.ErrLocked} {
			v := hookedVault(t, func(*vault.Vault, bool, string) error { return refusal })
			if !op.needsKey {
				want = nil
			}
			if err := op.do(v, secret(t, key)); err != want {
				t.Errorf("%s: got error %v, want %v", op.name, err, want)
			}
		}
	}
}

// TestWarn has a change succeed that git does not take.
func TestWarn(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("broken")
	for _, op := range operations {
		var warned []error
		v := hookedVault(t, nil)
		git := func(_ string, args ...string) ([]byte, error) {
			if slices.Contains(args, "commit") || slices.Contains(args, "diff") {
				return nil, errBroken
			}
			return nil, nil
		}
		if err := os.Mkdir(filepath.Join(v.Dir(), ".git"), 0o700); err != nil {
			t.Fatal(err)
		}
		v = reopen(t, v.Dir(), vault.Options{Known: vault.Known{Repository: true}, Git: git, WorkFactor: quick.WorkFactor, Warn: func(err error) { warned = append(warned, err) }})
		if err := v.UnlockWithPassphrase(passphrase); err != nil {
			t.Fatal(err)
		}
		if err := op.do(v, secret(t, key)); err != nil {
			t.Errorf("%s: %v", op.name, err)
		}
		want := map[bool]int{true: 1}[op.changes]
		if len(warned) != want || want == 1 && (!errors.Is(warned[0], vault.ErrNotCommitted) || !errors.Is(warned[0], errBroken)) {
			t.Errorf("%s: warns %v", op.name, warned)
		}
		expectError(t, v.InitGit(), vault.ErrNotCommitted)
	}
}

// TestWarnCreate makes a vault that git does not take.
func TestWarnCreate(t *testing.T) {
	dir, warned := t.TempDir(), 0
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	o := quick
	o.Known.Repository = true
	o.Git = func(string, ...string) ([]byte, error) { return nil, errors.New("broken") }
	o.Warn = func(error) { warned++ }
	v := createIn(t, dir, o)
	put(t, v, "GitHub:alice")
	if warned != 2 {
		t.Errorf("warned %d times, want 2", warned)
	}
}
