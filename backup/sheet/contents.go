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
	Number int // of the newest sheet; 0 if it is not known
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

// A Printing is a sheet as it came off the printer, once.
type Printing struct {
	Number int
	ID     string
	Date   time.Time // zero if that was not read, or is sealed
	Adds   int       // the sheet that it belongs with; 0 if it stands alone
	Sealed bool      // with a passphrase
	Shares int       // how many copies there are, if it is split
	Need   int       // how many of them open it
	Whole  []int     // the shares that were read and are right, if all else of a copy was read
	Bare   int       // how many accounts it names with neither secret nor codes
}

// Contents returns what was read. The passphrase is that of a sealed sheet, else
// it is ignored.
//
// With an error, it returns what could be read nonetheless. The error joins
// ErrNeedsPassphrase, ErrWrongPassphrase, ErrIncomplete, ErrDamaged, a
// *ConflictError and a *ShareError, as the case may be. What is merely missing is
// no error, but listed in Contents.Missing.
func (r *Reader) Contents(passphrase string) (Contents, error) {
	all := r.read()
	var wrong []error
	for _, p := range all.ordered() {
		wrong = append(wrong, all.open(p, passphrase))
	}
	all.countSets()
	c := Contents{Sheets: all.printings(), Missing: all.missing(), Notes: all.notes(r.foreign), Codes: all.mergedCodes()}
	if n := len(c.Sheets); n > 0 {
		c.Number, c.ID, c.Date = c.Sheets[n-1].Number, c.Sheets[n-1].ID, c.Sheets[n-1].Date
	}
	ranks := all.ranks()
	for _, k := range all.keys {
		if c.VaultKey == "" || ranks[keyRecord(k).digest()] > ranks[keyRecord(c.VaultKey).digest()] {
			c.VaultKey = k
		}
	}
	if len(all.keys) > 1 {
		c.Notes = append(c.Notes, fmt.Sprintf("There are %d different keys of vaults: that of the newest sheet was taken.", len(all.keys)))
	}
	var conflict ConflictError
	c.Accounts, c.Doubtful, conflict.IDs = all.settled(ranks)
	for i, k := range c.Accounts {
		c.Accounts[i].Account.Touch = all.touched[accountRecord{k}.digest()]
	}
	if len(conflict.IDs) > 0 {
		wrong = append(wrong, &conflict)
	}
	return c, errors.Join(wrong...)
}

// IsEmpty reports whether there are no accounts, no backup codes and no key.
func (c Contents) IsEmpty() bool {
	return len(c.Accounts) == 0 && len(c.Codes) == 0 && c.VaultKey == ""
}

// Partial reports whether one of the sheets holds only a part of what there was when
// it was made. A full one shows that by holding the vault's key.
func (c Contents) Partial(p Printing) bool { return p.Adds > 0 || c.VaultKey == "" }

// Items returns what there is of each account, those with a secret first.
func (c Contents) Items() (items []Item) {
	secret := make(map[oath.ID]bool)
	for _, k := range c.Accounts {
		id := k.Account.ID()
		secret[id] = true
		items = append(items, Item{id, k, generation(c.Codes[id])})
	}
	for id, codes := range c.Codes {
		if !secret[id] {
			items = append(items, Item{ID: id, Generation: generation(codes)})
		}
	}
	slices.SortStableFunc(items[len(secret):], func(a, b Item) int { return cmp.Compare(a.ID, b.ID) })
	return items
}

// Clear overwrites the accounts' secrets in memory.
func (c Contents) Clear() {
	for _, k := range slices.Concat(c.Accounts, c.Doubtful) {
		k.Secret.Clear()
	}
}

// Missing returns what is missing so far, without opening anything.
func (r *Reader) Missing() []Missing {
	all := r.read()
	all.countSets()
	return all.missing()
}

// mergedCodes returns each account's backup codes: what is used on any sheet, is
// used, and those of the newest generation are current.
func (r *readResult) mergedCodes() map[oath.ID]backup.Record {
	merged := make(map[oath.ID]backup.Record)
	for _, p := range r.ordered() {
		for _, c := range p.codeSets() {
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
func (r *readResult) ranks() map[string]int {
	ranks := make(map[string]int)
	for i, p := range r.ordered() {
		for _, c := range p.list.ordered() {
			for _, b := range c.list {
				for _, d := range b.digests {
					ranks[d] = i + 1
				}
			}
		}
	}
	return ranks
}

// settled returns each account once: as the newest sheet has it; or else, with the
// highest counter. Those with another secret are doubtful.
func (r *readResult) settled(ranks map[string]int) (accounts, doubtful []otpauth.Key, conflicts []oath.ID) {
	sorted := slices.Clone(r.accounts)
	rank := make(map[string]int, len(sorted))
	for _, k := range sorted {
		rank[accountRecord{k}.uri()] = ranks[accountRecord{k}.digest()]
	}
	slices.SortStableFunc(sorted, func(a, b otpauth.Key) int {
		return cmp.Or(
			strings.Compare(strings.ToLower(a.Account.Label()), strings.ToLower(b.Account.Label())),
			cmp.Compare(a.Account.ID(), b.Account.ID()),
			rank[accountRecord{b}.uri()]-rank[accountRecord{a}.uri()],
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

func (r *readResult) printings() (all []Printing) {
	for _, p := range r.ordered() {
		if p.id == "" {
			continue
		}
		one := Printing{Number: p.sheet, ID: p.id, Date: p.date, Adds: p.adds, Sealed: p.seal == byPassphrase}
		if len(p.shares) > 0 {
			one.Shares, one.Need, one.Whole = p.shares[0].of, p.shares[0].need, p.whole()
		}
		for _, c := range p.list.ordered() {
			for _, b := range c.list {
				if len(b.digests) == 0 {
					one.Bare++
				}
			}
		}
		one.Bare = max(one.Bare, p.bare)
		all = append(all, one)
	}
	return all
}

// notes returns what is odd about what was read.
func (r *readResult) notes(foreign int) (notes []string) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	for _, t := range r.typed {
		for _, w := range t.wrong {
			note("Line %d checks, but its contents are unknown: %v.", w.Line, w.Err)
		}
	}
	if foreign > 0 {
		note("%s not of a recovery sheet, and ignored.", qrCodesAre(foreign))
	}
	notes = append(notes, r.mixed()...)
	sheets := r.ordered()
	if len(sheets) == 0 {
		return notes
	}
	// In a chain, sheets may be missing with numbers between a sheet and the newest
	// that adds to it, and that sheet itself.
	read := make(map[int]bool)
	for _, p := range sheets {
		read[p.sheet] = true
	}
	const most = 20 // bounds what a false number can make this say
	newest := sheets[len(sheets)-1]
	for number := max(newest.adds, newest.sheet-most); newest.adds > 0 && number < newest.sheet; number++ {
		if !read[number] {
			note("Sheet %d is not among these. If it was kept with sheet %d, read it as well.", number, newest.sheet)
		}
	}
	return notes
}

// mixed returns which sheets do not belong with the one that most was read of.
func (r *readResult) mixed() (notes []string) {
	sheets := r.ordered()
	if len(sheets) < 2 {
		return nil
	}
	most := slices.MaxFunc(sheets, func(a, b *sheetParts) int { return a.count - b.count })
	for _, p := range sheets {
		if p == most || p.id == "" || p.belongsWith(most) || most.belongsWith(p) {
			continue
		}
		what := qrCodesAre(p.count)
		if p.count == 0 { // it was typed
			what = "Some lines are"
		}
		notes = append(notes, fmt.Sprintf("%s of %s, the others of %s.", what, p.name(most), most.name(p)))
	}
	return notes
}

// belongsWith reports whether the sheet adds to another, or to one older than that.
func (p *sheetParts) belongsWith(other *sheetParts) bool {
	return p.adds != 0 && p.adds <= other.sheet && p.sheet > other.sheet
}

// name names a sheet, by its ID too where another has the same number.
func (p *sheetParts) name(other *sheetParts) string {
	if p.sheet != other.sheet {
		return fmt.Sprintf("sheet %d", p.sheet)
	}
	return fmt.Sprintf("the sheet %d with the ID %s", p.sheet, p.id)
}

// qrCodesAre returns "1 QR code is", "2 QR codes are".
func qrCodesAre(n int) string {
	if n == 1 {
		return "1 QR code is"
	}
	return plural(n, "QR code") + " are"
}
