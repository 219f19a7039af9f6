package issuer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

func FuzzNormalize(f *testing.F) {
	for _, alphabet := range []Alphabet{Crockford, Digits, Hex, "abcXYZ019", "01"} {
		for _, typed := range []string{"K7MPQ-3X9TW", "k7mpq 3x9tw", "oO0 iIlL1", "Ｋ７－ｘ", "1234–5678", "\xff", "ſıK", ""} {
			f.Add(string(alphabet), typed)
		}
	}
	f.Fuzz(func(t *testing.T, characters, typed string) {
		alphabet := Alphabet(characters)
		if alphabet.validate() != nil {
			return
		}
		code, ok := alphabet.normalize(typed)
		if !ok {
			return
		}
		if strings.Trim(code, characters) != "" {
			t.Errorf("%q in %q is %q", typed, alphabet, code)
		}
		if again, ok := alphabet.normalize(code); !ok || again != code {
			t.Errorf("%q in %q is %q, and that is %q", typed, alphabet, code, again)
		}
		if spaced, ok := alphabet.normalize(" " + strings.Join(strings.Split(typed, ""), "-") + "\n"); ok && spaced != code {
			t.Errorf("%q in %q is %q, and with dashes %q", typed, alphabet, code, spaced)
		}
	})
}

// What is read from an early version's file is taken over as it is.
func FuzzFile(f *testing.F) {
	// Short, for the fuzzer takes a minute to cut down what is long.
	const good = `{"version": 1, "users": [{"user": "alice", "last_generation": 2, "attempts": {"failed": 0}, "sets": [` +
		`{"generation": 1, "state": "current", "made": "2026-11-23T18:04:05Z", "alphabet": "` + string(Crockford) + `", "length": 9, "codes": [` +
		`{"number": 1, "hash": "$a$1", "used": "2026-11-23T18:04:05.1Z"}, {"number": 2, "hash": "$a$2"}]}]}, {"user": "bob"}]}`
	if _, err := parseContent([]byte(good)); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(good))
	for _, damage := range damaged {
		if bad := damage(good); len(bad) < 1<<16 {
			f.Add([]byte(bad))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseContent(text)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("the error is %v", err)
			}
			return
		}
		path := filepath.Join(t.TempDir(), "codes")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, r := range c.Users {
			sets, err := FileStore{path}.Sets(t.Context(), r.User)
			if len(r.User) > bolt.MaxKeySize {
				return
			}
			if err != nil || len(sets) != len(r.Sets) {
				t.Fatalf("taken over, %q has %v, %v, was %v", r.User, sets, err, r.Sets)
			}
		}
		for _, r := range c.Users { // nothing that follows panics
			r.add(someSet("z"))
			r.confirm(r.Last)
			r.spend(r.Last, someSet("z").Codes[0], day)
		}
	})
}

func FuzzHash(f *testing.F) {
	for _, h := range hashers {
		good, err := h.Hash("alice", []string{"AAAAAAAAAA"}, seeded(1))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(good[0])
		for _, bad := range h.damaged {
			f.Add(bad)
		}
	}
	all := AnyOf(quick, Keyed{{"1", testKey}})
	f.Fuzz(func(t *testing.T, hash string) {
		if h, err := parseArgon2id(hash); err == nil && uint64(h.Memory)*uint64(h.Time) > 1<<12 {
			return // sound, and slow
		}
		got, err := all.Match("alice", "AAAAAAAAAA", []string{hash})
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoKey) {
			t.Errorf("the error is %v", err)
		}
		if err == nil && len(got) != 1 {
			t.Errorf("one hash is matched %d times", len(got))
		}
	})
}
