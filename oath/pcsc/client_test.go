//go:build cgo && !windows

package pcsc

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ebfe/scard"

	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// clientRole is the environment variable that makes this test binary a client of
// the daemon, a program of its own.
const clientRole = "PCSC_TEST_CLIENT"

// client plays a role, and returns the exit code.
func client(role string) int {
	name, arg, _ := strings.Cut(role, " ")
	if err := roles[name](arg); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

var roles = map[string]func(string) error{
	"connect":  playConnect,
	"wait":     playWait,
	"block":    playBlock,
	"exchange": playExchange,
}

// run returns this test binary, to be run in a role.
func run(t *testing.T, role string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = slices.Concat(os.Environ(), env, []string{clientRole + "=" + role})
	return cmd
}

// playConnect connects, as root or as somebody else.
func playConnect(user string) error {
	if user != "" {
		id, err := strconv.Atoi(user)
		if err != nil {
			return err
		}
		if err := cmp.Or(syscall.Setgroups(nil), syscall.Setgid(id), syscall.Setuid(id)); err != nil {
			return err
		}
	}
	_, err := Connect()
	return known(err)
}

// playWait waits for a key that does not come.
func playWait(duration string) error {
	limit, err := time.ParseDuration(duration)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	_, err = new(Service).Wait(ctx, present)
	return known(err)
}

// known returns what an error is at its root.
func known(err error) error {
	for _, root := range []error{ErrNoService, ErrNoPermission, context.DeadlineExceeded} {
		if errors.Is(err, root) {
			return root
		}
	}
	return err
}

// connectAt returns what a client says that looks for its daemon at a socket.
func connectAt(t *testing.T, socket, role string) string {
	t.Helper()
	cmd := run(t, role, "PCSCLITE_CSOCK_NAME="+socket)
	out, _ := cmd.CombinedOutput()
	return strings.TrimSpace(string(out))
}

// Who finds no service learns that, and who may not use it does.
func TestNoService(t *testing.T) {
	vktest.Shared(t) // or skip
	dir := t.TempDir()
	for _, test := range []struct {
		name string
		hang func(path string) (io.Closer, error)
		want error
	}{
		{"missing", func(string) (io.Closer, error) { return io.NopCloser(nil), nil }, ErrNoService},
		{"abandoned", abandon, ErrNoService},
		{"refusing", refuse, ErrNoPermission},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(dir, test.name)
			c, err := test.hang(path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := connectAt(t, path, "connect"); got != test.want.Error() {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// libpcsclite does not distinguish a socket that this user may not open from none.
func TestNobody(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become somebody else")
	}
	socket := vktest.Shared(t).Socket()
	if got := connectAt(t, socket, "connect"); got != "" {
		t.Errorf("root: got %q", got)
	}
	if got := connectAt(t, socket, "connect 65534"); got != ErrNoService.Error() {
		t.Errorf("nobody: got %q, want %q", got, ErrNoService)
	}
}

// abandon leaves a socket on which nobody listens.
func abandon(path string) (io.Closer, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err == nil {
		l.SetUnlinkOnClose(false)
		err = l.Close()
	}
	return l, err
}

// refuse does what pcscd does to clients that polkit turns down.
func refuse(path string) (io.Closer, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	go func() {
		for refuseOne(l) == nil {
		}
	}()
	return l, nil
}

// refuseOne hangs up with the client's first request unread (winscard_svc.c,
// ContextThread), or here, all but its header of 8 bytes and the first byte, so
// that all of it has been sent.
func refuseOne(l net.Listener) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	io.ReadFull(conn, make([]byte, 8+1))
	return conn.Close()
}

// A service that refuses once may just be about to end, and Wait continues. One that
// refuses for good ends it.
func TestWaitRefused(t *testing.T) {
	vktest.Shared(t) // or skip
	path := filepath.Join(t.TempDir(), "socket")
	refusing, err := refuse(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := connectAt(t, path, "wait 2m"); got != ErrNoPermission.Error() {
		t.Errorf("refused for good: got %q, want %q", got, ErrNoPermission)
	}
	refusing.Close()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		refuseOne(l)
		l.Close()
	}()
	if got := connectAt(t, path, "wait 300ms"); got != context.DeadlineExceeded.Error() {
		t.Errorf("refused once: got %q, want %q", got, context.DeadlineExceeded)
	}
}

// playBlock unlocks the card in a reader, and then waits for what does not come.
func playBlock(reader string) error {
	c, err := openFor(reader)
	if err != nil {
		return err
	}
	if err := tryUnlock(c); err != nil {
		return err
	}
	if _, err := c.Transmit(list); err != nil {
		return err
	}
	_, err = c.Transmit([]byte{0, slow, 0, 0})
	return err
}

func openFor(reader string) (*Card, error) {
	s, err := Connect()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.Open(ctx, reader)
}

// tryUnlock opens the OATH applet with the password: YKOATH, "VALIDATE".
func tryUnlock(c *Card) error {
	selected, err := c.Transmit(selectOATH)
	if err != nil {
		return err
	}
	challenge, _ := bytes.CutPrefix(selected[15:], []byte("\x74\x08")) // behind version and salt
	response, err := c.Transmit(slices.Concat([]byte("\x00\xa3\x00\x00\x20\x75\x14"),
		proof(challenge[:8]), []byte("\x74\x0887654321")))
	if err == nil && !bytes.HasSuffix(response, []byte("\x90\x00")) {
		err = fmt.Errorf("VALIDATE: %x", response)
	}
	return err
}

// A program that is killed while it waits for a touch leaves no card unlocked: the
// service resets it, once the card is done. Until then others wait.
func TestKilled(t *testing.T) {
	d := vktest.Shared(t)
	k := newTestKey(t)
	setPassword(t, k)
	d.Plug(t, 0, k.Key)
	reader := d.Readers()[0]
	newRival(t, reader, scard.ShareShared) // keeps the card from losing power

	cmd := run(t, "block "+reader)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-k.waits
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if k.resets() > 0 {
		t.Error("the key was reset while it waited")
	}
	close(k.finger)
	eventually(t, "the key is reset", func() bool { return k.resets() > 0 })
	c := open(t, connect(t), reader)
	expect(t, c, list, "6d00") // no applet is selected
	expect(t, c, selectOATH, "9000")
	expect(t, c, list, "6982")
	shut(t, c, false)
}

// playExchange sends commands that say who sent them and how many before.
func playExchange(role string) error {
	number, reader, _ := strings.Cut(role, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	c, err := openFor(reader)
	if err != nil {
		return err
	}
	for i := range exchanges {
		if _, err := c.Transmit([]byte{0, 0xff, byte(n), byte(i)}); err != nil {
			return err
		}
	}
	if n%2 == 0 {
		c.ResetOnClose()
	}
	return c.Close()
}

const exchanges = 20

// Programs that use a card at the same time take turns.
func TestTurns(t *testing.T) {
	d := vktest.Shared(t)
	k := newTestKey(t)
	d.Plug(t, 0, k.Key)
	const programs = 10
	var running []*exec.Cmd
	for n := range programs {
		cmd := run(t, fmt.Sprintf("exchange %d %s", n, d.Readers()[0]))
		cmd.Stdout = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for n, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("program %d: %v", n, err)
		}
	}
	commands := k.commands()
	if len(commands) != programs*exchanges {
		t.Fatalf("%d commands, want %d", len(commands), programs*exchanges)
	}
	for i, command := range commands {
		program := commands[i-i%exchanges][4:6]
		if want := fmt.Sprintf("00ff%s%02x", program, i%exchanges); command != want {
			t.Fatalf("command %d is %s, want %s", i, command, want)
		}
	}
}
