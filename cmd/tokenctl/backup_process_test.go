//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// A home is where a person's vault and ledger are. Its vault has backup codes of
// GitHub:alice, and its ledger those of Bank:bob on paper.
type home string

// newHome makes a home with so many codes of each.
func newHome(t *testing.T, codes int) home {
	t.Helper()
	h := home(t.TempDir())
	out := h.must(t, "", "tokenctl", "vault", "init", "--no-passphrase")
	if err := os.WriteFile(h.key(), []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	for i := range codes {
		fmt.Fprintln(&list, codeAt(i))
	}
	h.must(t, list.String(), "tokenctl", "backup", "add", "GitHub:alice", "-", "--new")
	h.must(t, "", "tokenctl", "backup", "add", "Bank:bob", "--new", "--on-paper", fmt.Sprint(codes))
	return h
}

func codeAt(i int) string { return fmt.Sprintf("1234%04d", i) }

func (h home) key() string { return filepath.Join(string(h), "vault.key") }

// command returns a program that is at home there.
func (h home) command(args ...string) *exec.Cmd {
	c := exec.Command(args[0], args[1:]...)
	c.Dir = string(h)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + string(h), "LC_ALL=C.UTF-8"}
	return c
}

func (h home) run(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := h.command(args...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := c.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Error(err) // in whatever goroutine
		return outcome{status: -1}
	}
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func (h home) must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	o := h.run(t, stdin, args...)
	if o.status != 0 {
		t.Fatalf("%s: %v", strings.Join(args, " "), o)
	}
	return o.stdout
}

// Many who use a code at once get a code each, and none gets another's.
func TestBackupUseAtOnce(t *testing.T) {
	t.Parallel()
	const users = 12
	h := newHome(t, users)
	results := make(chan outcome)
	for range users {
		for _, account := range []string{"GitHub:alice", "Bank:bob"} {
			go func() {
				results <- h.run(t, "", "tokenctl", "backup", "use", account, "--json", "--vault-key-file", h.key())
			}()
		}
	}
	numbers, codes := make(map[string][]int), []string{}
	for range 2 * users {
		var got usedJSON
		o := <-results
		if err := json.Unmarshal([]byte(o.stdout), &got); err != nil || o.status != 0 {
			t.Fatalf("%v: %v", err, o)
		}
		numbers[got.ID] = append(numbers[got.ID], got.Number)
		if got.ID == "GitHub:alice" {
			codes = append(codes, got.Code)
		}
	}
	for id, list := range numbers {
		slices.Sort(list)
		if got := slices.Compact(list); len(got) != users {
			t.Errorf("%s: the numbers used are %v", id, list)
		}
	}
	slices.Sort(codes)
	for i, code := range codes {
		if code != codeAt(i) {
			t.Errorf("the codes used are %v", codes)
			break
		}
	}
	for _, account := range []string{"GitHub:alice", "Bank:bob"} {
		if o := h.run(t, "", "tokenctl", "backup", "use", account, "--vault-key-file", h.key()); o.status != term.ExitNoCodeLeft || o.stdout != "" {
			t.Errorf("one more of %s: %v", account, o)
		}
	}
}

// changing are the system calls that change a disk, or show something.
const changing = "write,pwrite64,ftruncate,fsync,fdatasync,mkdirat,renameat,renameat2,linkat,unlinkat"

// A use that is killed anywhere has shown no code that could come twice.
func TestBackupUseKilled(t *testing.T) {
	t.Parallel()
	seen := killedAnywhere(t, newHome(t, 3), func(h home, o outcome) string {
		return h.afterUse(t, strings.TrimSpace(o.stdout))
	}, "backup", "use", "GitHub:alice")
	for _, state := range []string{"unused", "used, not shown", "used, shown"} {
		if seen[state] == 0 {
			t.Errorf("killed at every call, it was never found %s: %v", state, seen)
		}
	}
}

// killedAnywhere runs a command in copies of a home, which is killed at every call
// in turn that changes something, and counts the states that it is found in. strace
// counts the calls of each thread by themselves, so all must be made by one.
func killedAnywhere(t *testing.T, begin home, inspect func(home, outcome) string, command ...string) map[string]int {
	t.Helper()
	oathtest.RequireTool(t, "strace")
	seen := make(map[string]int)
	for call := 1; ; call++ {
		h := home(filepath.Join(t.TempDir(), "home"))
		if out, err := exec.Command("cp", "-a", string(begin), string(h)).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		args := []string{"strace", "-f", "-qq", "-o", os.DevNull, "-e", "trace=" + changing,
			"-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", changing, call), "steady"}
		args = append(append(args, command...), "--vault-key-file", h.key())
		o := h.run(t, "", args...)
		if o.status == 0 {
			return seen
		}
		if o.status != -1 && o.status != 128+9 { // of strace, which ends as its program
			t.Fatalf("not killed at call %d: %v", call, o)
		}
		seen[inspect(h, o)]++
		os.RemoveAll(string(h))
	}
}

// New codes that are recorded half way are there, or the file still is; the same
// command does the rest.
func TestBackupAddKilled(t *testing.T) {
	t.Parallel()
	begin := newHome(t, 3)
	begin.must(t, "", "tokenctl", "backup", "use", "GitHub:alice", "--vault-key-file", begin.key())
	const name = "codes"
	if err := os.WriteFile(filepath.Join(string(begin), name), []byte("99990000\n88880000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	add := []string{"backup", "add", "GitHub:alice", name, "--delete-file"}
	seen := killedAnywhere(t, begin, func(h home, _ outcome) string {
		_, err := os.Stat(filepath.Join(string(h), name))
		state := "there"
		if err != nil {
			state = "deleted"
		} else {
			h.must(t, "", append(append([]string{"tokenctl"}, add...), "--vault-key-file", h.key())...)
		}
		h.expectNew(t)
		return state
	}, add...)
	if seen["there"] == 0 || seen["deleted"] == 0 {
		t.Errorf("killed at every call, the file was found %v", seen)
	}
}

// expectNew checks that the new codes are there, once, and nothing is due.
func (h home) expectNew(t *testing.T) {
	t.Helper()
	var list []recordJSON
	text := h.must(t, "", "tokenctl", "backup", "list", "GitHub:alice", "--show", "--json", "--vault-key-file", h.key())
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	if j := list[0]; j.Generation != 2 || len(j.Codes) != 2 || j.Codes[0].Code != "99990000" {
		t.Errorf("got %s", text)
	}
	if o := h.run(t, "", "tokenctl", "vault", "status"); strings.Contains(o.stderr, "Backup codes") {
		t.Errorf("a reminder still comes: %s", o.stderr)
	}
}

// afterUse looks at what a killed use of the first code left, and continues from
// there.
func (h home) afterUse(t *testing.T, shown string) (state string) {
	t.Helper()
	var list []recordJSON
	text := h.must(t, "", "tokenctl", "backup", "list", "GitHub:alice", "--show", "--json", "--vault-key-file", h.key())
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	state, next := list[0].Codes[0].State, codeAt(0)
	if state == "used" {
		next = codeAt(1)
	}
	isDue := strings.Contains(h.run(t, "", "tokenctl", "vault", "status").stderr, "Backup codes of GitHub:alice")
	if isDue != (state == "used") {
		t.Errorf("the code is %s, and a reminder comes: %t", state, isDue)
	}
	if got := strings.TrimSpace(h.must(t, "", "tokenctl", "backup", "use", "alice", "--vault-key-file", h.key())); got != next {
		t.Errorf("the first code is %s, and the next one to come is %q", state, got)
	}
	switch {
	case shown == "" && state == "used":
		return "used, not shown"
	case shown == "":
		return state
	case shown != codeAt(0) || state != "used":
		t.Errorf("%q is shown, and the first code is %s", shown, state)
	}
	return "used, shown"
}
