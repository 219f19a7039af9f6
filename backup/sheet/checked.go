package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

func (e Entry) hasSecret() bool { return len(e.Key.Secret.Bytes()) > 0 }

// hasCodes reports whether there are codes whose text can be printed.
func (e Entry) hasCodes() bool {
	set := e.Codes.Current()
	return set != nil && slices.ContainsFunc(set.Codes, func(c backup.Code) bool { return c.Text != "" })
}

func (e Entry) label() string { return e.Key.Account.Label() }

func (e Entry) id() oath.ID { return e.Key.Account.ID() }

// checked returns the sheet with its entries in order, or ErrInvalid.
func (s Sheet) checked() (Sheet, error) {
	switch {
	case s.Number < 1 || s.Number > maxCount || s.Supersedes < 0 || s.Supersedes >= s.Number:
		return s, fmt.Errorf("%w: number %d, superseding %d", ErrInvalid, s.Number, s.Supersedes)
	case s.Date.IsZero():
		return s, fmt.Errorf("%w: it has no date", ErrInvalid)
	case !isID(s.ID):
		return s, fmt.Errorf("%w: the ID is not %d base32 letters", ErrInvalid, idLength)
	}
	if s.VaultKey != "" {
		key, err := parseKey(s.VaultKey)
		if err != nil {
			return s, fmt.Errorf("%w: the vault's key does not read", ErrInvalid)
		}
		s.VaultKey = string(key)
	}
	s.Entries = slices.Clone(s.Entries)
	slices.SortFunc(s.Entries, compareEntries)
	return s, checkEntries(s.Entries)
}

func compareEntries(a, b Entry) int {
	return cmp.Or(
		strings.Compare(strings.ToLower(a.label()), strings.ToLower(b.label())),
		strings.Compare(a.label(), b.label()),
		cmp.Compare(a.id(), b.id()),
	)
}

func checkEntries(entries []Entry) error {
	seen := make(map[oath.ID]bool, len(entries))
	for i, e := range entries {
		if seen[e.id()] {
			return fmt.Errorf("%w: %s comes twice", ErrInvalid, e.label())
		}
		seen[e.id()] = true
		// Without a secret, the ID is all that counts.
		if e.hasSecret() {
			entries[i].Key.Account = e.Key.Account.WithDefaults()
			if err := entries[i].Key.Account.Validate(); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrInvalid, e.label(), err)
			}
		}
		if err := checkCodes(e.Codes); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInvalid, e.label(), err)
		}
	}
	return nil
}

// checkCodes sees that the codes read back as they are.
func checkCodes(r backup.Record) error {
	set := r.Current()
	if set == nil {
		return nil
	}
	if _, err := backup.ParsePolicy(r.Policy.String()); err != nil || set.Generation < 1 || set.Generation > maxCount {
		return fmt.Errorf("its codes are of policy %v, generation %d", r.Policy, set.Generation)
	}
	for i, c := range set.Codes {
		if c.Number < 1 || c.Number > maxCount || i > 0 && c.Number <= set.Codes[i-1].Number {
			return fmt.Errorf("its codes are not in the order of their numbers")
		}
		if !utf8.ValidString(c.Text) {
			return fmt.Errorf("its code %d is not UTF-8", c.Number)
		}
	}
	return nil
}
