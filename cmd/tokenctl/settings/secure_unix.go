//go:build unix

package settings

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// secure returns ErrInsecure unless only this user, and the superuser, may write to a file
// or a folder.
func secure(info fs.FileInfo) error {
	owner := info.Sys().(*syscall.Stat_t).Uid
	switch mode := info.Mode().Perm(); {
	case mode&0o022 != 0:
		return fmt.Errorf("%w: the mode of %s is %04o", ErrInsecure, info.Name(), mode)
	case owner != 0 && int(owner) != os.Geteuid():
		return fmt.Errorf("%w: %s belongs to user %d", ErrInsecure, info.Name(), owner)
	}
	return nil
}
