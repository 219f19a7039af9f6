//go:build cgo && !windows

package pcsc

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ebfe/scard"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(clientRole); role != "" {
		os.Exit(client(role))
	}
	os.Exit(m.Run())
}

// patience is for what comes at once, but on a busy machine.
const patience = 2 * time.Minute

// command APDUs of the OATH applet: YKOATH, "SELECT" and "LIST".
var (
	selectOATH = []byte("\x00\xa4\x04\x00\x07\xa0\x00\x00\x05\x27\x21\x01")
	list       = []byte("\x00\xa1\x00\x00")
)

// slow is the instruction that a [testKey] keeps waiting.
const slow = 0xee

// A testKey is a virtual key that is watched.
type testKey struct {
	*virtualkey.Key
	trace  func() string
	waits  chan struct{}  // receives each slow command
	finger chan time.Time // ends the wait
}

func newTestKey(t testing.TB) *testKey {
	k := &testKey{waits: make(chan struct{}, 1), finger: make(chan time.Time)}
	key := vktest.New(t, virtualkey.Config{
		Faults: []virtualkey.Fault{{INS: slow, Nth: 1, Kind: virtualkey.FaultDelay, Delay: time.Hour}},
		After: func(time.Duration) <-chan time.Time {
			k.waits <- struct{}{}
			return k.finger
		},
	})
	k.Key, k.trace = key.Key, key.Trace
	return k
}

// resets counts the resets since the last command.
func (k *testKey) resets() int {
	lines := k.trace()
	return strings.Count(lines[strings.LastIndex(lines, " > "):], "* reset")
}

// commands returns the commands in hexadecimal.
func (k *testKey) commands() []string {
	var commands []string
	for line := range strings.Lines(k.trace()) {
		if _, command, ok := strings.Cut(strings.TrimSpace(line), " > "); ok {
			commands = append(commands, command)
		}
	}
	return commands
}

// eventually waits until a condition is fulfilled.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if err := oathtest.Await(what, condition); err != nil {
		t.Fatal(err)
	}
}

// within fails the test if something takes longer than it ever should.
func within(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s hangs", what)
	}
}

func connect(t testing.TB) *Service {
	t.Helper()
	s, err := Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// open opens a card with patience. Whoever is done with it closes it.
func open(t testing.TB, s *Service, reader string) *Card {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := s.Open(ctx, reader)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func shut(t testing.TB, c *Card, reset bool) {
	t.Helper()
	if reset {
		c.ResetOnClose()
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// What is no command is refused, and the card can be used all the same.
func TestEmptyCommand(t *testing.T) {
	d := vktest.Shared(t)
	d.Plug(t, 0, newTestKey(t).Key)
	c := open(t, connect(t), d.Readers()[0])
	defer c.Close()
	if _, err := c.Transmit(nil); err == nil {
		t.Error("no error")
	}
	expect(t, c, selectOATH, "9000")
}

// expect transmits a command and compares the end of the response, in hexadecimal.
func expect(t testing.TB, c *Card, command []byte, end string) {
	t.Helper()
	response, err := c.Transmit(command)
	if got := hex.EncodeToString(response); err != nil || !strings.HasSuffix(got, end) {
		t.Fatalf("%x: got %q, %v, want ...%s", command, got, err, end)
	}
}

func expectError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// A rival is another program that uses the card; the service cannot say
// that it lives in this process.
type rival struct {
	context *scard.Context
	*scard.Card
}

func newRival(t testing.TB, reader string, mode scard.ShareMode) rival {
	t.Helper()
	pcscContext, err := scard.EstablishContext()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pcscContext.Release() })
	card, err := pcscContext.Connect(reader, mode, scard.ProtocolAny)
	if err != nil {
		t.Fatal(err)
	}
	return rival{pcscContext, card}
}

func (r rival) do(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("the other program: %v", err)
	}
}

func TestReaders(t *testing.T) {
	d := vktest.Shared(t)
	s := connect(t)
	want := []Reader{{Name: d.Readers()[0]}, {Name: d.Readers()[1]}}
	check := func(when string) {
		t.Helper()
		got, err := s.Readers()
		if fmt.Sprint(got) != fmt.Sprint(want) || err != nil {
			t.Errorf("%s: got %v, %v, want %v", when, got, err, want)
		}
	}
	check("with no key")
	k := newTestKey(t)
	pull := d.Plug(t, 1, k.Key)
	want[1].Present, want[1].ATR = true, k.ATR()
	check("with a key")
	r := newRival(t, d.Readers()[1], scard.ShareExclusive)
	want[1].Exclusive = true
	check("with a key in use")
	r.do(t, r.Disconnect(scard.LeaveCard))
	want[1].Exclusive = false
	check("with a key in use no more")
	pull()
	want[1] = Reader{Name: d.Readers()[1]}
	_, err := s.Open(t.Context(), d.Readers()[1])
	expectError(t, err, ErrNoCard)
	check("with the key pulled out")
}

func TestOpenNothing(t *testing.T) {
	d := vktest.Shared(t)
	s := connect(t)
	_, err := s.Open(t.Context(), "no such reader")
	expectError(t, err, ErrNoReader)
	_, err = s.Open(t.Context(), d.Readers()[0])
	expectError(t, err, ErrNoCard)
}

// A card that never answers with an ATR that can be one is mute: ISO 7816-3 has at
// most 33 bytes.
func TestMute(t *testing.T) {
	d := vktest.Shared(t)
	s := connect(t)
	conn, err := net.Dial("tcp", d.Slots()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		conn.Close()
		await(t, s, func(readers []Reader) bool { return !readers[0].Present })
	}()
	go func() {
		const atrPlease = 4 // vpcd.h of vsmartcard, VPCD_CTRL_ATR
		frame := make([]byte, 3)
		for {
			if _, err := io.ReadFull(conn, frame); err != nil {
				return
			}
			if frame[2] == atrPlease {
				conn.Write(append([]byte{0, 40}, make([]byte, 40)...))
			}
		}
	}()
	await(t, s, func(readers []Reader) bool { return readers[0].Present && readers[0].Mute })
	_, err = s.Open(t.Context(), d.Readers()[0])
	expectError(t, err, ErrMute)
}

func await(t *testing.T, s *Service, enough func([]Reader) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := s.Wait(ctx, enough); err != nil {
		t.Fatal(err)
	}
}

// Each card is held for itself, and longer than the service if need be.
func TestTwoCards(t *testing.T) {
	d := vktest.Shared(t)
	s := connect(t)
	d.Plug(t, 0, newTestKey(t).Key)
	d.Plug(t, 1, newTestKey(t).Key)
	first, second := open(t, s, d.Readers()[0]), open(t, s, d.Readers()[1])
	expect(t, first, selectOATH, "9000")
	expect(t, second, list, "6d00")
	expect(t, first, list, "9000")
	s.Close() // cards stay open
	expect(t, second, selectOATH, "9000")
	shut(t, first, false)
	shut(t, second, false)
}

// Services may be used side by side.
func TestServices(t *testing.T) {
	vktest.Shared(t)
	var all sync.WaitGroup
	for range 4 {
		s := connect(t)
		all.Go(func() {
			for range 50 {
				if readers, err := s.Readers(); len(readers) != 2 || err != nil {
					t.Errorf("%d readers, %v", len(readers), err)
				}
			}
		})
	}
	all.Wait()
}

// What a command costs beyond what the key does: connecting, looking for the key,
// opening it, two exchanges, letting go of it.
func BenchmarkCommand(b *testing.B) {
	d := vktest.Shared(b)
	d.Plug(b, 0, newTestKey(b).Key)
	for b.Loop() {
		s, err := Connect()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Readers(); err != nil {
			b.Fatal(err)
		}
		c := open(b, s, d.Readers()[0])
		expect(b, c, selectOATH, "9000")
		expect(b, c, list, "9000")
		shut(b, c, false)
		s.Close()
	}
}

// The two exchanges alone.
func BenchmarkTransmit(b *testing.B) {
	d := vktest.Shared(b)
	d.Plug(b, 0, newTestKey(b).Key)
	c := open(b, connect(b), d.Readers()[0])
	defer c.Close()
	for b.Loop() {
		expect(b, c, selectOATH, "9000")
		expect(b, c, list, "9000")
	}
}
