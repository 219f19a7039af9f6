//go:build cgo || windows

package pcsc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ebfe/scard"
)

// A Service is a connection to the PC/SC service. It mends itself when the
// service went away and came back. It is not safe for concurrent use.
type Service struct {
	context *scard.Context // nil if it is to be connected when needed
}

// Connect connects to the PC/SC service. It returns ErrNoService or
// ErrNoPermission.
func Connect() (*Service, error) {
	s := &Service{}
	if err := s.connect(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Service) connect() error {
	context, err := scard.EstablishContext()
	if err != nil {
		return fmt.Errorf("connecting to the smart card service: %w", explain(err))
	}
	s.context = context
	return nil
}

// Close ends the connection. Cards opened before stay open.
func (s *Service) Close() error {
	if s.context == nil {
		return nil
	}
	defer func() { s.context = nil }()
	return explain(s.context.Release())
}

// try calls what needs the connection. If that turns out to be of no use any
// more, because the service went away since it was made, it does so once again
// with a new one.
func (s *Service) try(call func() error) error {
	if s.context != nil {
		if err := call(); !isStale(err) {
			return err
		}
		s.Close()
	}
	if err := s.connect(); err != nil {
		return err
	}
	return call()
}

// isStale reports whether an error may be that of a connection which was cut. A
// service that ends with a request unread cuts it as one that refuses it does.
func isStale(err error) bool {
	return errors.Is(err, ErrNoService) || errors.Is(err, ErrNoPermission) || errors.Is(err, scard.ErrInvalidHandle)
}

// Readers returns the readers, and what is in them. There may be none.
func (s *Service) Readers() ([]Reader, error) {
	var readers []Reader
	err := s.try(func() (err error) {
		readers, err = s.readers()
		return err
	})
	return readers, err
}

func (s *Service) readers() ([]Reader, error) {
	names, err := s.context.ListReaders()
	switch {
	case errors.Is(err, scard.ErrNoReadersAvailable), err == nil && len(names) == 0:
		return nil, nil
	case errors.Is(err, scard.ErrInsufficientBuffer): // one was plugged in meanwhile
		return s.readers()
	case err != nil:
		return nil, fmt.Errorf("listing readers: %w", explain(err))
	}
	states, err := s.states(names)
	switch {
	case errors.Is(err, scard.ErrUnknownReader): // one was unplugged meanwhile
		return s.readers()
	case err != nil:
		return nil, fmt.Errorf("looking into the readers: %w", explain(err))
	}
	readers := make([]Reader, len(states))
	for i, state := range states {
		has := func(f scard.StateFlag) bool { return state.EventState&f != 0 }
		readers[i] = Reader{
			Name:      state.Reader,
			Present:   has(scard.StatePresent),
			Mute:      has(scard.StateMute),
			Exclusive: has(scard.StateExclusive),
			ATR:       state.Atr,
		}
	}
	return readers, nil
}

// states asks for the states of readers. To say that they are unknown so far
// makes the answer come at once.
func (s *Service) states(names []string) ([]scard.ReaderState, error) {
	states := make([]scard.ReaderState, len(names))
	for i, name := range names {
		states[i] = scard.ReaderState{Reader: name, CurrentState: scard.StateUnaware}
	}
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	return states, s.context.GetStatusChange(states, 0)
}

// oneAtATime is for scard's GetStatusChange, which lends names to C that it keeps
// only until the next call with the same ones, be that for another context.
var oneAtATime sync.Mutex

// pollInterval is how often to look again for what PC/SC does not tell of by
// itself: a service that is not running, a card that another program holds.
const pollInterval = 50 * time.Millisecond

// Wait returns the readers once enough reports that they are, and asks it again
// after each look at them. It goes on while the service is away, and returns the
// context's error when that is done.
func (s *Service) Wait(ctx context.Context, enough func([]Reader) bool) ([]Reader, error) {
	refused := false
	for {
		readers, err := s.Readers()
		switch {
		case err == nil && enough(readers):
			return readers, nil
		case errors.Is(err, ErrNoPermission) && !refused: // or about to end, see isStale
			refused = true
		case err == nil, errors.Is(err, ErrNoService):
			refused = false
		default:
			return nil, err
		}
		if err := sleep(ctx, 4*pollInterval); err != nil {
			return nil, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
