package main

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoCoreDump has the kernel say that it writes no core of this process to a disk, and
// hands none to a program that /proc/sys/kernel/core_pattern names after a "|".
func TestNoCoreDump(t *testing.T) {
	var limit unix.Rlimit
	umask := unix.Umask(0o022)
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		t.Fatal(err)
	}
	defer func() {
		unix.Umask(umask)
		unix.Setrlimit(unix.RLIMIT_CORE, &limit)
		unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	}()
	keepPrivate()
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &now); err != nil || now.Cur != 0 || now.Max != 0 {
		t.Errorf("a core may have %d bytes: %v", now.Cur, err)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("PR_GET_DUMPABLE = %d, %v", dumpable, err)
	}
}
