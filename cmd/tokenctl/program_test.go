package main

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A full disk is a writer that takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// A result that cannot be written is an error, and not a success without a word.
func TestUnwrittenResult(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	dir := filepath.Join(t.TempDir(), "vault")
	var messages bytes.Buffer
	run := func(out io.Writer, args ...string) int {
		p := &program{in: strings.NewReader(""), out: out, err: &messages, now: time.Now}
		return p.execute(t.Context(), append(args, "--vault", dir))
	}
	if status := run(io.Discard, "vault", "init", "--no-passphrase"); status != 0 {
		t.Fatalf("vault init: exit status %d: %s", status, &messages)
	}
	for _, args := range [][]string{{"vault", "status"}, {"vault", "status", "--json"}} {
		messages.Reset()
		if status := run(fullDisk{}, args...); status != exitFailure || !strings.Contains(messages.String(), "no space left") {
			t.Errorf("%v: exit status %d, message %q", args, status, &messages)
		}
	}
}
