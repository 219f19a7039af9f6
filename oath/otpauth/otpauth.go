// Package otpauth reads and writes otpauth URIs, the form in which services hand
// out accounts and authenticators pass them on, and the QR codes that show them.
//
// The format is Google Authenticator's "Key Uri Format", as amended by
// draft-linuxgemini-otpauth-uri. What services make of it differs, so [Parse]
// takes any spelling that has one meaning, and [Key.URI] writes the one that most
// authenticators understand.
package otpauth

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// A Key is what an otpauth URI holds: an account and its secret. Printing it
// yields its label; only URI gives the secret away.
type Key struct {
	Account oath.Account
	Secret  oath.Secret

	// Warnings tell, in whole sentences without the secret, where the text
	// contradicted itself or left something out, and how it was understood.
	Warnings []string
}

// String returns the account's label.
func (k Key) String() string { return k.Account.Label() }

// ErrNotURI is returned for a text that is no otpauth URI at all, but an address
// on the web or a bare secret, say.
var ErrNotURI = errors.New("not an otpauth URI")

// ErrName says that a text is the URI of an account, but has no name for it that can be
// used. The error is a *NameError.
var ErrName = errors.New("the account needs another name")

// A NameError holds what was read besides the name, for the account to be named by
// somebody else. It wraps ErrName and oath.ErrInvalid.
type NameError struct {
	Key Key // not valid
	Err error
}

func (e *NameError) Error() string   { return e.Err.Error() }
func (e *NameError) Unwrap() []error { return []error{e.Err, ErrName} }

// Parse reads one account from an otpauth:// URI, or from the steam:// URI that
// Bitwarden writes. The account it returns is valid, and has no default left
// open.
//
// The error is ErrNotURI, or an *AppError; or wraps oath.ErrInvalid, and says what is
// wrong. It never quotes the text, which holds the secret.
func Parse(text string) (Key, error) {
	scheme, rest, _ := strings.Cut(trimText(text), ":")
	rest = strings.TrimPrefix(rest, "//")
	switch strings.ToLower(scheme) {
	case "otpauth", "apple-otpauth":
		return parseKeyURI(rest)
	case "steam":
		return parseSteamURI(rest)
	case migrationScheme:
		return Key{}, fmt.Errorf("%w: this is Google Authenticator's export of several accounts, not the URI of one", oath.ErrInvalid)
	case "motp":
		return Key{}, errMOTP
	}
	if err := appOf(text); err != nil {
		return Key{}, err
	}
	return Key{}, ErrNotURI
}

// trimText takes off what copying a text leaves around it.
func trimText(text string) string {
	return strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
}
