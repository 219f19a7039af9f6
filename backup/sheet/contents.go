package sheet

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// Contents are what was on the sheets.
type Contents struct {
	Number int // of the newest sheet; 0 if no sheet was told
	ID     string
	Date   time.Time
	Sheets []Printing // all of them, by number

	VaultKey string        // AGE-SECRET-KEY-1..., or ""
	Accounts []otpauth.Key // each ID once, sorted by label
	Codes    map[oath.ID]backup.Record

	// Doubtful are accounts whose ID is that of one in Accounts, with another
	// secret. The *ConflictError names them.
	Doubtful []otpauth.Key

	Missing []Missing
	Notes   []string // whole sentences on what is odd
}

// Contents returns what was read. The passphrase is that of a sealed sheet, else
// it is ignored.
//
// With an error, it returns what could be read nonetheless. The error joins
// ErrNeedsPassphrase, ErrWrongPassphrase, ErrIncomplete, ErrDamaged, a
// *ConflictError and a *ShareError, as the case may be. What is merely missing is
// no error, but listed in Contents.Missing.
func (r *Reader) Contents(passphrase string) (Contents, error) {
	h := r.gather()
	var wrong []error
	for _, g := range h.ordered() {
		wrong = append(wrong, h.open(g, passphrase))
	}
	h.countCodes()
	c := Contents{Sheets: h.printings(), Missing: h.missing(), Notes: h.notes(r.foreign), Codes: h.mergedCodes()}
	if n := len(c.Sheets); n > 0 {
		c.Number, c.ID, c.Date = c.Sheets[n-1].Number, c.Sheets[n-1].ID, c.Sheets[n-1].Date
	}
	ranks := h.ranks()
	if c.VaultKey = h.vaultKey(ranks); len(h.keys) > 1 {
		c.Notes = append(c.Notes, fmt.Sprintf("There are %d different keys of vaults: that of the newest sheet was taken.", len(h.keys)))
	}
	var conflict ConflictError
	c.Accounts, c.Doubtful, conflict.IDs = h.settled(ranks)
	if len(conflict.IDs) > 0 {
		wrong = append(wrong, &conflict)
	}
	return c, errors.Join(wrong...)
}

// mergedCodes returns each account's backup codes: what is used on any sheet, is
// used, and those of the newest generation are current.
func (h *haul) mergedCodes() map[oath.ID]backup.Record {
	merged := make(map[oath.ID]backup.Record)
	for _, g := range h.ordered() {
		for _, c := range g.codeSets() {
			if before, ok := merged[c.account]; ok {
				merged[c.account] = backup.Merge(c.record, before)
				continue
			}
			merged[c.account] = c.record.Clone()
		}
	}
	return merged
}

// ranks returns, for each digest on a list of contents, which sheet lists it: 1 for
// the oldest. Of two things, that of the newest sheet counts.
func (h *haul) ranks() map[string]int {
	ranks := make(map[string]int)
	for i, g := range h.ordered() {
		for _, c := range g.list.ordered() {
			for _, digests := range c.list {
				for _, d := range digests {
					ranks[d] = i + 1
				}
			}
		}
	}
	return ranks
}

func (h *haul) vaultKey(ranks map[string]int) (key string) {
	for _, k := range h.keys {
		if key == "" || ranks[digest(k)] > ranks[digest(key)] {
			key = k
		}
	}
	return key
}

// settled returns each account once: as the newest sheet has it; or else, with the
// highest counter. Those with another secret are doubtful.
func (h *haul) settled(ranks map[string]int) (accounts, doubtful []otpauth.Key, conflicts []oath.ID) {
	sorted := slices.Clone(h.accounts)
	rank := make(map[string]int, len(sorted))
	for _, k := range sorted {
		rank[k.URI()] = ranks[digest(k.URI())]
	}
	slices.SortStableFunc(sorted, func(a, b otpauth.Key) int {
		return cmp.Or(
			strings.Compare(strings.ToLower(a.Account.Label()), strings.ToLower(b.Account.Label())),
			cmp.Compare(a.Account.ID(), b.Account.ID()),
			rank[b.URI()]-rank[a.URI()],
			cmp.Compare(b.Account.Counter, a.Account.Counter),
		)
	})
	for _, k := range sorted {
		n := len(accounts)
		switch id := k.Account.ID(); {
		case n == 0 || accounts[n-1].Account.ID() != id:
			accounts = append(accounts, k)
		case !bytes.Equal(accounts[n-1].Secret.Bytes(), k.Secret.Bytes()):
			doubtful = append(doubtful, k)
			conflicts = append(conflicts, id)
		}
	}
	return accounts, doubtful, slices.Compact(conflicts)
}
