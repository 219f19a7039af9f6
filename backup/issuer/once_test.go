//go:build linux

package issuer

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func init() {
	Openers["postgresql"] = func(t *testing.T) Store { return openPostgres(t, 10) }
}

// childVariable makes the test binary redeem codes and nothing else. Its value is a
// kind of store, where that is, and the code.
const childVariable = "ISSUER_TEST_REDEEM"

// redeemers is how many ask for one code.
const redeemers = 100

// unthrottled takes any number of wrong codes.
var unthrottled = Throttle{Free: 1 << 30, Limit: 1 << 30}

// A hundred goroutines redeem one code.
func TestOnceAmongGoroutines(t *testing.T) {
	for name, open := range map[string]func(*testing.T) Store{
		"file":       func(t *testing.T) Store { return newFileStore(t) },
		"postgresql": func(t *testing.T) Store { return openPostgres(t, redeemers) },
	} {
		t.Run(name, func(t *testing.T) {
			i, _ := newIssuer(t)
			i.Store, i.Throttle = open(t), unthrottled
			codes := issue(t, i, "alice")
			outcomes := make([]string, redeemers)
			inParallel(redeemers, func(n int) { outcomes[n] = redeemed(i, codes[4]) })
			expectOne(t, outcomes)
			remains(t, i, "alice", 9)
		})
	}
}

func expectOne(t *testing.T, outcomes []string) {
	t.Helper()
	counts := make(map[string]int)
	for _, o := range outcomes {
		counts[o]++
	}
	if counts["redeemed"] != 1 || counts["used"] != redeemers-1 {
		t.Errorf("of %d redeemers: %v", redeemers, counts)
	}
}

// A hundred redeemers in processes of their own, five in each, redeem one code.
func TestOnceAmongProcesses(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (store Store, where string){
		"file": func(t *testing.T) (Store, string) {
			file := newFileStore(t)
			return file, file.path()
		},
		"file by a hard link":     func(t *testing.T) (Store, string) { return linked(t, os.Link) },
		"file by a symbolic link": func(t *testing.T) (Store, string) { return linked(t, os.Symlink) },
		"postgresql": func(t *testing.T) (Store, string) {
			store := openPostgres(t, 1)
			return store, schemaOf(t, store)
		},
	} {
		t.Run(name, func(t *testing.T) {
			i, _ := newIssuer(t)
			var where string
			i.Store, where = open(t)
			codes := issue(t, i, "alice")
			expectOne(t, inProcesses(t, strings.Join([]string{name, where, codes[0]}, "\n")))
			remains(t, i, "alice", 9)
		})
	}
}

// linked returns a store, and its names for children: one and another by turns.
func linked(t *testing.T, link func(old, new string) error) (Store, string) {
	file, other := newFileStore(t), filepath.Join(t.TempDir(), "other")
	if _, err := file.Add(t.Context(), "carol", Set{Length: 1, Alphabet: Digits, Codes: []Code{{Number: 1, Hash: "x"}}}); err != nil {
		t.Fatal(err)
	}
	if err := link(file.path(), other); err != nil {
		t.Fatal(err)
	}
	return file, file.path() + "\x1f" + other
}

const inEach = 5

// inProcesses starts the children, lets all of them begin once all are ready, and
// returns the outcomes.
func inProcesses(t *testing.T, order string) []string {
	t.Helper()
	children := make([]*child, redeemers/inEach)
	for n := range children {
		kind, rest, _ := strings.Cut(order, "\n")
		names, code, _ := strings.Cut(rest, "\n")
		places := strings.Split(names, "\x1f")
		children[n] = startChild(t, strings.Join([]string{kind, places[n%len(places)], code}, "\n"))
	}
	for _, c := range children {
		c.line(t) // it is ready
	}
	for _, c := range children {
		c.start()
	}
	var outcomes []string
	for _, c := range children {
		for range inEach {
			outcomes = append(outcomes, c.line(t))
		}
	}
	return outcomes
}

// A child is a process that redeems.
type child struct {
	start func() error
	out   *bufio.Scanner
}

func startChild(t *testing.T, order string) *child {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childVariable+"="+order)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	return &child{start: in.Close, out: bufio.NewScanner(out)}
}

func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("a child said nothing: %v", c.out.Err())
	}
	return c.out.Text()
}

// beChild does what a child does, if this process is one.
func beChild() {
	order, is := os.LookupEnv(childVariable)
	if !is {
		return
	}
	fields := strings.Split(order, "\n")
	i := &Issuer{Store: NewFileStore(fields[1]), Now: time.Now, Random: rand.Reader, Hasher: quick, Throttle: unthrottled}
	if fields[0] == "postgresql" {
		db, err := sql.Open("pgx", fields[1])
		if err != nil {
			panic(err)
		}
		if i.Store, err = OpenSQL(context.Background(), db, ""); err != nil {
			panic(err)
		}
	}
	fmt.Println("ready")
	os.Stdin.Read(make([]byte, 1))
	var mu sync.Mutex
	inParallel(inEach, func(int) {
		outcome := redeemed(i, fields[2])
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(outcome)
	})
	os.Exit(0)
}
