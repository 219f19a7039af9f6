package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A verdict is what comparing an account with the sheet came to, in one place;
// docs/json.md has the words.
type verdict string

const (
	isEqual    verdict = "equal"
	isOther    verdict = "differs"
	isCounted  verdict = "counted"   // comparing would move the counter
	isMissed   verdict = "lacking"   // it is there, and not on the sheet
	isOnKeys   verdict = "keys_only" // it is on keys alone, and cannot be on a sheet
	isOutdated verdict = "outdated"  // there are newer codes than on the sheet
	isNowhere  verdict = "nowhere"   // it is on the sheet, and on no token here
	isUnknown  verdict = "unknown"   // the token does not tell
)

// words tell a person what a verdict means.
func (v verdict) words() string {
	switch v {
	case isCounted:
		return "not compared, since that would move its counter"
	case isMissed:
		return "not on the sheet"
	case isOnKeys:
		return "not on the sheet, since a key does not give its secret away"
	case isOutdated:
		return "older on the sheet: there are new ones"
	case isNowhere:
		return "not compared, since it is on no token here"
	case isUnknown:
		return "not compared"
	}
	return string(v)
}

func equalIf(same bool) verdict {
	if same {
		return isEqual
	}
	return isOther
}

// codesPlace is where an account's backup codes are, in a comparison.
const codesPlace = "codes"

// A comparison is a verdict, and where it was found: on a token, or at codesPlace.
type comparison struct {
	where   string
	verdict verdict
	err     error // why it is unknown
}

// A verified account is one that is on the sheet, on a token, or both.
type verifiedAccount struct {
	account     oath.Account
	key         *otpauth.Key // as it is on the sheet; nil if it is not there
	comparisons []comparison
}

func (a *verifiedAccount) find(where string, v verdict, err error) {
	a.comparisons = append(a.comparisons, comparison{where, v, err})
}

// A verification is what comparing a sheet with the tokens came to.
type verification struct {
	contents sheet.Contents
	accounts map[oath.ID]*verifiedAccount
	failures []error // of tokens that could not be asked for everything
	vaultKey verdict // "" if it is not on the sheet, or there is no vault
	verified bool    // the sheet is whole, and right
}

func newVerification(c sheet.Contents) *verification {
	v := &verification{contents: c, accounts: make(map[oath.ID]*verifiedAccount)}
	for i, k := range c.Accounts {
		v.on(k.Account).key = &c.Accounts[i]
	}
	return v
}

// on returns what is known of an account, nothing at first.
func (v *verification) on(a oath.Account) *verifiedAccount {
	one := v.accounts[a.ID()]
	if one == nil {
		one = &verifiedAccount{account: a}
		v.accounts[a.ID()] = one
	}
	return one
}

// miss notes what is in a place and not on the sheet, unless that holds only a part.
func (v *verification) miss(one *verifiedAccount, where string) {
	if slices.ContainsFunc(v.contents.Sheets, func(s sheet.Printing) bool { return !v.contents.Partial(s) }) {
		one.find(where, isMissed, nil)
	}
}

// isOn reports whether the account was found in a place that fits.
func (a *verifiedAccount) isOn(fits func(where string) bool) bool {
	return slices.ContainsFunc(a.comparisons, func(c comparison) bool { return fits(c.where) })
}

// settle notes what is on the sheet alone, and what is on keys alone, and returns
// all accounts that there is something to say of, by label.
func (v *verification) settle(hasVault bool) []*verifiedAccount {
	var all []*verifiedAccount
	for _, one := range v.accounts {
		switch inVault := one.isOn(func(where string) bool { return where == vaultName }); {
		case one.key != nil && !one.isOn(func(where string) bool { return where != codesPlace }):
			one.find("-", isNowhere, nil)
		case one.key == nil && hasVault && !inVault:
			one.excuse()
		}
		if len(one.comparisons) > 0 {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b *verifiedAccount) int {
		return strings.Compare(string(a.account.ID()), string(b.account.ID()))
	})
	return all
}

// excuse tells of an account that it is on keys alone.
func (a *verifiedAccount) excuse() {
	for i, c := range a.comparisons {
		if c.where != codesPlace && c.verdict == isMissed {
			a.comparisons[i].verdict = isOnKeys
		}
	}
}

// count returns how many comparisons came to one of those verdicts.
func (v *verification) count(of ...verdict) (n int) {
	for _, one := range v.accounts {
		for _, f := range one.comparisons {
			if slices.Contains(of, f.verdict) {
				n++
			}
		}
	}
	if slices.Contains(of, v.vaultKey) {
		n++
	}
	return n
}

// unanswered tells what could not be compared because of an error.
func (v *verification) unanswered() []error {
	failures := slices.Clone(v.failures)
	for id, one := range v.accounts {
		for _, f := range one.comparisons {
			if f.err != nil {
				failures = append(failures, fmt.Errorf("%s: %q: %w", f.where, printable(labelOf(id)), f.err))
			}
		}
	}
	return failures
}

// rows are the comparisons, for a person.
func (v *verification) rows(accounts []*verifiedAccount) (rows [][]string) {
	for _, one := range accounts {
		for _, f := range one.comparisons {
			rows = append(rows, []string{string(one.account.ID()), f.where, f.verdict.words()})
		}
	}
	if v.vaultKey != "" {
		rows = append(rows, []string{"the vault's key", vaultName, v.vaultKey.words()})
	}
	return rows
}
