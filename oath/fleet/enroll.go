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
	Code    oath.Code // that the token computed, if State is Checked
	Err     error     // why it failed, or was not checked
}

// On puts the account on a token, and has the token compute a code, which must be
// the one that is computed here. A token that is locked but takes accounts is not
// checked; the error is oath.ErrLocked then. One that computes wrong codes loses
// the account again, and the error wraps ErrUnequal.
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
	store := token.Put
	switch {
	case e.Replace:
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
	outcome.State = Stored
	if isLocked(token) {
		outcome.Err = oath.ErrLocked
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

// On enrolls on tokens, one after the other, and hands each outcome to told as it
// happens.
func (r *Result) On(members []*Member, told func(Outcome)) {
	for _, m := range members {
		o := r.Enrollment.On(m)
		r.Outcomes = append(r.Outcomes, o)
		if o.State == Checked {
			r.Code = o.Code
		}
		told(o)
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
	case errors.Is(o.Err, oath.ErrUnsure):
		return fmt.Errorf("%s may be there or not: %w", on, o.Err)
	case errors.Is(o.Err, oath.ErrRemoved) && !e.Replace:
		return fmt.Errorf("%s is not there, nothing was sent: %w", on, o.Err)
	}
	return fmt.Errorf("%s is not there: %w", on, o.Err)
}

// check has the token compute a code of the account it was just given.
func (e Enrollment) check(token oath.Token, outcome Outcome) Outcome {
	code, err := e.verify(token)
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

// compare tells whether the account that is there already is the same one. Of
// HOTP it does not: that would cost a counter, which may have moved besides.
func (e Enrollment) compare(token oath.Token, outcome Outcome, exists error) Outcome {
	if e.Account.Type == oath.HOTP {
		outcome.Err = fmt.Errorf("%w, and was not compared, which takes a code", exists)
		return outcome
	}
	code, err := e.verify(token)
	switch {
	case err == nil && e.Account.Touch && !asksForTouch(token, e.Account.ID(), e.Now()):
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

// asksForTouch reports whether a key asks for a touch before it computes the
// account's code. A vault knows no touch, and is not asked.
func asksForTouch(token oath.Token, id oath.ID, at time.Time) bool {
	if _, isVault := token.(Finder); isVault {
		return true
	}
	entries, err := token.Codes(at)
	i := slices.IndexFunc(entries, func(e oath.Entry) bool { return e.Account.ID() == id })
	return err == nil && i >= 0 && entries[i].Account.Touch
}

// verify compares the token's code with the secret's.
func (e Enrollment) verify(token oath.Token) (oath.Code, error) {
	at := e.Now()
	expected, err := oath.Compute(e.Account, e.Secret, at)
	if err != nil {
		return oath.Code{}, err
	}
	code, err := token.Code(e.Account, at)
	if err != nil {
		return oath.Code{}, err
	}
	if subtle.ConstantTimeCompare([]byte(code.Value), []byte(expected.Value)) == 0 {
		return oath.Code{}, ErrUnequal
	}
	return code, nil
}
