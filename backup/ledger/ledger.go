// Package ledger keeps what is known without a secret in it: which accounts have backup
// codes and which of these are used (Entry), which accounts need new ones (Due), on which
// printed sheets secrets and codes stand (Sheet, Item), which keys there are and what was
// on them (Key, Held), and which risks their owner accepts, and
// whose codes they ignore. It answers while the vault is
// locked and nothing is plugged in.
//
// Read returns a Ledger from its file, Update changes it there, one process at a
// time, and ReadHead reads no more than every command needs.
package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// A Ledger is all that is known of keys, of accounts' codes and of sheets. The zero value
// is empty.
type Ledger struct {
	Notice   Notice
	Due      []Due // the accounts that need new codes
	Keys     []Key // in the order of their serial numbers, lost ones too
	Accounts map[oath.ID]*Entry
	Sheets   []Sheet // in the order of their numbers

	// OldInVault are accounts that got another secret on keys, and not in the vault, each
	// with the day.
	OldInVault map[oath.ID]backup.Date

	// Ignored are accounts whose backup codes their owner does not care about, each with the
	// day since. None of them has a reminder.
	Ignored map[oath.ID]backup.Date

	// Accepted are the names of risks that their owner accepts, each with the day since.
	Accepted map[string]backup.Date
}

// A Notice is that there were risks when somebody last looked, and nobody accepted them.
type Notice struct {
	Risks    int         `json:"risks,omitempty"`
	Found    backup.Date `json:"found,omitzero"`    // when somebody looked
	Reminded backup.Date `json:"reminded,omitzero"` // when their owner was last reminded
}

// An Entry is what the ledger keeps of an account. Its codes have no Text; if one
// has, that is not written.
type Entry struct {
	backup.Record
	Kept Keeping
}

// A Keeping is where an account's codes are.
type Keeping string

const (
	InVault Keeping = "vault" // and on paper, if a sheet was printed
	OnPaper Keeping = "paper" // alone
)

// A Due is a reminder that an account needs new codes.
type Due struct {
	ID      oath.ID     `json:"-"`
	Service string      `json:"service,omitempty"` // its name, or the account's issuer
	Since   backup.Date `json:"since,omitzero"`    // when the first of the codes was used
	Renew   string      `json:"renew,omitempty"`   // where new codes are made: a menu path or an address
	Left    int         `json:"left"`              // how many codes there are until then

	// Generation is that of the codes that the reminder is about: newer ones
	// settle it, wherever they were recorded. 0 if unknown.
	Generation int `json:"generation,omitempty"`
}

// A Sheet is one that was made.
type Sheet struct {
	Number int         `json:"number"` // from 1
	ID     string      `json:"id"`     // as printed on it
	Date   backup.Date `json:"date,omitzero"`

	// Partial says that it does not supersede the sheets before it: it holds what
	// they lacked, chosen accounts, or codes without secrets. Others are full.
	Partial bool `json:"only_new,omitempty"`

	// Files are the SHA-256, in hexadecimal, of each file that it was written to, by which
	// the very file is known from a scan of the paper; none if it was printed. Nobody
	// knows whether a file was put on paper, until that is read back.
	Files []string `json:"files,omitempty"`

	// VaultKey is the Fingerprint of the public key of the vault that the sheet opens; ""
	// if it opens none.
	VaultKey string `json:"vault_key,omitempty"`

	// Sealed says that a passphrase is needed to read it. Of Shares sheets any Need are;
	// both are 0 if it was not split.
	Sealed bool `json:"sealed,omitempty"`
	Need   int  `json:"need,omitempty"`
	Shares int  `json:"shares,omitempty"`

	// Verified is the day on which it was read back from paper; zero if it was not.
	Verified backup.Date `json:"verified,omitzero"`

	// Drilled is the day on which its owner recovered with nothing but it and those with it,
	// for practice; zero if that was not done. So many accounts were missing then.
	Drilled backup.Date `json:"drilled,omitzero"`
	Lacked  int         `json:"lacked,omitempty"`

	Items map[oath.ID]Item `json:"-"`
}

// An Item is what a sheet has of an account.
type Item struct {
	// Fingerprint is that of the account's otpauth URI, see Fingerprint. It is
	// empty if the secret is not on the sheet.
	Fingerprint string `json:"fingerprint,omitempty"`

	// Generation is that of the codes; 0 if they are not on the sheet.
	Generation int `json:"generation,omitempty"`
}

// Fingerprint returns the first eight hexadecimal digits of the SHA-256 of an
// account's otpauth URI. Thirty-two bits are enough to notice a change, and too
// few to find a secret of the usual 80 bits and more among billions of others.
func Fingerprint(uri string) string {
	sum := sha256.Sum256([]byte(uri))
	return hex.EncodeToString(sum[:4])
}

// OnPaper reports whether the sheet was printed, or read back from paper.
func (s Sheet) OnPaper() bool { return len(s.Files) == 0 || !s.Verified.IsZero() }

// Known returns the entry of an account, which is empty if it has none. To change
// one, see Entry.
func (l *Ledger) Known(id oath.ID) Entry {
	if e := l.Accounts[id]; e != nil {
		return *e
	}
	return Entry{}
}

// Mentions reports whether an account has an entry, or stands on a sheet.
func (l *Ledger) Mentions(id oath.ID) bool {
	return l.Accounts[id] != nil || slices.ContainsFunc(l.Sheets, func(s Sheet) bool {
		_, found := s.Items[id]
		return found
	})
}

// Newest returns the newest day that something happened on, zero if there is none: a
// clock that says an earlier one is wrong.
func (l *Ledger) Newest() (newest time.Time) {
	later := func(day time.Time) {
		if day.After(newest) {
			newest = day
		}
	}
	for _, d := range l.Due {
		later(time.Time(d.Since))
	}
	for _, id := range l.IDs() {
		for _, s := range l.Accounts[id].Sets {
			later(s.Made)
			for _, c := range s.Codes {
				later(c.Used)
			}
		}
	}
	for _, s := range l.Sheets {
		later(time.Time(s.Date))
		later(time.Time(s.Verified))
	}
	return newest
}

// IDs returns the accounts that have an entry, in order.
func (l *Ledger) IDs() []oath.ID {
	none := func(id oath.ID) bool { return l.Accounts[id] == nil }
	return slices.DeleteFunc(slices.Sorted(maps.Keys(l.Accounts)), none)
}

// DueOf returns the reminder of an account, if there is one.
func (l *Ledger) DueOf(id oath.ID) (Due, bool) {
	for _, d := range l.Due {
		if d.ID == id {
			return d, true
		}
	}
	return Due{}, false
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
	return l.last(func(Sheet) bool { return true })
}

// LastFullSheet returns the newest sheet that is not Partial, nil if there is
// none. The next full one supersedes it and those after it.
func (l *Ledger) LastFullSheet() *Sheet {
	return l.last(func(s Sheet) bool { return !s.Partial })
}

// LastWithSecret returns the newest sheet with an account's secret, nil if there
// is none.
func (l *Ledger) LastWithSecret(id oath.ID) *Sheet {
	return l.last(func(s Sheet) bool { return s.Items[id].Fingerprint != "" })
}

// last returns the newest sheet that fits, nil if there is none.
func (l *Ledger) last(fits func(Sheet) bool) *Sheet {
	for i, s := range slices.Backward(l.Sheets) {
		if fits(s) {
			return &l.Sheets[i]
		}
	}
	return nil
}

// SinceFull returns the last full sheet and those after it; all, if none is full.
func (l *Ledger) SinceFull() []Sheet {
	for i, s := range slices.Backward(l.Sheets) {
		if !s.Partial {
			return l.Sheets[i:]
		}
	}
	return l.Sheets
}

// SupersededBy returns the number of the sheet that the next one supersedes, or
// belongs with if that is Partial: the last full one's; 0 if there is none. A full
// sheet supersedes none while it lacks a secret that an older one has, of an
// account on keys alone: that one must not be destroyed.
func (l *Ledger) SupersededBy(next Sheet) int {
	for id, item := range next.Items {
		if !next.Partial && item.Fingerprint == "" && l.LastWithSecret(id) != nil {
			return 0
		}
	}
	if full := l.LastFullSheet(); full != nil {
		return full.Number
	}
	return 0
}

// SheetWith returns the number of the newest sheet that has an account's codes of
// a generation; 0 if there is none, or a full sheet without them superseded it. With
// onPaper, only sheets that are count.
func (l *Ledger) SheetWith(id oath.ID, generation int, onPaper bool) int {
	for _, s := range slices.Backward(l.Sheets) {
		switch {
		case generation == 0 || onPaper && !s.OnPaper():
		case s.Items[id].Generation == generation:
			return s.Number
		case !s.Partial:
			return 0
		}
	}
	return 0
}

// SheetsOf returns the numbers of the sheets that were written to files of those
// digests.
func (l *Ledger) SheetsOf(digests []string) (numbers []int) {
	for _, s := range l.Sheets {
		if slices.ContainsFunc(s.Files, func(d string) bool { return slices.Contains(digests, d) }) {
			numbers = append(numbers, s.Number)
		}
	}
	return numbers
}

// Unprinted returns the newest sheet SinceFull that is not known to be on paper, nil if
// there is none.
func (l *Ledger) Unprinted() *Sheet {
	for _, s := range slices.Backward(l.SinceFull()) {
		if !s.OnPaper() {
			return &s
		}
	}
	return nil
}

// Lacks reports whether an account's secret or its codes, as they are now, stand
// on none of the sheets SinceFull. An empty fingerprint asks for the codes alone, a
// generation of 0 for the secret alone. Codes that were used since still stand
// there.
func (l *Ledger) Lacks(id oath.ID, fingerprint string, generation int) bool {
	hasSecret, hasCodes := fingerprint == "", generation == 0
	for _, s := range l.SinceFull() {
		item := s.Items[id]
		hasSecret = hasSecret || item.Fingerprint == fingerprint
		hasCodes = hasCodes || item.Generation == generation
	}
	return !hasSecret || !hasCodes
}
