//go:build unix

package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// secure returns ErrInsecure unless only this user, and the superuser, may write
// to a file or a folder.
func secure(info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%w: its owner is not known", ErrInsecure)
	}
	return secureOwner(info.Mode().Perm(), stat.Uid)
}

func secureOwner(mode fs.FileMode, owner uint32) error {
	if mode&0o022 != 0 {
		return fmt.Errorf("%w: its mode is %04o", ErrInsecure, mode)
	}
	if owner != 0 && int(owner) != os.Geteuid() {
		return fmt.Errorf("%w: it belongs to user %d", ErrInsecure, owner)
	}
	return nil
}

func isNoSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}

func isReadOnly(err error) bool { return errors.Is(err, unix.EROFS) }
