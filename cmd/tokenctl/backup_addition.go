package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
)

// An addition is codes that are to be recorded.
type addition struct {
	id       oath.ID
	service  services.Service
	named    bool // the owner named the service
	codes    []backup.Code
	policy   *backup.Policy // nil for the one before, or the service's
	appends  *bool          // nil for what the service does
	replaces int            // the number whose code is new; 0 for none
	day      time.Time

	done string // what was done, once it is
}

// errNothingNew says that all of the codes are recorded already.
var errNothingNew = errors.New("these backup codes are recorded already")

// onPaper reports whether the codes are on paper alone.
func (a addition) onPaper() bool { return len(a.codes) > 0 && a.codes[0].Text == "" }

// add records codes, in the place of those before or beside them.
func (r *records) add(a *addition) (backup.Record, error) {
	kept := ledger.InVault
	if a.onPaper() {
		kept = ledger.OnPaper
	}
	return r.change(recordChange{
		id: a.id, kept: kept,
		do:   a.apply,
		then: func(l *ledger.Ledger, _ backup.Record) { l.Settle(a.id) },
	})
}

// An addition's way is how codes join those before.
type way int

const (
	supersedes way = iota
	appends
	replaces
)

// wayInto returns how the codes join a record, and the number that is replaced if
// one is.
func (a addition) wayInto(r *backup.Record) (way, int) {
	set := r.Current()
	switch {
	case a.replaces > 0:
		return replaces, a.replaces
	case a.appends != nil && *a.appends:
		return appends, 0
	case set == nil || a.appends != nil:
		return supersedes, 0
	case r.Policy == backup.Replaced && len(a.codes) == 1 && len(set.Codes) > 1:
		// Of several that were used, any will do: it is no longer good.
		if used := usedNumbers(*set); len(used) > 0 {
			return replaces, used[0]
		}
	case a.service.Adds:
		return appends, 0
	}
	return supersedes, 0
}

func usedNumbers(set backup.Set) []int {
	var used []int
	for _, c := range set.Codes {
		if !c.Used.IsZero() {
			used = append(used, c.Number)
		}
	}
	return used
}

// apply changes a record, and says what was done.
func (a *addition) apply(r *backup.Record) error {
	if a.named || r.Service == "" && a.service.Codes != services.Unknown {
		r.Service = a.service.Name
	}
	switch {
	case a.policy != nil:
		r.Policy = *a.policy
	case r.Current() == nil:
		r.Policy = a.service.Policy
	}
	if a.isKnownTo(r) {
		return errNothingNew
	}
	had := r.Left()
	switch way, number := a.wayInto(r); way {
	case replaces:
		a.done = fmt.Sprintf("number %d has its new code.", number)
		return r.ReplaceCode(number, a.codes[0].Text, a.day)
	case appends:
		fresh := a.freshTo(r)
		a.done = fmt.Sprintf("%s recorded, beside those before: %s.", are(len(fresh)), howManyLeft(had+len(fresh)))
		return r.Append(fresh, a.day)
	}
	a.done = are(len(a.codes)) + " recorded."
	if had > 0 {
		a.done += " Those before count no more."
	}
	return r.Supersede(a.codes, a.day)
}

func are(codes int) string {
	if codes == 1 {
		return "1 code is"
	}
	return howMany(codes, "code") + " are"
}

// isKnownTo reports whether a record's current set has all of the codes. That one
// is marked as used is news.
func (a addition) isKnownTo(r *backup.Record) bool {
	return !a.onPaper() && len(a.freshTo(r)) == 0 &&
		!slices.ContainsFunc(a.codes, func(c backup.Code) bool { return !c.Used.IsZero() })
}

// freshTo returns the codes that a record's current set does not have, numbered on
// where their own numbers are taken.
func (a addition) freshTo(r *backup.Record) []backup.Code {
	known, taken := make(map[string]bool), make(map[int]bool)
	if set := r.Current(); set != nil {
		for _, c := range set.Codes {
			known[normal(c.Text)], taken[c.Number] = true, true
		}
	}
	known[""] = false // of codes on paper no two are known to be the same
	var fresh []backup.Code
	clash := false
	for _, c := range a.codes {
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

// normal returns a code without what people and services write differently.
func normal(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
}
