// Package pcsc reaches smart cards through PC/SC: pcscd on Linux and the BSDs,
// the system's own service on macOS and Windows.
//
// A [Service] knows the readers; a [Card] is a card in one of them, shared with
// other programs but held in a transaction from Open to Close, so that none of
// them comes between two commands.
//
// On Linux and macOS it needs cgo. Built without, every call returns
// [ErrUnavailable].
//
// Neither is safe for concurrent use. Several services are, each in a goroutine, as are
// the cards that they opened.
package pcsc

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// What can go wrong between a program and a card. The operating system's own
// word for it follows in the error that wraps one of these.
var (
	// ErrUnavailable says that this program was built without cgo, and so
	// without PC/SC.
	ErrUnavailable = errors.New("built without smart card support")

	// ErrNoService says that the PC/SC service, pcscd, is not running, or went
	// away. Its socket may also be one that this user may not open, which
	// libpcsclite does not distinguish.
	ErrNoService = errors.New("the smart card service is not running")

	// ErrServiceSilent says that the PC/SC service is running, and did not answer for
	// AnswerTimeout.
	ErrServiceSilent = errors.New("the smart card service does not answer")

	// ErrNoPermission says that the service refuses this user, as pcscd does when
	// polkit says so.
	ErrNoPermission = errors.New("no permission to use the smart card service")

	// ErrNoReader says that there is no reader of that name.
	ErrNoReader = errors.New("no such card reader")

	// ErrNoCard says that there is no card in the reader.
	ErrNoCard = errors.New("no card in the reader")

	// ErrMute says that a card is in the reader, and does not answer.
	ErrMute = errors.New("the card in the reader does not answer")

	// ErrBusy says that another program held the card for as long as this one
	// was willing to wait.
	ErrBusy = errors.New("another program holds the card")

	// ErrRemoved says that the card, or the reader with it, was pulled out.
	// Whether the last command was carried out is not known. It is an
	// oath.ErrRemoved, and says so by CardRemoved as well.
	ErrRemoved error = removedError{}
)

type removedError struct{}

func (removedError) Error() string        { return "the card was removed" }
func (removedError) CardRemoved() bool    { return true }
func (removedError) Is(target error) bool { return target == oath.ErrRemoved }

// AnswerTimeout is how long the service, or a card that was sent a command, may take to
// answer. A touch takes less: a YubiKey waits 15 seconds for it, one other maker's card
// 30.
const AnswerTimeout = 90 * time.Second

// After is the clock for AnswerTimeout. Only tests have another one.
var After = time.After

// Answer makes a call that waits for a card or the service, and returns its error; or
// silent, if it takes longer than AnswerTimeout. PC/SC cannot be made to stop waiting, so
// the call is left behind then, and late is run if it returns after all.
func Answer(call func() error, silent error, late func()) error {
	_, err := answer(context.Background(), call, silent, late)
	return err
}

// answer is Answer, which returns the context's cause when that is done. It reports
// whether the call returned.
func answer(ctx context.Context, call func() error, silent error, late func()) (answered bool, err error) {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return true, err
	case <-ctx.Done():
		silent = context.Cause(ctx)
	case <-After(AnswerTimeout):
	}
	go func() { <-done; late() }()
	return false, silent
}

// A Reader is a card reader; a USB key is a reader with its card in it.
type Reader struct {
	Name      string // as PC/SC reports it
	Present   bool   // a card is in it
	Mute      bool   // the card does not answer
	Exclusive bool   // another program has taken the card for itself
	ATR       []byte // the card's answer to reset (ISO 7816-3)
}

// IsYubiKey reports whether the reader has a YubiKey in it, or is one: by the name that
// its USB descriptor gives the reader ("Yubico YubiKey OTP+FIDO+CCID"), or by the
// historical bytes of the ATR, which show it to a reader for NFC as well.
func (r Reader) IsYubiKey() bool {
	return strings.Contains(strings.ToLower(r.Name), "yubikey") || bytes.Contains(bytes.ToLower(r.ATR), []byte("yubikey"))
}
