package durable

import (
	"os"

	"golang.org/x/sys/windows"
)

// Lock waits for the lock on an open file; closing the file releases it.
func Lock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped))
}

// Unlock releases the lock before the file is closed.
func Unlock(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, new(windows.Overlapped))
}

// SyncFolder does nothing: NTFS journals its names, and has no call for it.
func SyncFolder(*os.File) error { return nil }
