// Package ykoath speaks the YKOATH protocol: the OATH applet of a YubiKey, or of
// another maker's key that answers like one.
//
// A [Session] is an applet selected over a [Card]. It has one method an
// instruction, and is an [oath.Token] over them. Facts cited as YKOATH are from
// the protocol's published specification,
// https://developers.yubico.com/OATH/YKOATH_Protocol.html.
//
// A Session is not safe for concurrent use, and a Card need not be: one goroutine at a
// time talks to a key. The other types are plain values.
package ykoath

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
)

// A Card takes a command APDU and returns the response APDU, status word
// included (ISO 7816-4). Transmit need not be safe for concurrent use.
//
// An error of a card that is gone says so: in its chain is one with a method
// CardRemoved() bool that returns true. Everything here that meets it returns an
// oath.ErrRemoved.
//
// A card may have two methods more. TransmitContext(ctx, command) is Transmit until the
// context is done; see [Session.Context]. ResetOnClose() is called once a password was
// proven to the card, which whoever closes it should then have forget it.
type Card interface {
	Transmit(command []byte) (response []byte, err error)
}

// ErrMalformed says that the card answered something that the protocol does not
// allow. The message that wraps it says what, and at which offset.
var ErrMalformed = errors.New("the card answered nonsense")

// A contextCard is a card that need not be waited for.
type contextCard interface {
	TransmitContext(ctx context.Context, command []byte) ([]byte, error)
}

// A boundCard is one that is waited for until a context is done.
type boundCard struct {
	ctx context.Context
	contextCard
}

func (c boundCard) Transmit(command []byte) ([]byte, error) { return c.TransmitContext(c.ctx, command) }

const (
	insSendRemaining = 0xa5 // YKOATH, "SEND REMAINING"
	insGetResponse   = 0xc0 // ISO 7816-4, for applets other than OATH

	// maxResponse bounds a chained response, in bytes. A key of 64 accounts
	// answers some 5 KB; a card that sends more than this is broken.
	maxResponse = 1 << 20

	// maxChunks bounds how often a response may continue: in chunks of 13 bytes,
	// the smallest that keys are known to send, the same key needs 400.
	maxChunks = 1 << 10
)

// A command is a short APDU of class 00.
type command struct {
	name   string // for errors
	ins    byte
	p1, p2 byte
	data   []byte
}

func (c command) encode() []byte {
	// Without data, the last byte is Le and asks for all there is.
	apdu := append(make([]byte, 0, 5+len(c.data)), 0x00, c.ins, c.p1, c.p2, byte(len(c.data)))
	return append(apdu, c.data...)
}

// transmit sends a command, reads the whole of its answer with the instruction
// more, and returns it without the status word.
func transmit(card Card, c command, more byte) ([]byte, error) {
	if len(c.data) > 255 {
		return nil, fmt.Errorf("%s: %d bytes of data do not fit a short APDU", c.name, len(c.data))
	}
	var answer []byte
	next := c.encode()
	for chunk := 0; chunk < maxChunks && len(answer) <= maxResponse; chunk++ {
		data, sw, err := exchange(card, next)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		answer = append(answer, data...)
		switch {
		case sw == swOK:
			return answer, nil
		case sw&0xff00 != swMoreData:
			return nil, &StatusError{Command: c.name, Status: sw}
		}
		next = command{ins: more}.encode()
	}
	return nil, fmt.Errorf("%s: %w: its response never ends, %d bytes so far", c.name, ErrMalformed, len(answer))
}

func exchange(card Card, apdu []byte) (data []byte, sw uint16, err error) {
	response, err := card.Transmit(apdu)
	var removed interface{ CardRemoved() bool }
	if errors.As(err, &removed) && removed.CardRemoved() {
		err = removedError{err}
	}
	if err != nil {
		return nil, 0, err
	}
	switch n := len(response); n {
	case 0: // what pcscd returns for a card that has just been pulled out
		return nil, 0, oath.ErrRemoved
	case 1:
		return nil, 0, fmt.Errorf("%w: one byte, which is not a status word", ErrMalformed)
	default:
		return response[:n-2], binary.BigEndian.Uint16(response[n-2:]), nil
	}
}

// A removedError is an oath.ErrRemoved in the words of the card.
type removedError struct{ error }

func (e removedError) Unwrap() error        { return e.error }
func (e removedError) Is(target error) bool { return target == oath.ErrRemoved }
