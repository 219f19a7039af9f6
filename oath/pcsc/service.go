//go:build cgo || windows

package pcsc

import (
	"context"
	"errors"
	"fmt"
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
	return s.context.Release()
}

// Readers returns the readers, and what is in them. There may be none.
func (s *Service) Readers() ([]Reader, error) {
	if s.context != nil {
		readers, err := s.readers()
		if !isStale(err) {
			return readers, err
		}
		s.Close()
	}
	if err := s.connect(); err != nil {
		return nil, err
	}
	return s.readers()
}

func (s *Service) readers() ([]Reader, error) {
	names, err := s.context.ListReaders()
	if errors.Is(err, scard.ErrNoReadersAvailable) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing readers: %w", explain(err))
	}
	states := make([]scard.ReaderState, len(names))
	for i, name := range names {
		states[i] = scard.ReaderState{Reader: name, CurrentState: scard.StateUnaware}
	}
	// Unaware states return at once, whatever the timeout.
	err = s.context.GetStatusChange(states, 0)
	if errors.Is(err, scard.ErrUnknownReader) { // unplugged since ListReaders
		return s.readers()
	}
	if err != nil {
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

// isStale reports whether the connection is of no use any more, because the
// service went away since it was made.
func isStale(err error) bool {
	return errors.Is(err, ErrNoService) || errors.Is(err, scard.ErrInvalidHandle)
}

// pollInterval is how often to look again for what PC/SC does not tell of by
// itself: a service that is not running, a card that another program holds.
const pollInterval = 50 * time.Millisecond

// Wait returns the readers once enough reports that they are, and asks it again
// after each change. It goes on while the service is away, and returns the
// context's error when that is done.
func (s *Service) Wait(ctx context.Context, enough func([]Reader) bool) ([]Reader, error) {
	for {
		readers, err := s.Readers()
		if err != nil && !errors.Is(err, ErrNoService) {
			return nil, err
		}
		if err == nil && enough(readers) {
			return readers, nil
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
