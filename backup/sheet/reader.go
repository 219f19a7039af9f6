package sheet

import (
	"errors"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A Reader puts sheets together again from what was scanned and typed, in any
// order, of one sheet or several. The zero value is ready. It is not safe for
// concurrent use.
type Reader struct{}

// AddText takes the text of one QR code. One that was there before changes
// nothing. What it does not take, it tells: ErrForeign, ErrDamaged, ErrNewer or
// ErrTooLarge; or for an otpauth URI the error of otpauth.Parse. An otpauth URI
// that is on no sheet is an account like any other.
func (r *Reader) AddText(text string) error { return errors.ErrUnsupported }

// AddLines takes lines as they were typed in, each beginning with its number, or
// the whole of a sheet that Document.Text wrote. The error joins a *LineError for
// each line that does not check; all others are taken.
func (r *Reader) AddLines(text string) error { return errors.ErrUnsupported }

// State tells what was read so far, and what is missing.
func (r *Reader) State() State { return State{} }

// Contents returns what was read. The passphrase is that of a sealed sheet, else
// it is ignored.
//
// With an error, it returns what could be read nonetheless. The error joins
// ErrNeedsPassphrase, ErrWrongPassphrase, ErrIncomplete, a *ConflictError and a
// *ShareError, as the case may be. What is merely missing is no error, but listed
// in Contents.Missing.
func (r *Reader) Contents(passphrase string) (Contents, error) {
	return Contents{}, errors.ErrUnsupported
}

// A State is how far reading has come.
type State struct {
	Sheets  []Printing // of which something was read, by number
	Missing []Missing

	// NeedsPassphrase says that what was read is sealed with one.
	NeedsPassphrase bool

	// Accounts and CodeSets count those that can be read without opening anything.
	Accounts, CodeSets int

	// Notes are whole sentences on what is odd: pages of several sheets, say.
	Notes []string
}

// A Printing is a sheet as it came off the printer, once.
type Printing struct {
	Number  int
	ID      string
	Date    time.Time // zero if that was not read, or is sealed
	OnlyNew bool      // it belongs with the sheets before it
	Sealed  bool      // with a passphrase
	Shares  int       // how many there are, if it is split
	Need    int       // how many of them open it
}

// Contents are what was on the sheets.
type Contents struct {
	Number int // of the newest sheet; 0 if no sheet was told
	ID     string
	Date   time.Time
	Sheets []Printing // all of them, by number

	VaultKey string        // AGE-SECRET-KEY-1..., or ""
	Accounts []otpauth.Key // each ID once, sorted by label
	Codes    map[oath.ID]backup.Record

	// Doubtful are accounts whose ID is that of one in Accounts, with another
	// secret. The *ConflictError names them.
	Doubtful []otpauth.Key

	Missing []Missing
	Notes   []string
}
