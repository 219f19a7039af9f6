package vault

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/tokenctl/tokenctl/oath"
)

// ListBackupCodes returns the accounts that backup codes are stored for, in the
// order of their IDs, as List does; it needs no unlock.
func (v *Vault) ListBackupCodes() ([]oath.Account, error) {
	files, bad := v.files(codesSuffix)
	return accountsOf(files), bad.err()
}

// HasBackupCodes reports whether backup codes are stored for an account; it needs
// no unlock.
func (v *Vault) HasBackupCodes(id oath.ID) (bool, error) {
	_, err := v.locateCodes(id)
	if errors.Is(err, oath.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// BackupCodes returns what SetBackupCodes stored for an account, which need not
// be in the vault itself; nil if that is nothing. It returns oath.ErrLocked, or a
// *DamagedFile.
func (v *Vault) BackupCodes(id oath.ID) (codes []byte, err error) {
	err = v.unlocking(func() error {
		codes, err = v.readCodes(id)
		return err
	})
	return codes, err
}

// readCodes is BackupCodes without asking for the key.
func (v *Vault) readCodes(id oath.ID) ([]byte, error) {
	file, err := v.locateCodes(id)
	if errors.Is(err, oath.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return v.unseal(file)
}

// SetBackupCodes stores an account's backup codes, as text in lines, instead of
// those before; the vault may be locked. Nil removes them.
func (v *Vault) SetBackupCodes(id oath.ID, codes []byte) error {
	return v.change(changeOfCodes(id), func() error { return v.storeCodes(id, codes) })
}

// UpdateBackupCodes stores what update returns instead of an account's backup
// codes, which update is given, nil if there are none. No other process writes
// meanwhile. If update returns an error, that is returned, and nothing changes.
// It returns oath.ErrLocked if there are codes and the vault is locked, or a
// *DamagedFile.
func (v *Vault) UpdateBackupCodes(id oath.ID, update func(old []byte) ([]byte, error)) error {
	return v.unlocking(func() error {
		return v.change(changeOfCodes(id), func() error {
			old, err := v.readCodes(id)
			if err != nil {
				return err
			}
			codes, err := update(slices.Clone(old))
			if err != nil || old == nil && codes == nil || codes != nil && bytes.Equal(codes, old) {
				return err
			}
			return v.storeCodes(id, codes)
		})
	})
}

// MoveBackupCodes gives the backup codes of one account to another; the vault may
// be locked. It is for accounts that are not in the vault themselves: Rename takes
// the codes of the others along. It returns oath.ErrNotFound if there are none,
// and oath.ErrExists if the other account has some.
func (v *Vault) MoveBackupCodes(old, new oath.ID) error {
	if err := nameable(new); err != nil {
		return err
	}
	return v.change(fmt.Sprintf("Give the backup codes of %s to %s", label(old), label(new)), func() error {
		from, err := v.locateCodes(old)
		if err != nil {
			return err
		}
		if taken, err := v.HasBackupCodes(new); err != nil {
			return err
		} else if taken {
			return oath.ErrExists
		}
		to, err := v.place(new)
		if err != nil {
			return err
		}
		if err := v.disk.mkdir(path.Dir(to)); err != nil {
			return err
		}
		return v.disk.take(step{from, codesPath(to)})
	})
}

func changeOfCodes(id oath.ID) string { return "Change the backup codes of " + label(id) }

// storeCodes is SetBackupCodes for who has the lock.
func (v *Vault) storeCodes(id oath.ID, codes []byte) error {
	file, err := v.locateCodes(id)
	if errors.Is(err, oath.ErrNotFound) && codes != nil {
		file, err = v.place(id)
		file = codesPath(file)
	}
	if err != nil {
		return err
	}
	if err := nameable(id); err != nil && codes != nil {
		return err
	}
	if codes == nil {
		return v.disk.take(step{file, ""})
	}
	sealed, err := v.seal(slices.Clone(codes))
	if err != nil {
		return err
	}
	return v.disk.write(file, sealed)
}

// locateCodes returns the file of an account's backup codes. It returns
// oath.ErrNotFound if there are none.
func (v *Vault) locateCodes(id oath.ID) (string, error) {
	for _, file := range paths(id) {
		there, err := v.has(codesPath(file))
		if err != nil || there {
			return codesPath(file), err
		}
	}
	file, err := v.locate(id) // under the account's label, maybe
	if err != nil {
		return "", err
	}
	there, err := v.exists(codesPath(file))
	if err == nil && !there {
		err = oath.ErrNotFound
	}
	return codesPath(file), err
}
