package ykoath

import (
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
)

// MaxIDSize is the greatest length of an account's ID, in bytes of UTF-8
// (YKOATH, "PUT").
const MaxIDSize = 64

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

// encodeName returns an ID as the field that names an account.
func encodeName(id oath.ID) ([]byte, error) {
	switch size := len(id); {
	case size == 0:
		return nil, fmt.Errorf("%w: the name is empty", oath.ErrInvalid)
	case size > MaxIDSize:
		return nil, &NameTooLongError{Size: size}
	}
	return appendField(nil, tagName, []byte(id)...), nil
}
