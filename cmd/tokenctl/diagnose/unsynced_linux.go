package diagnose

import (
	"os"

	"golang.org/x/sys/unix"
)

// kernelUnsynced reports whether the kernel says that nobody keeps its clock right, see
// adjtimex(2). In a container somebody else does, and does not always inform the kernel.
func kernelUnsynced() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv", "/run/systemd/container"} {
		if _, err := os.Stat(mark); err == nil {
			return false
		}
	}
	var clock unix.Timex
	if _, err := unix.Adjtimex(&clock); err != nil {
		return false
	}
	return clock.Status&unix.STA_UNSYNC != 0
}
