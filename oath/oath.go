// Package oath is the vocabulary of one-time passwords: the [Account] a service
// hands out, the [Secret] behind it, the [Code] it yields, and the [Token] that
// keeps it, be it a hardware key or a folder of encrypted files.
//
// Codes follow RFC 4226 (HOTP) and RFC 6238 (TOTP); Steam's five letters are a
// third form of the same computation.
//
// The functions are safe for concurrent use, and so are the types while nobody changes a
// value, as Secret.Clear does. A [Token] is not.
package oath

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Token keeps accounts and computes their codes without giving away their
// secrets. Its methods are not safe for concurrent use.
type Token interface {
	// List returns every account, in the token's order.
	List() ([]Account, error)

	// Codes returns every account, with its code wherever the token computes
	// that in the same breath. An entry's Code is zero where the code must be
	// asked for separately with Code: because it needs a touch, moves a counter,
	// or costs the token another round. Codes moves no counter.
	Codes(at time.Time) ([]Entry, error)

	// Code computes the account's code at the given time. For HOTP it moves the
	// counter, and ignores the time. It returns ErrNotFound if the token has no
	// account with this ID, and ErrTouchTimeout if the touch did not come.
	Code(a Account, at time.Time) (Code, error)

	// Put stores a new account. It returns ErrExists, and changes nothing, if
	// the token has an account with this ID; ErrNoSpace if it is full; and
	// ErrUnsupported if it cannot hold such an account.
	Put(a Account, s Secret) error

	// Replace stores an account instead of the one with the same ID, or a
	// new one if there is none. Its errors are Put's, but for ErrExists; and
	// ErrNoOverwrite where the one that is there must be deleted first.
	Replace(a Account, s Secret) error

	// Rename gives an account another ID and keeps its secret. It returns
	// ErrNotFound, ErrExists or ErrUnsupported, and changes nothing then.
	Rename(old, new ID) error

	// Delete removes an account for good. It returns ErrNotFound if there is
	// none with this ID.
	Delete(id ID) error
}

// An Entry is an account and, where the token gave it, its code.
type Entry struct {
	Account Account
	Code    Code // zero if it must be asked for separately
}

// A Type is the moving factor of an account: a counter or the time.
type Type byte

const (
	TypeUnknown Type = iota // not reported by the token
	HOTP                    // a counter, RFC 4226
	TOTP                    // the time, RFC 6238
)

// String returns the type as otpauth URIs spell it.
func (t Type) String() string {
	switch t {
	case HOTP:
		return "hotp"
	case TOTP:
		return "totp"
	}
	return "unknown"
}

// An Algorithm is the hash under an account's HMAC.
type Algorithm byte

const (
	AlgorithmUnknown Algorithm = iota // not reported by the token
	SHA1
	SHA256
	SHA512
)

// String returns the algorithm as otpauth URIs spell it.
func (a Algorithm) String() string {
	switch a {
	case SHA1:
		return "SHA1"
	case SHA256:
		return "SHA256"
	case SHA512:
		return "SHA512"
	}
	return "unknown"
}

const (
	DefaultDigits = 6  // of a code, unless the service says otherwise
	DefaultPeriod = 30 // seconds, likewise

	MaxPeriod = 86400 // seconds; a code that lives longer than a day is a mistake

	// SteamIssuer marks a Steam account wherever only the name can show it, as on
	// a hardware key.
	SteamIssuer = "Steam"

	// SteamDigits is the length of a Steam code.
	SteamDigits = 5

	// HiddenIssuer marks accounts that are of use to programs, and that a list for a
	// person leaves out, as ykman has it.
	HiddenIssuer = "_hidden"
)

// An Account is what a service hands out when two-factor authentication is
// turned on, but for its Secret. Fields that a token did not report are zero.
type Account struct {
	Issuer    string // the service; may be empty
	Name      string // the holder's account there
	Type      Type
	Algorithm Algorithm
	Digits    int    // length of a code: 6 to 8, and 5 for Steam
	Period    int    // seconds a TOTP code lives; 0 for HOTP
	Counter   uint64 // the next HOTP counter, given only when enrolling
	Touch     bool   // the key computes no code without a touch
}

// WithDefaults returns the account with what is not set as the otpauth format has it:
// TOTP, SHA-1, 6 digits (5 for Steam) and, for TOTP, 30 seconds. An account that a token
// listed without its type becomes a TOTP account, too.
func (a Account) WithDefaults() Account {
	if a.Type == TypeUnknown {
		a.Type = TOTP
	}
	if a.Algorithm == AlgorithmUnknown {
		a.Algorithm = SHA1
	}
	if a.Type == TOTP && a.Period == 0 {
		a.Period = DefaultPeriod
	}
	if a.IsSteam() {
		a.Digits = SteamDigits
	}
	if a.Digits == 0 {
		a.Digits = DefaultDigits
	}
	return a
}

// IsSteam reports whether the account's codes are Steam's letters.
func (a Account) IsSteam() bool {
	return a.Type != HOTP && a.Issuer == SteamIssuer
}

// IsHidden reports whether a list for a person leaves the account out.
func (a Account) IsHidden() bool { return a.Issuer == HiddenIssuer }

// ErrInvalid is returned for an account or a secret that no token can hold; the
// message that wraps it says which part, and what would be right.
var ErrInvalid = errors.New("invalid account")

// Validate reports the first part of the account that is out of range, as an
// error that wraps ErrInvalid.
func (a Account) Validate() error {
	if err := validateText("the account name", a.Name); err != nil {
		return err
	}
	if a.Issuer != "" {
		if err := validateText("the issuer", a.Issuer); err != nil {
			return err
		}
	}
	switch {
	case a.Name == "":
		return fmt.Errorf("%w: the account name is empty", ErrInvalid)
	case a.Type != HOTP && a.Type != TOTP:
		return fmt.Errorf("%w: the type is neither totp nor hotp", ErrInvalid)
	case a.Algorithm < SHA1 || a.Algorithm > SHA512:
		return fmt.Errorf("%w: the algorithm must be SHA1, SHA256 or SHA512", ErrInvalid)
	case a.IsSteam() && a.Digits != SteamDigits:
		return fmt.Errorf("%w: a Steam code has %d characters, not %d", ErrInvalid, SteamDigits, a.Digits)
	case !a.IsSteam() && (a.Digits < 6 || a.Digits > 8):
		return fmt.Errorf("%w: a code has 6 to 8 digits, not %d", ErrInvalid, a.Digits)
	case a.Type == TOTP && (a.Period < 1 || a.Period > MaxPeriod):
		return fmt.Errorf("%w: a period is 1 to %d seconds, not %d", ErrInvalid, MaxPeriod, a.Period)
	}
	return nil
}

func validateText(what, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: %s is not UTF-8", ErrInvalid, what)
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Errorf("%w: %s holds a control character", ErrInvalid, what)
	}
	return nil
}
