// Package otpauth reads and writes otpauth URIs, the form in which services hand
// out accounts and authenticators pass them on, and reads the payload of Google
// Authenticator's export.
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

	// Warnings say, in whole sentences without the secret, where the text
	// contradicted itself or left something out, and how it was understood.
	Warnings []string
}

// String returns the account's label.
func (k Key) String() string { return k.Account.Label() }

// ErrNotURI is returned for a text that is not an otpauth URI at all, but an
// address on the web or a bare secret, say.
var ErrNotURI = errors.New("not an otpauth URI")

// An IncompleteError says which QR codes of Google Authenticator's export are
// missing.
type IncompleteError struct {
	Size    int   // how many codes there are
	Missing []int // which of them were not read, from 1, as the app counts them
}

func (e *IncompleteError) Error() string {
	numbers := strings.Trim(fmt.Sprint(e.Missing), "[]")
	if len(e.Missing) == 1 {
		return fmt.Sprintf("the export has %d QR codes, and number %s is missing", e.Size, numbers)
	}
	return fmt.Sprintf("the export has %d QR codes, and numbers %s are missing", e.Size, strings.ReplaceAll(numbers, " ", ", "))
}

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

// ParseAll reads every account out of several texts, such as those of QR codes:
// otpauth and steam URIs, and the otpauth-migration URIs of Google Authenticator's
// export. A text that comes twice counts once.
//
// What cannot be read does not keep it from returning the rest. The error joins
// Parse's and ParseBatch's errors, and an *IncompleteError for every export with
// missing parts.
func ParseAll(texts ...string) ([]Key, error) {
	var (
		keys    []Key
		errs    []error
		exports = exports{parts: make(map[exportID]map[int]bool)}
		seen    = make(map[string]bool)
	)
	for i, text := range texts {
		if text = trimText(text); seen[text] {
			continue
		}
		seen[text] = true
		found, err := exports.parse(text)
		if err != nil && len(texts) > 1 {
			err = fmt.Errorf("number %d of %d: %w", i+1, len(texts), err)
		}
		keys = append(keys, found...)
		errs = append(errs, err)
	}
	return keys, errors.Join(append(errs, exports.incomplete()...)...)
}

// exports are those that parts were read of, in the order of their first.
type exports struct {
	ids   []exportID
	parts map[exportID]map[int]bool // that were read, from 0
}

// An exportID stands for a list of accounts in several QR codes.
type exportID struct {
	id   int32
	size int
}

// parse reads one text of any kind, and notes which part of an export it is.
func (e *exports) parse(text string) ([]Key, error) {
	if !isMigration(text) {
		k, err := Parse(text)
		if err != nil {
			return nil, err
		}
		return []Key{k}, nil
	}
	b, err := ParseBatch(text)
	if b.Size == 0 {
		return nil, err
	}
	id := exportID{b.ID, b.Size}
	if e.parts[id] == nil {
		e.ids = append(e.ids, id)
		e.parts[id] = make(map[int]bool)
	}
	e.parts[id][b.Index] = true
	return b.Keys, err
}

func (e exports) incomplete() (errs []error) {
	for _, id := range e.ids {
		var missing []int
		for part := range id.size {
			if !e.parts[id][part] {
				missing = append(missing, part+1)
			}
		}
		if len(missing) > 0 {
			errs = append(errs, &IncompleteError{Size: id.size, Missing: missing})
		}
	}
	return errs
}
