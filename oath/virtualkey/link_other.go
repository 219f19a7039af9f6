//go:build !linux

package virtualkey

import "net"

// tune does nothing where acknowledgements cannot be asked for.
func tune(net.Conn) {}
