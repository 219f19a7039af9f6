//go:build !linux || !(amd64 || arm64 || 386 || arm || riscv64 || loong64 || s390x)

package capture

import "fmt"

// OpenCamera returns ErrNoCamera: cameras are read on Linux only.
func OpenCamera(string) (*Camera, error) {
	return nil, fmt.Errorf("%w that tokenctl reads on this system", ErrNoCamera)
}
