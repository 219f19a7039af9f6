package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/pcscd"
)

// Exit statuses of run when there was no command, as those of env(1).
const (
	statusFailed    = 125
	statusCannotRun = 126
	statusNoCommand = 127
)

// run runs a command in a private daemon with the key plugged in, and returns its
// exit status.
func run(args []string, stderr io.Writer) (status int, err error) {
	runtime.LockOSThread() // the kernel ends the command with the thread that started it
	o, err := parseRun(args, stderr)
	if err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
	starting, started := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer started()
	err = o.withKey(stderr, func(key *virtualkey.Key, trace *recent) error {
		daemon, err := pcscd.Launch(starting, pcscd.Options{Reader: o.reader, Driver: driver()})
		if err != nil {
			return err
		}
		defer daemon.Stop()
		p := &private{daemon: daemon, key: key}
		if err := p.plug(starting); err != nil {
			return err
		}
		if o.control != "" {
			stop := func() { signals <- syscall.SIGTERM }
			c, err := listen(o.control, &control{key: key, firmware: o.key.Firmware, port: p, trace: trace, stop: stop})
			if err != nil {
				return err
			}
			defer c.close()
			if err := daemon.Discard(o.control); err != nil {
				return err
			}
		}
		started()
		status, err = supervise(o.command, daemon.Env(), signals)
		return err
	})
	return status, err
}

// driver returns the path of a vpcd driver that is not installed, or "".
func driver() string {
	if named := os.Getenv("TOKENCTL_VPCD"); named != "" {
		return named
	}
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	beside := filepath.Join(filepath.Dir(self), "libifdvpcd.so")
	if _, err := os.Stat(beside); err != nil {
		return ""
	}
	return beside
}

// private is the first slot of a private daemon.
type private struct {
	daemon *pcscd.Daemon
	key    *virtualkey.Key
	out    func() // pulls the key out; nil before the first plug
}

func (p *private) plug(ctx context.Context) (err error) {
	p.pull()
	p.out, err = p.daemon.Plug(ctx, 0, p.key)
	return err
}

func (p *private) pull() {
	if p.out != nil {
		p.out()
	}
}

// supervise runs the command to its end and returns its exit status. It is in our
// process group, so that a terminal takes both for one job.
func supervise(command []string, variable string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), variable)
	cmd.SysProcAttr = endsWithUs
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return statusNoCommand, err
	} else if err != nil {
		return statusCannotRun, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if terminal := s == os.Interrupt || s == syscall.SIGQUIT; !terminal || !foreground() {
				cmd.Process.Signal(s)
			}
		case err := <-ended:
			if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
				return statusFailed, err
			}
			if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
				return 128 + int(ws.Signal()), nil
			}
			return cmd.ProcessState.ExitCode(), nil
		}
	}
}
