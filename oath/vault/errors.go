package vault

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

var (
	// ErrNoVault says that the folder does not exist, or holds no vault.
	ErrNoVault = errors.New("no vault here")

	// ErrVaultExists says that the folder holds a vault already. Nothing was
	// changed.
	ErrVaultExists = errors.New("a vault exists already")

	// ErrNotEmpty says that the folder for a new vault holds something else.
	// Nothing was changed.
	ErrNotEmpty = errors.New("the folder is not empty")

	// ErrInsecure says that somebody else may write to the vault's folder or to
	// a file in it. The message names it.
	ErrInsecure = errors.New("somebody else may write to it")

	// ErrForeignOwner is an ErrInsecure for what belongs to another user.
	ErrForeignOwner = fmt.Errorf("%w", ErrInsecure)

	// ErrSymlink says that there is a symbolic link where a vault has a file or a
	// folder. Links are not followed.
	ErrSymlink = errors.New("a symbolic link, which is not followed")

	// ErrReadOnly says that the vault is on a disk that cannot be written to.
	// Nothing was changed.
	ErrReadOnly = errors.New("the disk is read-only")

	// ErrDiskFull says that the vault's disk is. It wraps oath.ErrNoSpace. Nothing
	// was changed.
	ErrDiskFull error = diskFull{}

	// ErrRecipientsChanged says that accounts would be encrypted to other keys
	// than the ones that this machine trusts. Nothing was changed. [Vault.Trust]
	// accepts the change.
	ErrRecipientsChanged = errors.New("the vault's public key is not the one this machine knows")

	// ErrWrongKey says that a key is sound, but does not belong to this vault;
	// it may be the one from before a rekey.
	ErrWrongKey = errors.New("this key belongs to another vault, or to this one before its key was changed")

	// ErrMalformedKey says that a text is not an age identity, which is printed as
	// AGE-SECRET-KEY-1..., or is mistyped.
	ErrMalformedKey = errors.New("not a vault's key, or mistyped")

	// ErrNoWay says that the vault has no such way in.
	ErrNoWay = errors.New("the vault has no such way in")

	// ErrConflict says that git could not merge a file that two machines changed. It
	// is left alone until [Vault.Keep] settles it, and so is the repository.
	ErrConflict = errors.New("two machines changed it, and git could not merge that")

	// ErrKeyConflict is ErrConflict for the vault's public key: accounts are encrypted
	// to two keys. Nothing is stored meanwhile.
	ErrKeyConflict = errors.New("two machines changed the vault's key, and git could not merge that")

	// ErrNotCommitted says that the change was made, but git did not take it.
	ErrNotCommitted = errors.New("the change was made, but not committed to git")

	// ErrDamaged is oath.ErrDamaged. Where several files are looked at, the error is
	// a *DamagedError.
	ErrDamaged = oath.ErrDamaged
)

type diskFull struct{}

func (diskFull) Error() string { return "the disk is full" }
func (diskFull) Unwrap() error { return oath.ErrNoSpace }

// A DamagedError lists the files that cannot be used, and comes with all that
// the others hold. It wraps ErrDamaged and each file's own error.
type DamagedError struct {
	Files []DamagedFile
}

// A DamagedFile is a file that cannot be used.
type DamagedFile struct {
	Path string // in the vault, with slashes
	Err  error  // why, without the path; may be ErrInsecure or ErrSymlink
}

func (e *DamagedError) Error() string {
	lines := make([]string, len(e.Files))
	for i, f := range e.Files {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the files' errors.
func (e *DamagedError) Unwrap() []error {
	errs := make([]error, len(e.Files))
	for i := range e.Files {
		errs[i] = &e.Files[i]
	}
	return errs
}

func (f *DamagedFile) Error() string { return fmt.Sprintf("%q: %v", f.Path, f.Err) }

// Unwrap returns ErrDamaged and the file's own error.
func (f *DamagedFile) Unwrap() []error { return []error{ErrDamaged, f.Err} }

// A damage collects files that cannot be used.
type damage []DamagedFile

// add takes an error that is about one file, and returns any other.
func (d *damage) add(err error) error {
	var file *DamagedFile
	if errors.As(err, &file) {
		*d = append(*d, *file)
		return nil
	}
	return err
}

func (d damage) err() error {
	if len(d) == 0 {
		return nil
	}
	return &DamagedError{Files: d}
}
