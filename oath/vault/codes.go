package vault

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

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

// ErrNameless says that backup codes do not name their account, as those stored by
// early versions: whoever writes to the folder may have taken them from another one.
var ErrNameless = errors.New("the backup codes in it do not name their account")

// ErrOtherCodes says that the backup codes of another account were put in their place.
var ErrOtherCodes = errors.New("it holds the backup codes of another account")

// BackupCodes returns what SetBackupCodes stored for an account, which need not
// be in the vault itself; nil if that is nothing. It returns oath.ErrLocked, or a
// *DamagedFile, for ErrOtherCodes, too. The codes come along with ErrNameless.
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
	plain, err := v.unseal(file)
	if err != nil {
		return nil, err
	}
	_, codes, err := codesIn(file, plain)
	return codes, err
}

// accountMark begins the line, among those before the first empty one, that names the
// account: its ID, as a string of Go if it would not read back as it stands. Files are
// not signed, and can be moved; the line, encrypted as the codes are, moves with them.
const accountMark = "account: "

// ofAccount returns codes with the line that names their account.
func ofAccount(id oath.ID, codes []byte) []byte {
	name, quoted := string(id), strconv.Quote(string(id))
	if quoted != `"`+name+`"` || strings.TrimSpace(name) != name {
		name = quoted
	}
	return append([]byte(accountMark+name+"\n"), codes...)
}

// codesIn returns the codes in a file's content, which it changes, and the account that
// they name, if it may be there. The error is a *DamagedFile; codes come with ErrNameless.
func codesIn(file string, plain []byte) (oath.ID, []byte, error) {
	start := 0
	for line := range bytes.Lines(plain) {
		text := strings.TrimRight(strings.TrimPrefix(string(line), "\ufeff"), "\r\n")
		name, found := strings.CutPrefix(text, accountMark)
		if text == "" {
			break
		}
		if !found {
			start += len(line)
			continue
		}
		if unquoted, err := strconv.Unquote(name); err == nil {
			name = unquoted
		}
		if account := oath.ID(name).Account(oath.TypeUnknown); !mayHold(strings.TrimSuffix(file, codesSuffix)+accountSuffix, account) {
			return "", nil, &DamagedFile{file, fmt.Errorf("%w: %q", ErrOtherCodes, account.Label())}
		}
		return oath.ID(name), slices.Delete(plain, start, start+len(line)), nil
	}
	return "", plain, &DamagedFile{file, ErrNameless}
}

// codesFor returns the content of a file of codes, encrypted, as that of another account.
// Nameless ones stay so.
func (v *Vault) codesFor(id oath.ID, file string) ([]byte, error) {
	plain, err := v.unseal(file)
	if err != nil {
		return nil, err
	}
	_, codes, err := codesIn(file, plain)
	switch {
	case err == nil:
		codes = ofAccount(id, codes)
	case !errors.Is(err, ErrNameless):
		return nil, err
	}
	return v.seal(codes)
}

// SetBackupCodes stores an account's backup codes, as text in lines, instead of
// those before; the vault may be locked. Nil removes them.
func (v *Vault) SetBackupCodes(id oath.ID, codes []byte) error {
	return v.change(changeOfCodes(id), func() error { return v.storeCodes(id, codes) })
}

// UpdateBackupCodes stores what update returns instead of an account's backup
// codes, which update is given, nil if there are none. No other process writes
// meanwhile. If update returns an error, that is returned, and nothing changes. The
// error that update is given is nil or ErrNameless; if it returns none, the codes are
// the account's. UpdateBackupCodes returns oath.ErrLocked if there are codes and the
// vault is locked, or a *DamagedFile.
func (v *Vault) UpdateBackupCodes(id oath.ID, update func(old []byte, nameless error) ([]byte, error)) error {
	return v.unlocking(func() error {
		return v.change(changeOfCodes(id), func() error {
			old, nameless := v.readCodes(id)
			if nameless != nil && !errors.Is(nameless, ErrNameless) {
				return nameless
			}
			codes, err := update(slices.Clone(old), nameless)
			if err != nil || old == nil && codes == nil || codes != nil && bytes.Equal(codes, old) && nameless == nil {
				return err
			}
			return v.storeCodes(id, codes)
		})
	})
}

// MoveBackupCodes gives the backup codes of one account to another. It is for accounts
// that are not in the vault themselves: Rename takes the codes of the others along. It
// returns oath.ErrNotFound if there are none, oath.ErrExists if the other account has
// some, oath.ErrLocked, for the codes name their account, or a *DamagedFile.
func (v *Vault) MoveBackupCodes(old, new oath.ID) error {
	if err := nameable(new); err != nil {
		return err
	}
	return v.unlocking(func() error {
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
			sealed, err := v.codesFor(new, from)
			if err != nil {
				return err
			}
			staged, err := v.disk.stage(path.Dir(to), sealed)
			if err != nil {
				return err
			}
			return v.disk.perform([]step{{staged, codesPath(to)}, {from, ""}})
		})
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
	sealed, err := v.seal(ofAccount(id, codes))
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
