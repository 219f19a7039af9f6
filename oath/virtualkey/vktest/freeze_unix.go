//go:build !windows

package vktest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// Freeze stops the daemon, so that it answers nobody, and waits until it stands: of a
// signal, one of its threads may hear later. Thaw ends that.
func (d *Daemon) Freeze(t testing.TB) {
	t.Helper()
	d.signal(t, syscall.SIGSTOP)
	err := oathtest.Await("pcscd stands", func() bool {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", d.PID()))
		for _, thread := range threads {
			stat, _ := os.ReadFile(thread)
			if !bytes.Contains(stat, []byte(") T ")) { // proc_pid_stat(5): the name, and the state
				return false
			}
		}
		return len(threads) > 0
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Thaw has a daemon go on that was frozen.
func (d *Daemon) Thaw(t testing.TB) {
	t.Helper()
	d.signal(t, syscall.SIGCONT)
}

func (d *Daemon) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(d.PID(), s); err != nil {
		t.Fatal(err)
	}
}
