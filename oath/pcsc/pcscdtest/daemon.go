// Package pcscdtest gives a test a PC/SC daemon of its own, with a virtual reader
// of two slots to plug virtual keys into. It is for tests and demonstrations only.
//
// The daemon is pcscd, the reader is the vpcd driver of vsmartcard. Clients are
// pointed at it by an environment variable ([Daemon.Env]); it neither disturbs the
// machine's own pcscd nor sees the machine's own readers, needs no privileges,
// and ends with the process that started it. Any number may run side by side.
package pcscdtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// Reader is the name of the virtual reader, that of a YubiKey 5: other tools know
// a YubiKey by it.
const Reader = "Yubico YubiKey OTP+FIDO+CCID"

// ErrMissing is returned by [Launch] where a program it needs is not installed.
var ErrMissing = errors.New("a private PC/SC daemon needs Linux with pcscd, util-linux, and the driver of vsmartcard-vpcd (make deps)")

// A Daemon is a private pcscd with one reader of two slots, numbered 0 and 1.
type Daemon struct {
	dir     string // of its own, under os.TempDir
	port    int    // of slot 0; slot 1 has the next one
	process *process
}

// Launch runs a daemon until Stop. It is ready for clients and keys on return.
// The error is [ErrMissing] where that cannot be.
func Launch() (*Daemon, error) {
	driver, err := findDriver()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pcscd") // short: a socket's path has 108 bytes
	if err != nil {
		return nil, err
	}
	d := &Daemon{dir: dir}
	if err := d.launch(driver); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return d, nil
}

// launch starts the daemon at ports that are free.
func (d *Daemon) launch(driver string) error {
	if err := d.prepare(driver); err != nil {
		return err
	}
	for {
		err := d.startAt(choosePort())
		if !errors.Is(err, errPortTaken) {
			return err
		}
	}
}

// prepare copies the driver, for its folder is hidden from the daemon.
func (d *Daemon) prepare(driver string) error {
	so, err := os.ReadFile(driver)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.driver(), so, 0o600); err != nil {
		return err
	}
	return os.Mkdir(d.config(), 0o700)
}

// startAt starts the daemon with the slots at a port and the next.
func (d *Daemon) startAt(port int) error {
	d.port = port
	if err := os.WriteFile(filepath.Join(d.config(), "vpcd"), d.readerConf(), 0o600); err != nil {
		return err
	}
	return d.start()
}

func (d *Daemon) socket() string { return filepath.Join(d.dir, "pcscd.comm") }
func (d *Daemon) config() string { return filepath.Join(d.dir, "reader.conf.d") }
func (d *Daemon) driver() string { return filepath.Join(d.dir, "libifdvpcd.so") }

// readerConf is what tells pcscd about the reader, reader.conf(5).
func (d *Daemon) readerConf() []byte {
	return fmt.Appendf(nil, "FRIENDLYNAME %q\nDEVICENAME /dev/null:%d\nLIBPATH %s\nCHANNELID %d\n",
		Reader, d.port, d.driver(), d.port)
}

// driverVariable names the vpcd driver, a file, where it is somewhere else.
const driverVariable = "TOKENCTL_VPCD"

// findDriver returns the path of the vpcd driver, once all else is there, too.
func findDriver() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	driver := lookForDriver(os.Getenv(driverVariable), folder, "/usr/lib*")
	if driver == "" || runtime.GOOS != "linux" {
		return "", ErrMissing
	}
	for _, program := range []string{"pcscd", "unshare", "setpriv"} {
		_, err := exec.LookPath(program)
		if err == nil {
			continue
		}
		if _, err := exec.LookPath(filepath.Join("/usr/sbin", program)); err != nil {
			return "", ErrMissing
		}
	}
	return driver, nil
}

// lookForDriver returns the driver that is named, or else the one in bin of the module
// around a folder, where .ci/deps unpacks it, or else the one that is installed; "" if
// there is none. Unpacked is better: the machine's own pcscd loads one that is installed.
func lookForDriver(named, folder, libraries string) string {
	if named != "" {
		return named
	}
	for !exists(filepath.Join(folder, "go.mod")) && folder != filepath.Dir(folder) {
		folder = filepath.Dir(folder)
	}
	if unpacked := filepath.Join(folder, "bin", "libifdvpcd.so"); exists(unpacked) {
		return unpacked
	}
	installed, _ := filepath.Glob(filepath.Join(libraries, "pcsc/drivers/serial/libifdvpcd.so"))
	return append(installed, "")[0]
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
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

// start runs the daemon and waits until it is ready.
func (d *Daemon) start() error {
	socket, err := listen(d.socket())
	if err != nil {
		return err
	}
	defer socket.Close()
	d.process, err = run(socket, d.config())
	if err != nil {
		os.Remove(d.socket())
		return fmt.Errorf("starting pcscd: %w", err)
	}
	if err := d.process.ready(); err != nil {
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

// Env returns what leads a PC/SC client to the daemon, as NAME=value.
func (d *Daemon) Env() []string { return []string{socketVariable + "=" + d.socket()} }

// socketVariable is read by libpcsclite, pcscd(8).
const socketVariable = "PCSCLITE_CSOCK_NAME"

// Slots returns the TCP addresses at which the slots wait for a virtual key.
func (d *Daemon) Slots() [2]string {
	return [2]string{fmt.Sprint("127.0.0.1:", d.port), fmt.Sprint("127.0.0.1:", d.port+1)}
}

// Readers returns the names of the slots as PC/SC has them.
func (d *Daemon) Readers() [2]string {
	return [2]string{Reader + " 00 00", Reader + " 00 01"}
}

// Log returns what the daemon said since it was last started.
func (d *Daemon) Log() string { return d.process.log.String() }

// Pause makes the daemon go away, with its socket, until Resume. Keys are pulled
// out by that.
func (d *Daemon) Pause() {
	d.process.end()
	os.Remove(d.socket())
}

// Resume makes a paused daemon come back, with the same socket and ports.
func (d *Daemon) Resume() error { return d.start() }

// Freeze has the daemon answer nobody any more, until Thaw.
func (d *Daemon) Freeze() error { return d.process.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw has a daemon that was frozen go on.
func (d *Daemon) Thaw() error { return d.process.cmd.Process.Signal(syscall.SIGCONT) }

// Restart is Pause and Resume.
func (d *Daemon) Restart() error {
	d.Pause()
	return d.Resume()
}

// Stop ends the daemon for good and leaves nothing behind.
func (d *Daemon) Stop() {
	d.process.end()
	os.RemoveAll(d.dir)
}
