package main

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
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
		p := newProgram(term.Console{In: strings.NewReader(""), Out: out, Err: &messages, Now: time.Now}, nil)
		return execute(t.Context(), p, append(args, "--vault", dir))
	}
	if status := run(io.Discard, "vault", "init", "--no-passphrase"); status != 0 {
		t.Fatalf("vault init: exit status %d: %s", status, &messages)
	}
	for _, args := range [][]string{{"vault", "status"}, {"vault", "status", "--json"}} {
		messages.Reset()
		if status := run(fullDisk{}, args...); status != term.ExitFailure || !strings.Contains(messages.String(), "no space left") {
			t.Errorf("%v: exit status %d, message %q", args, status, &messages)
		}
	}
}
