package fleet

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

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
	code, err := entry.Code, v.unopened
	switch {
	case err != nil:
	case code.IsZero():
		code, err = e.verify(v.token)
		v.noteLocked(err)
	default:
		var expected oath.Code
		if expected, err = oath.Compute(e.Account, e.Secret, v.at); err == nil && !isSame(code, expected) {
			err = ErrUnequal
		}
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
