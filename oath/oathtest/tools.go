package oathtest

import (
	"os"
	"testing"
)

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
