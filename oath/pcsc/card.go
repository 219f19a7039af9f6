//go:build cgo || windows

package pcsc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ebfe/scard"

	"github.com/tokenctl/tokenctl/oath"
)

// A Card is a card in a reader, held in a transaction. It is not safe for
// concurrent use.
type Card struct {
	reader  string
	context *scard.Context // its own, so that a card that blocks holds up no other
	card    *scard.Card
	reset   bool  // when it is closed
	givenUp error // why; nil unless it was

	hasTalked bool
}

// Open takes hold of the card in a reader. While another program holds it, Open
// waits, until ctx is done; then it returns ErrBusy, or ctx's error if ctx was
// cancelled. It returns ErrNoReader, ErrNoCard, ErrMute, ErrNoService or
// ErrNoPermission as they apply.
func (s *Service) Open(ctx context.Context, reader string) (*Card, error) {
	var card *Card
	err := s.try(func() (err error) {
		card, err = s.open(ctx, reader)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the card in %q: %w", reader, err)
	}
	return card, nil
}

// open hands the service's connection to the card, for the service makes itself
// another when it needs one. PC/SC may wait for its turn without bound and cannot
// be stopped, so it waits aside, and is left behind when ctx is done.
func (s *Service) open(ctx context.Context, reader string) (*Card, error) {
	c := &Card{reader: reader, context: s.context}
	s.context = nil
	opened := make(chan error, 1)
	go func() { opened <- c.open(ctx) }()
	select {
	case err := <-opened:
		if err != nil {
			return nil, err
		}
		return c, nil
	case <-ctx.Done():
		go func() { // when it is our turn after all, pass
			if <-opened == nil {
				c.shut(scard.LeaveCard)
			}
		}()
		return nil, busy(ctx)
	}
}

// busy returns what to say of a wait that ctx ended.
func busy(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return ErrBusy
}

// open connects and begins the transaction, or releases everything.
func (c *Card) open(ctx context.Context) error {
	if err := c.connect(ctx); err != nil {
		c.context.Release()
		return err
	}
	if err := c.begin(); err != nil {
		c.release(scard.LeaveCard)
		return err
	}
	return nil
}

// connect connects, and tries again while another program has the card for
// itself.
func (c *Card) connect(ctx context.Context) error {
	for {
		card, err := c.context.Connect(c.reader, scard.ShareShared, scard.ProtocolAny)
		c.card = card
		if !errors.Is(err, scard.ErrSharingViolation) {
			return explain(err)
		}
		if sleep(ctx, pollInterval) != nil {
			return busy(ctx)
		}
	}
}

// begin begins the transaction. PC/SC insists that a reset by another program
// since connect is taken note of.
func (c *Card) begin() error {
	err := c.card.BeginTransaction()
	for errors.Is(err, scard.ErrResetCard) {
		if err = c.card.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.LeaveCard); err == nil {
			err = c.card.BeginTransaction()
		}
	}
	return explain(err)
}

// Transmit sends a command APDU, and returns the response APDU; an empty command is
// refused. It blocks for as long as the card takes, which may be waiting for a touch, but
// not for longer than AnswerTimeout: then it returns oath.ErrSilent, now and from there
// on. It returns ErrRemoved if the card goes away meanwhile, and ErrNoService if the
// service does.
func (c *Card) Transmit(command []byte) ([]byte, error) {
	return c.TransmitContext(context.Background(), command)
}

// TransmitContext is Transmit, given up when the context is done: then it returns the
// context's cause, now and from there on. PC/SC cannot be made to stop waiting, and so the
// card stays taken until it answers after all; then it is reset and released.
// Its other errors are those of Transmit.
func (c *Card) TransmitContext(ctx context.Context, command []byte) ([]byte, error) {
	if len(command) == 0 {
		return nil, errors.New("talking to the card: the command is empty")
	}
	var response []byte
	err := c.answer(ctx, func() (err error) {
		response, err = c.card.Transmit(command)
		if errors.Is(err, scard.ErrProtoMismatch) && !c.hasTalked {
			// The reset that ends another program's session has pcscd forget the protocol
			// when it is over, which may be after our connect. Nothing was sent.
			if err = c.card.Reconnect(scard.ShareShared, scard.ProtocolAny, scard.LeaveCard); err == nil {
				response, err = c.card.Transmit(command)
			}
		}
		c.hasTalked = true
		switch {
		case err != nil:
			return c.explain(err)
		case len(response) == 0: // what pcscd says of a card pulled out just now
			return ErrRemoved
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("talking to the card: %w", err)
	}
	return response, nil
}

// answer is Answer for what waits for the card. A card that is given up is reset and
// released if it ever answers, or by the service when this program ends.
func (c *Card) answer(ctx context.Context, call func() error) error {
	if c.givenUp != nil {
		return c.givenUp
	}
	if ctx.Err() != nil {
		return context.Cause(ctx) // nothing was sent
	}
	silent := fmt.Errorf("%w: in %q, for longer than a touch may take", oath.ErrSilent, c.reader)
	answered, err := answer(ctx, call, silent, func() { c.shut(scard.ResetCard) })
	if !answered {
		c.givenUp = err
	}
	return err
}

// explain says whether the card is gone; PC/SC at first may know no more
// than that it did not answer.
func (c *Card) explain(err error) error {
	meaning := explain(err)
	if errors.Is(meaning, ErrNoService) || errors.Is(meaning, ErrRemoved) || !c.isGone() {
		return meaning
	}
	return fmt.Errorf("%w (%w)", ErrRemoved, err)
}

// noticing is how long PC/SC may take to notice that a card is gone: pcscd looks
// after its readers every 0.4 seconds (PCSCLITE_STATUS_POLL_RATE).
const noticing = time.Second

func (c *Card) isGone() bool {
	for range noticing / pollInterval {
		status, err := c.card.Status()
		if err != nil || status.State&scard.Absent != 0 {
			return true
		}
		time.Sleep(pollInterval)
	}
	return false
}

// ResetOnClose has Close reset the card. Whoever proves a password or a PIN to it calls
// this, as a ykoath.Session does.
func (c *Card) ResetOnClose() { c.reset = true }

// Close ends the transaction and releases the card. After ResetOnClose, the card
// forgets what was proven to it before any other program gets at it. A program
// that ends without Close, however it ends, has its card reset by the service. It returns
// why at once for a card that was given up; else ErrRemoved or ErrNoService.
func (c *Card) Close() error {
	disposition := scard.LeaveCard
	if c.reset {
		disposition = scard.ResetCard
	}
	if err := c.answer(context.Background(), func() error { return c.shut(disposition) }); err != nil {
		return fmt.Errorf("releasing the card: %w", err)
	}
	return nil
}

func (c *Card) shut(disposition scard.Disposition) error {
	ended := c.card.EndTransaction(disposition)
	if ended == nil {
		disposition = scard.LeaveCard // it may be another program's by now
	}
	return explain(cmp.Or(ended, c.release(disposition)))
}

func (c *Card) release(disposition scard.Disposition) error {
	return cmp.Or(c.card.Disconnect(disposition), c.context.Release())
}
