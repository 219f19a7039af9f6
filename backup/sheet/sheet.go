// Package sheet is the recovery sheet: what stands on it, and how it is read again.
//
// A Sheet is what goes on paper. Plain, Encrypt and Split make Documents of it,
// which package layout puts on paper. A Reader takes the texts of QR codes and lines
// that were typed, in any order, and knows what is missing.
//
// Everything stands there twice: as QR codes, and as lines with a check that can be
// typed. Both hold the same paragraphs. The format is described in
// docs/sheet-format.md, for those who want to write another reader.
package sheet

import (
	"cmp"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A Sheet is what goes on paper. It is the same whether it is then printed
// plainly, sealed, or split.
type Sheet struct {
	Number     int       // from 1
	Supersedes int       // the number of the sheet before; 0 if there is none
	Partial    bool      // it does not supersede that sheet, but belongs with it
	Date       time.Time // the day; the time of day is of no meaning
	ID         string    // that of this printing, see NewID
	Owner      string    // whose it is, as it is to stand there; "" for nobody's name
	URL        string    // where tokenctl can be had; "" to name no place

	// Paper and Fonts are those with which Plain counts pages, for the list of contents.
	Paper layout.Paper
	Fonts []*layout.Font

	// VaultKey is the vault's private key, AGE-SECRET-KEY-1..., or "".
	VaultKey string

	// Entries are the accounts, in any order: they are sorted by label. No two
	// have the same ID.
	Entries []Entry
}

// An Entry is an account on a sheet.
type Entry struct {
	// Key is the account and its secret. Without a secret the account's label and
	// codes go on the sheet, and a note that the sheet cannot restore it.
	Key otpauth.Key

	// Codes are the account's backup codes. Only the current set is printed.
	Codes backup.Record

	Where []string // the tokens that hold the account, as they must be named
	Renew string   // where new codes are made: a menu path or an address
	Notes []string // further sentences
}

// An Item is what a sheet has of an account.
type Item struct {
	ID         oath.ID
	Key        otpauth.Key // without a secret if the sheet has none
	Generation int         // of the backup codes; 0 if the text of none is there
}

// Items returns what there is of each account, in the order of the entries.
func (s Sheet) Items() (items []Item) {
	for _, e := range s.Entries {
		items = append(items, e.Item())
	}
	return items
}

// Item returns what there is of the account.
func (e Entry) Item() Item { return Item{e.id(), e.Key, generation(e.Codes)} }

func generation(r backup.Record) int {
	if !r.HasTexts() {
		return 0
	}
	return r.Generation()
}

// Clear overwrites the accounts' secrets in memory.
func (s Sheet) Clear() {
	for _, e := range s.Entries {
		e.Key.Secret.Clear()
	}
}

// idLength is how many base32 letters name a printing: 40 bits.
const idLength = 8

// NewID draws the ID of a printing: eight base32 letters, by which pages that
// belong together know each other.
func NewID(random io.Reader) (string, error) {
	b := make([]byte, idLength*5/8)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("drawing the sheet's ID: %w", err)
	}
	return base32.StdEncoding.EncodeToString(b), nil
}

// isID reports whether a text may be the ID of a printing.
func isID(text string) bool {
	for i := range len(text) {
		if !line.IsLetter(text[i]) {
			return false
		}
	}
	return len(text) == idLength
}

func (e Entry) hasSecret() bool { return !e.Key.Secret.IsZero() }

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
	s.Entries = slices.SortedFunc(slices.Values(s.Entries), func(a, b Entry) int {
		return cmp.Or(
			strings.Compare(strings.ToLower(a.label()), strings.ToLower(b.label())),
			strings.Compare(a.label(), b.label()),
			cmp.Compare(a.id(), b.id()),
		)
	})
	seen := make(map[oath.ID]bool, len(s.Entries))
	for i, e := range s.Entries {
		if seen[e.id()] {
			return s, fmt.Errorf("%w: %s appears twice", ErrInvalid, e.label())
		}
		seen[e.id()] = true
		err := checkCodes(e.Codes)
		if e.hasSecret() { // else the ID is all that counts
			s.Entries[i].Key.Account = e.Key.Account.WithDefaults()
			err = cmp.Or(s.Entries[i].Key.Account.Validate(), err)
		}
		if err != nil {
			return s, fmt.Errorf("%w: %s: %w", ErrInvalid, e.label(), err)
		}
	}
	return s, nil
}

// checkCodes makes sure that the codes read back as they are.
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
			return errors.New("its codes are not in the order of their numbers")
		}
		if !backup.IsPrintable(c.Text) {
			return fmt.Errorf("its code %d: %w", c.Number, backup.ErrUnprintable)
		}
	}
	return nil
}

var (
	// ErrInvalid says that a Sheet cannot be printed as it is; the error that wraps
	// it says why.
	ErrInvalid = errors.New("not a sheet that can be printed")

	// ErrForeign says that a text is not of a recovery sheet: an address on the
	// web, say. It is ignored.
	ErrForeign = errors.New("not of a recovery sheet")

	// ErrDamaged says that a text is of a recovery sheet, but does not read.
	ErrDamaged = errors.New("damaged")

	// ErrNewer says that a text is of a sheet that a later tokenctl printed.
	ErrNewer = errors.New("printed by a later version of tokenctl")

	// ErrTooLarge says that a text is larger than anything a sheet can hold.
	ErrTooLarge = errors.New("too large for a recovery sheet")

	// ErrIncomplete says that sealed pages were read, and that those that are
	// missing are needed to open them.
	ErrIncomplete = errors.New("the sealed pages are not complete")

	// ErrNeedsPassphrase says that the sheet was sealed with a passphrase.
	ErrNeedsPassphrase = errors.New("the sheet is sealed with a passphrase")

	// ErrWrongPassphrase says that the passphrase does not open the sheet.
	ErrWrongPassphrase = errors.New("wrong passphrase")
)

// A ConflictError names accounts that were read with different secrets.
type ConflictError struct{ IDs []oath.ID }

func (e *ConflictError) Error() string {
	var ids []string
	for _, id := range e.IDs {
		ids = append(ids, string(id))
	}
	return "read with different secrets: " + strings.Join(ids, ", ")
}

// A ShareError names shares of a split sheet that do not fit the others. The
// number is the one printed on the share.
type ShareError struct {
	Sheet  int
	Shares []int
}

func (e *ShareError) Error() string {
	if len(e.Shares) == 1 {
		return fmt.Sprintf("share %d does not belong to sheet %d, or was altered", e.Shares[0], e.Sheet)
	}
	var numbers []string
	for _, n := range e.Shares {
		numbers = append(numbers, fmt.Sprint(n))
	}
	return fmt.Sprintf("shares %s do not belong to sheet %d, or were altered", enumerated(numbers), e.Sheet)
}
