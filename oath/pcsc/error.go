//go:build cgo || windows

package pcsc

import (
	"errors"
	"fmt"

	"github.com/ebfe/scard"
)

// meanings says what the service's error codes (winscard.h) mean to the holder
// of a card. ErrCommError is pcsc-lite's word for a daemon that ended while it was
// waited for.
var meanings = map[scard.Error]error{
	scard.ErrNoService:      ErrNoService,
	scard.ErrServiceStopped: ErrNoService,
	scard.ErrServerTooBusy:  ErrNoService,
	scard.ErrCommError:      ErrNoService,

	scard.ErrNoAccess:          ErrNoPermission,
	scard.ErrSecurityViolation: ErrNoPermission,

	scard.ErrUnknownReader:      ErrNoReader,
	scard.ErrReaderUnavailable:  ErrNoReader,
	scard.ErrNoReadersAvailable: ErrNoReader,

	scard.ErrNoSmartcard: ErrNoCard,

	scard.ErrUnresponsiveCard: ErrMute,
	scard.ErrUnpoweredCard:    ErrMute,
	scard.ErrProtoMismatch:    ErrMute,
	scard.ErrUnsupportedCard:  ErrMute,

	scard.ErrSharingViolation: ErrBusy,

	scard.ErrRemovedCard:  ErrRemoved,
	scard.ErrResetCard:    ErrRemoved,
	scard.ErrCommDataLost: ErrRemoved,
}

// explain puts the meaning of an error before it, if it has one.
func explain(err error) error {
	var code scard.Error
	if !errors.As(err, &code) {
		return err
	}
	meaning, ok := meanings[code]
	if !ok {
		return err
	}
	return fmt.Errorf("%w (%w)", meaning, err)
}
