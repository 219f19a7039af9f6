//go:build cgo && !windows

package pcsc

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ebfe/scard"

	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// A way is a way to keep others away from a card, and to let them at it again.
type way struct {
	name string
	mode scard.ShareMode
	hold func(rival) error
	pass func(rival) error
}

var ways = []way{
	{"transaction", scard.ShareShared,
		func(r rival) error { return r.BeginTransaction() },
		func(r rival) error { return r.EndTransaction(scard.LeaveCard) }},
	{"exclusive", scard.ShareExclusive,
		func(rival) error { return nil },
		func(r rival) error { return r.Disconnect(scard.LeaveCard) }},
}

func TestHeld(t *testing.T) {
	d := vktest.Shared(t)
	d.Plug(t, 0, newTestKey(t).Key)
	for _, w := range ways {
		t.Run(w.name+", longer than we wait", func(t *testing.T) { testBusy(t, d.Readers()[0], w) })
		t.Run(w.name+", for a while", func(t *testing.T) { testPatience(t, d.Readers()[0], w) })
	}
}

// A program that finds the card held continues when it has waited enough, and gets
// the card when it asks again later. What it left behind ends on its own.
func testBusy(t *testing.T, reader string, w way) {
	r := newRival(t, reader, w.mode)
	r.do(t, w.hold(r))
	before := openFiles()
	s := connect(t)
	within(t, "Open", func() {
		for range 3 {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			_, err := s.Open(ctx, reader)
			cancel()
			expectError(t, err, ErrBusy)
		}
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err := s.Open(ctx, reader)
		expectError(t, err, context.Canceled)
	})
	if _, err := s.Readers(); err != nil {
		t.Error(err)
	}
	r.do(t, w.pass(r))
	shut(t, open(t, s, reader), false) // the service has given its connection away
	eventually(t, "all connections are closed", func() bool { return openFiles() <= before })
}

// openFiles counts the open files of this process, 0 where that is not known.
func openFiles() int {
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

// A program that finds the card held gets it once it is free.
func testPatience(t *testing.T, reader string, w way) {
	r := newRival(t, reader, w.mode)
	r.do(t, w.hold(r))
	passed := make(chan error, 1)
	time.AfterFunc(100*time.Millisecond, func() { passed <- w.pass(r) })
	shut(t, open(t, connect(t), reader), false)
	r.do(t, <-passed)
}

// Another program may reset the card while we wait for our turn.
func TestResetMeanwhile(t *testing.T) {
	d := vktest.Shared(t)
	d.Plug(t, 0, newTestKey(t).Key)
	reader := d.Readers()[0]
	s := connect(t)
	c := &Card{reader: reader, context: s.context}
	s.context = nil
	if err := c.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := newRival(t, reader, scard.ShareShared)
	r.do(t, r.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.ResetCard))
	if err := c.begin(); err != nil {
		t.Fatal(err)
	}
	expect(t, c, selectOATH, "9000")
	shut(t, c, false)
}

// What a program had unlocked is locked for others if it says so, and only then.
func TestClose(t *testing.T) {
	d := vktest.Shared(t)
	k := newTestKey(t)
	setPassword(t, k)
	d.Plug(t, 0, k.Key)
	reader := d.Readers()[0]
	newRival(t, reader, scard.ShareShared) // keeps the card from losing power
	s := connect(t)

	c := open(t, s, reader)
	expect(t, c, selectOATH, "9000")
	expect(t, c, list, "6982")
	unlock(t, c)
	expect(t, c, list, "9000")
	shut(t, c, false)

	c = open(t, s, reader)
	expect(t, c, list, "9000")
	shut(t, c, true)
	if n := k.resets(); n != 1 {
		t.Errorf("the key was reset %d times, want once: the second might hit another program", n)
	}
	c = open(t, s, reader)
	expect(t, c, list, "6d00") // no applet is selected
	expect(t, c, selectOATH, "9000")
	expect(t, c, list, "6982")
	shut(t, c, false)
}

// accessKey is what a password comes to: YKOATH, "SET CODE".
var accessKey = []byte("0123456789abcdef")

func proof(challenge []byte) []byte {
	mac := hmac.New(sha1.New, accessKey)
	mac.Write(challenge)
	return mac.Sum(nil)
}

// setPassword gives the key a password.
func setPassword(t *testing.T, k *testKey) {
	t.Helper()
	challenge := []byte("12345678")
	code := slices.Concat([]byte("\x00\x03\x00\x00\x33\x73\x11\x21"), accessKey,
		[]byte("\x74\x08"), challenge, []byte("\x75\x14"), proof(challenge))
	for _, command := range [][]byte{selectOATH, code} {
		if response, err := k.Transmit(command); err != nil || !slices.Equal(response[len(response)-2:], []byte{0x90, 0}) {
			t.Fatalf("%x: got %x, %v", command, response, err)
		}
	}
}

// unlock opens the OATH applet with the password: YKOATH, "VALIDATE".
func unlock(t *testing.T, c *Card) {
	t.Helper()
	if err := tryUnlock(c); err != nil {
		t.Fatal(err)
	}
}
