package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// print prints the codes.
func (e *enrolling) print() {
	e.renew()
	var rows [][]string
	for _, r := range e.results {
		if !r.Code.IsZero() {
			rows = append(rows, []string{string(r.Account.ID()), r.Code.Value})
		}
	}
	if len(e.results) == 1 && len(rows) == 1 {
		r := e.results[0]
		what := "The code"
		if !r.IsChecked() {
			what = "The code, which no token has computed yet"
		}
		e.p.PrintLine(rows[0][1])
		e.p.Note("%s%s", what, validity(r.Code, e.p.Now()))
	} else {
		e.p.PrintColumns(rows)
	}
	isTimed := func(r *fleet.Result) bool { return !r.Code.Until.IsZero() }
	if slices.ContainsFunc(e.results, isTimed) && !e.p.noteClock() && e.p.ShowsResults() {
		e.p.Note("Does the service refuse it? Check this computer's clock.")
	}
}

// renew computes codes that no token could, or that expired meanwhile.
func (e *enrolling) renew() {
	for _, r := range e.results {
		r.Renew()
	}
}

// errUnfinished says that a part was done, and that the command is as well begun anew.
var errUnfinished = fmt.Errorf("%w; once this is fixed, the same command does the rest", term.ErrPartly)

// failure returns what is not where it should be, besides what else went wrong.
func (e *enrolling) failure(others error) error {
	failures := []error{others, fleet.Failures(e.results)}
	for _, away := range e.away {
		failures = append(failures, e.missing(away))
	}
	err := errors.Join(failures...)
	if err == nil || !e.anyStored() {
		return err
	}
	return fmt.Errorf("%w:\n%w", errUnfinished, err)
}

// anyStored reports whether an account is on a token now.
func (e *enrolling) anyStored() bool {
	return slices.ContainsFunc(e.results, func(r *fleet.Result) bool { return len(r.Where()) > 0 })
}

// missing returns an error for a key that is away if it has not got everything meanwhile.
func (e *enrolling) missing(away *fleet.MemberError) error {
	var labels []string
	for _, r := range e.results {
		if slices.ContainsFunc(r.Outcomes, func(o fleet.Outcome) bool { return o.Member.Name == away.Member && o.IsAway() }) {
			labels = append(labels, strconv.Quote(r.Account.Label())+" was")
		}
	}
	if len(labels) > 1 {
		labels = []string{fmt.Sprintf("%d accounts were", len(labels))}
	}
	switch {
	case len(labels) == 0:
		return nil
	case e.o.overwrite:
		return fmt.Errorf("%s: %s not replaced there, and may have the old secret: %w", away.Member, labels[0], errors.Unwrap(away.Err))
	}
	return fmt.Errorf("%s: %s not put there: %w", away.Member, labels[0], errors.Unwrap(away.Err))
}

// enrolledJSON is an account with what came of enrolling it; docs/json.md describes it.
type enrolledJSON struct {
	codeJSON
	Targets []targetJSON `json:"targets"`
}

type targetJSON struct {
	Token   string `json:"token"`
	State   string `json:"state"` // "checked", "stored" or "failed"; "present" or "absent" in a rehearsal
	Already bool   `json:"already,omitempty"`
	NoTouch bool   `json:"touch_ignored,omitempty"`
	Kept    bool   `json:"kept,omitempty"`
	From    string `json:"renamed_from,omitempty"`
	Error   string `json:"error,omitempty"`
}

func (e *enrolling) describe() []enrolledJSON {
	e.renew()
	return mapSlice(e.results, func(r *fleet.Result) enrolledJSON {
		holding := fleet.Holding{Entry: oath.Entry{Account: r.Account, Code: r.Code}, Members: r.Where()}
		j := enrolledJSON{codeJSON: describeHolding(holding), Targets: mapSlice(r.Outcomes, describeOutcome)}
		if r.Code.IsZero() {
			j.Reason = ""
		}
		return j
	})
}

func describeOutcome(o fleet.Outcome) targetJSON {
	states := [...]string{fleet.Checked: "checked", fleet.Stored: "stored", fleet.Failed: "failed"}
	j := targetJSON{Token: o.Member.Name, State: states[o.State], Already: o.Already, NoTouch: o.IgnoresTouch, Kept: o.Kept}
	if o.Err != nil {
		j.Error = o.Err.Error()
	}
	return j
}
