package main

import (
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/pcsc"
)

func (p *program) noteOutcome(a oath.Account, o fleet.Outcome) {
	label := printable(a.Label())
	switch {
	case o.Already:
		p.note("%s: %s was there before, and computes the right code.", o.Member.Name, label)
	case o.State == fleet.Checked:
		p.note("%s: %s is there, and computes the right code.", o.Member.Name, label)
	case isSealed(o):
		p.note("%s: %s is there. It is locked, and computed no code.", o.Member.Name, label)
	}
}

// reportEnrolled prints the codes, and returns what went wrong.
func (p *program) reportEnrolled(results []enrolled, unread error, asJSON bool) error {
	if err := p.printEnrolled(results, asJSON); err != nil {
		return err
	}
	return enrollError(results, unread)
}

// renew computes the codes that a wait let expire. The tokens have shown already
// that they compute the same.
func (p *program) renew(results []enrolled, accounts []otpauth.Key) {
	for i, r := range results {
		if now := p.now(); !r.code.Until.IsZero() && r.code.Remaining(now) == 0 {
			if code, err := oath.Compute(r.account, accounts[i].Secret, now); err == nil {
				results[i].code = code
			}
		}
	}
}

// isSealed reports whether a token took the account, and was not checked only
// because it is locked.
func isSealed(o fleet.Outcome) bool {
	return o.State == fleet.Stored && errors.Is(o.Err, oath.ErrLocked)
}

func (p *program) printEnrolled(results []enrolled, asJSON bool) error {
	var rows [][]string
	for _, r := range results {
		if !r.code.IsZero() {
			rows = append(rows, []string{printable(string(r.account.ID())), r.code.Value})
		}
	}
	switch {
	case asJSON:
		return p.printJSON(mapSlice(results, describeEnrolled))
	case len(results) == 1 && len(rows) == 1:
		p.printLine(rows[0][1])
		p.note("The code%s", p.validity(results[0].code))
	default:
		p.printColumns(rows)
	}
	return nil
}

// enrollError tells which account is not where it should be, besides those that
// were not even read.
func enrollError(results []enrolled, unread error) error {
	var failures []error
	if unread != nil {
		failures = append(failures, unread)
	}
	done := 0
	for _, r := range results {
		for _, o := range r.outcomes {
			if o.State != fleet.Failed {
				done++
			}
			if failure := outcomeError(r.account, o); failure != nil {
				failures = append(failures, failure)
			}
		}
	}
	switch err := errors.Join(failures...); {
	case err == nil:
		return nil
	case done == 0:
		return err
	default:
		return fmt.Errorf("%w:\n%w", errUnfinished, err)
	}
}

// outcomeError tells what is where, unless all is well.
func outcomeError(a oath.Account, o fleet.Outcome) error {
	on := fmt.Sprintf("%s: %q", o.Member.Name, printable(a.Label()))
	switch {
	case o.State == fleet.Checked || isSealed(o):
		return nil
	case o.State == fleet.Stored:
		return fmt.Errorf("%s is there, but was not checked: %w", on, o.Err)
	case errors.Is(o.Err, oath.ErrExists):
		return fmt.Errorf("%s: %w", on, o.Err)
	case errors.Is(o.Err, oath.ErrRemoved) || errors.Is(o.Err, pcsc.ErrRemoved):
		return fmt.Errorf("%s may be there or not: %w", on, o.Err)
	}
	return fmt.Errorf("%s is not there: %w", on, o.Err)
}
