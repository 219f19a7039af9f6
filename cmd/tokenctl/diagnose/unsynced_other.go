//go:build !linux

package diagnose

// kernelUnsynced is not known here: macOS and Windows keep their clocks by themselves.
func kernelUnsynced() bool { return false }
