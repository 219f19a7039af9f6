//go:build linux

package vault_test

import (
	"errors"
	"fmt"
	"os/exec"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// inNamespace runs a job where a shell command has mounted something over the
// folder $1, which nobody else sees.
func inNamespace(t *testing.T, mount, job, dir string) {
	t.Helper()
	unshare, err := exec.LookPath("unshare")
	oathtest.NeedsTool(t, err)
	prefix := []string{unshare, "--user", "--map-root-user", "--mount", "sh", "-ec"}
	try := exec.Command(prefix[0], append(prefix[1:], mount, "sh", dir)...)
	if out, err := try.CombinedOutput(); err != nil {
		t.Skipf("this system does not let users mount: %v\n%s", err, out)
	}
	prefix = append(prefix, mount+"\nshift\nexec \"$@\"", "sh", dir)
	if out, err := worker(t, job, dir, prefix...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFullDisk stores accounts until there is no room.
func TestFullDisk(t *testing.T) {
	v := createForWork(t, t.TempDir())
	inNamespace(t, `cp -a "$1" "$1.copy"; mount -t tmpfs -o size=80k,mode=700 tmpfs "$1"; cp -a "$1.copy/." "$1"; rm -r "$1.copy"`, "fill", v.Dir())
}

func fill(v *vault.Vault, s oath.Secret) error {
	const most = 100
	for i := range most {
		id := oath.ID(fmt.Sprintf("GitHub:%d", i))
		err := v.Put(account(id), s)
		if err == nil {
			continue
		}
		if !errors.Is(err, vault.ErrDiskFull) || !errors.Is(err, oath.ErrNoSpace) {
			return err
		}
		if _, err := v.Code(counted("Bank:alice", 0), now); !errors.Is(err, oath.ErrNoSpace) {
			return fmt.Errorf("an HOTP code whose counter was not stored: %w", err)
		}
		if entries, err := v.Codes(now); err != nil || len(entries) != i+2 {
			return fmt.Errorf("%d accounts after %d were stored: %w", len(entries), i+2, err)
		}
		if err := v.Delete("GitHub:0"); err != nil {
			return fmt.Errorf("making room: %w", err)
		}
		return v.Put(account(id), s)
	}
	return errors.New("the disk did not get full")
}

// TestPutAllOnFullDisk stores accounts together until there is no room. What is said to be
// stored is there, and nothing else.
func TestPutAllOnFullDisk(t *testing.T) {
	v := createForWork(t, t.TempDir())
	inNamespace(t, `cp -a "$1" "$1.copy"; mount -t tmpfs -o size=400k,mode=700 tmpfs "$1"; cp -a "$1.copy/." "$1"; rm -r "$1.copy"`, "fill-all", v.Dir())
}

func fillAll(v *vault.Vault, s oath.Secret) error {
	all := numbered(1000, 3)
	var stored, refused []oath.ID
	err := v.PutAll(keyed(s, all...), func(i int, err error) {
		switch {
		case err == nil:
			stored = append(stored, all[i])
		case errors.Is(err, vault.ErrDiskFull):
			refused = append(refused, all[i])
		}
	})
	entries, failed := v.Codes(now)
	switch {
	case !errors.Is(err, vault.ErrDiskFull) || len(stored) == 0 || len(refused) == 0 || len(stored)+len(refused) == len(all):
		return fmt.Errorf("%d accounts were stored and %d refused: %w", len(stored), len(refused), err)
	case failed != nil || len(entries) != len(stored)+2:
		return fmt.Errorf("%d accounts after %d were stored: %w", len(entries), len(stored)+2, failed)
	}
	for _, id := range stored {
		if _, err := v.Code(account(id), now); err != nil {
			return fmt.Errorf("%q was stored: %w", id, err)
		}
	}
	if err := v.Delete(stored[0]); err != nil {
		return fmt.Errorf("making room: %w", err)
	}
	return v.Put(account(stored[0]), s)
}

// TestReadOnlyDisk reads from a vault that cannot be written to.
func TestReadOnlyDisk(t *testing.T) {
	v := createForWork(t, t.TempDir())
	inNamespace(t, `mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"`, "read", v.Dir())
}

func readOnly(v *vault.Vault, s oath.Secret) error {
	if _, err := v.Code(account("GitHub:alice"), now); err != nil {
		return err
	}
	if entries, err := v.Codes(now); err != nil || len(entries) != 2 {
		return fmt.Errorf("Codes returns %d accounts: %w", len(entries), err)
	}
	for doing, err := range map[string]error{
		"Put":           v.Put(account("GitHub:bob"), s),
		"Delete":        v.Delete("GitHub:alice"),
		"Rename":        v.Rename("GitHub:alice", "GitHub:bob"),
		"SetPassphrase": v.SetPassphrase("x"),
		"Rekey":         v.Rekey(nextIdentity, vault.Ways{}),
	} {
		if !errors.Is(err, vault.ErrReadOnly) {
			return fmt.Errorf("%s: got error %w, want ErrReadOnly", doing, err)
		}
	}
	if _, err := v.Code(counted("Bank:alice", 0), now); !errors.Is(err, vault.ErrReadOnly) {
		return fmt.Errorf("HOTP: got error %w, want ErrReadOnly", err)
	}
	return nil
}
