package issuer

import (
	"encoding/json"
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

// v1 is what an early version wrote: of alice a set in force, one code of which is used,
// and one that is pending, and of bob one.
func v1(t testing.TB) string {
	c := content{Version: 1, Users: []record{{User: "alice"}, {User: "bob"}}}
	alice, bob := &c.Users[0], &c.Users[1]
	for _, r := range []*record{alice, bob} {
		r.add(someSet("a"))
		r.confirm(1)
	}
	alice.spend(1, someSet("a").Codes[1], day)
	alice.add(someSet("b"))
	text, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
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

// TestTakeOver has an early version's file taken over by whichever of its names it is
// reached, and all of them reach the same from then on.
func TestTakeOver(t *testing.T) {
	for _, link := range []func(old, new string) error{os.Link, os.Symlink} {
		s, text := newFileStore(t), v1(t)
		write(t, s.Path, text)
		other := FileStore{filepath.Join(t.TempDir(), "other")}
		if err := link(s.Path, other.Path); err != nil {
			t.Fatal(err)
		}
		holds(t, other, "alice", "1 current -u-", "2 pending ---")
		holds(t, s, "alice", "1 current -u-", "2 pending ---")
		if read(t, other.Path+".v1.json") != text {
			t.Error("the JSON is not kept")
		}
		wants(t, "Spend", spend(t.Context(), s, "alice", 1, 2, day), ErrUsed)
		wants(t, "Spend", spend(t.Context(), s, "alice", 1, 1, day), nil)
		wants(t, "Spend, by another name", spend(t.Context(), other, "alice", 1, 1, day), ErrUsed)
		holds(t, other, "bob", "1 current ---")
		if _, err := os.Stat(s.Path + ".v1.json"); err == nil {
			t.Error("it was taken over twice")
		}
	}
}

// TestTakeOverGoesOn after a crash at any step of it.
func TestTakeOverGoesOn(t *testing.T) {
	text := v1(t)
	c, err := parseContent([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := c.database(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for step := range 3 {
		s := newFileStore(t)
		write(t, s.Path+".v1.json", text)
		file := append([]byte(text), make([]byte, max(0, len(pages)-len(text)))...)[:len(pages)]
		switch step {
		case 0:
			file = []byte(text)
		case 2:
			copy(file[pageSize:], pages[pageSize:])
		}
		write(t, s.Path, string(file))
		holds(t, s, "alice", "1 current -u-", "2 pending ---")
		holds(t, s, "bob", "1 current ---")
	}
	s := newFileStore(t) // but what was never begun is not
	write(t, s.Path+".v1.json", text)
	write(t, s.Path, `{"version": 2`+strings.Repeat(" ", 4*pageSize-13))
	_, err = s.Sets(t.Context(), "alice")
	wants(t, "Sets", err, ErrDamaged)
}

// damaged are files that no FileStore wrote, made from one that it did.
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

// damagedDatabases are likewise, made from a database.
var damagedDatabases = map[string]func(good string) string{
	"cut":         func(good string) string { return good[:len(good)/2] },
	"a page only": func(good string) string { return good[:os.Getpagesize()] },
	"a few bytes": func(good string) string { return good[:100] },
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

// A damaged file is told, and never written to.
func TestDamagedFile(t *testing.T) {
	database := func(t *testing.T) string {
		s := newFileStore(t)
		confirmed(t, s, "alice", "a")
		added(t, s, "alice", "b")
		confirmed(t, s, "bob", "c")
		return read(t, s.Path)
	}
	for _, of := range []struct {
		good    string
		damages map[string]func(string) string
	}{{v1(t), damaged}, {database(t), damagedDatabases}} {
		for name, damage := range of.damages {
			t.Run(name, func(t *testing.T) {
				s, bad := newFileStore(t), damage(of.good)
				if bad == of.good {
					t.Fatal("nothing was damaged")
				}
				write(t, s.Path, bad)
				ctx := t.Context()
				_, err := s.Sets(ctx, "alice")
				wants(t, "Sets", err, ErrDamaged)
				_, err = s.Add(ctx, "alice", someSet("b"))
				wants(t, "Add", err, ErrDamaged)
				wants(t, "Spend", spend(ctx, s, "alice", 1, 1, day), ErrDamaged)
				wants(t, "Attempt", s.Attempt(ctx, "alice", failOnce), ErrDamaged)
				wants(t, "Remove", s.Remove(ctx, "alice"), ErrDamaged)
				if read(t, s.Path) != bad {
					t.Error("the file was changed")
				}
			})
		}
	}
}

// What would grow beyond its bounds stays as it is.
func TestFullFile(t *testing.T) {
	s := newFileStore(t)
	confirmed(t, s, "alice", "a")
	big := someSet("a")
	big.Codes[0].Hash = strings.Repeat("x", maxRecord)
	_, err := s.Add(t.Context(), "bob", big)
	wants(t, "Add", err, ErrFull)
	holds(t, s, "alice", "1 current ---")
	holds(t, s, "bob")
}

// An error in between leaves the file as it was: nothing is written.
func TestRefusalWritesNothing(t *testing.T) {
	s := newFileStore(t)
	confirmed(t, s, "alice", "a")
	before := read(t, s.Path)
	wants(t, "Spend", spend(t.Context(), s, "alice", 1, 7, day), ErrUnknown)
	wants(t, "Remove", s.Remove(t.Context(), "bob"), nil)
	stop := errors.New("stop")
	wants(t, "Attempt", s.Attempt(t.Context(), "alice", func(a Attempts) (Attempts, error) { return a, stop }), stop)
	if read(t, s.Path) != before {
		t.Error("the file was changed")
	}
}
