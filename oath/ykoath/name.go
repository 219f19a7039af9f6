package ykoath

import (
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
)

// MaxIDSize is the greatest length of a new account's ID, in bytes of UTF-8
// (YKOATH, "PUT"). Some makers' keys hold longer ones, which other programs put
// there.
const MaxIDSize = 64

// maxSentSize is the greatest length of an ID that a command with a challenge, in
// a short APDU, has room for.
const maxSentSize = 255 - 3 - 10

// A NameTooLongError says that an ID does not fit the key. It wraps
// oath.ErrInvalid.
type NameTooLongError struct {
	Size int // bytes
}

func (e *NameTooLongError) Error() string {
	return fmt.Sprintf("%v: the name is %d bytes too long for the key (issuer, account and period take %d, and %d fit)",
		oath.ErrInvalid, e.Size-MaxIDSize, e.Size, MaxIDSize)
}

func (e *NameTooLongError) Unwrap() error { return oath.ErrInvalid }

// CheckID returns a *NameTooLongError for an ID that a key is not to be given.
func CheckID(id oath.ID) error {
	if size := len(id); size > MaxIDSize {
		return &NameTooLongError{Size: size}
	}
	return nil
}

// encodeName returns the ID of an account that may be there. It returns
// oath.ErrNotFound for one that no account can have.
func encodeName(id oath.ID) ([]byte, error) {
	switch size := len(id); {
	case size == 0:
		return nil, fmt.Errorf("%w: the name is empty", oath.ErrInvalid)
	case size > maxSentSize:
		return nil, fmt.Errorf("%w: a name of %d bytes", oath.ErrNotFound, size)
	}
	return appendField(nil, tagName, []byte(id)...), nil
}
