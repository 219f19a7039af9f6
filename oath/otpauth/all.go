package otpauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ParseAll reads every account out of several texts, such as qr.Read returns:
// otpauth and steam URIs, and the otpauth-migration URIs of Google
// Authenticator's export. A text that comes twice counts once.
//
// What cannot be read does not keep it from returning the rest. The error joins
// Parse's and ParseBatch's errors, and an *IncompleteError for every export of
// which parts are missing.
func ParseAll(texts ...string) ([]Key, error) {
	var (
		keys    []Key
		errs    []error
		exports exports
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

// exports are those of which parts were read, in the order of their first.
type exports []export

// An export is a list of accounts in several QR codes.
type export struct {
	id    int32
	size  int
	parts []int // that were read, from 0
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
	batch, err := ParseBatch(text)
	if batch.Size > 0 {
		e.note(batch)
	}
	return batch.Keys, err
}

func (e *exports) note(b Batch) {
	i := slices.IndexFunc(*e, func(x export) bool { return x.id == b.ID && x.size == b.Size })
	if i < 0 {
		i = len(*e)
		*e = append(*e, export{id: b.ID, size: b.Size})
	}
	(*e)[i].parts = append((*e)[i].parts, b.Index)
}

func (e exports) incomplete() []error {
	var errs []error
	for _, x := range e {
		if missing := x.missing(); len(missing) > 0 {
			errs = append(errs, &IncompleteError{Size: x.size, Missing: missing})
		}
	}
	return errs
}

func (x export) missing() []int {
	var missing []int
	for i := range x.size {
		if !slices.Contains(x.parts, i) {
			missing = append(missing, i+1)
		}
	}
	return missing
}

// An IncompleteError tells which QR codes of Google Authenticator's export are
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
