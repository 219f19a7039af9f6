//go:build cgo && !windows

package pcsc

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ebfe/scard"

	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// A card may be pulled out at any point, and be plugged in again.
func TestRemoved(t *testing.T) {
	d := vktest.Shared(t)
	s := connect(t)
	reader := d.Readers()[0]
	for _, point := range []struct {
		name string
		pull func(k *testKey, noticed func())
	}{
		{"between commands", func(k *testKey, noticed func()) { k.Pull() }},
		{"between commands, and noticed", func(k *testKey, noticed func()) { noticed() }},
		{"in the middle of a command", func(k *testKey, noticed func()) {
			go func() { <-k.waits; k.Pull() }()
		}},
	} {
		t.Run(point.name, func(t *testing.T) {
			k := newTestKey(t)
			pull := d.Plug(t, 0, k.Key)
			c := open(t, s, reader)
			expect(t, c, selectOATH, "9000")
			point.pull(k, pull)
			within(t, "Transmit", func() {
				_, err := c.Transmit([]byte{0, slow, 0, 0})
				expectError(t, err, ErrRemoved)
			})
			within(t, "Close", func() {
				if err := c.Close(); err != nil {
					expectError(t, err, ErrRemoved)
				}
			})
		})
	}
}

// A real reader may say of a card pulled out in the middle of a command no more
// than that the exchange failed; vpcd does not.
func TestExchangeFails(t *testing.T) {
	d := vktest.Shared(t)
	pull := d.Plug(t, 0, newTestKey(t).Key)
	c := open(t, connect(t), d.Readers()[0])
	defer c.Close()
	if err := c.explain(scard.ErrNotTransacted); errors.Is(err, ErrRemoved) {
		t.Errorf("with the key plugged in: got %v", err)
	}
	pull()
	expectError(t, c.explain(scard.ErrNotTransacted), ErrRemoved)
}

// The daemon may go away in the middle of a command, and return. What was
// connected to it before recovers.
func TestServiceEnds(t *testing.T) {
	d := vktest.Shared(t)
	k := newTestKey(t)
	d.Plug(t, 0, k.Key)
	s, looking, opening := connect(t), connect(t), connect(t)
	c := open(t, s, d.Readers()[0])
	paused := make(chan struct{})
	go func() {
		defer close(paused)
		<-k.waits
		d.Pause()
	}()
	within(t, "Transmit", func() {
		_, err := c.Transmit([]byte{0, slow, 0, 0})
		expectError(t, err, ErrNoService)
	})
	<-paused
	within(t, "Close", func() { expectError(t, c.Close(), ErrNoService) })
	_, err := s.Readers()
	expectError(t, err, ErrNoService)
	_, err = s.Open(t.Context(), d.Readers()[0])
	expectError(t, err, ErrNoService)
	d.Resume(t)
	d.Plug(t, 0, newTestKey(t).Key)
	if readers, err := looking.Readers(); !present(readers) || err != nil {
		t.Errorf("readers %v, %v", readers, err)
	}
	for _, s := range []*Service{s, opening} {
		c := open(t, s, d.Readers()[0])
		expect(t, c, selectOATH, "9000")
		shut(t, c, true)
	}
}

func present(readers []Reader) bool {
	return slices.ContainsFunc(readers, func(r Reader) bool { return r.Present })
}

// Wait continues until a key comes, whatever becomes of the daemon meanwhile.
func TestWait(t *testing.T) {
	d := vktest.Shared(t)
	s := connect(t)
	type result struct {
		readers []Reader
		err     error
	}
	found := make(chan result, 1)
	looks := make(chan struct{}, 1000)
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	go func() {
		readers, err := s.Wait(ctx, func(readers []Reader) bool {
			looks <- struct{}{}
			return present(readers)
		})
		found <- result{readers, err}
	}()
	<-looks
	d.Pause()
	select {
	case r := <-found:
		t.Fatalf("without a daemon: %v, %v", r.readers, r.err)
	case <-time.After(6 * pollInterval): // more than one look
	}
	d.Resume(t)
	d.Plug(t, 1, newTestKey(t).Key)
	r := <-found
	if r.err != nil || !r.readers[1].Present {
		t.Errorf("got %v, %v", r.readers, r.err)
	}
}

func TestWaitInVain(t *testing.T) {
	vktest.Shared(t)
	s := connect(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	within(t, "Wait", func() {
		_, err := s.Wait(ctx, present)
		expectError(t, err, context.DeadlineExceeded)
	})
}
