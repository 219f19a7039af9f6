package fleet

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// ErrUnequal says that a token computed another code than the secret yields.
var ErrUnequal = errors.New("it computed a wrong code")

// An Enrollment is an account to be put on tokens.
type Enrollment struct {
	Account oath.Account
	Secret  oath.Secret
	Replace bool             // an account with the same ID, if there is one
	Now     func() time.Time // a touch may take its time

	// MayLose is asked before the account that is to be replaced is deleted first, for
	// want of another way. An error leaves it; nil is ErrMustDelete.
	MayLose func(*Member) error
}

// A State is what came of an enrollment on one token.
type State int

const (
	Failed  State = iota // the account is not there, or it is another one
	Stored               // it is there now, but was not checked
	Checked              // it is there, and the token computes the right code
)

// An Outcome is what came of an enrollment on one token.
type Outcome struct {
	Member  *Member
	State   State
	Already bool      // it was there before, with the same secret
	Kept    bool      // the account that was to be replaced is as it was
	Code    oath.Code // that the token computed, if State is Checked
	Err     error     // why it failed, or was not checked

	IgnoresTouch bool // the token computes codes without the touch that was asked for
	CountsFirst  bool // HOTP: the token counts before it computes, see Enrollment.check
}

// On puts the account on a token, and has the token compute a code, which must be
// the one that is computed here. A token that is locked but takes accounts is not
// checked; the error is oath.ErrLocked then. One that computes wrong codes loses
// the account again, and the error wraps ErrUnequal; but an account that was to be
// replaced is kept until the new one is proved.
//
// An account that is there already is as good as stored if its code is right.
// That makes it safe to enroll again where it went wrong halfway.
func (e Enrollment) On(m *Member) Outcome {
	outcome := Outcome{Member: m}
	token, err := m.Token()
	if err != nil {
		outcome.Err = err
		return outcome
	}
	_, isVault := token.(Finder)
	if e.Replace && !isVault {
		return e.replace(token, outcome)
	}
	store := token.Put
	switch {
	case e.Replace: // the vault writes a file whole, and reads it back first
		store = token.Replace
	case e.Account.Type == oath.HOTP && isLocked(token) && e.Account.Counter < math.MaxUint64:
		e.Account.Counter++ // the first code comes from another token, or from the secret itself
	}
	err = store(e.Account, e.Secret)
	switch {
	case errors.Is(err, oath.ErrExists):
		return e.compare(token, outcome, err)
	case err != nil:
		outcome.Err = err
		return outcome
	}
	if isLocked(token) {
		outcome.State, outcome.Err = Stored, oath.ErrLocked
		return outcome
	}
	return e.check(token, outcome)
}

// A Result is an enrollment, with what came of it on each token so far.
type Result struct {
	Enrollment
	Code     oath.Code // that a token computed; zero if none could
	Outcomes []Outcome
}

// On enrolls on tokens, one after the other, and hands each outcome to report as it
// happens.
func (r *Result) On(members []*Member, report func(Outcome)) {
	for _, m := range members {
		o := r.Enrollment.On(m)
		r.Outcomes = append(r.Outcomes, o)
		if o.State == Checked {
			r.Code = o.Code
		}
		report(o)
	}
}

// IsOn reports whether the account is on a token of that name, and was checked there.
func (r *Result) IsOn(member string) bool {
	return slices.ContainsFunc(r.Outcomes, func(o Outcome) bool { return o.Member.Name == member && o.State == Checked })
}

// Forget forgets what went wrong on a token, which is tried again.
func (r *Result) Forget(member string) {
	r.Outcomes = slices.DeleteFunc(r.Outcomes, func(o Outcome) bool { return o.Member.Name == member && o.State != Checked })
}

// Where returns the tokens that have the account.
func (r *Result) Where() (members []*Member) {
	for _, o := range r.Outcomes {
		if o.State != Failed {
			members = append(members, o.Member)
		}
	}
	return members
}

// Renew computes the code that has expired by now, which a token has shown to compute
// as well; or the first one, if the only tokens that took the account are locked.
func (r *Result) Renew() {
	now := r.Now()
	if !r.Code.IsExpired(now) && !(r.Code.IsZero() && slices.ContainsFunc(r.Outcomes, Outcome.IsSealed)) {
		return
	}
	if code, err := oath.Compute(r.Account, r.Secret, now); err == nil {
		r.Code = code
	}
}

// IsChecked reports whether a token has shown that it computes the right code.
func (r *Result) IsChecked() bool {
	return slices.ContainsFunc(r.Outcomes, func(o Outcome) bool { return o.State == Checked })
}

// Err returns what went wrong on which token, and nil if the account is on each. On a
// token that is locked it could not be checked, which is no error; one that is away is
// away for every account, and not named here.
func (r *Result) Err() error {
	var failures []error
	for _, o := range r.Outcomes {
		failures = append(failures, o.error(r.Enrollment))
	}
	return errors.Join(failures...)
}

// IsSealed reports whether a token took the account, and was not checked only because
// it is locked.
func (o Outcome) IsSealed() bool { return o.State == Stored && errors.Is(o.Err, oath.ErrLocked) }

// IsAway reports whether the token was not asked.
func (o Outcome) IsAway() bool { return errors.As(o.Err, new(*AwayError)) }

func (o Outcome) error(e Enrollment) error {
	on := fmt.Sprintf("%s: %q", o.Member.Name, e.Account.Label())
	switch {
	case o.State == Checked || o.IsSealed() || o.IsAway():
		return nil
	case o.State == Stored:
		return fmt.Errorf("%s is there, but was not checked: %w", on, o.Err)
	case errors.Is(o.Err, oath.ErrExists):
		return fmt.Errorf("%s: %w", on, o.Err)
	case o.Kept:
		return fmt.Errorf("%s is as it was: %w", on, o.Err)
	case errors.Is(o.Err, oath.ErrUnsure):
		return fmt.Errorf("%s may be there or not: %w", on, o.Err)
	case errors.Is(o.Err, oath.ErrRemoved) && !e.Replace:
		return fmt.Errorf("%s is not there, nothing was sent: %w", on, o.Err)
	}
	return fmt.Errorf("%s is not there: %w", on, o.Err)
}

// check has the token compute a code of the account it was just given.
//
// A token that counts before it computes gives the code of the counter after the one it
// was given. It is given the counter before, so that its codes are the ones that the
// service expects; or for 0, which has none before, keeps its code of 1: services look
// ahead.
func (e Enrollment) check(token oath.Token, outcome Outcome) Outcome {
	outcome.State = Stored
	code, err := e.verify(token)
	if errors.Is(err, errAhead) {
		outcome.CountsFirst, err = true, nil
		if e.Account.Counter > 0 {
			code, err = e.rewind(token)
		}
	}
	if err == nil {
		outcome.IgnoresTouch, err = e.touchIgnored(token, e.Account.ID())
	}
	switch {
	case err == nil:
		outcome.State, outcome.Code = Checked, code
	case errors.Is(err, ErrUnequal):
		outcome.State = Failed
		outcome.Err = err
		if deleted := token.Delete(e.Account.ID()); deleted != nil {
			outcome.Err = fmt.Errorf("%w, and the account cannot be deleted from it: %w", err, deleted)
		}
	default:
		outcome.Err = err
	}
	return outcome
}

// compare finds out whether the account that is there already is the same one. It does
// not for HOTP: that would cost a counter, which may have moved besides.
func (e Enrollment) compare(token oath.Token, outcome Outcome, exists error) Outcome {
	if e.Account.Type == oath.HOTP {
		outcome.Err = fmt.Errorf("%w, and was not compared, which takes a code", exists)
		return outcome
	}
	code, err := e.verify(token)
	ignored := false
	if err == nil {
		ignored, err = e.touchIgnored(token, e.Account.ID())
	}
	if ignored {
		outcome.IgnoresTouch, err = e.ignoresAnyTouch(token)
	}
	switch {
	case err == nil && ignored && !outcome.IgnoresTouch:
		outcome.Err = fmt.Errorf("%w, and asks for no touch", exists)
	case err == nil:
		outcome.State, outcome.Already, outcome.Code, outcome.Err = Checked, true, code, nil
	case errors.Is(err, ErrUnequal):
		outcome.Err = fmt.Errorf("%w, with another secret", exists)
	default:
		outcome.Err = fmt.Errorf("%w, and whether it is the same one was not checked: %w", exists, err)
	}
	return outcome
}

// touchIgnored reports whether a key computes the account's code without the touch that
// is wanted. A vault knows no touch, and is not asked.
func (e Enrollment) touchIgnored(token oath.Token, id oath.ID) (bool, error) {
	t, ok := token.(interface {
		IgnoresTouch(id oath.ID, at time.Time) (bool, error)
	})
	if !ok || !e.Account.Touch {
		return false, nil
	}
	return t.IgnoresTouch(id, e.Now())
}

// ignoresAnyTouch tries whether a key ignores what every account wants of touch, rather
// than has one account that was stored without. A full key is not known to.
func (e Enrollment) ignoresAnyTouch(token oath.Token) (ignores bool, err error) {
	trial := beside(e.Account)
	trial.Touch = true
	if err := token.Put(trial, e.Secret); err != nil {
		return false, except(err, oath.ErrNoSpace)
	}
	ignores, err = e.touchIgnored(token, trial.ID())
	return ignores, errors.Join(err, token.Delete(trial.ID()))
}

// rewind stores the account with the counter before, and returns the code that the token
// then computes.
func (e Enrollment) rewind(token oath.Token) (oath.Code, error) {
	before := e.Account
	before.Counter--
	err := token.Replace(before, e.Secret)
	if errors.Is(err, oath.ErrNoOverwrite) {
		if err = token.Delete(before.ID()); err == nil {
			err = token.Put(before, e.Secret)
		}
	}
	if err != nil {
		return oath.Code{}, err
	}
	return e.verify(token)
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
