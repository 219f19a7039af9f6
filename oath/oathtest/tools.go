package oathtest

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Await looks until a condition is fulfilled, and returns an error if it never is. It
// counts how often it looked: on a busy machine, that takes the longer.
func Await(what string, condition func() bool) error {
	const looks = 24_000
	for range looks {
		if condition() {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("looked %d times in vain: %s", looks, what)
}

// RequireTool is [NeedsTool] for programs that are found by their names.
func RequireTool(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := exec.LookPath(name)
		NeedsTool(t, err)
	}
}

// NeedsTool marks a test that runs another maker's program, or a service; err says
// why there is none, if so. Such a test is skipped with -short, which is "make
// check", and where the program is missing. With CI=true in the environment a
// missing program fails it.
func NeedsTool(t testing.TB, err error) {
	t.Helper()
	switch {
	case testing.Short():
		t.Skip("runs another program")
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
}
