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

// A Service is a connection to the PC/SC service. It reconnects when the service
// went away and returned. It is not safe for concurrent use.
type Service struct {
	context *scard.Context // nil if it will be connected when needed
}

// Connect connects to the PC/SC service. It returns ErrNoService, ErrServiceSilent or
// ErrNoPermission.
func Connect() (*Service, error) {
	s := &Service{}
	if err := s.connect(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Service) connect() error {
	var context *scard.Context
	err := Answer(func() (err error) {
		context, err = scard.EstablishContext()
		return err
	}, ErrServiceSilent, func() {
		if context != nil {
			context.Release()
		}
	})
	if err != nil {
		return fmt.Errorf("connecting to the smart card service: %w", explain(err))
	}
	s.context = context
	return nil
}

// Close ends the connection. Cards opened before stay open. It returns ErrNoService, or
// ErrServiceSilent.
func (s *Service) Close() error {
	if s.context == nil {
		return nil
	}
	defer func() { s.context = nil }()
	return explain(Answer(s.context.Release, ErrServiceSilent, func() {}))
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

// Readers returns the readers, and what is in them. There may be none. Its errors are
// those of Connect.
func (s *Service) Readers() ([]Reader, error) {
	var found []Reader
	err := s.try(func() error {
		context := s.context
		err := Answer(func() (err error) {
			found, err = readers(context)
			return err
		}, ErrServiceSilent, func() { context.Release() })
		if errors.Is(err, ErrServiceSilent) {
			s.context = nil // it is given up
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func readers(context *scard.Context) ([]Reader, error) {
	names, err := context.ListReaders()
	switch {
	case errors.Is(err, scard.ErrNoReadersAvailable), err == nil && len(names) == 0:
		return nil, nil
	case errors.Is(err, scard.ErrInsufficientBuffer): // one was plugged in meanwhile
		return readers(context)
	case err != nil:
		return nil, fmt.Errorf("listing readers: %w", explain(err))
	}
	states, err := states(context, names)
	switch {
	case errors.Is(err, scard.ErrUnknownReader): // one was unplugged meanwhile
		return readers(context)
	case err != nil:
		return nil, fmt.Errorf("looking into the readers: %w", explain(err))
	}
	found := make([]Reader, len(states))
	for i, state := range states {
		has := func(f scard.StateFlag) bool { return state.EventState&f != 0 }
		found[i] = Reader{
			Name:      state.Reader,
			Present:   has(scard.StatePresent),
			Mute:      has(scard.StateMute),
			Exclusive: has(scard.StateExclusive),
			ATR:       state.Atr,
		}
	}
	return found, nil
}

// states asks for the states of readers. To say that they are unknown so far
// makes the answer come at once.
func states(context *scard.Context, names []string) ([]scard.ReaderState, error) {
	states := make([]scard.ReaderState, len(names))
	for i, name := range names {
		states[i] = scard.ReaderState{Reader: name, CurrentState: scard.StateUnaware}
	}
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	return states, context.GetStatusChange(states, 0)
}

// oneAtATime is for scard's GetStatusChange, which lends names to C that it keeps
// only until the next call with the same ones, be that for another context.
var oneAtATime sync.Mutex

// pollInterval is how often to look again for what PC/SC does not report on
// its own: a service that is not running, a card that another program holds.
const pollInterval = 50 * time.Millisecond

// Wait returns the readers once enough reports that they are, and asks it again
// after each look at them. It continues while the service is away, and returns the
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
