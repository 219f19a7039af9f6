package paper

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isDiskFull reports whether there was no room on a disk.
func isDiskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
