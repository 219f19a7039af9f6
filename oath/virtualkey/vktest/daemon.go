package vktest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/pcscd"
)

// A Daemon is a private pcscd, for tests that want more of it than [Start] does: two
// keys, none, or its coming and going. It is as safe for
// concurrent use as a [pcscd.Daemon].
type Daemon struct{ *pcscd.Daemon }

// Launch runs a daemon with a reader of two slots for the length of a test. It serves other processes.
func Launch(t testing.TB) *Daemon {
	t.Helper()
	return launch(t, pcscd.Options{Slots: 2})
}

func launch(t testing.TB, o pcscd.Options) *Daemon {
	t.Helper()
	oathtest.NeedsTool(t, nil)
	o.Driver = driver()
	d, err := pcscd.Launch(t.Context(), o)
	check(t, err)
	t.Cleanup(d.Stop)
	return &Daemon{d}
}

// check ends a test that has no daemon.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, pcscd.ErrMissing) {
		t.Fatal(err)
	}
	oathtest.NeedsTool(t, err)
}

// shared is the daemon of the whole process.
var shared struct {
	once   sync.Once
	daemon *Daemon
	err    error
	free   chan int // slots for Here
}

// Shared returns the one daemon, with a reader of two slots, to which libpcsclite in this very process leads; the
// first call starts it, and sets the environment variable. It ends with the process.
func Shared(t testing.TB) *Daemon {
	t.Helper()
	oathtest.NeedsTool(t, nil)
	shared.once.Do(func() {
		d, err := pcscd.Launch(context.Background(), pcscd.Options{Driver: driver(), Slots: 2})
		if err != nil {
			shared.err = err
			return
		}
		shared.daemon = &Daemon{d}
		shared.free = make(chan int, 2)
		shared.free <- 0
		shared.free <- 1
		shared.err = os.Setenv(pcscd.Variable, d.Socket())
	})
	check(t, shared.err)
	return shared.daemon
}

// driver returns the path of a driver that is not installed, or "".
func driver() string {
	if named := os.Getenv("TOKENCTL_VPCD"); named != "" {
		return named
	}
	folder, err := os.Getwd() // of the test's package
	for err == nil && folder != filepath.Dir(folder) {
		if _, outside := os.Stat(filepath.Join(folder, "go.mod")); outside == nil {
			break
		}
		folder = filepath.Dir(folder)
	}
	unpacked := filepath.Join(folder, "bin", "libifdvpcd.so")
	if _, err := os.Stat(unpacked); err != nil {
		return ""
	}
	return unpacked
}

// patience ends a test that hangs; a machine may be busy.
const patience = 2 * time.Minute

// Plug puts a key into a slot, 0 or 1, and waits until the daemon has found it. The
// function returned pulls it out and waits until the daemon has noticed; so does
// the end of the test. It may be called again, and for a key that is gone.
func (d *Daemon) Plug(t testing.TB, slot int, key *virtualkey.Key) (pull func()) {
	t.Helper()
	pull, err := d.Daemon.Plug(t.Context(), slot, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pull)
	return pull
}

// Resume makes a daemon run again that was paused, with the same socket and slots.
func (d *Daemon) Resume(t testing.TB) {
	t.Helper()
	if err := d.Daemon.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
}
