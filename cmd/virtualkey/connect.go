package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// connect plugs a key into a reader that is there, until the context ends.
func connect(ctx context.Context, args []string, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return o.withKey(stderr, func(key *virtualkey.Key, trace *recent) error {
		s := &slot{address: o.address, wait: o.wait, key: key, stays: o.control != "", gone: make(chan error, 1)}
		s.found = sync.OnceFunc(func() {
			fmt.Fprintf(stderr, "virtualkey: YubiKey %d is plugged in at %s\n", key.Serial(), o.address)
		})
		if err := s.plug(ctx); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		if o.control != "" {
			c, err := listen(o.control, &control{key: key, firmware: o.key.Firmware, port: s, trace: trace, stop: stop})
			if err != nil {
				return err
			}
			defer c.close()
		}
		select {
		case <-ctx.Done():
			s.pull()
			return nil
		case err := <-s.gone:
			return err
		}
	})
}

// A slot is that of a reader elsewhere.
type slot struct {
	address string
	wait    time.Duration // for the reader to be there
	key     *virtualkey.Key
	found   func()     // called when the reader has found the key
	stays   bool       // for another plug, when the key was pulled out
	gone    chan error // why the key is in no reader any more, and no plug will follow
	out     func()     // pulls the key out; nil before the first plug
}

// plug dials the reader, and waits until it has found the key.
func (s *slot) plug(ctx context.Context) error {
	s.pull()
	conn, err := dial(ctx, s.address, s.wait)
	if err != nil {
		return err
	}
	inside, unplug := context.WithCancel(context.Background())
	found, ended, empty := make(chan struct{}), make(chan error, 1), make(chan struct{})
	go func() {
		defer close(empty)
		err := s.key.Serve(inside, conn, func() {
			s.found()
			close(found)
		})
		ended <- err
		if pulled := err == nil || errors.Is(err, virtualkey.ErrPulled); !pulled || !s.stays {
			s.gone <- err
		}
	}()
	s.out = func() {
		unplug()
		<-empty
	}
	select {
	case <-found:
		return nil
	case err := <-ended:
		return err
	case <-ctx.Done():
		s.pull()
		return context.Cause(ctx)
	}
}

// pull pulls the key out.
func (s *slot) pull() {
	if s.out != nil {
		s.out()
	}
}

// dial connects to the reader, and tries again for a while if it is not there.
func dial(ctx context.Context, address string, wait time.Duration) (net.Conn, error) {
	deadline := time.Now().Add(wait)
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("connecting to the reader: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
