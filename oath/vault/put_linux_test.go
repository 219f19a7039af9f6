package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// putMany is the job of storing so many accounts at once, without the key. Those that are
// there already are as they should be.
func putMany(v *vault.Vault, s oath.Secret, argument string) error {
	n, err := strconv.Atoi(argument)
	if err != nil {
		return err
	}
	var failures []error
	err = v.PutAll(keyed(s, numbered(n, 3)...), func(_ int, err error) {
		if !errors.Is(err, oath.ErrExists) {
			failures = append(failures, err)
		}
	})
	return errors.Join(append(failures, err)...)
}

// TestPutAllKilled kills a process at the system calls that change the disk: of each
// account, there is all or nothing, and the same again does the rest.
func TestPutAllKilled(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	oathtest.NeedsTool(t, err)
	const accounts = 12
	before := beforeWork(t, "put-all")
	inSome := false
	for call := 1; ; call++ {
		dir := before.copy(t)
		command := worker(t, fmt.Sprint("put-all ", accounts), dir, strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+changing,
			"-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", changing, call)) // of each thread
		out, err := command.CombinedOutput()
		if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); err != nil && (!ok || !status.Signaled() && status.ExitStatus() != 128+9) {
			t.Fatalf("killed at call %d: %v\n%s", call, err, out)
		}
		stored := 0
		for line := range strings.Lines(inspect(t, dir)) {
			if strings.HasPrefix(line, "Issuer") {
				stored++
			} else if !strings.Contains(before.state, line) {
				t.Errorf("killed at call %d, it leaves %q", call, line)
			}
		}
		if err == nil {
			if !inSome || stored != accounts {
				t.Errorf("%d accounts are stored at the end, and some in between: %t", stored, inSome)
			}
			return
		}
		inSome = inSome || 0 < stored && stored < accounts
		if out, err := worker(t, fmt.Sprint("put-all ", accounts), dir).CombinedOutput(); err != nil {
			t.Fatalf("again: %v\n%s", err, out)
		}
		v := unlock(t, dir)
		for _, id := range numbered(accounts, 3) {
			expectCode(t, v, account(id))
		}
		for _, name := range files(t, dir) {
			if strings.Contains(name, ".tmp-") {
				t.Errorf("killed at call %d, it leaves %s", call, name)
			}
		}
		os.RemoveAll(dir)
	}
}

// TestPutAllIsLinear counts what is asked of the system for each account: it does not
// depend on how many there are, and neither does any folder be read again.
func TestPutAllIsLinear(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	oathtest.NeedsTool(t, err)
	count := func(accounts int) (calls, listings float64) {
		dir := createForWork(t, t.TempDir()).Dir()
		trace := filepath.Join(t.TempDir(), "trace")
		out, err := worker(t, fmt.Sprint("put-all ", accounts), dir, strace, "-f", "-qq", "-o", trace, "-e", "trace=%file,%desc,fsync").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		text, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			_, call, _ := bytes.Cut(bytes.TrimLeft(line, "0123456789"), []byte(" "))
			switch name, _, _ := bytes.Cut(bytes.TrimSpace(call), []byte("(")); {
			case bytes.HasPrefix(name, []byte("epoll")), bytes.HasPrefix(name, []byte("<...")): // the runtime's, and second halves
			case string(name) == "getdents64":
				listings++
				fallthrough
			default:
				calls++
			}
		}
		return calls, listings
	}
	few, fewListings := count(100)
	many, manyListings := count(1000)
	t.Logf("%.1f calls an account for 100, %.1f for 1000, and %.0f and %.0f to read folders", few/100, many/1000, fewListings, manyListings)
	if each := (many - few) / 900; each > 40 || each > few/100 {
		t.Errorf("each further account takes %.1f calls, after %.1f for the first 100", each, few/100)
	}
	if manyListings > fewListings {
		t.Errorf("folders are read %.0f times for 1000 accounts, and %.0f times for 100", manyListings, fewListings)
	}
}
