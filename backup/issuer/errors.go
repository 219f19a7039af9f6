package issuer

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrUsed is returned for a code that has been redeemed before. Whoever types it
	// had the right paper: it is worth telling the owner about. The error that
	// Redeem returns is a *[UsedError].
	ErrUsed = errors.New("the backup code has been used before")

	// ErrSuperseded is returned for a code of a set that a newer one has replaced.
	ErrSuperseded = errors.New("the backup code has been replaced by newer ones")

	// ErrUnknown is returned for what is no code of the user's.
	ErrUnknown = errors.New("not a backup code of this user")

	// ErrMalformed is the ErrUnknown of what cannot be a code at all, by its length
	// or its characters. It is a slip of the fingers rather than a guess, and does
	// not count as one.
	ErrMalformed = fmt.Errorf("%w: it has the wrong length, or a character that no code has", ErrUnknown)

	// ErrThrottled is returned for any code, right or wrong, after too many wrong
	// ones. The error is a *[ThrottledError].
	ErrThrottled = errors.New("too many wrong backup codes")

	// ErrNoCodes is returned for a user who has no codes, or is not known.
	ErrNoCodes = errors.New("there are no backup codes of this user")

	// ErrNotPending is returned for confirming or abandoning a set that does not wait
	// for it: there is none, or a newer one has been prepared since.
	ErrNotPending = errors.New("no such set of backup codes waits to be confirmed")

	// ErrForm is returned for a Form that no codes can have.
	ErrForm = errors.New("backup codes cannot have this form")

	// ErrWeak is the ErrForm of codes with less than 20 bits.
	ErrWeak = fmt.Errorf("%w: they would be too easily guessed", ErrForm)

	// ErrUser is returned for a user's name that cannot be stored: it is empty,
	// longer than 512 bytes, or not text.
	ErrUser = errors.New("invalid user name")

	// ErrNoKey is returned for a hash that the Hasher cannot check: it was made under
	// a key, or in a way, that the Hasher does not know.
	ErrNoKey = errors.New("this backup code was hashed with a key, or in a way, that is not at hand")

	// ErrDamaged is returned for what a store holds and cannot hold. It is left as it
	// is.
	ErrDamaged = errors.New("the store of backup codes is damaged")

	// ErrChanged is returned by a Store for attempts that are not those seen: somebody
	// else has tried a code since. An Issuer looks again.
	ErrChanged = errors.New("other backup codes were tried at the same time")

	// ErrDatabase is returned for a database that cannot keep codes: it is not
	// PostgreSQL, has no tables for them, or has others under their names, or those of a
	// newer version.
	ErrDatabase = errors.New("the database cannot keep backup codes")

	// ErrFull is returned by a FileStore that would grow beyond what it can bear.
	ErrFull = errors.New("the file of backup codes is full")
)

// A UsedError says when a code was used before.
type UsedError struct {
	Generation, Number int
	At                 time.Time
}

func (e *UsedError) Error() string {
	return fmt.Sprintf("%v: number %d, at %s", ErrUsed, e.Number, e.At.UTC().Format(time.RFC3339))
}

// Is makes a UsedError an ErrUsed.
func (e *UsedError) Is(target error) bool { return target == ErrUsed }

// A ThrottledError says when the next code may be tried. Until is zero if no time
// helps, but [Issuer.Forgive] or a new set of codes.
type ThrottledError struct {
	Until time.Time
}

func (e *ThrottledError) Error() string {
	if e.Until.IsZero() {
		return ErrThrottled.Error() + ": no more are accepted"
	}
	return fmt.Sprintf("%v: the next one may be tried at %s", ErrThrottled, e.Until.UTC().Format(time.RFC3339))
}

// Is makes a ThrottledError an ErrThrottled.
func (e *ThrottledError) Is(target error) bool { return target == ErrThrottled }
