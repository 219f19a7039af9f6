// Package pcscd runs a PC/SC daemon of one's own, with a virtual reader to plug
// virtual keys into. It is for tests and demonstrations.
//
// The daemon is pcscd, the reader is the vpcd driver of vsmartcard. Clients are
// led to it by an environment variable ([Daemon.Env]), which libpcsclite reads; it
// neither disturbs the machine's own pcscd nor sees the machine's own readers, and
// needs no privileges where user namespaces are allowed. It leaves nothing behind,
// even if the process that started it is killed. Any number may run side by side.
//
// A daemon has one reader, since a second one of this driver deadlocks it, of one slot
// or two. For more keys, run more daemons.
//
// The functions are safe for concurrent use.
package pcscd

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// Options describe a daemon. The zero value has the reader of a YubiKey 5 and the
// driver that is installed.
type Options struct {
	// Reader is the name of the reader, of at most 100 printable bytes without
	// quotation marks; "" is that of a YubiKey 5. Other programs know a YubiKey,
	// and what it can do, by this name alone: [virtualkey.Version.Reader].
	Reader string

	// Driver is the file libifdvpcd.so; "" is the one that is installed. One that is
	// not is better, since the machine's own pcscd loads one that is.
	Driver string

	// Slots is how many slots the reader has, 1 or 2; 0 is 1. Programs take an empty
	// slot for another YubiKey: ykman must be given the one that is meant. The driver
	// has two. It is changed for one, and then knows no attributes (SCardGetAttrib); one
	// that is not the driver of vsmartcard 3 for a computer of 64 bits keeps two.
	Slots int
}

// ErrMissing is returned by [Launch] where something it needs is not installed. The
// error names the Debian packages.
var ErrMissing = errors.New("a private PC/SC daemon is not possible")

// A Daemon is a private pcscd with one reader, whose slots are numbered 0 and 1.
// Plug, and what reports on the daemon, are safe for concurrent use; Pause, Resume and Stop
// are not.
type Daemon struct {
	reader  string
	slots   int
	dir     string // of its own, under os.TempDir
	janitor *janitor
	port    int // of slot 0; slot 1 has the next one
	process *process

	plugging sync.Mutex // held by Plug
}

// Launch runs a daemon until Stop, or the end of this process. It is ready for
// clients and keys on return. The context limits the start alone. The error is
// [ErrMissing] where something is not installed.
func Launch(ctx context.Context, o Options) (*Daemon, error) {
	if o.Reader == "" {
		o.Reader = virtualkey.DefaultFirmware.Reader()
	}
	o.Slots = cmp.Or(o.Slots, 1)
	if o.Slots != 1 && o.Slots != 2 {
		return nil, fmt.Errorf("invalid number of slots %d", o.Slots)
	}
	if len(o.Reader) > 100 || strings.ContainsFunc(o.Reader, func(r rune) bool { return r < ' ' || r > '~' || r == '"' }) {
		return nil, fmt.Errorf("invalid name of a reader %q", o.Reader)
	}
	driver, err := findDriver(o.Driver)
	if err != nil {
		return nil, err
	}
	d := &Daemon{reader: o.Reader, slots: o.Slots, dir: filepath.Join(temporary(), "virtualkey-"+crand.Text()[:10])}
	if d.janitor, err = hire(d.dir); err != nil {
		return nil, err
	}
	if err := d.launch(ctx, driver); err != nil {
		d.janitor.dismiss()
		return nil, err
	}
	return d, nil
}

// temporary is the folder for a daemon's own. A socket's path has 107 bytes, and /run
// is another one for the daemon.
func temporary() string {
	if dir := os.TempDir(); len(dir) < 75 && !strings.HasPrefix(dir, "/run") {
		return dir
	}
	return "/tmp"
}

// launch starts the daemon at ports that are free. The driver is copied, for its
// folder is hidden from the daemon.
func (d *Daemon) launch(ctx context.Context, driver string) error {
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		return err
	}
	so, err := os.ReadFile(driver)
	if err != nil {
		return fmt.Errorf("reading the driver of the virtual reader: %w", err)
	}
	if d.slots == 1 && leaveOneSlot(so) != nil {
		d.slots = 2
	}
	if err := os.WriteFile(d.driver(), so, 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(d.config(), 0o700); err != nil {
		return err
	}
	for {
		err := d.startAt(ctx, choosePort())
		if !errors.Is(err, errPortTaken) {
			return err
		}
	}
}

// startAt starts the daemon with the slots at a port and the next.
func (d *Daemon) startAt(ctx context.Context, port int) error {
	d.port = port
	if err := os.WriteFile(filepath.Join(d.config(), "vpcd"), d.readerConf(), 0o600); err != nil {
		return err
	}
	return d.Resume(ctx)
}

// Socket returns the path of the socket on which the daemon waits for clients.
func (d *Daemon) Socket() string { return filepath.Join(d.dir, "pcscd.comm") }
func (d *Daemon) config() string { return filepath.Join(d.dir, "reader.conf.d") }
func (d *Daemon) driver() string { return filepath.Join(d.dir, "libifdvpcd.so") }

// readerConf describes the reader to pcscd, reader.conf(5).
func (d *Daemon) readerConf() []byte {
	return fmt.Appendf(nil, "FRIENDLYNAME \"%s\"\nDEVICENAME /dev/null:%d\nLIBPATH %s\nCHANNELID %d\n",
		d.reader, d.port, d.driver(), d.port)
}

// findDriver returns the path of the vpcd driver, once all else is there, too.
func findDriver(driver string) (string, error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("%w: it needs Linux", ErrMissing)
	}
	var missing []string
	if driver == "" {
		installed, _ := filepath.Glob("/usr/lib*/pcsc/drivers/serial/libifdvpcd.so")
		if driver = append(installed, "")[0]; driver == "" {
			missing = append(missing, "vsmartcard-vpcd")
		}
	}
	for _, p := range [][2]string{{"pcscd", "pcscd"}, {"unshare", "util-linux"}} {
		if _, err := exec.LookPath(p[0]); err == nil {
			continue
		}
		if _, err := exec.LookPath("/usr/sbin/" + p[0]); err != nil {
			missing = append(missing, p[1])
		}
	}
	if missing != nil {
		return "", fmt.Errorf("%w: not installed: %s (packages of Debian)", ErrMissing, strings.Join(missing, ", "))
	}
	return driver, nil
}

// choosePort returns a port that is free together with the next, below those that
// the system gives to outgoing connections.
func choosePort() int {
	for {
		port := 20000 + 2*rand.IntN(6000)
		if free(port) && free(port+1) {
			return port
		}
	}
}

func free(port int) bool {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{Port: port})
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// Resume makes a paused daemon run again, with the same socket and ports. The
// context limits the start alone. Its errors are those of Launch.
func (d *Daemon) Resume(ctx context.Context) error {
	socket, err := listen(d.Socket())
	if err != nil {
		return err
	}
	defer socket.Close()
	d.process, err = run(socket, d.config())
	if err != nil {
		os.Remove(d.Socket())
		return fmt.Errorf("starting pcscd: %w", err)
	}
	if err := d.process.ready(ctx); err != nil {
		d.Pause()
		return fmt.Errorf("starting pcscd: %w", err)
	}
	return nil
}

// listen returns a listening socket that a process can be given. It outlives
// being closed here.
func listen(path string) (*os.File, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	l.SetUnlinkOnClose(false)
	return l.File()
}

// Pause makes the daemon go away, with its socket, until Resume. Keys are pulled
// out by that.
func (d *Daemon) Pause() {
	d.process.end()
	os.Remove(d.Socket())
}

// Stop ends the daemon for good and leaves nothing behind.
func (d *Daemon) Stop() {
	d.process.end()
	d.janitor.dismiss()
}

// Discard has a file removed with the daemon, even if this process is killed.
func (d *Daemon) Discard(path string) error {
	if strings.Contains(path, "\n") {
		return fmt.Errorf("invalid path of a file to remove %q", path)
	}
	_, err := io.WriteString(d.janitor.word, path+"\n")
	return err
}

// Env returns what leads a PC/SC client to the daemon, as NAME=value. libpcsclite
// reads it once in a process, when it first looks for a daemon: pcscd(8).
func (d *Daemon) Env() string { return Variable + "=" + d.Socket() }

// Variable is the name of the environment variable that holds the path of a
// daemon's socket.
const Variable = "PCSCLITE_CSOCK_NAME"

// Slots returns the TCP addresses at which the slots wait for a virtual key.
func (d *Daemon) Slots() []string {
	return []string{fmt.Sprint("127.0.0.1:", d.port), fmt.Sprint("127.0.0.1:", d.port+1)}[:d.slots]
}

// Readers returns the names of the slots as PC/SC has them.
func (d *Daemon) Readers() []string {
	return []string{d.reader + " 00 00", d.reader + " 00 01"}[:d.slots]
}

// PID returns the process of pcscd, while it is not paused.
func (d *Daemon) PID() int { return d.process.pid }

// Log returns what the daemon said since it was last started.
func (d *Daemon) Log() string { return d.process.log.String() }
