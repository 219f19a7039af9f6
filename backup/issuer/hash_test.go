package issuer

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// testKey is 0, 1, 2 and so on up to 31.
var testKey = []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f")

// Hashes that others made are matched, whatever their parameters: these are test
// vectors of Argon2's reference implementation (phc-winner-argon2, src/test.c).
func TestArgon2idVectors(t *testing.T) {
	for _, test := range []struct{ password, hash string }{
		{"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"},
		{"password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"},
		{"password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"},
		{"differentpassword", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94"},
	} {
		if got, err := (Argon2id{}).Match(context.Background(), "", test.password, []string{test.hash}); err != nil || !got[0] {
			t.Errorf("%s does not match: %v", test.hash, err)
		}
		if got, err := (Argon2id{}).Match(context.Background(), "", "Password", []string{test.hash}); err != nil || got[0] {
			t.Errorf("%s matches what it should not: %v", test.hash, err)
		}
	}
}

// The digest is what openssl dgst -sha256 -mac HMAC computes of
// "tokenctl backup code 1\n", seven NUL, \x05, "alice" and "K7MPQ3X9TW".
func TestKeyedVector(t *testing.T) {
	keyed := keyed("2026", testKey)
	hashes, err := keyed.Hash(context.Background(), "alice", []string{"K7MPQ3X9TW"}, nil)
	const want = "$hmac-sha256$k=2026$AP5A1ZTVtMHocfYIoj+8cLzQEVW5vTGRGx0RjfWm3Ns"
	if err != nil || hashes[0] != want {
		t.Errorf("the hash is %s, %v; want %s", hashes, err, want)
	}
}

// hashers are those of this package, each with strings that it would not make.
var hashers = map[string]struct {
	Hasher
	damaged []string
}{
	"argon2id": {quick, []string{
		"$argon2id$", "$argon2id$$$$$$", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ",
		"$argon2id$v=16$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=1,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=1,p=2$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=99999,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=99999999999,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=08,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=1,p=1,x$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=1,p=1$c29t$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFh",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc\n",
		"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 1000),
	}},
	"keyed": {keyed("1", testKey), []string{
		"$hmac-sha256$k=1$", "$hmac-sha256$k=1$CTFh", "$hmac-sha256$k=1$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPcA",
		"$hmac-sha256$k=1$$", "$hmac-sha256$k=1$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=",
	}},
	"either": {AnyOf(quick, keyed("1", testKey)), []string{"$hmac-sha256$k=1$", "$argon2id$"}},
}

func TestHashers(t *testing.T) {
	for name, h := range hashers {
		t.Run(name, func(t *testing.T) {
			codes := []string{"AAAAAAAAAA", "BBBBBBBBBB", "CCCCCCCCCC"}
			hashes, err := h.Hash(context.Background(), "alice", codes, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			for n, code := range codes {
				got, err := h.Match(context.Background(), "alice", code, hashes)
				want := make([]bool, len(codes))
				want[n] = true
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%s matches %v, %v", code, got, err)
				}
				if !h.Knows(hashes[n]) || strings.Contains(hashes[n], code) {
					t.Errorf("the hash of %s is %s", code, hashes[n])
				}
			}
			for _, wrong := range []string{"", "DDDDDDDDDD", "aaaaaaaaaa", "AAAAAAAAA", "AAAAAAAAAAA"} {
				if got, err := h.Match(context.Background(), "alice", wrong, hashes); err != nil || slices.Contains(got, true) {
					t.Errorf("%q matches %v, %v", wrong, got, err)
				}
			}
			for _, hash := range h.damaged {
				_, err := h.Match(context.Background(), "alice", "AAAAAAAAAA", []string{hash})
				wants(t, hash, err, ErrDamaged)
			}
			for _, foreign := range []string{"", "$", "AAAAAAAAAA", "$2b$10$abc", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFh", "$hmac-sha256$k=2$CTFh"} {
				_, err := h.Match(context.Background(), "alice", "AAAAAAAAAA", []string{foreign})
				wants(t, foreign, err, ErrNoKey)
				if h.Knows(foreign) {
					t.Errorf("it knows %q", foreign)
				}
			}
		})
	}
}

// Hashes of several makers in one set are each matched by theirs.
func TestAnyOfMixed(t *testing.T) {
	keyed := keyed("1", testKey)
	slow, _ := quick.Hash(context.Background(), "alice", []string{"AAAAAAAAAA", "CCCCCCCCCC"}, rand.Reader)
	fast, _ := keyed.Hash(context.Background(), "alice", []string{"BBBBBBBBBB", "CCCCCCCCCC"}, nil)
	hashes := []string{fast[0], slow[0], slow[1], fast[1]}
	got, err := AnyOf(quick, keyed).Match(context.Background(), "alice", "CCCCCCCCCC", hashes)
	if err != nil || !slices.Equal(got, []bool{false, false, true, true}) {
		t.Errorf("it matches %v, %v", got, err)
	}
	if _, err := AnyOf().Hash(context.Background(), "alice", nil, nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("nobody hashes: %v", err)
	}
}

// One salt for a set, and another for the next: a try costs one hash.
func TestOneSaltASet(t *testing.T) {
	salts := make(map[string]bool)
	for range 3 {
		hashes, err := quick.Hash(context.Background(), "alice", []string{"A", "B", "C"}, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hashes {
			salts[strings.Split(h, "$")[4]] = true
		}
	}
	if len(salts) != 3 {
		t.Errorf("three sets have %d salts", len(salts))
	}
	_, err := quick.Hash(context.Background(), "alice", []string{"A"}, iotest.ErrReader(errors.ErrUnsupported))
	wants(t, "without randomness", err, errors.ErrUnsupported)
}

func TestDefaults(t *testing.T) {
	hashes, err := Argon2id{}.Hash(context.Background(), "alice", []string{"A"}, rand.Reader)
	if err != nil || !strings.HasPrefix(hashes[0], "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %s, %v", hashes, err)
	}
	if hashes, err := (Argon2id{Memory: 1 << 30}).Hash(context.Background(), "alice", []string{"A"}, rand.Reader); err == nil {
		t.Errorf("a hash of 1 TB is %s", hashes)
	}
}

func TestKeyRotation(t *testing.T) {
	old, fresh := keyed("2025", testKey)[0], keyed("2026", bytes.Repeat([]byte{1}, 32))[0]
	before, err := Keyed{old}.Hash(context.Background(), "alice", []string{"AAAAAAAAAA"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	both := Keyed{fresh, old}
	after, err := both.Hash(context.Background(), "alice", []string{"BBBBBBBBBB"}, nil)
	if err != nil || !strings.HasPrefix(after[0], "$hmac-sha256$k=2026$") {
		t.Fatalf("the hash is %s, %v", after, err)
	}
	for _, code := range []string{"AAAAAAAAAA", "BBBBBBBBBB"} {
		if got, err := both.Match(context.Background(), "alice", code, append(before, after...)); err != nil || !slices.Contains(got, true) {
			t.Errorf("%s matches %v, %v", code, got, err)
		}
	}
	_, err = Keyed{fresh}.Match(context.Background(), "alice", "AAAAAAAAAA", before)
	wants(t, "without the old key", err, ErrNoKey)
}

func TestParseKeys(t *testing.T) {
	key := base64.StdEncoding.EncodeToString(testKey)
	keys, err := ParseKeys([]byte("# server keys\n\n2026 " + key + "\r\n2025\t" + key + "\n"))
	if err != nil || len(keys) != 2 || keys[0].ID != "2026" || !bytes.Equal(keys[1].secret(), testKey) {
		t.Errorf("the keys are %v, %v", keys, err)
	}
	for text, want := range map[string]string{
		"":                                  "no key",
		"# none\n":                          "no key",
		key:                                 "line 1",
		"a " + key + " b":                   "line 1",
		"\na !!!":                           "line 2",
		"a c2hvcnQ=":                        "shorter",
		"a/b " + key:                        "name",
		strings.Repeat("a", 33) + " " + key: "name",
		"a " + key + "\na " + key:           "line 2: two keys",
	} {
		_, err := ParseKeys([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// However a key or new codes are printed, logged or marshalled, and in whatever is around
// them, nothing of them shows.
func TestNothingShows(t *testing.T) {
	i, _ := newIssuer(t)
	i.Hasher = AtOnce(1, AnyOf(keyed("2026", testKey), Argon2id{}))
	p := prepare(t, i, "alice")
	around := struct {
		Prepared Prepared
		hidden   Prepared
		pointer  *Prepared
		hasher   Hasher
		keys     []Keyed
	}{p, p, &p, i.Hasher, []Keyed{keyed("2026", testKey)}}
	secrets := append(slices.Clone(p.Codes()), string(testKey[8:]), "8 9 10 11", "8, 9, 10, 11", "0x8, 0x9", "08090a", "08090A", `\b\t`,
		base64.StdEncoding.EncodeToString(testKey)[:20])
	var shown bytes.Buffer
	for _, value := range []any{p, &p, i.Hasher, keyed("2026", testKey), keyed("2026", testKey)[0], around, &around, i} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%t", "%f", "%q", "%x", "%X", "%d", "%p"} {
			fmt.Fprintf(&shown, verb+"\n", value)
		}
		if text, err := json.Marshal(value); err == nil { // a function of an Issuer is none
			shown.Write(text)
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
			slog.New(handler).Info("see", "value", value)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(shown.String(), secret) {
			t.Errorf("%q shows", secret)
		}
	}
	if !strings.Contains(shown.String(), "2026") {
		t.Error("the name of the key does not show: nothing was looked at")
	}
}

// A counting hasher knows how many compute at the same time.
type counting struct {
	Argon2id
	mu        sync.Mutex
	now, most int
	gate      chan struct{}
}

func (c *counting) Match(ctx context.Context, user, code string, hashes []string) ([]bool, error) {
	c.mu.Lock()
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	<-c.gate
	defer func() {
		c.mu.Lock()
		c.now--
		c.mu.Unlock()
	}()
	return make([]bool, len(hashes)), nil
}

// So many compute at once and no more; who does not want to wait need not.
func TestAtOnce(t *testing.T) {
	c := &counting{gate: make(chan struct{})}
	h := AtOnce(2, c)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := h.Match(t.Context(), "alice", "A", nil); err != nil {
				t.Error(err)
			}
		})
	}
	err := oathtest.Await("two computing", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.now == 2
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.Match(ctx, "alice", "A", nil)
	wants(t, "Match", err, context.Canceled)
	_, err = h.Hash(ctx, "alice", nil, rand.Reader)
	wants(t, "Hash", err, context.Canceled)
	close(c.gate)
	group.Wait()
	if c.most != 2 {
		t.Errorf("%d computed at once", c.most)
	}
	if _, err := AtOnce(0, c).Match(t.Context(), "alice", "A", nil); err != nil {
		t.Errorf("one at a time: %v", err)
	}
}

// Ten hashes are not computed for somebody who has gone.
func TestHashingEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := quick.Hash(ctx, "alice", []string{"A", "B"}, rand.Reader)
	wants(t, "Hash", err, context.Canceled)
	hashes, err := quick.Hash(t.Context(), "alice", []string{"A", "B"}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, err = quick.Match(ctx, "alice", "A", hashes)
	wants(t, "Match", err, context.Canceled)
}
