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
	swWarning             = 0x6300
	swTriesLeft           = 0x63c0 // the low digit says how many
	swMemoryFailure       = 0x6581
	swWrongLength         = 0x6700
	swSecurity            = 0x6982 // not validated, or the touch did not come
	swNoSuchObject        = 0x6984
	swConditions          = 0x6985
	swNotSelectable       = 0x6999
	swWrongSyntax         = 0x6a80
	swFunctionUnsupported = 0x6a81
	swFileNotFound        = 0x6a82
	swRecordNotFound      = 0x6a83
	swNoSpace             = 0x6a84
	swReferenceNotFound   = 0x6a88
	swWrongP1P2           = 0x6b00
	swNoSuchInstruction   = 0x6d00
	swClassUnsupported    = 0x6e00
	swUnknown             = 0x6f00
)

// ErrNoApplet says that the card has no OATH applet, or that it is disabled.
var ErrNoApplet = errors.New("no OATH applet on this card")

// ErrDeselected says that the session is over: another applet was selected on the card,
// as ReadDevice and HasFactoryPIN do, or the card was reset. Select begins another.
var ErrDeselected = errors.New("the OATH applet is not selected any more")

// ErrCorrupt says that the key found an account damaged in its memory.
var ErrCorrupt = errors.New("the account is corrupt in the key's memory")

// A StatusError is a status word other than success, with the command that it
// answers, for the same word means different things to different commands. It
// unwraps to the sentinel that says what happened, where that is known.
type StatusError struct {
	Command string // as YKOATH names it
	Status  uint16 // SW1 SW2
	Open    bool   // the applet wanted no password, or had it
}

func (e *StatusError) Error() string {
	if meaning := e.Unwrap(); meaning != nil {
		return fmt.Sprintf("%s: %v (status %04X)", e.Command, meaning, e.Status)
	}
	return fmt.Sprintf("%s: the card answered with status %04X", e.Command, e.Status)
}

func (e *StatusError) Unwrap() error {
	status := e.Status
	if status&0xfff0 == swTriesLeft {
		status = swTriesLeft
	}
	if status == swNoSuchInstruction && isInEveryApplet[e.Command] {
		return ErrDeselected
	}
	if meaning := meanings[e.Command][status]; meaning != nil {
		return meaning
	}
	if e.Open && status == swSecurity { // for another reason than the password
		return nil
	}
	return commonMeanings[status]
}

// isInEveryApplet holds the commands that no OATH applet lacks, whatever its maker.
var isInEveryApplet = map[string]bool{
	cmdPut: true, cmdDelete: true, cmdSetCode: true, cmdList: true, cmdCalculate: true, cmdValidate: true,
}

// commonMeanings are those of every command that has no other for the word.
var commonMeanings = map[uint16]error{
	swSecurity:            oath.ErrLocked,
	swMemoryFailure:       ErrCorrupt,
	swNoSuchInstruction:   oath.ErrUnsupported,
	swClassUnsupported:    oath.ErrUnsupported,
	swFunctionUnsupported: oath.ErrUnsupported,
}

// meanings are those that a word has for one command. The words for the same
// mistake differ from maker to maker.
var meanings = map[string]map[uint16]error{
	cmdSelect: {
		swNotSelectable:       ErrNoApplet,
		swFunctionUnsupported: ErrNoApplet,
		swFileNotFound:        ErrNoApplet,
		swWrongP1P2:           ErrNoApplet,
		swNoSuchInstruction:   ErrNoApplet,
		swClassUnsupported:    ErrNoApplet,
	},
	cmdValidate: {
		swWarning:     oath.ErrWrongPassword,
		swTriesLeft:   oath.ErrWrongPassword,
		swWrongLength: oath.ErrWrongPassword,
		swSecurity:    oath.ErrWrongPassword,
		swConditions:  oath.ErrWrongPassword,
		swWrongSyntax: oath.ErrWrongPassword,
		// To a YubiKey it says that no password is set, but that SELECT has said
		// before, and VALIDATE is not sent then; pico-fido says so of a wrong one.
		swNoSuchObject: oath.ErrWrongPassword,
	},
	cmdPut:       {swNoSpace: oath.ErrNoSpace},
	cmdList:      {swWrongLength: oath.ErrUnlisted}, // pico-fido, past its buffer
	cmdDelete:    noSuchAccount,
	cmdRename:    noSuchAccount,
	cmdCalculate: noSuchAccount,
}

var noSuchAccount = map[uint16]error{
	swNoSuchObject:      oath.ErrNotFound,
	swFileNotFound:      oath.ErrNotFound,
	swRecordNotFound:    oath.ErrNotFound,
	swReferenceNotFound: oath.ErrNotFound,
}

// hasStatus reports whether the error is the card's answer with that status word.
func hasStatus(err error, status uint16) bool {
	var answer *StatusError
	return errors.As(err, &answer) && answer.Status == status
}
