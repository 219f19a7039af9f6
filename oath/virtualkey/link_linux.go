package virtualkey

import (
	"net"

	"golang.org/x/sys/unix"
)

// tune makes TCP acknowledge at once. vpcd sends a frame in two segments with
// Nagle's algorithm on, so that an acknowledgement held back costs 40 ms each
// time. The kernel forgets the option: it is set anew after every read. Without
// it the link is slow and nothing worse, so that errors do not matter.
func tune(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	})
}
