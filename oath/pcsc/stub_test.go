//go:build !cgo && !windows

package pcsc

import (
	"context"
	"errors"
	"testing"
)

// Built without cgo, every call says what is missing.
func TestUnavailable(t *testing.T) {
	_, connected := Connect()
	s := new(Service)
	_, listed := s.Readers()
	_, waited := s.Wait(context.Background(), func([]Reader) bool { return true })
	_, opened := s.Open(context.Background(), "")
	_, transmitted := new(Card).Transmit(nil)
	_, given := new(Card).TransmitContext(context.Background(), nil)
	for name, err := range map[string]error{
		"Connect": connected, "Readers": listed, "Wait": waited, "Open": opened, "Transmit": transmitted,
		"TransmitContext": given,
	} {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: got %v, want %v", name, err, ErrUnavailable)
		}
	}
}
