//go:build !cgo && !windows

package pcsc

import "context"

// A Service is a connection to the PC/SC service.
type Service struct{}

// A Card is a card in a reader, held in a transaction.
type Card struct{}

// Connect returns ErrUnavailable.
func Connect() (*Service, error) { return nil, ErrUnavailable }

// Close does nothing.
func (*Service) Close() error { return nil }

// Readers returns ErrUnavailable.
func (*Service) Readers() ([]Reader, error) { return nil, ErrUnavailable }

// Wait returns ErrUnavailable.
func (*Service) Wait(context.Context, func([]Reader) bool) ([]Reader, error) {
	return nil, ErrUnavailable
}

// Open returns ErrUnavailable.
func (*Service) Open(context.Context, string) (*Card, error) { return nil, ErrUnavailable }

// Transmit returns ErrUnavailable.
func (*Card) Transmit([]byte) ([]byte, error) { return nil, ErrUnavailable }

// TransmitContext returns ErrUnavailable.
func (*Card) TransmitContext(context.Context, []byte) ([]byte, error) { return nil, ErrUnavailable }

// ResetOnClose does nothing.
func (*Card) ResetOnClose() {}

// Close does nothing.
func (*Card) Close() error { return nil }
