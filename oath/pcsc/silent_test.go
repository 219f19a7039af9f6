//go:build cgo && !windows

package pcsc

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// setLimit has AnswerTimeout be over when the test says so, for the length of a test.
func setLimit(t *testing.T) (over chan<- time.Time) {
	limit := make(chan time.Time)
	After = func(d time.Duration) <-chan time.Time {
		if d != AnswerTimeout {
			t.Errorf("waits for %v", d)
		}
		return limit
	}
	t.Cleanup(func() { After = time.After })
	return limit
}

// A card that does not answer is given up, by its name, and nothing more is sent to it.
// The card beside it can be used, and the same one again once it answered: it was reset.
func TestSilentCard(t *testing.T) {
	d := vktest.Shared(t)
	k, other := newTestKey(t), newTestKey(t)
	setPassword(t, k)
	d.Plug(t, 0, k.Key)
	d.Plug(t, 1, other.Key)
	s := connect(t)
	c := open(t, s, d.Readers()[0])
	expect(t, c, selectOATH, "9000")
	unlock(t, c)
	over := setLimit(t)
	go func() {
		<-k.waits
		over <- time.Time{}
	}()
	within(t, "Transmit", func() {
		_, err := c.Transmit([]byte{0, slow, 0, 0})
		expectError(t, err, oath.ErrSilent)
		if !strings.Contains(err.Error(), d.Readers()[0]) {
			t.Errorf("%v does not name the reader", err)
		}
	})
	sent := len(k.commands())
	within(t, "what comes after", func() {
		_, err := c.Transmit(list)
		expectError(t, err, oath.ErrSilent)
		expectError(t, c.Close(), oath.ErrSilent)
	})
	if n := len(k.commands()); n != sent {
		t.Errorf("%d more commands were sent", n-sent)
	}
	beside := open(t, s, d.Readers()[1])
	expect(t, beside, selectOATH, "9000")
	shut(t, beside, false)

	k.finger <- time.Time{}
	c = open(t, s, d.Readers()[0])
	expect(t, c, selectOATH, "9000")
	expect(t, c, list, "6982") // it is locked
	shut(t, c, false)
}

// A card whose user does not wait any longer is given up at once, and was not sent
// anything if that was so before. It can be used again once it answered: it was reset.
func TestGivenUp(t *testing.T) {
	d := vktest.Shared(t)
	k := newTestKey(t)
	setPassword(t, k)
	d.Plug(t, 0, k.Key)
	s := connect(t)
	c := open(t, s, d.Readers()[0])
	expect(t, c, selectOATH, "9000")
	unlock(t, c)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	go func() {
		<-k.waits
		cancel(enough)
	}()
	within(t, "TransmitContext", func() {
		_, err := c.TransmitContext(ctx, []byte{0, slow, 0, 0})
		expectError(t, err, enough)
	})
	sent := len(k.commands())
	within(t, "what comes after", func() {
		_, err := c.Transmit(list)
		expectError(t, err, enough)
		expectError(t, c.Close(), enough)
	})
	k.finger <- time.Time{}
	c = open(t, s, d.Readers()[0])
	if _, err := c.TransmitContext(ctx, list); !errors.Is(err, enough) || len(k.commands()) != sent {
		t.Errorf("got %v after %d commands, want %d", err, len(k.commands()), sent)
	}
	expect(t, c, selectOATH, "9000")
	expect(t, c, list, "6982") // it is locked
	shut(t, c, false)
}

// A service that does not answer is given up, too, and found again when it does.
func TestSilentService(t *testing.T) {
	d := vktest.Shared(t)
	s := connect(t)
	d.Freeze(t)
	defer d.Thaw(t)
	over := setLimit(t)
	stop := make(chan struct{})
	var clock sync.WaitGroup
	clock.Go(func() {
		for {
			select {
			case over <- time.Time{}:
			case <-stop:
				return
			}
		}
	})
	within(t, "a frozen service", func() {
		_, err := s.Readers()
		expectError(t, err, ErrServiceSilent)
		_, err = Connect()
		expectError(t, err, ErrServiceSilent)
		_, err = s.Readers()
		expectError(t, err, ErrServiceSilent)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	close(stop)
	clock.Wait()
	d.Thaw(t)
	if readers, err := s.Readers(); len(readers) != 2 || err != nil {
		t.Errorf("%d readers, %v", len(readers), err)
	}
}
