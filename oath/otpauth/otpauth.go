// Package otpauth reads and writes otpauth URIs, the form in which services hand
// out accounts and authenticators pass them on, and reads the payload of Google
// Authenticator's export.
//
// The format is Google Authenticator's "Key Uri Format", as amended by
// draft-linuxgemini-otpauth-uri. What services make of it differs, so [Parse]
// takes any spelling that has one meaning, and [Key.URI] writes the one that most
// authenticators understand.
//
// The functions are safe for concurrent use, and so are the types while nobody changes a
// value. A [Reader] is not.
package otpauth

import (
	"errors"
	"fmt"
	"slices"
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

// ParseAll reads every account out of several texts, such as those of QR codes. Its
// error joins a [Reader]'s, and an *IncompleteError for every export with missing parts.
func ParseAll(texts ...string) ([]Key, error) {
	var r Reader
	keys, err := r.Read(texts...)
	return keys, errors.Join(append([]error{err}, r.Incomplete()...)...)
}

// A Reader reads accounts out of texts, such as those of QR codes, and remembers which
// parts of Google Authenticator's exports were among them. The zero
// value is ready. It is not safe for concurrent use.
type Reader struct {
	// Exports are those that parts were read of, in the order of their first.
	Exports []Export

	seen  map[string]bool
	index map[exportID]int // of Exports
}

type exportID struct {
	id   int32
	size int
}

// An Export is a list of accounts in several QR codes.
type Export struct {
	ID    int32 `json:"id"` // drawn at random
	Size  int   `json:"size"`
	Parts []int `json:"parts"` // that were read, from 0
}

// Read reads texts: otpauth and steam URIs, and the otpauth-migration URIs of Google
// Authenticator's export. A text that came before counts once.
//
// What cannot be read does not keep it from returning the rest. The error joins Parse's
// errors, and others that wrap oath.ErrInvalid.
func (r *Reader) Read(texts ...string) ([]Key, error) {
	var keys []Key
	var errs []error
	if r.seen == nil {
		r.seen = make(map[string]bool)
	}
	for i, text := range texts {
		if text = trimText(text); r.seen[text] {
			continue
		}
		r.seen[text] = true
		found, err := r.read(text)
		if err != nil && len(texts) > 1 {
			err = fmt.Errorf("number %d of %d: %w", i+1, len(texts), err)
		}
		keys = append(keys, found...)
		errs = append(errs, err)
	}
	return keys, errors.Join(errs...)
}

func (r *Reader) read(text string) ([]Key, error) {
	if !isMigration(text) {
		k, err := Parse(text)
		if err != nil {
			return nil, err
		}
		return []Key{k}, nil
	}
	b, err := parsePart(text)
	if b.size == 0 {
		return nil, err
	}
	id := exportID{b.id, b.size}
	if r.index == nil {
		r.index = make(map[exportID]int)
	}
	i, known := r.index[id]
	if !known {
		i = len(r.Exports)
		r.index[id] = i
		r.Exports = append(r.Exports, Export{ID: b.id, Size: b.size})
	}
	if x := &r.Exports[i]; !slices.Contains(x.Parts, b.index) {
		x.Parts = append(x.Parts, b.index)
	}
	return b.keys, err
}

// Incomplete returns an *IncompleteError for each export with missing parts.
func (r *Reader) Incomplete() (errs []error) {
	for _, x := range r.Exports {
		if err := x.Incomplete(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Validate returns an error for an export that no QR code would be of, as after its
// numbers were kept in a file that was damaged.
func (x Export) Validate() error {
	isNone := func(part int) bool { return part < 0 || part >= x.Size }
	if x.Size < 1 || x.Size > maxParts || slices.ContainsFunc(x.Parts, isNone) {
		return fmt.Errorf("invalid export of %d QR codes", x.Size)
	}
	return nil
}

// Incomplete returns an *IncompleteError if parts were not read.
func (x Export) Incomplete() error {
	var missing []int
	for part := range x.Size {
		if !slices.Contains(x.Parts, part) {
			missing = append(missing, part+1)
		}
	}
	if missing == nil {
		return nil
	}
	return &IncompleteError{Size: x.Size, Missing: missing}
}

// MergeExports joins what was read of exports at several times.
func MergeExports(exports []Export, more ...Export) []Export {
	merged := slices.Clone(exports)
	for _, x := range more {
		i := slices.IndexFunc(merged, func(there Export) bool { return there.ID == x.ID && there.Size == x.Size })
		if i < 0 {
			merged = append(merged, x)
			continue
		}
		parts := append(slices.Clone(merged[i].Parts), x.Parts...)
		slices.Sort(parts)
		merged[i].Parts = slices.Compact(parts)
	}
	return merged
}
