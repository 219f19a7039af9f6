//go:build !linux

package main

import "syscall"

// There is no private daemon but on Linux, and so no command to end.
var endsWithUs *syscall.SysProcAttr

func foreground() bool { return false }
