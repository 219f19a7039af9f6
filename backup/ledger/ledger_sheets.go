package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// Fingerprint returns the first eight hexadecimal digits of the SHA-256 of an
// account's otpauth URI. Thirty-two bits are enough to notice a change, and too
// few to tell a secret of the usual 80 bits and more from billions of others.
func Fingerprint(uri string) string {
	sum := sha256.Sum256([]byte(uri))
	return hex.EncodeToString(sum[:4])
}

// NextSheet returns the number that the next sheet gets.
func (l *Ledger) NextSheet() int {
	if s := l.LastSheet(); s != nil {
		return s.Number + 1
	}
	return 1
}

// LastSheet returns the newest sheet, nil if none was printed.
func (l *Ledger) LastSheet() *Sheet {
	if len(l.Sheets) == 0 {
		return nil
	}
	return &l.Sheets[len(l.Sheets)-1]
}

// LastFullSheet returns the newest sheet that is not OnlyNew, nil if there is
// none. The next full one supersedes it and those after it.
func (l *Ledger) LastFullSheet() *Sheet {
	if i := l.lastFull(func(Sheet) bool { return true }); i >= 0 {
		return &l.Sheets[i]
	}
	return nil
}

// lastFull returns the place of the last full sheet that fits, -1 if there is none.
func (l *Ledger) lastFull(fits func(Sheet) bool) int {
	for i := len(l.Sheets) - 1; i >= 0; i-- {
		if !l.Sheets[i].OnlyNew && fits(l.Sheets[i]) {
			return i
		}
	}
	return -1
}

// AddSheet records a sheet that was printed. Its number must be higher than those
// before. What older ones had on them is forgotten once a full one after them was
// read back.
func (l *Ledger) AddSheet(s Sheet) error {
	if s.Number < l.NextSheet() {
		return fmt.Errorf("sheet %d after sheet %d", s.Number, l.NextSheet()-1)
	}
	s.Date, s.Verified = backup.Day(s.Date), backup.Day(s.Verified)
	l.Sheets = append(l.Sheets, s)
	l.forgetOldSheets()
	return nil
}

// Verify records that the sheet of that ID was read back, and reports whether
// there is one. Of several with one ID, it is the newest.
func (l *Ledger) Verify(sheetID string, day time.Time) bool {
	for i := len(l.Sheets) - 1; i >= 0; i-- {
		if l.Sheets[i].ID == sheetID {
			l.Sheets[i].Verified = backup.Day(day)
			l.forgetOldSheets()
			return true
		}
	}
	return false
}

// forgetOldSheets drops what stands on sheets that nothing depends on any more, so
// that the ledger does not grow with every sheet. A secret that the full sheet lacks
// is kept in mind: if the account is on a key alone, no later sheet can have it.
func (l *Ledger) forgetOldSheets() {
	verified := l.lastFull(func(s Sheet) bool { return !s.Verified.IsZero() })
	for i := range l.Sheets[:max(verified, 0)] {
		maps.DeleteFunc(l.Sheets[i].Items, func(id oath.ID, item Item) bool {
			return item.Fingerprint == "" || l.Sheets[verified].Items[id].Fingerprint != ""
		})
	}
}

// Lacks reports whether an account's secret or its codes, as they are now, stand
// on no sheet since the last full one, that one included. The secret is told by
// its Fingerprint; an empty one asks for the codes alone. A generation of 0 asks
// for the secret alone. Codes that were used since still stand there.
func (l *Ledger) Lacks(id oath.ID, fingerprint string, generation int) bool {
	hasSecret, hasCodes := fingerprint == "", generation == 0
	first := max(l.lastFull(func(Sheet) bool { return true }), 0)
	for _, s := range l.Sheets[first:] {
		item := s.Items[id]
		hasSecret = hasSecret || item.Fingerprint == fingerprint
		hasCodes = hasCodes || item.Generation == generation
	}
	return !hasSecret || !hasCodes
}
