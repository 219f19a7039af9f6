package pcscd

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// keepLocal has a child process take TCP connections from this machine alone: it binds
// the sockets on which the child listens to the loopback interface. It takes Linux 5.7
// and the right to trace the child, ptrace(2), which some containers withhold.
func keepLocal(pid int) error {
	child, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(child)
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return err
	}
	for _, f := range files {
		number, err := strconv.Atoi(f.Name())
		if err != nil {
			return err
		}
		fd, err := unix.PidfdGetfd(child, number, 0)
		if errors.Is(err, unix.EBADF) {
			continue // closed since
		}
		if err != nil {
			return os.NewSyscallError("pidfd_getfd", err)
		}
		domain, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		listens, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		device, _ := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
		if domain == unix.AF_INET && listens != 0 && device != "lo" { // it can be bound once
			err = unix.BindToDevice(fd, "lo")
		}
		unix.Close(fd)
		if err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}
