package fleet

import (
	"errors"
	"fmt"
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
	Now     func() time.Time // the clock, read anew for each code: a touch may take its time

	// MayLose is asked before the account to be replaced is deleted first, for
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
	CountsFirst  bool // HOTP: the token counts before it computes, see visit.check
}

// A SkippedError says that an account was not tried on a token: what went wrong before
// would go wrong again, or the context was done.
type SkippedError struct{ Reason error }

func (e *SkippedError) Error() string { return fmt.Sprintf("not tried: %v", e.Reason) }
func (e *SkippedError) Unwrap() error { return e.Reason }

// A Result is an enrollment, with what came of it on each token so far. It is
// not safe for concurrent use.
type Result struct {
	Enrollment
	Code     oath.Code // that a token computed; zero if none could
	Outcomes []Outcome
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
	if r.Now == nil {
		return // there is no code
	}
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

// Err returns what went wrong on which token, or nil; see [Failures].
func (r *Result) Err() error { return Failures([]*Result{r}) }

// Failures returns what went wrong with which account on which token, and nil if each is
// on all. On a token that is locked it could not be checked, which is no error; one that is
// away is away for every account, and not named here. Accounts that were not tried on a
// token are counted in one error.
func Failures(results []*Result) error {
	var failures []error
	type skip struct {
		member *Member
		reason string
	}
	skipped := make(map[skip]int)
	for _, r := range results {
		for _, o := range r.Outcomes {
			if o.IsSkipped() {
				skipped[skip{o.Member, o.Err.Error()}]++
			}
		}
	}
	for _, r := range results {
		for _, o := range r.Outcomes {
			err := o.error(r.Enrollment)
			if o.IsSkipped() {
				this := skip{o.Member, o.Err.Error()}
				if n := skipped[this]; n > 1 {
					err = fmt.Errorf("%s: %d accounts were %w", o.Member.Name, n, o.Err)
				} else if n == 0 {
					err = nil // it is counted
				}
				skipped[this] = 0
			}
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// IsSealed reports whether a token took the account, and was not checked only because
// it is locked.
func (o Outcome) IsSealed() bool { return o.State == Stored && errors.Is(o.Err, oath.ErrLocked) }

// IsSkipped reports whether the account was not tried on the token.
func (o Outcome) IsSkipped() bool { return errors.As(o.Err, new(*SkippedError)) }

// IsAway reports whether the token was not asked.
func (o Outcome) IsAway() bool { return errors.As(o.Err, new(*AwayError)) }

func (o Outcome) error(e Enrollment) error {
	on := fmt.Sprintf("%s: %q", o.Member.Name, e.Account.Label())
	switch {
	case o.State == Checked || o.IsSealed() || o.IsAway():
		return nil
	case o.IsSkipped():
		return fmt.Errorf("%s was %w", on, o.Err)
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
