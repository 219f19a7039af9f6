package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/tokenctl/tokenctl/oath"
)

// BackupCodes returns what SetBackupCodes stored for an account, which need not
// be in the vault itself; nil if that is nothing. It returns oath.ErrLocked, or a
// *DamagedFile.
func (v *Vault) BackupCodes(id oath.ID) (codes []byte, err error) {
	err = v.withKey(func() error {
		codes, err = v.readCodes(id)
		return err
	})
	return codes, err
}

// HasBackupCodes reports whether backup codes of an account are stored; it needs
// no unlock.
func (v *Vault) HasBackupCodes(id oath.ID) (bool, error) {
	_, err := v.locateCodes(id)
	if errors.Is(err, oath.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (v *Vault) readCodes(id oath.ID) ([]byte, error) {
	file, err := v.locateCodes(id)
	if errors.Is(err, oath.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if v.identity == nil {
		return nil, oath.ErrLocked
	}
	content, err := v.disk.read(file)
	if err != nil {
		return nil, err
	}
	plain, err := openOwn(content, v.identity)
	if err != nil {
		return nil, &DamagedFile{file, err}
	}
	return plain, nil
}

// SetBackupCodes stores an account's backup codes, as text in lines, in the place
// of those before; the vault may be locked. Nil removes them.
func (v *Vault) SetBackupCodes(id oath.ID, codes []byte) error {
	return v.change(changeOfCodes(id), func() error { return v.storeCodes(id, codes) })
}

// UpdateBackupCodes puts what update returns in the place of an account's backup
// codes, which update is given, nil if there are none. No other process writes
// meanwhile. If update returns an error, that is returned, and nothing changes.
// It returns oath.ErrLocked if there are codes and the vault is locked, or a
// *DamagedFile.
func (v *Vault) UpdateBackupCodes(id oath.ID, update func(old []byte) ([]byte, error)) error {
	return v.withKey(func() error {
		return v.change(changeOfCodes(id), func() error {
			old, err := v.readCodes(id)
			if err != nil {
				return err
			}
			codes, err := update(slices.Clone(old))
			if err != nil || old == nil && codes == nil {
				return err
			}
			if codes != nil && bytes.Equal(codes, old) {
				return nil
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
	return v.change(fmt.Sprintf("Give the backup codes of %s to %s", label(old), label(new)), func() error {
		from, err := v.locateCodes(old)
		if err != nil {
			return err
		}
		_, err = v.locateCodes(new)
		if err == nil {
			return oath.ErrExists
		}
		if !errors.Is(err, oath.ErrNotFound) {
			return err
		}
		to, err := v.place(new)
		if err != nil {
			return err
		}
		if err := v.disk.mkdir(path.Dir(to)); err != nil {
			return err
		}
		if err := v.disk.take(step{from, codesPath(to)}); err != nil {
			return err
		}
		return v.disk.prune(path.Dir(from))
	})
}

func changeOfCodes(id oath.ID) string { return "Change the backup codes of " + label(id) }

// storeCodes is SetBackupCodes for who has the lock.
func (v *Vault) storeCodes(id oath.ID, codes []byte) error {
	file, err := v.locateCodes(id)
	switch {
	case errors.Is(err, oath.ErrNotFound) && codes == nil:
		return oath.ErrNotFound
	case errors.Is(err, oath.ErrNotFound):
		file, err = v.place(id)
		file = codesPath(file)
	}
	if err != nil {
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

// locateCodes returns the file of backup codes that belongs to an account, or
// where it has to be if the account is in the vault and has none.
func (v *Vault) locateCodes(id oath.ID) (string, error) {
	for _, file := range paths(id) {
		there, err := v.disk.has(codesPath(file))
		if err != nil || there {
			return codesPath(file), err
		}
	}
	file, err := v.locate(id)
	if err != nil {
		return "", err
	}
	file = codesPath(file)
	if _, err := v.disk.look(file); errors.Is(err, fs.ErrNotExist) {
		return "", oath.ErrNotFound
	}
	return file, nil
}
