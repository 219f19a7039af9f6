package diagnose

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Sizes and numbers of linux/unix_diag.h, linux/netlink.h and linux/rtnetlink.h.
const (
	sockDiagByFamily = 20
	established      = 1      // TCP_ESTABLISHED of linux/tcp_states.h
	showName         = 1 << 0 // UDIAG_SHOW_NAME
	showPeer         = 1 << 2 // UDIAG_SHOW_PEER
	attributeName    = 0      // UNIX_DIAG_NAME
	attributePeer    = 2      // UNIX_DIAG_PEER
	socketHeader     = 16     // struct unix_diag_msg
)

// maxSockets bounds how many sockets are looked at.
const maxSockets = 1 << 17

// clientSockets returns the sockets that are connected to one with a path, as the links in
// /proc show them. The kernel shows them to anybody, see sock_diag(7); /proc/net/unix does
// not have them.
func clientSockets(path string) (links []string, err error) {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	defer unix.Close(s)
	request := make([]byte, 40) // struct nlmsghdr, struct unix_diag_req
	order := binary.NativeEndian
	order.PutUint32(request[0:], 40)
	order.PutUint16(request[4:], sockDiagByFamily)
	order.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request[16] = unix.AF_UNIX
	order.PutUint32(request[20:], 1<<established) // udiag_states
	order.PutUint32(request[28:], showName|showPeer)
	if err := unix.Sendto(s, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	there := make(map[uint32]bool) // by inode: what was connected may have ended
	var peers []uint32
	answer := make([]byte, 1<<16)
	for more := true; more && len(there) < maxSockets; {
		n, _, err := unix.Recvfrom(s, answer, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for rest := answer[:n]; more && len(rest) >= unix.SizeofNlMsghdr; {
			length, kind := int(order.Uint32(rest)), order.Uint16(rest[4:])
			if length < unix.SizeofNlMsghdr+socketHeader || length > len(rest) || kind != sockDiagByFamily {
				more = false // NLMSG_DONE, or NLMSG_ERROR
				break
			}
			message := rest[unix.SizeofNlMsghdr:length]
			there[order.Uint32(message[4:])] = true // udiag_ino
			name, peer := socketAttributes(message[socketHeader:])
			if string(bytes.TrimRight(name, "\x00")) == path && len(peer) == 4 {
				peers = append(peers, order.Uint32(peer))
			}
			rest = rest[min(align(length), len(rest)):]
		}
	}
	for _, peer := range peers {
		if there[peer] {
			links = append(links, fmt.Sprintf("socket:[%d]", peer))
		}
	}
	return links, nil
}

// socketAttributes finds the name and the peer in what follows a struct unix_diag_msg.
func socketAttributes(rest []byte) (name, peer []byte) {
	for len(rest) >= unix.SizeofRtAttr {
		length := int(binary.NativeEndian.Uint16(rest))
		if length < unix.SizeofRtAttr || length > len(rest) {
			break
		}
		switch value := rest[unix.SizeofRtAttr:length]; binary.NativeEndian.Uint16(rest[2:]) {
		case attributeName:
			name = value
		case attributePeer:
			peer = value
		}
		rest = rest[min(align(length), len(rest)):]
	}
	return name, peer
}

// align is NLMSG_ALIGN and RTA_ALIGN.
func align(n int) int { return (n + 3) &^ 3 }
