//go:build linux

package main

import (
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/diagnose"
)

// setSystem lets a script have another computer than this one: TEST_SYSTEM names a folder
// with its files. Otherwise it is this one, without what is plugged in. TEST_UNSYNCED makes
// its clock one that nobody sets, and TEST_BUILT is the day that tokenctl was made on.
func setSystem() {
	system = func() diagnose.System {
		s := diagnose.Here()
		s.Files = unplugged{s.Files.(fs.ReadLinkFS)}
		if root := os.Getenv("TEST_SYSTEM"); root != "" {
			s.Files = os.DirFS(root)
		}
		s.Unsynced = func() bool { return os.Getenv("TEST_UNSYNCED") != "" }
		s.Built = func() (day time.Time) {
			day, _ = time.Parse(time.DateOnly, os.Getenv("TEST_BUILT"))
			return day
		}
		return s
	}
}

// unplugged are the files of a computer that does not show USB.
type unplugged struct{ fs.ReadLinkFS }

func (u unplugged) Open(name string) (fs.File, error) {
	if name == "sys/bus/usb/devices" {
		return nil, fs.ErrNotExist
	}
	return u.ReadLinkFS.Open(name)
}

// scriptSocket makes a socket on which a daemon hangs up as pcscd does when polkit says
// no, with the client's first request unread (winscard_svc.c, ContextThread); one whose
// daemon has ended; or one of another version, 9.0, whose daemon says
// SCARD_E_SERVICE_STOPPED to ours (winscard_msg.h, CMD_VERSION).
func scriptSocket(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2 && slices.Contains([]string{"refuse", "abandon", "outdate"}, args[0]), "socket refuse|abandon|outdate FILE")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: ts.MkAbs(args[1]), Net: "unix"})
	ts.Check(err)
	if args[0] == "abandon" {
		l.SetUnlinkOnClose(false)
		ts.Check(l.Close())
		return
	}
	ts.Defer(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if args[0] == "outdate" {
				io.ReadFull(conn, make([]byte, 8+12)) // struct rxHeader, struct version_struct
				conn.Write([]byte("\x09\x00\x00\x00\x00\x00\x00\x00\x1e\x00\x10\x80"))
			} else {
				io.ReadFull(conn, make([]byte, 8+1)) // so that all of it has been sent
			}
			conn.Close()
		}
	}()
}

// scriptMute puts a card into a slot whose answer to reset is longer than one can be: ISO
// 7816-3 has at most 33 bytes.
func scriptMute(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1 && (args[0] == "0" || args[0] == "1"), "mute SLOT")
	conn, err := net.Dial("tcp", rigOf(ts).daemon.Slots()[args[0][0]-'0'])
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	go func() {
		const atrPlease = 4 // vpcd.h of vsmartcard, VPCD_CTRL_ATR
		frame := make([]byte, 3)
		for {
			if _, err := io.ReadFull(conn, frame); err != nil {
				return
			}
			if frame[2] == atrPlease {
				conn.Write(append([]byte{0, 40}, make([]byte, 40)...))
			}
		}
	}()
}
