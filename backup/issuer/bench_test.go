package issuer

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"
)

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		if _, err := Generate(DefaultForm, rand.Reader); err != nil {
			b.Fatal(err)
		}
	}
}

// What one try costs against a set of ten.
func BenchmarkMatch(b *testing.B) {
	codes := make([]string, 10)
	for i := range codes {
		codes[i] = fmt.Sprintf("AAAAAAAAA%d", i)
	}
	for name, h := range map[string]Hasher{"argon2id": Argon2id{}, "keyed": keyed("1", testKey)} {
		b.Run(name, func(b *testing.B) {
			hashes, err := h.Hash(context.Background(), "alice", codes, rand.Reader)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Match(context.Background(), "alice", codes[3], hashes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A wrong code, with users beside: reading, counting and comparing, without the
// cost of Argon2id.
func BenchmarkRedeem(b *testing.B) {
	for _, users := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("file/%d", users), func(b *testing.B) { benchmarkRedeem(b, newFileStore(b), users) })
	}
	if postgresStore == nil {
		return
	}
	for _, users := range []int{1, 1000} {
		b.Run(fmt.Sprintf("postgresql/%d", users), func(b *testing.B) { benchmarkRedeem(b, postgresStore(b), users) })
	}
}

// postgresStore is set where there may be a PostgreSQL.
var postgresStore func(b *testing.B) Store

func benchmarkRedeem(b *testing.B, s Store, users int) {
	i := &Issuer{Store: s, Now: time.Now, Random: rand.Reader, Hasher: keyed("1", testKey), Throttle: Throttle{Free: 1 << 30, Limit: 1 << 30}}
	for n := range users {
		issue(b, i, fmt.Sprintf("user%d", n))
	}
	issue(b, i, "alice")
	for b.Loop() {
		redeems(b, i, "alice", wrong, ErrUnknown)
	}
}
