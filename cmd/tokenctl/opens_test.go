//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// TestCodeOpens counts how often code, which somebody waits for, opens the ledger and the
// vault.
func TestCodeOpens(t *testing.T) {
	r := newRig(t)
	r.plug("red", 0, virtualkey.Config{})
	home := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		c := exec.Command("tokenctl", args...)
		c.Env, c.Dir = r.environment(home), home
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	data := filepath.Join(home, "data/tokenctl")
	run("init", "--yes", "--no-passphrase")
	run("enroll", "otpauth://totp/GitHub:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=GitHub")
	paths := []string{filepath.Join(data, "ledger.json"), filepath.Join(data, "vault")}
	for query, want := range map[string][]int{
		"GitHub:alice": {1, 0},
		"alice":        {2, 1}, // the key lists its accounts, which the ledger may not know
	} {
		if opened := countOpens(t, paths, func() { run("code", query) }); !slices.Equal(opened, want) {
			t.Errorf("code %s opened %q %d times, want %d", query, paths, opened, want)
		}
	}
}

// countOpens returns how often each of the paths was opened while a function ran.
func countOpens(t *testing.T, paths []string, run func()) []int {
	t.Helper()
	watch, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(watch)
	index := make(map[uint32]int)
	for i, path := range paths {
		number, err := unix.InotifyAddWatch(watch, path, unix.IN_OPEN)
		if err != nil {
			t.Fatal(path, err)
		}
		index[uint32(number)] = i
	}
	run()
	counts := make([]int, len(paths))
	queue := make([]byte, 64<<10)
	for {
		n, err := unix.Read(watch, queue)
		if errors.Is(err, unix.EAGAIN) {
			return counts
		}
		if err != nil {
			t.Fatal(err)
		}
		for events := queue[:n]; len(events) > 0; {
			name := binary.NativeEndian.Uint32(events[12:]) // how long it is; see inotify(7)
			if name == 0 {                                  // it is the path itself, and nothing in it
				counts[index[binary.NativeEndian.Uint32(events)]]++
			}
			events = events[unix.SizeofInotifyEvent+name:]
		}
	}
}
