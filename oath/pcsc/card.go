//go:build cgo || windows

package pcsc

import (
	"context"
	"errors"
	"fmt"

	"github.com/ebfe/scard"
)

// A Card is a card in a reader, held in a transaction. It is not safe for
// concurrent use.
type Card struct {
	context *scard.Context // its own, so that a card that blocks holds up no other
	card    *scard.Card
}

// Open takes hold of the card in a reader. While another program holds it, Open
// waits, until ctx is done, and then returns ErrBusy. It returns ErrNoReader,
// ErrNoCard, ErrMute, ErrNoService or ErrNoPermission as they apply.
//
// Each card has a connection of its own, so that one that blocks holds up no
// other: it takes the service's, which makes itself another when it needs one.
func (s *Service) Open(ctx context.Context, reader string) (*Card, error) {
	if s.context == nil {
		if err := s.connect(); err != nil {
			return nil, err
		}
	}
	card, err := connectShared(ctx, s.context, reader)
	if err != nil {
		return nil, fmt.Errorf("opening the card in %q: %w", reader, explain(err))
	}
	c := &Card{context: s.context, card: card}
	s.context = nil
	if err := c.begin(ctx); err != nil {
		return nil, fmt.Errorf("opening the card in %q: %w", reader, err)
	}
	return c, nil
}

// connectShared connects, and tries again while another program has the card for
// itself.
func connectShared(ctx context.Context, pcscContext *scard.Context, reader string) (*scard.Card, error) {
	for {
		card, err := pcscContext.Connect(reader, scard.ShareShared, scard.ProtocolAny)
		if !errors.Is(err, scard.ErrSharingViolation) {
			return card, err
		}
		if sleep(ctx, pollInterval) != nil {
			return nil, err
		}
	}
}

// begin begins the transaction, or releases the card. PC/SC waits for its turn
// without bound and cannot be told to stop, so it waits aside, and is left behind
// when ctx is done.
func (c *Card) begin(ctx context.Context) error {
	begun := make(chan error, 1)
	go func() { begun <- c.beginTransaction() }()
	select {
	case err := <-begun:
		if err != nil {
			c.release(scard.LeaveCard)
		}
		return err
	case <-ctx.Done():
		go func() { // when it is our turn after all, pass
			if <-begun == nil {
				c.card.EndTransaction(scard.LeaveCard)
			}
			c.release(scard.LeaveCard)
		}()
		return ErrBusy
	}
}

func (c *Card) beginTransaction() error {
	err := c.card.BeginTransaction()
	if errors.Is(err, scard.ErrResetCard) { // by another program, since Connect
		if err = c.card.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.LeaveCard); err == nil {
			err = c.card.BeginTransaction()
		}
	}
	if err != nil {
		return explain(err)
	}
	return nil
}

// Transmit sends a command APDU and returns the response APDU. It blocks for as
// long as the card takes, which may be waiting for a touch. It returns
// ErrRemoved if the card goes away meanwhile.
func (c *Card) Transmit(command []byte) ([]byte, error) {
	response, err := c.card.Transmit(command)
	switch {
	case err != nil && c.isGone():
		return nil, fmt.Errorf("%w (%v)", ErrRemoved, err)
	case err != nil:
		return nil, fmt.Errorf("talking to the card: %w", explain(err))
	case len(response) == 0: // what pcscd says of a card pulled out just now
		return nil, ErrRemoved
	}
	return response, nil
}

func (c *Card) isGone() bool {
	status, err := c.card.Status()
	return err != nil || status.State&scard.Absent != 0
}

// Close ends the transaction and lets go of the card. With reset, the card
// forgets what was proven to it, so that no other program finds it unlocked.
func (c *Card) Close(reset bool) error {
	disposition := scard.LeaveCard
	if reset {
		disposition = scard.ResetCard
	}
	ended := c.card.EndTransaction(disposition)
	released := c.release(disposition)
	if ended != nil {
		return explain(ended)
	}
	return released
}

func (c *Card) release(disposition scard.Disposition) error {
	disconnected := c.card.Disconnect(disposition)
	if err := c.context.Release(); err != nil {
		return explain(err)
	}
	if disconnected != nil {
		return explain(disconnected)
	}
	return nil
}

// meanings sorts the service's error codes (winscard.h) by what they mean to the
// holder of a card.
var meanings = map[error][]scard.Error{
	ErrNoService:    {scard.ErrNoService, scard.ErrServiceStopped, scard.ErrServerTooBusy},
	ErrNoPermission: {scard.ErrNoAccess, scard.ErrSecurityViolation},
	ErrNoReader:     {scard.ErrUnknownReader, scard.ErrReaderUnavailable, scard.ErrNoReadersAvailable},
	ErrNoCard:       {scard.ErrNoSmartcard},
	ErrMute:         {scard.ErrUnresponsiveCard, scard.ErrUnpoweredCard, scard.ErrProtoMismatch, scard.ErrUnsupportedCard},
	ErrBusy:         {scard.ErrSharingViolation},
	ErrRemoved:      {scard.ErrRemovedCard, scard.ErrResetCard, scard.ErrCommDataLost},
}

func explain(err error) error {
	for meaning, codes := range meanings {
		for _, code := range codes {
			if errors.Is(err, code) {
				return fmt.Errorf("%w (%v)", meaning, err)
			}
		}
	}
	return err
}
