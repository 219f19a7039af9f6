package virtualkey_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// reader is the vpcd end of a link.
type reader struct {
	t testing.TB
	net.Conn
	served chan error // what Serve returned
}

// insert plugs the key into a reader on a TCP port of this machine.
func insert(t testing.TB, ctx context.Context, k *virtualkey.Key, plugged func()) reader {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := reader{t: t, served: make(chan error, 1)}
	go func() { r.served <- k.Connect(ctx, l.Addr().String(), plugged) }()
	if r.Conn, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	r.SetDeadline(time.Now().Add(time.Minute))
	return r
}

// send writes a frame in two segments, as vpcd does.
func (r reader) send(pieces ...any) {
	r.t.Helper()
	b := unhex(r.t, pieces...)
	for _, part := range [][]byte{binary.BigEndian.AppendUint16(nil, uint16(len(b))), b} {
		if _, err := r.Write(part); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r reader) receive() (string, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	b := make([]byte, binary.BigEndian.Uint16(head[:]))
	_, err := io.ReadFull(r, b)
	return hex.EncodeToString(b), err
}

// is sends a frame whose answer must be as given.
func (r reader) is(want string, pieces ...any) {
	r.t.Helper()
	r.send(pieces...)
	if got, err := r.receive(); got != want || err != nil {
		r.t.Errorf("%v: got %s, %v, want %s", pieces, got, err, want)
	}
}

const (
	powerOff = "00"
	powerOn  = "01"
	reset    = "02"
	getATR   = "04"
)

func TestLink(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	ctx, pull := context.WithCancel(context.Background())
	plugged := 0
	r := insert(t, ctx, c.Key, func() { plugged++ })
	atr := hex.EncodeToString(c.ATR())
	r.is(atr, getATR)
	r.send(powerOn)
	r.is("6d00", "00a10000")
	r.is("6700", "")
	r.send(selectOATH)
	r.receive()
	r.is("9000", "00a10000")
	for _, control := range []string{powerOff, powerOn, reset} {
		r.send(control)
		r.is("6d00", "00a10000")
		r.send(selectOATH)
		r.receive()
	}
	r.send("77") // no such control
	r.is("9000", "00a10000")
	pull()
	if _, err := r.receive(); err != io.EOF {
		t.Errorf("after it was pulled out: %v", err)
	}
	if err := <-r.served; err != nil || plugged != 1 {
		t.Errorf("Serve: %v, plugged in %d times", err, plugged)
	}
	if _, err := c.Transmit([]byte{0, 0xa1, 0, 0}); !errors.Is(err, virtualkey.ErrPulled) {
		t.Errorf("the key is still plugged in: %v", err)
	}
}

func TestReaderHangsUp(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	r := insert(t, context.Background(), c.Key, nil)
	r.Write([]byte{0, 5, 0})
	r.Close()
	if err := <-r.served; !errors.Is(err, io.EOF) {
		t.Errorf("Serve: %v", err)
	}
}

func TestFaultPullsOut(t *testing.T) {
	c := plug(t, virtualkey.Config{Faults: []virtualkey.Fault{fault(t, "2:pull-after")}})
	r := insert(t, context.Background(), c.Key, nil)
	r.send(selectOATH)
	r.receive()
	r.send("00a10000")
	if got, err := r.receive(); err != io.EOF {
		t.Errorf("got %s, %v", got, err)
	}
	if err := <-r.served; !errors.Is(err, virtualkey.ErrPulled) {
		t.Errorf("Serve: %v", err)
	}
}

// A reader sees at once that the key is gone, and not when it next has a command
// for it: until then it only asks for the ATR.
func TestPulledWhileIdle(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	for name, pull := range map[string]func(){"pulled": c.Pull, "into another port": c.Plug} {
		r := insert(t, context.Background(), c.Key, nil)
		r.is(hex.EncodeToString(c.ATR()), getATR)
		pull()
		if got, err := r.receive(); err != io.EOF {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
		r.Close()
		if err := <-r.served; !errors.Is(err, virtualkey.ErrPulled) {
			t.Errorf("%s: Serve: %v", name, err)
		}
	}
}

// Pulled out of one port, the key stays in the other that it is in by then.
func TestPortChanged(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	first := insert(t, context.Background(), c.Key, nil)
	first.is("6d00", "00a10000")
	second := insert(t, context.Background(), c.Key, nil)
	if got, err := first.receive(); err != io.EOF {
		t.Errorf("in the first port: got %s, %v", got, err)
	}
	first.Close()
	if err := <-first.served; !errors.Is(err, virtualkey.ErrPulled) {
		t.Errorf("Serve: %v", err)
	}
	second.is("6d00", "00a10000")
}

// A key that waits for a touch notices that it is pulled out, at either end.
func TestPulledWhileWaiting(t *testing.T) {
	waiting := make(chan bool)
	c := plugTouched(t, virtualkey.Config{Touch: virtualkey.TouchNever, After: func(time.Duration) <-chan time.Time {
		waiting <- true
		return nil
	}})
	ctx, pull := context.WithCancel(context.Background())
	for _, test := range []struct {
		out  func(reader)
		want error
	}{
		{func(r reader) { r.Close() }, io.EOF},
		{func(reader) { c.Pull() }, virtualkey.ErrPulled},
		{func(reader) { pull() }, nil},
	} {
		r := insert(t, ctx, c.Key, nil)
		r.send(selectOATH)
		r.receive()
		r.send(next)
		<-waiting
		test.out(r)
		if err := <-r.served; !errors.Is(err, test.want) {
			t.Errorf("Serve: %v, want %v", err, test.want)
		}
	}
}

func TestNoReader(t *testing.T) {
	c := plug(t, virtualkey.Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := c.Connect(context.Background(), l.Addr().String(), nil); err == nil {
		t.Error("connected to nothing")
	}
}
