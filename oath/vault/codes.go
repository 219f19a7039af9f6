package vault

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/tokenctl/tokenctl/oath"
)

// BackupCodes returns what SetBackupCodes stored for an account, which need not
// be in the vault itself; nil if that is nothing. It returns oath.ErrLocked, or a
// *DamagedFile.
func (v *Vault) BackupCodes(id oath.ID) ([]byte, error) {
	file, err := v.locateCodes(id)
	if errors.Is(err, oath.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if v.Locked() {
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
	return v.change("Change the backup codes of "+label(id), func() error {
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
	})
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
