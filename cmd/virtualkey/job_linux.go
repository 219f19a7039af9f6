package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// endsWithUs has the kernel end a process when this one is gone.
var endsWithUs = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

// foreground says whether this process is in the foreground of a terminal, which
// then sends its signals to the whole process group.
func foreground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
