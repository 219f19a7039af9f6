package sheet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

var (
	// ErrInvalid says that a Sheet cannot be printed as it is; the error that wraps
	// it tells why.
	ErrInvalid = errors.New("not a sheet that can be printed")

	// ErrForeign says that a text is not of a recovery sheet: an address on the
	// web, say. It is ignored.
	ErrForeign = errors.New("not of a recovery sheet")

	// ErrDamaged says that a text is of a recovery sheet, but does not read.
	ErrDamaged = errors.New("damaged")

	// ErrNewer says that a text is of a sheet that a later tokenctl printed.
	ErrNewer = errors.New("printed by a later version of tokenctl")

	// ErrTooLarge says that a text is larger than anything a sheet can hold.
	ErrTooLarge = errors.New("too large for a recovery sheet")

	// ErrIncomplete says that sealed pages were read, and that those that are
	// missing are needed to open them.
	ErrIncomplete = errors.New("the sealed pages are not complete")

	// ErrNeedsPassphrase says that the sheet was sealed with a passphrase.
	ErrNeedsPassphrase = errors.New("the sheet is sealed with a passphrase")

	// ErrWrongPassphrase says that the passphrase does not open the sheet.
	ErrWrongPassphrase = errors.New("wrong passphrase")
)

// A ConflictError names accounts that were read with different secrets.
type ConflictError struct{ IDs []oath.ID }

func (e *ConflictError) Error() string {
	var b strings.Builder
	for i, id := range e.IDs {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(id))
	}
	return fmt.Sprintf("read with different secrets: %s", b.String())
}

// A ShareError names shares of a split sheet that do not fit the others. The
// number is the one printed on the share.
type ShareError struct {
	Sheet  int
	Shares []int
}

func (e *ShareError) Error() string {
	if len(e.Shares) == 1 {
		return fmt.Sprintf("share %d does not belong to sheet %d, or was altered", e.Shares[0], e.Sheet)
	}
	numbers := make([]string, len(e.Shares))
	for i, n := range e.Shares {
		numbers[i] = fmt.Sprint(n)
	}
	return fmt.Sprintf("shares %s do not belong to sheet %d, or were altered", enumerated(numbers), e.Sheet)
}
