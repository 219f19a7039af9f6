package fleet

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// A Bulk is a token that stores many accounts together in far less time than one by one.
// It need not be safe for concurrent use.
type Bulk interface {
	// PutAll stores new accounts, and hands done what came of each, in their order: nil,
	// or what Put returns. Done must not change the token. The error is why it tried no
	// others, or what went wrong after all were stored.
	PutAll(accounts iter.Seq2[oath.Account, oath.Secret], done func(i int, err error)) error
}

// Enroll puts accounts on tokens: on one token after the other, and there one account
// after the other. It adds each outcome to the account's result, and hands it to report
// as it happens, unless that is nil. Once the context is done, it tries no more. If an
// enrollment has no clock, none is tried: each has the outcome ErrNoClock.
//
// The token computes a code, which must be the one that is computed here. A token that is
// locked but takes accounts is not checked; the error is oath.ErrLocked then. One that
// computes wrong codes loses the account again, and the error wraps ErrUnequal; but an
// account that was to be replaced is kept until the new one is proved.
//
// An account that is there already is as good as stored if its code is right. That makes
// it safe to enroll again where it went wrong halfway.
//
// What is of no use for an account after another failed is not tried: anything on a token
// that was removed or whose answer did not come, a new account on a token that is full.
// That is a [SkippedError].
func Enroll(ctx context.Context, results []*Result, members []*Member, report func(*Result, Outcome)) {
	if len(results) == 0 {
		return
	}
	if report == nil {
		report = func(*Result, Outcome) {}
	}
	timeless := slices.ContainsFunc(results, func(r *Result) bool { return r.Now == nil })
	for _, m := range members {
		var token oath.Token
		err := ErrNoClock
		if !timeless {
			token, err = m.Token()
		}
		v := &visit{member: m, token: token, results: results, report: report, there: make(map[oath.ID]oath.Entry)}
		bulk, isBulk := token.(Bulk)
		switch {
		case err != nil:
			v.failAll(err)
		case isBulk:
			v.enrollTogether(ctx, bulk)
		default:
			v.enrollEach(ctx)
		}
	}
}

// A visit is the time in which accounts are put on one token, and nobody else changes it.
type visit struct {
	member  *Member
	token   oath.Token
	results []*Result
	report  func(*Result, Outcome)

	there        map[oath.ID]oath.Entry // what the token holds
	at           time.Time              // that the codes in there are of
	ignoresTouch *bool                  // the token, as far as it has shown; nil if it has not
	unopened     error                  // why the token stays locked: its owner is not asked again
}

// end records an outcome.
func (v *visit) end(r *Result, o Outcome) {
	o.Member = v.member
	r.Outcomes = append(r.Outcomes, o)
	if o.State == Checked {
		r.Code = o.Code
	}
	v.report(r, o)
}

func (v *visit) failAll(err error) {
	for _, r := range v.results {
		v.end(r, Outcome{Err: err})
	}
}

// enrollTogether has a token store all accounts before it computes codes.
func (v *visit) enrollTogether(ctx context.Context, bulk Bulk) {
	locked := isLocked(v.token)
	accounts := func(yield func(oath.Account, oath.Secret) bool) {
		for _, r := range v.results {
			a := r.Account
			if a.Type == oath.HOTP && locked && a.Counter < math.MaxUint64 {
				a.Counter++ // the first code comes from another token, or from the secret itself
			}
			if ctx.Err() != nil || !yield(a, r.Secret) {
				return
			}
		}
	}
	sealed := Outcome{State: Stored, Err: oath.ErrLocked}
	ended := 0 // so many; from the first one on that is there already, the token may yet be unlocked
	var stored []error
	err := bulk.PutAll(accounts, func(i int, err error) {
		stored = append(stored, err)
		if err == nil && locked && i == ended {
			v.end(v.results[i], sealed)
			ended++
		}
	})
	for i, r := range v.results[ended:] {
		done := ctx.Err()
		switch i += ended; {
		case i >= len(stored) && len(stored) == 0 && done == nil:
			v.end(r, Outcome{Err: err})
		case i >= len(stored):
			v.end(r, Outcome{Err: &SkippedError{cmp.Or(done, err)}})
		case stored[i] == nil && locked && (done != nil || r.Account.Type == oath.HOTP):
			v.end(r, sealed)
		case stored[i] == nil && done != nil:
			v.end(r, Outcome{State: Stored, Err: done})
		case errors.Is(stored[i], oath.ErrExists) && done != nil:
			v.end(r, Outcome{Err: &SkippedError{done}})
		default:
			v.end(r, v.afterPut(r.Enrollment, stored[i]))
		}
	}
	if err == nil || len(stored) < len(v.results) {
		return
	}
	for _, r := range v.results { // they are there, and the change did not end well
		if o := &r.Outcomes[len(r.Outcomes)-1]; o.State == Stored {
			o.Err = err
		}
	}
}

// enrollEach enrolls one account after the other on a token that needs no more than two
// exchanges for each, once it has shown what it holds.
func (v *visit) enrollEach(ctx context.Context) {
	v.at = v.results[0].Now()
	entries, err := v.token.Codes(v.at)
	if err != nil && !isLost(err) {
		var accounts []oath.Account
		accounts, err = v.token.List()
		entries = entriesOf(accounts)
	}
	if err != nil {
		v.failAll(err)
		return
	}
	for _, e := range entries {
		v.there[e.Account.ID()] = e
	}
	var lost error // why no more is tried
	full := false
	for _, r := range v.results {
		var o Outcome
		e := r.Enrollment
		entry, there := v.there[e.Account.ID()]
		switch lost = cmp.Or(lost, ctx.Err()); {
		case lost != nil:
			o.Err = &SkippedError{lost}
		case full && !there:
			o.Err = &SkippedError{oath.ErrNoSpace}
		case e.Replace:
			o = v.replace(e)
		case there:
			o = v.compare(e, entry, oath.ErrExists)
		default:
			o = v.afterPut(e, v.put(e.Account, e.Secret))
		}
		v.end(r, o)
		switch {
		case o.IsSkipped():
		case isLost(o.Err):
			lost = reasonOf(o.Err)
		case errors.Is(o.Err, oath.ErrNoSpace) && !there:
			full = true
		}
	}
}

// isLost reports whether a token went away, or left it open what it did.
func isLost(err error) bool { return errors.Is(err, oath.ErrRemoved) || errors.Is(err, oath.ErrUnsure) }

// reasonOf returns why accounts are not tried after one that a token was lost at. Of
// these, it is known that they are not there.
func reasonOf(err error) error {
	if errors.Is(err, oath.ErrRemoved) {
		return oath.ErrRemoved
	}
	return errors.New(err.Error())
}

// put stores a new account.
func (v *visit) put(a oath.Account, s oath.Secret) error {
	err := v.token.Put(a, s)
	if err == nil {
		v.there[a.ID()] = oath.Entry{Account: a}
	}
	return err
}

func (v *visit) delete(id oath.ID) error {
	err := v.token.Delete(id)
	if err == nil {
		delete(v.there, id)
	}
	return err
}

// noteLocked takes note of an error that leaves the token locked, and returns it.
func (v *visit) noteLocked(err error) error {
	if err != nil && isLocked(v.token) {
		v.unopened = err
	}
	return err
}

// afterPut continues once the token has taken or refused a new account.
func (v *visit) afterPut(e Enrollment, err error) Outcome {
	if errors.Is(err, oath.ErrExists) {
		if !e.Replace {
			return v.compare(e, oath.Entry{}, err)
		}
		if err = v.unopened; err == nil {
			err = v.noteLocked(v.token.Replace(e.Account, e.Secret)) // the vault writes a file whole, and reads it back first
		}
	}
	switch {
	case err != nil:
		return Outcome{Err: err}
	case isLocked(v.token):
		return Outcome{State: Stored, Err: oath.ErrLocked}
	}
	return v.check(e)
}
