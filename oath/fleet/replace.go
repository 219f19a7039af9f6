package fleet

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// ErrMustDelete says that an account cannot be replaced without deleting it first, so
// that it is lost if the new one is refused. It is left as it was.
var ErrMustDelete = errors.New("the key is full, and stores no account over another: the old one would have to be deleted first")

// besideIssuer marks the account that a replacement is proved with, before the account
// that it replaces is touched. Whoever is killed in between leaves it behind.
const besideIssuer = "tokenctl-new"

// maxBeside is what fits on a key, in bytes (YKOATH, "PUT").
const maxBeside = 64

// IsLeftover reports whether an account is what a replacement left that was broken off.
// Its name is the label of the account that was being replaced, or begins like it.
func IsLeftover(a oath.Account) bool { return a.Issuer == besideIssuer }

// beside returns the account under a name of its own. It asks for no touch, as the code
// that counts is the one after it; and its codes are digits, for Steam's go by the name.
func beside(a oath.Account) oath.Account {
	if a.IsSteam() {
		a.Digits = oath.DefaultDigits
	}
	a.Issuer, a.Name, a.Touch = besideIssuer, a.Label(), false
	if over := len(a.ID()) - maxBeside; over > 0 {
		sum := sha256.Sum256([]byte(a.Name))
		mark := "~" + hex.EncodeToString(sum[:4])
		a.Name = strings.ToValidUTF8(a.Name[:len(a.Name)-over-len(mark)], "") + mark
	}
	return a
}

// replace puts the account on a key, instead of the one of the same ID. That one
// is kept until the new one is proved: the key is given the new one under another name
// first, and computes a code of it. Only then
//
//   - a key that stores one account over another does so, in one command; it has the old
//     or the new account under the name whenever it is pulled out;
//   - on another, the old one is deleted and the new one stored. In between, the new one
//     is there under its other name.
//
// RENAME would save a command, but only newer YubiKeys have it, and with the old account
// renamed aside the name would be missing for as long as a touch is waited for.
//
// A full key has no room for both. If it stores one over the other, it is let: a refusal
// leaves the old one, and to be lost, the key must take the new one and then compute it
// wrongly, which no YubiKey is known to do. If it does not, the owner is asked.
func (v *visit) replace(e Enrollment) (o Outcome) {
	trial := e
	trial.Account = beside(e.Account)
	_, leftover := v.there[trial.Account.ID()]
	if _, there := v.there[e.Account.ID()]; !there {
		if o.Err = v.put(e.Account, e.Secret); o.Err == nil {
			o = v.check(e)
		}
		if leftover && o.State == Checked {
			o.Err = v.delete(trial.Account.ID())
		}
		return o
	}
	o.Kept = true
	if leftover {
		o.Err = v.delete(trial.Account.ID())
	}
	if o.Err == nil {
		o.Err = v.put(trial.Account, e.Secret)
	}
	switch {
	case errors.Is(o.Err, oath.ErrNoSpace):
		return v.replaceOnFull(e)
	case o.Err != nil:
		return o
	}
	_, err := trial.verify(v.token)
	stored := e.Account
	countsFirst := errors.Is(err, errAhead)
	if countsFirst {
		err = nil
		stored.Counter = max(stored.Counter, 1) - 1
	}
	if err == nil {
		o.Kept, err = v.swap(stored, e.Secret)
	}
	if err != nil && !o.Kept {
		o.Err = fmt.Errorf("%w (if it is not there, the new one is, as %q)", err, trial.Account.Label())
		return o
	}
	deleted := v.delete(trial.Account.ID())
	if o.Err = cmp.Or(err, deleted); o.Err != nil {
		if err == nil {
			o.State = Stored
		}
		return o
	}
	o = v.check(e)
	o.CountsFirst = o.CountsFirst || countsFirst
	return o
}

// swap stores an account that was proved over the one of the same ID. Where it cannot, it
// reports whether the old one is kept.
func (v *visit) swap(proved oath.Account, s oath.Secret) (kept bool, err error) {
	if err = v.overwrite(proved, s); err == nil {
		return false, nil
	}
	// A token that still answers has refused. Of another, what it did is not known.
	accounts, gone := v.token.List()
	there := slices.ContainsFunc(accounts, func(a oath.Account) bool { return a.ID() == proved.ID() })
	return gone == nil && there, err
}

// replaceOnFull replaces the account on a key that has no room for a trial.
func (v *visit) replaceOnFull(e Enrollment) Outcome {
	o := Outcome{Kept: true}
	o.Err = v.token.Replace(e.Account, e.Secret)
	if errors.Is(o.Err, oath.ErrNoOverwrite) {
		o.Err = ErrMustDelete
		if e.MayLose != nil {
			o.Err = e.MayLose(v.member)
		}
		if o.Err == nil {
			o.Err = v.delete(e.Account.ID())
		}
		if o.Err == nil {
			o.Err, o.Kept = v.put(e.Account, e.Secret), false
		}
	}
	if o.Err != nil {
		return o
	}
	if o = v.check(e); o.State == Failed {
		o.Err = fmt.Errorf("%w; the account that was there is lost, for the key had no room for both", o.Err)
	}
	return o
}
