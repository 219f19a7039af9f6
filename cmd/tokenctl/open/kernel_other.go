//go:build !linux

package open

import (
	"errors"
	"time"
)

// Only Linux has a keyring in its kernel.

func hasKernel() error { return errors.New("the kernel keeps no keys here") }

func recallInKernel(string) (text string, found bool) { return "", false }

func rememberInKernel(string, string, time.Duration) error { return hasKernel() }

func forgetInKernel(string) (forgotten bool, err error) { return false, nil }
