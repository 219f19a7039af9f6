package open

import (
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel keeps keys for a login session, in memory, and forgets them when it ends or
// their time is up (keyrings(7), session-keyring(7)). What it keeps for us has this type,
// and a name that begins with kernelName.
const (
	kernelType = "user"
	kernelName = keyringService + ":"
)

// sessionRing returns the session's keyring. One is not made where there is none, which
// would be this process's alone: the kernel then takes the user's.
func sessionRing() (int, error) {
	ring, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
	if err != nil { // as in a container that forbids it
		return 0, fmt.Errorf("the kernel keeps no keys here: keyctl: %w", err)
	}
	return ring, nil
}

// hasKernel returns why the kernel keeps nothing.
func hasKernel() error {
	_, err := sessionRing()
	return err
}

func recallInKernel(name string) (text string, found bool) {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_SESSION_KEYRING, kernelType, kernelName+name, 0)
	if err != nil {
		return "", false
	}
	buffer := make([]byte, math.MaxUint16)
	n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, buffer, 0)
	if err != nil || n > len(buffer) {
		return "", false
	}
	return string(buffer[:n]), true
}

// rememberInKernel has the kernel keep a text for a time, in whole seconds.
func rememberInKernel(name, text string, life time.Duration) error {
	ring, err := sessionRing()
	if err != nil {
		return err
	}
	id, err := unix.AddKey(kernelType, kernelName+name, []byte(text), ring)
	if err != nil {
		return fmt.Errorf("the kernel's keyring: %w", err)
	}
	seconds := min(math.Ceil(life.Seconds()), math.MaxUint32)
	if _, err = unix.KeyctlInt(unix.KEYCTL_SET_TIMEOUT, id, int(seconds), 0, 0); err != nil {
		_, failed := forgetInKernel(name)
		return errors.Join(fmt.Errorf("the kernel's keyring: %w", err), failed)
	}
	return nil
}

func forgetInKernel(name string) (forgotten bool, err error) {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_SESSION_KEYRING, kernelType, kernelName+name, 0)
	if err != nil {
		return false, nil
	}
	if _, err = unix.KeyctlInt(unix.KEYCTL_INVALIDATE, id, 0, 0, 0); err != nil {
		return false, fmt.Errorf("the kernel's keyring: %w", err)
	}
	return true, nil
}
