package issuer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func newFileStore(t testing.TB) FileStore {
	return FileStore{Path: filepath.Join(t.TempDir(), "folder", "codes.json")}
}

func TestFileStore(t *testing.T) {
	testStore(t, func(t *testing.T) Store { return newFileStore(t) })
}

// The file is its owner's alone, and what it holds stays when it is opened again.
func TestFileIsPrivate(t *testing.T) {
	s := newFileStore(t)
	confirmed(t, s, "alice", "a")
	info, err := os.Stat(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v", info.Mode())
	}
	holds(t, FileStore{s.Path}, "alice", "1 current ---")
}

// damaged are files that no FileStore writes, made from one that it did.
var damaged = map[string]func(good string) string{
	"cut":              func(good string) string { return good[:len(good)/2] },
	"no JSON":          func(string) string { return "backup codes\n" },
	"something else":   func(string) string { return `{"accounts": []}` },
	"newer":            func(good string) string { return strings.Replace(good, `"version": 1`, `"version": 2`, 1) },
	"a field more":     func(good string) string { return strings.Replace(good, `"version"`, `"locked": true, "version"`, 1) },
	"two of them":      func(good string) string { return good + good },
	"a user twice":     func(good string) string { return strings.Replace(good, "bob", "alice", 1) },
	"a state unknown":  func(good string) string { return strings.Replace(good, "current", "void", 1) },
	"two current":      func(good string) string { return strings.Replace(good, "pending", "current", 1) },
	"a hash lost":      func(good string) string { return strings.Replace(good, "$a$2", "", 1) },
	"numbers mixed up": func(good string) string { return strings.Replace(good, `"number": 2`, `"number": 3`, 1) },
	"a generation 0":   func(good string) string { return strings.Replace(good, `"generation": 1`, `"generation": 0`, 1) },
	"the last too low": func(good string) string {
		return strings.Replace(good, `"last_generation": 2`, `"last_generation": 1`, 1)
	},
	"no alphabet": func(good string) string { return strings.Replace(good, string(Crockford), "", 1) },
	"negative":    func(good string) string { return strings.Replace(good, `"failed": 0`, `"failed": -5`, 1) },
	"too large":   func(good string) string { return good + strings.Repeat(" ", maxFileSize) },
	"NUL bytes":   func(good string) string { return strings.Repeat("\x00", len(good)) }, // as after a power cut
}

// A damaged file is told, and never written to.
func TestDamagedFile(t *testing.T) {
	for name, damage := range damaged {
		t.Run(name, func(t *testing.T) {
			s := newFileStore(t)
			confirmed(t, s, "alice", "a")
			added(t, s, "alice", "b")
			confirmed(t, s, "bob", "c")
			good, err := os.ReadFile(s.Path)
			if err != nil {
				t.Fatal(err)
			}
			bad := []byte(damage(string(good)))
			if bytes.Equal(bad, good) {
				t.Fatal("nothing was damaged")
			}
			if err := os.WriteFile(s.Path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			_, err = s.Sets(ctx, "alice")
			wants(t, "Sets", err, ErrDamaged)
			_, err = s.Add(ctx, "alice", someSet("b"))
			wants(t, "Add", err, ErrDamaged)
			wants(t, "Spend", spend(ctx, s, "alice", 1, 1, day), ErrDamaged)
			wants(t, "Attempt", s.Attempt(ctx, "alice", failOnce), ErrDamaged)
			wants(t, "Remove", s.Remove(ctx, "alice"), ErrDamaged)
			if now, err := os.ReadFile(s.Path); err != nil || !bytes.Equal(now, bad) {
				t.Errorf("the file was changed, %v", err)
			}
		})
	}
}

// A file that would grow beyond its bounds stays as it is.
func TestFullFile(t *testing.T) {
	s := newFileStore(t)
	confirmed(t, s, "alice", "a")
	big := someSet("a")
	big.Codes[0].Hash = strings.Repeat("x", maxFileSize)
	_, err := s.Add(t.Context(), "bob", big)
	wants(t, "Add", err, ErrFull)
	holds(t, s, "alice", "1 current ---")
	holds(t, s, "bob")
}

// An error in between leaves the file as it was: not even the time of it changes.
func TestRefusalWritesNothing(t *testing.T) {
	s := newFileStore(t)
	confirmed(t, s, "alice", "a")
	before, err := os.Stat(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "Spend", spend(t.Context(), s, "alice", 1, 7, day), ErrUnknown)
	wants(t, "Remove", s.Remove(t.Context(), "bob"), nil)
	stop := errors.New("stop")
	wants(t, "Attempt", s.Attempt(t.Context(), "alice", func(a Attempts) (Attempts, error) { return a, stop }), stop)
	after, err := os.Stat(s.Path)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was replaced, %v", err)
	}
}
