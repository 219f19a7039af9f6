//go:build linux

package issuer

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A link carries what a driver says to PostgreSQL. It counts how often the driver waits
// for an answer, and is as long as its delay says.
type link struct {
	trips atomic.Int64
	delay time.Duration
}

// open opens the database of another store anew, over the link.
func (l *link) open(t testing.TB, address string, connections int) *SQLStore {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		return &wire{Conn: c, link: l}, err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	t.Cleanup(func() { db.Close() })
	return openSQL(t, db, "")
}

type wire struct {
	net.Conn
	link  *link
	asked atomic.Bool
}

func (c *wire) Write(b []byte) (int, error) {
	c.asked.Store(true)
	return c.Conn.Write(b)
}

func (c *wire) Read(b []byte) (int, error) {
	if c.asked.Swap(false) {
		c.link.trips.Add(1)
		time.Sleep(c.link.delay)
	}
	return c.Conn.Read(b)
}

// Each method of a store is one round trip, and so is what is made of them.
func TestRoundTrips(t *testing.T) {
	var l link
	i, _ := newIssuer(t)
	i.Store = l.open(t, schemaOf(t, openPostgres(t, 1)), 1)
	var codes []string
	for _, warm := range []bool{false, true} { // the driver prepares each statement once
		for _, step := range []struct {
			name string
			do   func()
			want int64
		}{
			{"preparing and confirming", func() { codes = issue(t, i, "alice") }, 2},
			{"a right code", func() { redeems(t, i, "alice", codes[0], nil) }, 2},
			{"a used one", func() { redeems(t, i, "alice", codes[0], ErrUsed) }, 1},
			{"a wrong one", func() { redeems(t, i, "alice", wrong, ErrUnknown) }, 2},
			{"a slip", func() { redeems(t, i, "alice", "x", ErrMalformed) }, 1},
			{"the status", func() { remains(t, i, "alice", 9) }, 1},
		} {
			before := l.trips.Load()
			step.do()
			if got := l.trips.Load() - before; warm && got != step.want {
				t.Errorf("%s: %d round trips, want %d", step.name, got, step.want)
			}
		}
	}
}

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

// Right codes of many users, by so many goroutines at once, without the cost of Argon2id.
// The second PostgreSQL is 2.4 ms away.
func BenchmarkRedeem(b *testing.B) {
	const most = 32
	for _, store := range []struct {
		name string
		open func(b *testing.B) (Store, *link)
	}{
		{"memory", func(*testing.B) (Store, *link) { return NewMemoryStore(), new(link) }},
		{"file", func(b *testing.B) (Store, *link) { return newFileStore(b), new(link) }},
		{"postgresql", func(b *testing.B) (Store, *link) { return openLinked(b, new(link), most) }},
		{"postgresql-far", func(b *testing.B) (Store, *link) { return openLinked(b, &link{delay: 2400 * time.Microsecond}, most) }},
	} {
		for _, goroutines := range []int{1, 8, most} {
			b.Run(fmt.Sprintf("%s/%d", store.name, goroutines), func(b *testing.B) {
				s, l := store.open(b)
				benchmarkRedeem(b, s, l, goroutines)
			})
		}
	}
}

func openLinked(b *testing.B, l *link, connections int) (Store, *link) {
	return l.open(b, schemaOf(b, openPostgres(b, 1)), connections), l
}

func benchmarkRedeem(b *testing.B, s Store, l *link, goroutines int) {
	form := DefaultForm
	form.Count = 100
	i := &Issuer{Store: s, Now: time.Now, Random: rand.Reader, Hasher: keyed("1", testKey), Form: form}
	users := make([][]string, b.N/form.Count+1)
	for n := range users {
		users[n] = issue(b, i, fmt.Sprint(n))
	}
	var next atomic.Int64
	trips := l.trips.Load()
	b.ResetTimer()
	inParallel(goroutines, func(int) {
		for n := int(next.Add(1)) - 1; n < b.N; n = int(next.Add(1)) - 1 {
			redeems(b, i, fmt.Sprint(n%len(users)), users[n%len(users)][n/len(users)], nil)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "redeems/s")
	b.ReportMetric(float64(l.trips.Load()-trips)/float64(b.N), "trips/op")
}
