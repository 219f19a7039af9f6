package fleet

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// A Bulk is a token that stores many accounts together in far less time than one by one.
type Bulk interface {
	// PutAll stores new accounts, and hands done what came of each, in their order: nil,
	// or what Put returns. Done must not change the token. The error is why it tried no
	// others, or what went wrong after all were stored.
	PutAll(accounts iter.Seq2[oath.Account, oath.Secret], done func(i int, err error)) error
}

// Enroll puts accounts on tokens: on one token after the other, and there one account
// after the other. It adds each outcome to the account's result, and hands it to report
// as it happens. Once the context is done, it tries no more.
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
	for _, m := range members {
		token, err := m.Token()
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
		switch i += ended; {
		case i >= len(stored) && ctx.Err() != nil:
			v.end(r, Outcome{Err: &SkippedError{ctx.Err()}})
		case i >= len(stored) && len(stored) > 0:
			v.end(r, Outcome{Err: &SkippedError{err}})
		case i >= len(stored):
			v.end(r, Outcome{Err: err})
		case stored[i] == nil && locked && r.Account.Type == oath.HOTP:
			v.end(r, sealed)
		default:
			v.end(r, v.afterPut(r.Enrollment, stored[i]))
		}
	}
	for _, r := range v.results {
		if o := &r.Outcomes[len(r.Outcomes)-1]; err != nil && o.State == Stored {
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

// afterPut goes on once the token has taken or refused a new account.
func (v *visit) afterPut(e Enrollment, err error) Outcome {
	if errors.Is(err, oath.ErrExists) {
		if !e.Replace {
			return v.compare(e, oath.Entry{}, err)
		}
		err = v.token.Replace(e.Account, e.Secret) // the vault writes a file whole, and reads it back first
	}
	switch {
	case err != nil:
		return Outcome{Err: err}
	case isLocked(v.token):
		return Outcome{State: Stored, Err: oath.ErrLocked}
	}
	return v.check(e)
}

// check has the token compute a code of the account it was just given.
//
// A token that counts before it computes gives the code of the counter after the one it
// was given. It is given the counter before, so that its codes are the ones that the
// service expects; or for 0, which has none before, keeps its code of 1: services look
// ahead.
func (v *visit) check(e Enrollment) Outcome {
	outcome := Outcome{State: Stored}
	code, err := e.verify(v.token)
	if errors.Is(err, errAhead) {
		outcome.CountsFirst, err = true, nil
		if e.Account.Counter > 0 {
			code, err = v.rewind(e)
		}
	}
	if err == nil {
		outcome.IgnoresTouch, err = v.touchIgnored(e)
	}
	switch {
	case err == nil:
		outcome.State, outcome.Code = Checked, code
	case errors.Is(err, ErrUnequal):
		outcome.State = Failed
		outcome.Err = err
		if deleted := v.delete(e.Account.ID()); deleted != nil {
			outcome.Err = fmt.Errorf("%w, and the account cannot be deleted from it: %w", err, deleted)
		}
	default:
		outcome.Err = err
	}
	return outcome
}

// compare finds out whether the account that is there already is the same one, by the
// code that the token has shown of it, if it has. It does not for HOTP: that would cost a
// counter, which may have moved besides.
func (v *visit) compare(e Enrollment, entry oath.Entry, exists error) (outcome Outcome) {
	if e.Account.Type == oath.HOTP {
		outcome.Err = fmt.Errorf("%w, and was not compared, which takes a code", exists)
		return outcome
	}
	code, err := entry.Code, error(nil)
	if code.IsZero() {
		code, err = e.verify(v.token)
	} else if expected, failed := oath.Compute(e.Account, e.Secret, v.at); failed != nil || !isSame(code, expected) {
		err = cmp.Or(failed, ErrUnequal)
	}
	ignored := false
	if err == nil && e.Account.Touch {
		ignored, err = v.asksNoTouch(e, entry)
	}
	if ignored {
		outcome.IgnoresTouch, err = v.ignoresAnyTouch(e)
	}
	switch {
	case err == nil && ignored && !outcome.IgnoresTouch:
		outcome.Err = fmt.Errorf("%w, and asks for no touch", exists)
	case err == nil:
		outcome.State, outcome.Already, outcome.Code = Checked, true, code
	case errors.Is(err, ErrUnequal):
		outcome.Err = fmt.Errorf("%w, with another secret", exists)
	default:
		outcome.Err = fmt.Errorf("%w, and whether it is the same one was not checked: %w", exists, err)
	}
	return outcome
}

// asksNoTouch reports whether a key computes the account's code without the touch that is
// wanted. A vault knows no touch, and is not asked.
func (v *visit) asksNoTouch(e Enrollment, entry oath.Entry) (bool, error) {
	t, ok := v.token.(interface {
		IgnoresTouch(id oath.ID, at time.Time) (bool, error)
	})
	switch {
	case !ok || entry.Account.Touch:
		return false, nil
	case !entry.Code.IsZero():
		return true, nil
	}
	return t.IgnoresTouch(e.Account.ID(), e.Now())
}

// touchIgnored is asksNoTouch for an account that was just stored. A key that asks for
// the touch of one account does so for all: to look costs as much as the key has accounts.
func (v *visit) touchIgnored(e Enrollment) (bool, error) {
	if !e.Account.Touch || v.ignoresTouch != nil {
		return e.Account.Touch && *v.ignoresTouch, nil
	}
	ignored, err := v.asksNoTouch(e, oath.Entry{})
	if err == nil && e.Account.Type == oath.TOTP { // of HOTP, a key does not show it
		v.ignoresTouch = &ignored
	}
	return ignored, err
}

// ignoresAnyTouch tries whether a key ignores what every account wants of touch, rather
// than has one account that was stored without. A full key is not known to.
func (v *visit) ignoresAnyTouch(e Enrollment) (ignores bool, err error) {
	if v.ignoresTouch != nil {
		return *v.ignoresTouch, nil
	}
	e.Account = beside(e.Account)
	e.Account.Touch = true
	if err := v.put(e.Account, e.Secret); err != nil {
		return false, except(err, oath.ErrNoSpace)
	}
	ignores, err = v.touchIgnored(e)
	return ignores, errors.Join(err, v.delete(e.Account.ID()))
}

// rewind stores the account with the counter before, and returns the code that the token
// then computes.
func (v *visit) rewind(e Enrollment) (oath.Code, error) {
	before := e.Account
	before.Counter--
	if err := v.overwrite(before, e.Secret); err != nil {
		return oath.Code{}, err
	}
	return e.verify(v.token)
}

// overwrite stores an account over the one of the same ID, or after it is deleted.
func (v *visit) overwrite(a oath.Account, s oath.Secret) error {
	err := v.token.Replace(a, s)
	if errors.Is(err, oath.ErrNoOverwrite) {
		if err = v.delete(a.ID()); err == nil {
			err = v.put(a, s)
		}
	}
	return err
}

// errAhead says that a token computed the code of the counter after the one that it was
// given.
var errAhead = errors.New("it computed the code after")

// verify compares the token's code with the secret's. The error is ErrUnequal, or
// errAhead, with the code.
func (e Enrollment) verify(token oath.Token) (oath.Code, error) {
	at := e.Now()
	expected, err := oath.Compute(e.Account, e.Secret, at)
	if err != nil {
		return oath.Code{}, err
	}
	code, err := token.Code(e.Account, at)
	if err != nil || isSame(code, expected) {
		return code, err
	}
	next := e.Account
	next.Counter++
	ahead, err := oath.Compute(next, e.Secret, at)
	if err == nil && next.Type == oath.HOTP && isSame(code, ahead) {
		return code, errAhead
	}
	return oath.Code{}, ErrUnequal
}

func isSame(a, b oath.Code) bool {
	return subtle.ConstantTimeCompare([]byte(a.Value), []byte(b.Value)) == 1
}
