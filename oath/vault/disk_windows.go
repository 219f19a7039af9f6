package vault

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/windows"
)

// secure trusts the access control list that a user's own folders have.
func secure(fs.FileInfo) error { return nil }

func isNoSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

func isReadOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }
