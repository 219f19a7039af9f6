//go:build (cgo && (darwin || freebsd || linux || openbsd)) || windows

package vault

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-piv/piv-go/v2/piv"

	"github.com/tokenctl/tokenctl/oath"
)

// openError is pivError for a reader that may be empty, or not be there.
func openError(err error) error {
	const doing = "opening the PIV applet"
	noApplet := errors.Is(err, piv.ErrNotFound) // SP 800-73-4, part 2, 3.1.1
	if noApplet || hasText(err, "not recognized", "not currently available", "no Smart Card is currently") {
		return fmt.Errorf("%s: %w", doing, ErrNoKey)
	}
	return pivError(doing, err)
}

// lookError is pivError for a slot that may be empty.
func lookError(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, piv.ErrNotFound):
		return fmt.Errorf("%s: %w", doing, ErrSlotEmpty)
	}
	return pivError(doing, err)
}

// managementError tells a wrong management key from other failures: by the name
// that piv-go gives the step, for it has no error for it.
func managementError(err error) error {
	if err == nil {
		return nil
	}
	e := pivError("making a key in the slot", err)
	if !errors.Is(e, oath.ErrRemoved) && hasText(err, "management key") {
		return ErrManagementKey
	}
	return e
}

// swSecurity is how a key answers when the touch did not come (ISO 7816-4,
// "security status not satisfied").
const swSecurity = 0x6982

// useError is pivError for a slot in use, whose PIN was right.
func useError(err error) error {
	const doing = "using the PIV slot"
	var status interface {
		error
		Status() uint16
	}
	if errors.As(err, &status) && status.Status() == swSecurity {
		return fmt.Errorf("%s: %w", doing, oath.ErrTouchTimeout)
	}
	return pivError(doing, err)
}

// pivError tells what happened by our own errors, where piv-go's allow it.
func pivError(doing string, err error) error {
	if err == nil {
		return nil
	}
	var auth piv.AuthErr
	switch {
	case errors.As(err, &auth) && auth.Retries > 0:
		return &PINError{Tries: auth.Retries}
	case errors.As(err, &auth):
		return ErrPINBlocked
	case hasText(err, "connections outstanding"):
		return fmt.Errorf("%s: %w", doing, ErrKeyBusy)
	case hasText(err, "has been removed", "has been reset", "not currently available", "no Smart Card is currently", "response too short",
		"non-existent transaction"): // which a reset ended
		return fmt.Errorf("%s: %w", doing, oath.ErrRemoved)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// hasText reports whether an error is one of PC/SC's, whose numbers piv-go keeps
// to itself.
func hasText(err error, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
