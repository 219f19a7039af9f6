package issuer

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func newFileStore(t testing.TB) *FileStore {
	return NewFileStore(filepath.Join(t.TempDir(), "folder", "codes"))
}

func (s *FileStore) path() string { return string(s.records.(file)) }

// The file is its owner's alone, and what it holds stays when it is opened again.
func TestFileIsPrivate(t *testing.T) {
	i, _ := newIssuer(t)
	s := newFileStore(t)
	i.Store = s
	issue(t, i, "alice")
	info, err := os.Stat(s.path())
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v", info.Mode())
	}
	i.Store = NewFileStore(s.path())
	remains(t, i, "alice", 10)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// damaged are files that no FileStore wrote, made from one that it did.
var damaged = map[string]func(good string) string{
	"cut":         func(good string) string { return good[:len(good)/4] },
	"a page only": func(good string) string { return good[:os.Getpagesize()] },
	"a few bytes": func(good string) string { return good[:100] },
	"no database": func(string) string { return "backup codes\n" },
	"JSON":        func(string) string { return `{"version": 1, "users": []}` + strings.Repeat(" ", 1<<16) },
	"NUL bytes":   func(good string) string { return strings.Repeat("\x00", len(good)) },
	"NULs behind": func(good string) string {
		n := 2 * os.Getpagesize()
		return good[:n] + strings.Repeat("\x00", len(good)-n)
	},
	"a state":      func(good string) string { return strings.ReplaceAll(good, `"current"`, `"currant"`) },
	"a user moved": func(good string) string { return strings.ReplaceAll(good, `"user":"alice"`, `"user":"malic"`) },
	"a field":      func(good string) string { return strings.ReplaceAll(good, `"attempts"`, `"attempt_"`) },
	"a newer form": func(good string) string { return strings.ReplaceAll(good, "users 1", "users 2") },
}

// A damaged file is left as it is.
func TestDamagedFile(t *testing.T) {
	i, _ := newIssuer(t)
	whole := newFileStore(t)
	i.Store = whole
	issue(t, i, "alice")
	prepare(t, i, "alice")
	issue(t, i, "bob")
	good := read(t, whole.path())
	for name, damage := range damaged {
		t.Run(name, func(t *testing.T) {
			s, bad := newFileStore(t), damage(good)
			if bad == good {
				t.Fatal("nothing was damaged")
			}
			write(t, s.path(), bad)
			ctx := t.Context()
			_, err := s.Load(ctx, "alice")
			wants(t, "Load", err, ErrDamaged)
			_, err = s.Add(ctx, "alice", Set{})
			wants(t, "Add", err, ErrDamaged)
			_, err = s.Spend(ctx, "alice", Claim{})
			wants(t, "Spend", err, ErrDamaged)
			wants(t, "Attempt", s.Attempt(ctx, "alice", Attempts{}, Attempts{}), ErrDamaged)
			wants(t, "Remove", s.Remove(ctx, "alice"), ErrDamaged)
			if read(t, s.path()) != bad {
				t.Error("the file was changed")
			}
		})
	}
}

// What would grow beyond its bounds stays as it is.
func TestFullFile(t *testing.T) {
	i, _ := newIssuer(t)
	i.Store = newFileStore(t)
	codes := issue(t, i, "alice")
	i.Hasher = huge{}
	_, err := i.Prepare(t.Context(), "bob")
	wants(t, "Prepare", err, ErrFull)
	remains(t, i, "bob", 0)
	i.Hasher = quick
	redeems(t, i, "alice", codes[0], nil)
}

// huge makes hashes of a megabyte.
type huge struct{ Argon2id }

func (huge) Hash(context.Context, string, []string, io.Reader) ([]string, error) {
	return []string{strings.Repeat("x", maxRecord)}, nil
}

// An error in between leaves the file as it was: nothing is written.
func TestRefusalWritesNothing(t *testing.T) {
	i, _ := newIssuer(t)
	s := newFileStore(t)
	i.Store = s
	codes := issue(t, i, "alice")
	redeems(t, i, "alice", codes[0], nil)
	before := read(t, s.path())
	redeems(t, i, "alice", codes[0], ErrUsed)
	wants(t, "Confirm", i.Confirm(t.Context(), "alice", 7), ErrNotPending)
	wants(t, "Remove", i.Remove(t.Context(), "bob"), nil)
	wants(t, "Attempt", s.Attempt(t.Context(), "alice", Attempts{Failed: 9}, Attempts{}), ErrChanged)
	if read(t, s.path()) != before {
		t.Error("the file was changed")
	}
}
