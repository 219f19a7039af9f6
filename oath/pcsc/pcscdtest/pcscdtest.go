package pcscdtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// Start runs a daemon for the length of a test, which is skipped, or fails, as
// [oathtest.NeedsTool] has it.
//
// It serves other processes. libpcsclite looks for its daemon once in a process,
// so that a test which is itself the client takes [Shared] instead.
func Start(t testing.TB) *Daemon {
	t.Helper()
	oathtest.NeedsTool(t, nil)
	d, err := Launch()
	check(t, err)
	t.Cleanup(d.Stop)
	return d
}

// check ends a test that has no daemon.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, ErrMissing) {
		t.Fatal(err)
	}
	oathtest.NeedsTool(t, err)
}

// shared is the daemon of the whole test binary.
var shared struct {
	once    sync.Once
	running bool // under Main
	daemon  *Daemon
	err     error
}

// Main runs the tests of a package that uses [Shared] and returns the exit code:
//
//	func TestMain(m *testing.M) { os.Exit(pcscdtest.Main(m)) }
func Main(m *testing.M) int {
	shared.running = true
	defer func() {
		if shared.daemon != nil {
			shared.daemon.Stop()
		}
	}()
	return m.Run()
}

// Shared returns the one daemon of this test binary, to which PC/SC in this very
// process leads; the first call starts it. Like [Start] it skips or fails where
// that cannot be.
func Shared(t testing.TB) *Daemon {
	t.Helper()
	if !shared.running {
		t.Fatal("TestMain does not call pcscdtest.Main")
	}
	oathtest.NeedsTool(t, nil)
	shared.once.Do(func() {
		shared.daemon, shared.err = Launch()
		if shared.err == nil {
			os.Setenv(socketVariable, shared.daemon.socket())
		}
	})
	check(t, shared.err)
	return shared.daemon
}

// plugging is how long the daemon may take to notice a key; it looks after its
// slots every 0.4 seconds, but a machine may be busy.
const plugging = 2 * time.Minute

// Plug puts a key into a slot, 0 or 1, and waits until the daemon has found it. The
// function returned pulls it out and waits until the daemon has noticed; so does
// the end of the test. It may be called again, and for a key that is gone.
func (d *Daemon) Plug(t testing.TB, slot int, key *virtualkey.Key) (pull func()) {
	t.Helper()
	p, reader := d.process, d.Readers()[slot]
	await := func(condition func() bool) {
		t.Helper()
		if err := p.wait(plugging, condition); err != nil {
			t.Fatalf("plugging a key into slot %d: %v", slot, err)
		}
	}
	await(func() bool { return p.log.removed(reader) == p.inserted(reader) })
	inserted, found := p.log.inserted(reader), p.log.found()
	nth := p.inserted(reader) + 1
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- key.Connect(ctx, d.Slots()[slot], nil) }()
	pull = sync.OnceFunc(func() {
		cancel()
		<-done
		p.wait(plugging, func() bool { return p.log.removed(reader) >= nth }) // or it ended
	})
	t.Cleanup(pull)
	await(func() bool { return p.log.found() > found })
	if p.log.inserted(reader) == inserted { // it was there when the daemon first looked
		p.unannounced[reader]++
	}
	return pull
}
