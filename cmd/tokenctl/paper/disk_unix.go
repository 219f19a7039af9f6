//go:build !windows

package paper

import (
	"errors"

	"golang.org/x/sys/unix"
)

// isDiskFull reports whether there was no room on a disk.
func isDiskFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
}
