package store

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
)

// ErrNothingNew says that all of the codes are recorded already.
var ErrNothingNew = errors.New("these backup codes are recorded already")

// An Addition is codes to record.
type Addition struct {
	ID       oath.ID
	Service  services.Service
	Named    bool          // the owner named the service
	Codes    []backup.Code // without texts if they are on paper alone
	Day      time.Time
	Policy   *backup.Policy // nil for the one before, or the service's
	Appends  *bool          // nil for what the service does
	Replaces int            // the number whose code is new; 0 for none
}

// OnPaper reports whether the codes are on paper alone.
func (a Addition) OnPaper() bool { return len(a.Codes) > 0 && a.Codes[0].Text == "" }

// A JoinMode is how codes join those before.
type JoinMode int

const (
	Supersedes JoinMode = iota // those before are void
	Appends                    // they are good beside those before
	Replaces                   // one code is good instead of another
)

// Mode returns how the codes join a record, and the number that is replaced if one is.
func (a Addition) Mode(r backup.Record) (JoinMode, int) {
	set := r.Current()
	switch {
	case a.Replaces > 0:
		return Replaces, a.Replaces
	case a.Appends != nil && *a.Appends:
		return Appends, 0
	case set == nil || a.Appends != nil:
		return Supersedes, 0
	case r.Policy == backup.Replaced && len(a.Codes) == 1 && len(set.Codes) > 1:
		// Of several that were used, any will do: it is no longer good.
		for _, c := range set.Codes {
			if !c.Used.IsZero() {
				return Replaces, c.Number
			}
		}
	case a.Service.Adds == services.Yes:
		return Appends, 0
	}
	return Supersedes, 0
}

// Added is the result of recording codes.
type Added struct {
	Mode   JoinMode
	Number int // that was replaced
	Codes  int // that were recorded
	Before int // that were left of those before
}

// Add records codes. Those before are void, or stay good beside them; see
// [Addition.Mode]. It returns ErrNothingNew if the current set has all of them, and
// ErrNoVault for texts without a vault.
func (s *Store) Add(a Addition) (Added, backup.Record, error) {
	kept := ledger.InVault
	if a.OnPaper() {
		kept = ledger.OnPaper
	}
	var added Added
	record, err := s.change(a.ID, kept, true, func(r *backup.Record) (err error) {
		added, err = a.apply(r)
		return err
	})
	return added, record, err
}

func (a Addition) apply(r *backup.Record) (Added, error) {
	if a.Named || r.Service == "" && a.Service.Codes != services.Unknown {
		r.Service = a.Service.Name
	}
	switch {
	case a.Policy != nil:
		r.Policy = *a.Policy
	case r.Current() == nil:
		r.Policy = a.Service.Policy
	}
	fresh := a.freshTo(r)
	marksUsed := slices.ContainsFunc(a.Codes, func(c backup.Code) bool { return !c.Used.IsZero() })
	if !a.OnPaper() && len(fresh) == 0 && !marksUsed {
		return Added{}, ErrNothingNew
	}
	added := Added{Codes: len(a.Codes), Before: r.Left()}
	switch added.Mode, added.Number = a.Mode(*r); added.Mode {
	case Replaces:
		return added, r.ReplaceCode(added.Number, a.Codes[0].Text, a.Day)
	case Appends:
		added.Codes = len(fresh)
		return added, r.Append(fresh, a.Day)
	}
	return added, r.Supersede(a.Codes, a.Day)
}

// freshTo returns the codes that a record's current set does not have, numbered on
// where their own numbers are taken.
func (a Addition) freshTo(r *backup.Record) []backup.Code {
	// People and services write the same code differently.
	normal := func(code string) string {
		return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
	}
	known, taken := make(map[string]bool), make(map[int]bool)
	if set := r.Current(); set != nil {
		for _, c := range set.Codes {
			known[normal(c.Text)], taken[c.Number] = true, true
		}
	}
	known[""] = false // of codes on paper no two are known to be the same
	var fresh []backup.Code
	clash := false
	for _, c := range a.Codes {
		if !known[normal(c.Text)] {
			fresh = append(fresh, c)
			clash = clash || taken[c.Number]
		}
	}
	for i := range fresh {
		if clash {
			fresh[i].Number = 0
		}
	}
	return fresh
}

// Verify reads codes back from the vault, as before the file that they came from is
// deleted. It returns ErrLost if one is not there, and ErrNoVault.
func (s *Store) Verify(id oath.ID, codes []backup.Code) error {
	if s.Vault == nil {
		return about(id, ErrNoVault)
	}
	text, err := s.Vault.BackupCodes(id)
	var record backup.Record
	if text != nil {
		record, err = s.parse(id, text, err)
	}
	if err != nil {
		return err
	}
	there := make(map[string]bool)
	for _, set := range record.Sets {
		for _, c := range set.Codes {
			there[c.Text] = true
		}
	}
	for _, c := range codes {
		if !there[c.Text] {
			return ErrLost
		}
	}
	return nil
}

// Use records that a code was used on a day, and only then returns it: the one of that
// number, or the next one for 0. Its errors are those of Read and of backup.Record.Use.
func (s *Store) Use(id oath.ID, number int, day time.Time) (code backup.Code, record backup.Record, err error) {
	if record, err = s.Read(id); err != nil {
		return code, record, err
	}
	record, err = s.Change(id, KeptOf(record), func(r *backup.Record) error {
		n := number
		if n == 0 {
			next, err := r.Next() // another process may have used one
			if err != nil {
				return err
			}
			n = next.Number
		}
		var err error
		code, err = r.Use(n, day)
		return err
	})
	return code, record, err
}

// Restore records codes that were read from paper, beside what is known of them. What
// is marked as used, here or there, stays so. It returns [backup.ErrHides] for paper that
// hides codes which are left, unless it may replace them.
func (s *Store) Restore(id oath.ID, kept ledger.Keeping, codes backup.Record, replace bool) (backup.Record, error) {
	return s.Change(id, kept, func(r *backup.Record) error {
		if replace {
			*r = backup.Merge(*r, codes)
			return nil
		}
		merged, err := backup.MergePaper(*r, codes)
		*r = merged
		return err
	})
}

// Hides returns what Restore would, [backup.ErrHides] among it, and changes nothing.
func (s *Store) Hides(id oath.ID, codes backup.Record) error {
	known, err := s.FromVault(id)
	if err != nil && !errors.Is(err, ErrAway) && !errors.Is(err, ErrOlder) {
		return err
	}
	_, err = backup.MergePaper(known, codes)
	return about(id, err)
}

// Keep ends an account's reminders until its next code is used, and reports whether
// there was one.
func (s *Store) Keep(id oath.ID) (bool, error) {
	if _, due := s.Ledger.DueOf(id); !due {
		return false, nil
	}
	return true, s.Update(func(l *ledger.Ledger) error { l.Settle(id); return nil })
}

// Forget removes an account's codes from the vault and from the ledger.
func (s *Store) Forget(id oath.ID) error {
	there, err := s.hasOrDamaged(id)
	if err == nil && there {
		err = s.Vault.SetBackupCodes(id, nil)
	}
	if err == nil {
		err = s.Update(func(l *ledger.Ledger) error { l.Forgotten(id); return nil })
	}
	return about(id, err)
}
