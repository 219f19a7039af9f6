package ykoath

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tokenctl/tokenctl/oath"
)

// The commands of the applet, as YKOATH names them.
const (
	cmdSelect       = "SELECT"
	cmdPut          = "PUT"
	cmdDelete       = "DELETE"
	cmdSetCode      = "SET CODE"
	cmdReset        = "RESET"
	cmdRename       = "RENAME"
	cmdList         = "LIST"
	cmdCalculate    = "CALCULATE"
	cmdValidate     = "VALIDATE"
	cmdCalculateAll = "CALCULATE ALL"
)

// A Session is the OATH applet, selected on a card. It ends when another applet
// is selected, or the card is reset: ErrDeselected. It counts on being alone with the card, as
// in a PC/SC transaction, and remembers which accounts it has seen. It is not
// safe for concurrent use.
//
// Besides what each method says, all that talk to the card return what its Transmit does,
// and so oath.ErrRemoved and oath.ErrSilent; oath.ErrLocked while there is a password that
// was not given; ErrDeselected; ErrMalformed; the cause of Context; and a *StatusError for
// what the card refuses. After those that change the card, an error that is not one of its
// answers is an oath.ErrUnsure.
type Session struct {
	// Version is the firmware that the applet reports, and zero if it reports none.
	Version Version

	// Touch is called when the key waits for a touch, and what it returns once it does not
	// any more, whatever came of it. It is called at once for an account that is known to
	// need a touch; and for any other from a goroutine of its own, once the key has not
	// answered for longer than it takes to compute. Nil calls nothing.
	Touch func() (done func())

	// Context ends the wait for the key, which may be one for a touch: what waits returns
	// the context's cause, and so does everything after it. A change that was under way is
	// an oath.ErrUnsure as well. It takes a card with TransmitContext, as a pcsc.Card and a
	// virtualkey.Key are; another one is waited for. Nil waits.
	Context context.Context

	card      Card
	rand      io.Reader
	salt      []byte
	challenge []byte // of the card, to be answered by Unlock; nil if no password is set
	unlocked  bool
	ids       []oath.ID // of all accounts, if known; nil if not
}

var _ oath.Token = (*Session)(nil)

func (s *Session) do(c command) ([]byte, error) {
	card := s.card
	if s.Context != nil {
		if s.Context.Err() != nil {
			return nil, unsentError{fmt.Errorf("%s: %w", c.name, context.Cause(s.Context))}
		}
		if able, ok := s.card.(contextCard); ok {
			card = boundCard{s.Context, able}
		}
	}
	answer, err := transmit(card, c, insSendRemaining)
	if status := new(StatusError); errors.As(err, &status) {
		status.Open = s.unlocked
	}
	return answer, err
}

// change runs a command that changes the key. If it fails, what accounts there are is
// not known any more. An error that is not the card's own answer is an oath.ErrUnsure.
func (s *Session) change(c command) error {
	_, err := s.do(c)
	if err != nil {
		s.ids = nil
	}
	return unsure(err)
}

// unsure makes an oath.ErrUnsure of an error of a change that the card may have made.
func unsure(err error) error {
	if err == nil || isRefusal(err) || errors.As(err, new(unsentError)) {
		return err
	}
	return unsureError{err}
}

// An unsentError says why a command was not sent.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }

type unsureError struct{ error }

func (e unsureError) Unwrap() error        { return e.error }
func (e unsureError) Is(target error) bool { return target == oath.ErrUnsure }

// unsupported explains a refusal by firmware that is known to lack the feature.
func (s *Session) unsupported(err error, feature string, since Version) error {
	refused := hasStatus(err, swWrongSyntax) || errors.Is(err, oath.ErrUnsupported)
	if refused && s.Version.before(since) {
		return fmt.Errorf("%w: %s needs firmware %s, and this key has %s", oath.ErrUnsupported, feature, since, s.Version)
	}
	return err
}
