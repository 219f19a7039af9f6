package main

import "golang.org/x/sys/unix"

// noDump keeps the kernel from handing memory to a program that takes core dumps through
// a pipe, which RLIMIT_CORE does not stop (core(5)), and other programs of the user's
// from reading it.
func noDump() { unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
