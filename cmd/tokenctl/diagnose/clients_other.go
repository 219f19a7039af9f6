//go:build !linux

package diagnose

import "errors"

// clientSockets is not known here.
func clientSockets(string) ([]string, error) { return nil, errors.ErrUnsupported }
