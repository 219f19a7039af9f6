//go:build unix

package vault

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// listQuickly is list for a folder in an open one, by a third of the system calls.
// It reports false where there is anything to be said about the folder.
func listQuickly(parent *os.File, folder string) (names []string, ok bool) {
	fd, err := unix.Openat(int(parent.Fd()), folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, false
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil || secureOwner(os.FileMode(stat.Mode&0o777), stat.Uid) != nil {
		return nil, false
	}
	buffer := make([]byte, 8192)
	for {
		n, err := unix.ReadDirent(fd, buffer)
		if err != nil {
			return nil, false
		}
		if n <= 0 {
			return names, true
		}
		_, _, names = syscall.ParseDirent(buffer[:n], -1, names)
	}
}
