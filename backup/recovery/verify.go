package recovery

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A Verdict is the result of comparing an account with the sheet, in one place. Its text
// is what docs/json.md describes.
type Verdict string

const (
	Equal    Verdict = "equal"
	Differs  Verdict = "differs"
	Counted  Verdict = "counted"   // comparing would move the counter
	Lacking  Verdict = "lacking"   // it is there, and not on the sheet
	Unseen   Verdict = "unseen"    // it is there, and was not read, as not all of the sheet was
	KeysOnly Verdict = "keys_only" // it is on keys alone, and cannot be on a sheet
	Outdated Verdict = "outdated"  // there are newer codes than on the sheet
	Nowhere  Verdict = "nowhere"   // it is on the sheet, and on no token here
	Unknown  Verdict = "unknown"   // the token cannot be asked, or does not show it
)

func equalIf(same bool) Verdict {
	if same {
		return Equal
	}
	return Differs
}

// CodesPlace is where an account's backup codes are, in a comparison.
const CodesPlace = "codes"

// A Comparison is a verdict, and where it was found: on a token, at CodesPlace, or "-"
// for nowhere.
type Comparison struct {
	Where   string
	Verdict Verdict
	Err     error // why it is unknown
}

// A VerifiedAccount is one that is on the sheet, on a token, or both.
type VerifiedAccount struct {
	ID          oath.ID
	Key         *otpauth.Key // as it is on the sheet; nil if it is not there
	Comparisons []Comparison
}

func (a *VerifiedAccount) find(where string, v Verdict, err error) {
	a.Comparisons = append(a.Comparisons, Comparison{where, v, err})
}

// isOn reports whether the account was found in a place that fits.
func (a *VerifiedAccount) isOn(fits func(where string) bool) bool {
	return slices.ContainsFunc(a.Comparisons, func(c Comparison) bool { return fits(c.Where) })
}

// A Verification is the result of comparing a sheet with the tokens.
type Verification struct {
	Contents sheet.Contents
	Accounts []*VerifiedAccount // that there is something to say of, by ID
	VaultKey Verdict            // "" if it is not on the sheet, or there is no vault
	Bare     int                // accounts that the sheets only name, beside those with codes on other paper

	failures []error // of tokens that could not be asked for everything
}

// Verify compares what was read from paper with every token. The keys come first: what
// opens the vault may need them for itself. The broken are tokens that are there, and
// could not be opened.
func Verify(c sheet.Contents, from Sources, broken error) (*Verification, error) {
	v := &Verification{Contents: c}
	for i, k := range c.Accounts {
		v.on(k.Account.ID()).Key = &c.Accounts[i]
	}
	for _, m := range from.Keys {
		v.fail(m.Name, v.compareKey(m, from.Now))
	}
	if broken != nil {
		v.failures = append(v.failures, broken)
	}
	if from.Vault != nil {
		identity, err := from.Vault.Identity()
		if err != nil {
			return nil, err
		}
		if c.VaultKey != "" {
			v.VaultKey = equalIf(identity == c.VaultKey)
		}
		v.fail(fleet.VaultName, v.compareVault(from.Vault))
	}
	ids, err := from.Store.IDs()
	if err != nil {
		return nil, err
	}
	for _, id := range sortedUnion(ids, c.Codes) {
		now, err := from.Store.FromVault(id)
		v.compareCodes(id, now, err)
	}
	v.settle(from.Vault != nil)
	for _, s := range c.Sheets {
		v.Bare += s.Bare
	}
	for _, id := range ids {
		onSheet := slices.ContainsFunc(c.Accounts, func(k otpauth.Key) bool { return k.Account.ID() == id })
		if from.Store.Ledger.Known(id).Kept == ledger.OnPaper && !onSheet {
			v.Bare = max(v.Bare-1, 0)
		}
	}
	return v, nil
}

func sortedUnion(ids []oath.ID, codes map[oath.ID]backup.Record) []oath.ID {
	return slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(ids, maps.Keys(codes)))))
}

// on returns what is known of an account, nothing at first.
func (v *Verification) on(id oath.ID) *VerifiedAccount {
	i, found := slices.BinarySearchFunc(v.Accounts, id, func(a *VerifiedAccount, id oath.ID) int { return cmp.Compare(a.ID, id) })
	if !found {
		v.Accounts = slices.Insert(v.Accounts, i, &VerifiedAccount{ID: id})
	}
	return v.Accounts[i]
}

// fail notes a token that could not be asked for everything, if there is an error.
func (v *Verification) fail(token string, err error) {
	if err != nil {
		v.failures = append(v.failures, &fleet.MemberError{Member: token, Err: err})
	}
}

// compareKey compares the codes that a key computes for a time with those of the
// sheet's secrets. One touch that does not come is the holder's answer for all.
func (v *Verification) compareKey(m *fleet.Member, now fleet.Clock) error {
	token, err := m.Token()
	if err != nil {
		return err
	}
	at := now() // once the password was given
	entries, err := token.Codes(at)
	var untouched error
	for _, e := range entries {
		one := v.on(e.Account.ID())
		switch {
		case one.Key == nil:
			one.find(m.Name, Lacking, nil)
		case e.Account.Touch && untouched != nil:
			one.find(m.Name, Unknown, untouched)
		default:
			verdict, err := compareOnKey(token, e, *one.Key, at)
			if errors.Is(err, oath.ErrTouchTimeout) {
				untouched = err
			}
			one.find(m.Name, verdict, err)
		}
	}
	return err
}

func compareOnKey(token oath.Token, e oath.Entry, key otpauth.Key, at time.Time) (Verdict, error) {
	switch {
	case e.Account.Type != key.Account.Type:
		return Differs, nil
	case key.Account.Type == oath.HOTP:
		return Counted, nil
	}
	expected, err := oath.Compute(key.Account, key.Secret, at)
	if err != nil {
		return Unknown, err
	}
	code := e.Code
	if code.IsZero() {
		if code, err = token.Code(e.Account, at); err != nil {
			return Unknown, err
		}
	}
	return equalIf(code.Value == expected.Value), nil
}

// compareVault compares secrets.
func (v *Verification) compareVault(vault Vault) error {
	accounts, err := vault.List()
	for _, a := range accounts {
		if one := v.on(a.ID()); one.Key == nil {
			one.find(fleet.VaultName, Lacking, nil)
		} else {
			verdict, err := compareInVault(vault, *one.Key)
			one.find(fleet.VaultName, verdict, err)
		}
	}
	return err
}

func compareInVault(vault Vault, key otpauth.Key) (Verdict, error) {
	a, secret, err := vault.Secret(key.Account.ID())
	if err != nil {
		return Unknown, err
	}
	defer secret.Clear()
	a.Counter, a.Touch = key.Account.Counter, key.Account.Touch // the one moves, the other computes no code
	same := subtle.ConstantTimeCompare(secret.Bytes(), key.Secret.Bytes()) == 1
	return equalIf(same && a == key.Account), nil
}

// compareCodes compares an account's backup codes with those in the vault, as they are
// now, or notes why they cannot be read.
func (v *Verification) compareCodes(id oath.ID, now backup.Record, err error) {
	onSheet, there := v.Contents.Codes[id]
	if !there && err == nil && !now.HasTexts() {
		return // they are on another paper
	}
	switch one := v.on(id); {
	case err != nil:
		one.find(CodesPlace, Unknown, err)
	case !there:
		one.find(CodesPlace, Lacking, nil)
	case !now.HasTexts():
		one.find(CodesPlace, Nowhere, nil)
	default:
		one.find(CodesPlace, compareSets(onSheet.Current(), now.Current()), nil)
	}
}

func compareSets(onSheet, now *backup.Set) Verdict {
	if onSheet == nil || onSheet.Generation > now.Generation {
		return Differs
	}
	if onSheet.Generation < now.Generation {
		return Outdated
	}
	return equalIf(slices.EqualFunc(onSheet.Codes, now.Codes, func(a, b backup.Code) bool {
		return a.Number == b.Number && a.Text == b.Text
	}))
}

// settle notes what is on the sheet alone, and says of what is not there whether it
// was not seen, cannot be there, or need not be, since the sheet holds only a part.
func (v *Verification) settle(hasVault bool) {
	full := slices.ContainsFunc(v.Contents.Sheets, func(s sheet.Printing) bool { return !v.Contents.Partial(s) })
	bare := slices.ContainsFunc(v.Contents.Sheets, func(s sheet.Printing) bool { return s.Bare > 0 })
	for _, one := range v.Accounts {
		onKeysAlone := (hasVault || !full) && !one.isOn(func(where string) bool { return where == fleet.VaultName })
		if one.Key != nil && !one.isOn(func(where string) bool { return where != CodesPlace }) {
			one.find("-", Nowhere, nil)
		}
		for i, c := range one.Comparisons {
			switch {
			case c.Verdict != Lacking:
			case len(v.Contents.Missing) > 0:
				one.Comparisons[i].Verdict = Unseen
			case (full || bare) && onKeysAlone && c.Where != CodesPlace:
				one.Comparisons[i].Verdict = KeysOnly
			}
		}
		if !full {
			one.Comparisons = slices.DeleteFunc(one.Comparisons, func(c Comparison) bool { return c.Verdict == Lacking })
		}
	}
	v.Accounts = slices.DeleteFunc(v.Accounts, func(a *VerifiedAccount) bool { return len(a.Comparisons) == 0 })
}

// CountAccounts returns how many accounts have a comparison with a verdict.
func (v *Verification) CountAccounts(of Verdict) (n int) {
	for _, one := range v.Accounts {
		if slices.ContainsFunc(one.Comparisons, func(c Comparison) bool { return c.Verdict == of }) {
			n++
		}
	}
	return n
}

// Count returns how many comparisons have one of those verdicts.
func (v *Verification) Count(of ...Verdict) (n int) {
	for _, one := range v.Accounts {
		for _, c := range one.Comparisons {
			if slices.Contains(of, c.Verdict) {
				n++
			}
		}
	}
	if slices.Contains(of, v.VaultKey) {
		n++
	}
	return n
}

// IsRight reports whether all that is on the sheet was read, compared, and found equal,
// and there is anything.
func (v *Verification) IsRight() bool {
	return len(v.Contents.Missing) == 0 && !v.Contents.IsEmpty() && v.Count(Differs, Nowhere, Unknown, Outdated) == 0
}

// Failures returns what could not be compared because of an error.
func (v *Verification) Failures() error {
	failures := slices.Clone(v.failures)
	for _, one := range v.Accounts {
		for _, c := range one.Comparisons {
			if c.Err != nil {
				failures = append(failures, fmt.Errorf("%s: %q: %w", c.Where, one.ID.Label(), c.Err))
			}
		}
	}
	return errors.Join(failures...)
}
