// Package backup keeps the one-time codes that services hand out for the day on
// which the key or the phone is gone: backup codes, also called recovery codes or
// scratch codes.
//
// A Record is what is kept of one account's codes: Sets of Codes, whose last
// is current, and the Policy by which the service takes them. Supersede, Append and
// ReplaceCode record new codes, Use records that one was used, State, Left and Next
// answer what can still be used, and Merge brings together what two places know.
// Record.MarshalText writes it for the vault to encrypt, ParseRecord reads that.
//
// Package recognize finds codes in what a service shows or offers for download;
// ledger keeps what is known without any secret; services says what each service
// does with its codes; sheet is what comes off the printer; and issuer is the other
// side of the matter, for those who hand out codes.
package backup

import (
	"errors"
	"fmt"
	"time"
)

// What can go wrong with an account's codes.
var (
	// ErrNoCodes says that there are no codes for the account.
	ErrNoCodes = errors.New("no backup codes are recorded")

	// ErrNoneLeft says that each of the codes is used or void.
	ErrNoneLeft = errors.New("no backup code is left")

	// ErrUsed says that the code was used before.
	ErrUsed = errors.New("the backup code is used already")

	// ErrVoid says that the service no longer takes the code, since one that
	// comes after it was used.
	ErrVoid = errors.New("the backup code is void: a later one was used")

	// ErrNoSuchNumber says that the set has no code of that number.
	ErrNoSuchNumber = errors.New("no backup code has that number")

	// ErrUnprintable says that a code has a character that does not show.
	ErrUnprintable = errors.New("the backup code has a character that does not print")

	// ErrHides is for paper that would replace codes that are left without
	// having them, or marks them as used.
	ErrHides = errors.New("other backup codes are left here")

	// ErrNotCodes says that a text has nothing in it that looks like backup codes.
	ErrNotCodes = errors.New("no backup codes found")

	// ErrNotText says that a file is not text in UTF-8, nor in UTF-16 with a byte
	// order mark.
	ErrNotText = errors.New("not a text in UTF-8")

	// ErrTooLarge says that a text is longer than MaxText, or has more codes than
	// MaxCodes.
	ErrTooLarge = errors.New("too large for a list of backup codes")

	// ErrDamaged says that a file of ours does not read back. The error has the
	// line or what is wrong with it. Such a file is never overwritten.
	ErrDamaged = errors.New("damaged")

	// ErrNewer says that a file was written by a later tokenctl, in a form that
	// this one does not know. Such a file is never overwritten.
	ErrNewer = errors.New("written by a later version of tokenctl")
)

// The largest text that is taken for codes, and the most codes of one set.
const (
	MaxText  = 1 << 20 // bytes
	MaxCodes = 1000
)

// Day returns the date of a time, in that time's zone, as the midnight in UTC that
// begins that date. All dates of this package are such days. The zero Time stays
// what it is.
func Day(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// A Date is a Day in text and JSON, as 2026-11-23, from 1900 to 9999. One that is
// unknown is zero, and its text is empty.
type Date time.Time

// IsZero reports whether the date is unknown.
func (d Date) IsZero() bool { return time.Time(d).IsZero() }

// String returns the date as 2026-11-23.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return time.Time(d).Format(time.DateOnly)
}

// MarshalText returns what String does, or an error for a year that does not read
// back.
func (d Date) MarshalText() ([]byte, error) {
	if year := time.Time(d).Year(); !d.IsZero() && (year < firstYear || year > 9999) {
		return nil, fmt.Errorf("a date in the year %d", year)
	}
	return []byte(d.String()), nil
}

const firstYear = 1900

// UnmarshalText reads a date that is not zero.
func (d *Date) UnmarshalText(text []byte) error {
	day, err := time.Parse(time.DateOnly, string(text))
	if err != nil || day.Year() < firstYear {
		return errors.New("a date as 2026-11-23 was expected")
	}
	*d = Date(day)
	return nil
}
