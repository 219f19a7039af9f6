//go:build !windows

package main

import "golang.org/x/sys/unix"

// keepPrivate keeps secrets in memory from being written to disk by a crash, and
// the files that this program and git write from being read by others.
func keepPrivate() {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	noDump()
	unix.Umask(0o077)
}
