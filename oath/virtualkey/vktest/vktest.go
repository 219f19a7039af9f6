// Package vktest gives a Go test a virtual YubiKey, in a reader of its own under
// the real pcscd. It takes one line, and every program that talks to a YubiKey over
// PC/SC can be tested:
//
//	func TestCode(t *testing.T) {
//		key := vktest.Start(t, virtualkey.Config{Firmware: virtualkey.Version{5, 4, 3}})
//		out, err := key.Command("ykman", "oath", "accounts", "code").Output()
//		...
//	}
//
// [Start] runs a daemon for the one key, which other programs find by an environment
// variable, [Key.Env]. Such tests may be parallel. A test that is itself the client,
// with libpcsclite in its own process, calls [Here]: libpcsclite looks for its daemon
// once in a process. A key of [New] has no reader and is sent APDUs.
//
// It takes Linux with pcscd and the vpcd driver of vsmartcard: the driver that the
// environment variable TOKENCTL_VPCD names, or else bin/libifdvpcd.so in the module
// of the test, or else the one that is installed. Where these are missing, the test
// is skipped, or fails if the environment has CI=true. With -short it is skipped.
//
// The functions are safe for concurrent use by tests that are parallel.
package vktest

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/pcscd"
)

// A Key is a virtual key for the length of a test, plugged in. Its faults and its
// count of exchanges are those of the [virtualkey.Key],
// whose methods are safe for concurrent use. Plug and Pull of one with a reader are not.
type Key struct {
	*virtualkey.Key
	t      testing.TB
	trace  trace
	daemon *Daemon // nil if it has no reader
	slot   int
	pull   func()
}

// New makes a key without a reader. It is sent APDUs with Transmit.
func New(t testing.TB, config virtualkey.Config) *Key {
	t.Helper()
	k := &Key{t: t}
	if config.Trace == nil {
		config.Trace = &k.trace
	}
	key, err := virtualkey.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { key.Close() })
	k.Key = key
	return k
}

// Start makes a key and plugs it into a daemon of its own, for other programs. The
// reader is named as the key's firmware has it.
func Start(t testing.TB, config virtualkey.Config) *Key {
	t.Helper()
	k := New(t, config)
	reader := cmp.Or(config.Firmware, virtualkey.DefaultFirmware).Reader()
	k.insert(launch(t, pcscd.Options{Reader: reader}), 0)
	return k
}

// Here makes a key and plugs it into the daemon that libpcsclite in this process
// finds, [Shared]. That one has two slots: if both are taken, by tests that are
// parallel, it waits for one.
func Here(t testing.TB, config virtualkey.Config) *Key {
	t.Helper()
	k := New(t, config)
	d := Shared(t)
	slot := <-shared.free
	t.Cleanup(func() { shared.free <- slot })
	k.insert(d, slot)
	return k
}

// insert plugs the key in for the first time.
func (k *Key) insert(d *Daemon, slot int) {
	k.t.Helper()
	k.daemon, k.slot = d, slot
	k.Plug()
}

// Plug plugs the key in again, and waits until its reader has found it.
func (k *Key) Plug() {
	k.t.Helper()
	if k.daemon == nil {
		k.Key.Plug()
		return
	}
	k.Pull()
	k.pull = k.daemon.Plug(k.t, k.slot, k.Key)
}

// Pull pulls the key out, and waits until its reader has noticed.
func (k *Key) Pull() {
	k.Key.Pull()
	if k.pull != nil {
		k.pull()
	}
}

// Touch waits until the key blinks, and touches it. The key does that for an account
// or a slot that wants a touch, if Config.Touch is [virtualkey.TouchNever] or the
// finger it names is still on its way.
func (k *Key) Touch() {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	if err := k.Key.Touch(ctx); err != nil {
		k.t.Fatalf("touching the key: %v", err)
	}
}

// Trace returns what went over the wire so far, a line for each command and each
// response: [virtualkey.Config]. It is empty if Config.Trace goes elsewhere.
func (k *Key) Trace() string { return k.trace.String() }

// Reader returns the name of its reader under PC/SC.
func (k *Key) Reader() string {
	k.t.Helper()
	return k.home().Readers()[k.slot]
}

// Env returns the environment variable, NAME=value, by which programs find its
// reader.
func (k *Key) Env() string {
	k.t.Helper()
	return k.home().Env()
}

func (k *Key) home() *Daemon {
	k.t.Helper()
	if k.daemon == nil {
		k.t.Fatal("a key of vktest.New has no reader: see vktest.Start")
	}
	return k.daemon
}

// Command returns a program that finds the reader, and is killed if it outlives the
// test. The rest of its environment is that of the test.
func (k *Key) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(k.t.Context(), name, args...)
	cmd.Env = append(os.Environ(), k.Env())
	return cmd
}

// A trace may be read while the key writes it.
type trace struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *trace) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *trace) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
