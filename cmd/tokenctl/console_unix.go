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

// forbidCoreDumps keeps secrets in memory from being written to disk by a crash.
func forbidCoreDumps() {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
