package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
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

// A record that is read from a file is sound, whatever is done with it.
func FuzzRecord(f *testing.F) {
	const good = `{"user": "alice", "last_generation": 2, "sets": [` +
		`{"generation": 1, "state": "current", "made": "2026-11-23T18:04:05Z", "alphabet": "` + string(Crockford) + `", "length": 9, "codes": [` +
		`{"number": 1, "hash": "$a$1", "used": "2026-11-23T18:04:05.1Z"}, {"number": 2, "hash": "$a$2"}]}], "attempts": {"failed": 0}}`
	for _, change := range []struct{ old, new string }{
		{"", ""}, {"alice", ""}, {"current", "void"}, {"$a$2", ""}, {`"number": 2`, `"number": 3`}, {`"generation": 1`, `"generation": 0`},
		{`"last_generation": 2`, `"last_generation": 0`}, {string(Crockford), ""}, {`"failed": 0`, `"failed": -5`},
	} {
		f.Add([]byte(strings.Replace(good, change.old, change.new, 1)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r record
		if json.Unmarshal(text, &r) != nil || r.validate() != nil {
			return
		}
		last := r.add(Set{Length: 1, Alphabet: Digits, Codes: []Code{{Number: 1, Hash: "x"}}})
		if err := errors.Join(r.confirm(last), r.validate()); err != nil {
			t.Error(err)
		}
		if _, err := r.spend(Claim{Generation: last, Code: Code{Number: 1, Hash: "x"}, At: day}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzHash(f *testing.F) {
	for _, h := range hashers {
		good, err := h.Hash(context.Background(), "alice", []string{"AAAAAAAAAA"}, seeded(1))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(good[0])
		for _, bad := range h.damaged {
			f.Add(bad)
		}
	}
	all := AnyOf(quick, keyed("1", testKey))
	f.Fuzz(func(t *testing.T, hash string) {
		if h, err := parseArgon2id(hash); err == nil && uint64(h.Memory)*uint64(h.Time) > 1<<12 {
			return // sound, and slow
		}
		got, err := all.Match(context.Background(), "alice", "AAAAAAAAAA", []string{hash})
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoKey) {
			t.Errorf("the error is %v", err)
		}
		if err == nil && len(got) != 1 {
			t.Errorf("one hash is matched %d times", len(got))
		}
	})
}
