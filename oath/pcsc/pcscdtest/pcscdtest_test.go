package pcscdtest_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/pcsc/pcscdtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func TestMain(m *testing.M) {
	if os.Getenv(orphan) != "" {
		launchOrphan()
	}
	os.Exit(pcscdtest.Main(m))
}

// opensc runs a client of the daemon in another process.
func opensc(t *testing.T, d *pcscdtest.Daemon, args ...string) (string, error) {
	t.Helper()
	tool, err := exec.LookPath("opensc-tool")
	oathtest.NeedsTool(t, err)
	cmd := exec.Command(tool, args...)
	cmd.Env = append(os.Environ(), d.Env()...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// readers returns a line for each reader the daemon shows, with Yes or No for a card.
func readers(t *testing.T, d *pcscdtest.Daemon) string {
	t.Helper()
	out, err := opensc(t, d, "--list-readers")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var lines []string
	for line := range strings.Lines(out) {
		if number, reader, _ := strings.Cut(line, " "); number == "0" || number == "1" {
			lines = append(lines, strings.Join(strings.Fields(reader), " "))
		}
	}
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, d *pcscdtest.Daemon, first, second string) {
	t.Helper()
	names := d.Readers()
	want := first + " " + names[0] + "\n" + second + " " + names[1]
	if got := readers(t, d); got != want {
		t.Errorf("readers:\n%s\nwant:\n%s\nlog:\n%s", got, want, d.Log())
	}
}

func newKey(t *testing.T, config virtualkey.Config) *virtualkey.Key {
	t.Helper()
	key, err := virtualkey.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { key.Close() })
	return key
}

func TestPlug(t *testing.T) {
	t.Parallel()
	d := pcscdtest.Start(t)
	expect(t, d, "No", "No")
	pull := d.Plug(t, 0, newKey(t, virtualkey.Config{Serial: 1}))
	expect(t, d, "Yes", "No")
	d.Plug(t, 1, newKey(t, virtualkey.Config{Serial: 2}))
	expect(t, d, "Yes", "Yes")
	pull()
	pull()
	expect(t, d, "No", "Yes")
	d.Plug(t, 0, newKey(t, virtualkey.Config{Serial: 3}))
	expect(t, d, "Yes", "Yes")
}

// A key that a fault pulled out leaves its slot to the next.
func TestPlugAfterPull(t *testing.T) {
	t.Parallel()
	d := pcscdtest.Start(t)
	first := virtualkey.Fault{Nth: 1, Kind: virtualkey.FaultPull}
	pull := d.Plug(t, 0, newKey(t, virtualkey.Config{Faults: []virtualkey.Fault{first}}))
	opensc(t, d, "--reader", "0", "--send-apdu", "00:A4:04:00") // fails, for the key is gone
	d.Plug(t, 0, newKey(t, virtualkey.Config{}))
	pull()
	expect(t, d, "Yes", "No")
}

func TestPause(t *testing.T) {
	t.Parallel()
	d := pcscdtest.Start(t)
	slots := d.Slots()
	d.Plug(t, 0, newKey(t, virtualkey.Config{}))
	d.Pause()
	if got := readers(t, d); got != "" {
		t.Errorf("a paused daemon shows %q", got)
	}
	if err := d.Resume(); err != nil {
		t.Fatal(err)
	}
	if d.Slots() != slots {
		t.Errorf("the slots moved from %v to %v", slots, d.Slots())
	}
	expect(t, d, "No", "No")
	d.Plug(t, 1, newKey(t, virtualkey.Config{}))
	expect(t, d, "No", "Yes")
}

// Daemons that start together get ports of their own.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	pcscdtest.Start(t) // or skip
	const n = 4
	daemons := make([]*pcscdtest.Daemon, n)
	var launched sync.WaitGroup
	for i := range daemons {
		launched.Go(func() {
			d, err := pcscdtest.Launch()
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(d.Stop)
			daemons[i] = d
		})
	}
	launched.Wait()
	if t.Failed() {
		return
	}
	slots := map[string]bool{}
	for _, d := range daemons {
		slots[d.Slots()[0]], slots[d.Slots()[1]] = true, true
		expect(t, d, "No", "No")
	}
	if len(slots) != 2*n {
		t.Errorf("%d daemons have the slots %v", n, slots)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	d := pcscdtest.Start(t)
	_, socket, _ := strings.Cut(d.Env()[0], "=")
	if _, err := os.Stat(socket); err != nil {
		t.Error(err)
	}
	d.Stop()
	if _, err := os.Stat(filepath.Dir(socket)); !os.IsNotExist(err) {
		t.Errorf("%s was left behind: %v", filepath.Dir(socket), err)
	}
	for _, slot := range d.Slots() {
		if open(slot) {
			t.Errorf("slot %s is still open", slot)
		}
	}
}

// open tells whether a slot waits for a key.
func open(slot string) bool {
	conn, err := net.Dial("tcp", slot)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// orphan is the environment variable that makes this test binary the parent of a
// daemon, which waits to be killed.
const orphan = "PCSCDTEST_ORPHAN"

func launchOrphan() {
	d, err := pcscdtest.Launch()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(d.Env()[0], d.Slots()[0])
	select {}
}

// A daemon ends with its parent, however that ends.
func TestOrphan(t *testing.T) {
	t.Parallel()
	pcscdtest.Start(t) // or skip
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), orphan+"=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var variable, slot string
	_, err = fmt.Fscan(out, &variable, &slot)
	parent.Process.Kill()
	parent.Wait()
	if err != nil {
		t.Fatal(err)
	}
	_, socket, _ := strings.Cut(variable, "=")
	defer os.RemoveAll(filepath.Dir(socket))
	if err := oathtest.Await("the end of the daemon, which outlived its parent, at "+slot, func() bool { return !open(slot) }); err != nil {
		t.Fatal(err)
	}
}

// PC/SC in this very process leads to the shared daemon.
func TestShared(t *testing.T) {
	d := pcscdtest.Shared(t)
	if again := pcscdtest.Shared(t); again != d {
		t.Error("Shared started a second daemon")
	}
	service, err := pcsc.Connect()
	if errors.Is(err, pcsc.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	d.Plug(t, 1, newKey(t, virtualkey.Config{}))
	readers, err := service.Readers()
	if err != nil {
		t.Fatal(err)
	}
	names := d.Readers()
	for i, r := range readers {
		if r.Name != names[i] || r.Present != (i == 1) {
			t.Errorf("reader %d is %q, present %t", i, r.Name, r.Present)
		}
	}
	if len(readers) != 2 {
		t.Errorf("%d readers, want 2", len(readers))
	}
}
