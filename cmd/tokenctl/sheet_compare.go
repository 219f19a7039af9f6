package main

import (
	"crypto/subtle"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// compare asks every token. The keys come first: what opens the vault may need
// them for itself.
func (v *verification) compare(p *program, t *tokens, r *records) error {
	for _, m := range t.Fleet {
		if m.Name != vaultName {
			v.fail(m.Name, v.compareKey(m, p.now()))
		}
	}
	if err := t.brokenVault(); err != nil {
		v.failures = append(v.failures, err)
	}
	if r.vault = t.vault; t.vault != nil {
		if err := t.vault.unlock(); err != nil {
			return err
		}
		v.fail(vaultName, v.compareVault(t.vault))
	}
	return v.compareCodes(r)
}

// fail notes a token that could not be asked for everything, if there is an error.
func (v *verification) fail(token string, err error) {
	if err != nil {
		v.failures = append(v.failures, &fleet.MemberError{Member: token, Err: err})
	}
}

// compareKey compares the codes that a key computes for a time with those of the
// sheet's secrets. One touch that does not come is the holder's answer for all.
func (v *verification) compareKey(m *fleet.Member, at time.Time) error {
	token, err := m.Token()
	if err != nil {
		return err
	}
	entries, err := token.Codes(at)
	var untouched error
	for _, e := range entries {
		one := v.on(e.Account)
		switch {
		case one.key == nil:
			v.miss(one, m.Name)
		case e.Account.Touch && untouched != nil:
			one.find(m.Name, isUnknown, untouched)
		default:
			result, err := compareOnKey(token, e, *one.key, at)
			if errors.Is(err, oath.ErrTouchTimeout) {
				untouched = err
			}
			one.find(m.Name, result, err)
		}
	}
	return err
}

func compareOnKey(token oath.Token, e oath.Entry, key otpauth.Key, at time.Time) (verdict, error) {
	switch {
	case e.Account.Type != key.Account.Type:
		return isOther, nil
	case key.Account.Type == oath.HOTP:
		return isCounted, nil
	}
	expected, err := oath.Compute(key.Account, key.Secret, at)
	if err != nil {
		return isUnknown, err
	}
	code := e.Code
	if code.IsZero() {
		if code, err = token.Code(e.Account, at); err != nil {
			return isUnknown, err
		}
	}
	return equalIf(code.Value == expected.Value), nil
}

// compareVault compares secrets, and the vault's own key.
func (v *verification) compareVault(vault *vaultToken) error {
	accounts, err := vault.List()
	for _, a := range accounts {
		if one := v.on(a); one.key == nil {
			v.miss(one, vaultName)
		} else {
			result, err := compareInVault(vault, *one.key)
			one.find(vaultName, result, err)
		}
	}
	if v.contents.VaultKey == "" {
		return err
	}
	identity, failed := vault.Identity()
	if failed != nil {
		return failed
	}
	v.vaultKey = equalIf(identity == v.contents.VaultKey)
	return err
}

func compareInVault(vault *vaultToken, key otpauth.Key) (verdict, error) {
	a, secret, err := vault.Secret(key.Account.ID())
	if err != nil {
		return isUnknown, err
	}
	defer secret.Clear()
	a.Counter, a.Touch = key.Account.Counter, key.Account.Touch // which the sheet cannot know
	same := subtle.ConstantTimeCompare(secret.Bytes(), key.Secret.Bytes()) == 1
	return equalIf(same && a == key.Account), nil
}

// compareCodes compares the backup codes with those in the vault.
func (v *verification) compareCodes(r *records) error {
	all, err := r.ids()
	if err != nil {
		return err
	}
	ids := make(map[oath.ID]bool, len(all))
	for _, id := range slices.AppendSeq(all, maps.Keys(v.contents.Codes)) {
		ids[id] = true
	}
	c := collector{records: r}
	for id := range ids {
		codes, err := c.codesOf(id)
		v.compareRecord(id, codes, err)
	}
	return nil
}

// compareRecord compares an account's codes, as they are now or cannot be told.
func (v *verification) compareRecord(id oath.ID, now backup.Record, err error) {
	onSheet, there := v.contents.Codes[id]
	if !there && err == nil && !now.HasTexts() {
		return // they are on another paper
	}
	switch one := v.on(id.Account(oath.TypeUnknown)); {
	case err != nil:
		one.find(codesPlace, isUnknown, err)
	case !there:
		v.miss(one, codesPlace)
	case !now.HasTexts():
		one.find(codesPlace, isNowhere, nil)
	default:
		one.find(codesPlace, compareSets(onSheet.Current(), now.Current()), nil)
	}
}

func compareSets(onSheet, now *backup.Set) verdict {
	if onSheet == nil || onSheet.Generation > now.Generation {
		return isOther
	}
	if onSheet.Generation < now.Generation {
		return isOutdated
	}
	return equalIf(slices.EqualFunc(onSheet.Codes, now.Codes, func(a, b backup.Code) bool {
		return a.Number == b.Number && a.Text == b.Text
	}))
}
