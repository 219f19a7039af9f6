package ykoath

import (
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
)

// Status words, from YKOATH, "Response Codes" of each instruction, and ISO 7816-4.
const (
	swOK                  = 0x9000
	swMoreData            = 0x6100 // the low byte hints at how much
	swMemoryFailure       = 0x6581
	swWrongLength         = 0x6700
	swSecurity            = 0x6982 // not validated, or the touch did not come
	swConditions          = 0x6985
	swNoSuchObject        = 0x6984
	swWrongSyntax         = 0x6a80
	swFunctionUnsupported = 0x6a81
	swFileNotFound        = 0x6a82
	swRecordNotFound      = 0x6a83
	swNoSpace             = 0x6a84
	swReferenceNotFound   = 0x6a88
	swWrongP1P2           = 0x6b00
	swNoSuchInstruction   = 0x6d00
	swClassUnsupported    = 0x6e00
	swAppletSelect        = 0x6999 // the applet is not selectable
	swUnknown             = 0x6f00
)

// ErrNoApplet says that the card has no OATH applet, or that it is disabled.
var ErrNoApplet = errors.New("no OATH applet on this card")

// ErrCorrupt says that the key found an account damaged in its memory.
var ErrCorrupt = errors.New("the account is corrupt in the key's memory")

// A StatusError is a status word other than success, with the command that it
// answers, for the same word means different things to different commands. It
// unwraps to the sentinel that says what happened, where that is known.
type StatusError struct {
	Command string // as YKOATH names it
	Status  uint16 // SW1 SW2
}

func (e *StatusError) Error() string {
	if meaning := e.Unwrap(); meaning != nil {
		return fmt.Sprintf("%s: %v (status %04X)", e.Command, meaning, e.Status)
	}
	return fmt.Sprintf("%s: the card answered with status %04X", e.Command, e.Status)
}

func (e *StatusError) Unwrap() error {
	switch e.Status {
	case swSecurity:
		return oath.ErrLocked
	case swMemoryFailure:
		return ErrCorrupt
	case swNoSuchInstruction, swClassUnsupported, swFunctionUnsupported:
		if e.Command == cmdSelect {
			return ErrNoApplet
		}
		return oath.ErrUnsupported
	}
	switch e.Command {
	case cmdSelect:
		return e.meaningOfSelect()
	case cmdPut:
		return e.meaningOfPut()
	case cmdValidate:
		return e.meaningOfValidate()
	case cmdDelete, cmdRename, cmdCalculate:
		return e.meaningOfNamed()
	}
	return nil
}

func (e *StatusError) meaningOfSelect() error {
	switch e.Status {
	case swFileNotFound, swAppletSelect, swWrongP1P2:
		return ErrNoApplet
	}
	return nil
}

func (e *StatusError) meaningOfPut() error {
	switch e.Status {
	case swNoSpace, swUnknown: // 6F00 is how very old keys say that they are full
		return oath.ErrNoSpace
	case swConditions: // one maker's key does not overwrite
		return oath.ErrExists
	}
	return nil
}

func (e *StatusError) meaningOfValidate() error {
	switch e.Status {
	case swWrongSyntax, swConditions, swWrongLength, 0x6300:
		return oath.ErrWrongPassword
	case swNoSuchObject:
		return oath.ErrNoPassword
	}
	if e.Status&0xfff0 == 0x63c0 { // ISO 7816-4: wrong, and how many tries are left
		return oath.ErrWrongPassword
	}
	return nil
}

// meaningOfNamed is for the commands that name an account. The words for one
// that is not there differ from maker to maker.
func (e *StatusError) meaningOfNamed() error {
	switch e.Status {
	case swNoSuchObject, swFileNotFound, swRecordNotFound, swReferenceNotFound:
		return oath.ErrNotFound
	case swConditions:
		if e.Command == cmdRename {
			return oath.ErrExists
		}
	}
	return nil
}

// hasStatus reports whether the error is the card's answer with that status word.
func hasStatus(err error, status uint16) bool {
	var answer *StatusError
	return errors.As(err, &answer) && answer.Status == status
}
