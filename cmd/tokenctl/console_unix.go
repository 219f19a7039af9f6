//go:build !windows

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

func openConsole() (in, out *os.File, err error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	return tty, tty, err
}

// keepPrivate keeps secrets in memory from being written to disk by a crash, and
// the files that this program and git write from being read by others.
func keepPrivate() {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	unix.Umask(0o077)
}
