package virtualkey

import (
	"net"

	"golang.org/x/sys/unix"
)

// hasten makes TCP acknowledge at once what arrives. vpcd writes a frame in two
// segments with Nagle's algorithm on, so that an acknowledgement held back costs
// 40 ms each time. The kernel forgets the option whenever data goes out or in:
// it is set anew after both. Without it the link is slow and nothing worse, so
// that errors do not matter.
func hasten(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	c := &hasty{TCPConn: tcp}
	c.acknowledge()
	return c
}

// hasty is a connection that holds no acknowledgement back.
type hasty struct{ *net.TCPConn }

func (c *hasty) Read(b []byte) (int, error) {
	defer c.acknowledge()
	return c.TCPConn.Read(b)
}

func (c *hasty) Write(b []byte) (int, error) {
	defer c.acknowledge()
	return c.TCPConn.Write(b)
}

func (c *hasty) acknowledge() {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	})
}
