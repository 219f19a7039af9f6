package otpauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ParseAll reads every account out of several texts, such as ReadQR returns:
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
		exports = make(exports)
		seen    = make(map[string]bool)
	)
	for _, text := range texts {
		if text = trimText(text); seen[text] {
			continue
		}
		seen[text] = true
		found, err := exports.parse(text)
		keys = append(keys, found...)
		errs = append(errs, err)
	}
	return keys, errors.Join(append(errs, exports.incomplete()...)...)
}

// exports are the parts that were read of each export, by its ID and size.
type exports map[exportID][]int

type exportID struct {
	id   int32
	size int
}

// parse reads one text of any kind, and notes which part of an export it is.
func (e exports) parse(text string) ([]Key, error) {
	if !isMigration(text) {
		k, err := Parse(text)
		if err != nil {
			return nil, err
		}
		return []Key{k}, nil
	}
	batch, err := ParseBatch(text)
	if batch.Size > 0 {
		id := exportID{batch.ID, batch.Size}
		e[id] = append(e[id], batch.Index)
	}
	return batch.Keys, err
}

func (e exports) incomplete() []error {
	var errs []error
	for id, parts := range e {
		incomplete := &IncompleteError{Size: id.size}
		for i := range id.size {
			if !slices.Contains(parts, i) {
				incomplete.Missing = append(incomplete.Missing, i+1)
			}
		}
		if len(incomplete.Missing) > 0 {
			errs = append(errs, incomplete)
		}
	}
	return errs
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
