package main

import (
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// planRows say what enrolling accounts would come to, a row for each token.
func planRows(plans []fleet.Plan, overwrite bool) (rows [][]string) {
	for _, a := range plans {
		id := string(a.Account.ID())
		for _, f := range a.Forecasts {
			rows = append(rows, []string{id, f.Member.Name, foretold(f, overwrite)})
		}
	}
	return rows
}

func foretold(f fleet.Forecast, overwrite bool) string {
	switch {
	case f.Fate == fleet.Same:
		return "is there already"
	case f.Fate == fleet.Unfit:
		return "would not fit: " + f.Err.Error()
	case f.Fate == fleet.Moved:
		return "is there as " + string(f.From) + ", and would be renamed"
	case f.Fate == fleet.Absent:
		return "would be put there"
	case overwrite:
		return "is there, and would be replaced"
	case f.Fate == fleet.Taken:
		return "is there, with another secret"
	}
	return "is there, and would be compared"
}

// unfit returns what keeps accounts off tokens.
func unfit(plans []fleet.Plan) error {
	var failures []error
	for _, a := range plans {
		for _, f := range a.Forecasts {
			if f.Fate == fleet.Unfit {
				failures = append(failures, fmt.Errorf("%s: %q: %w", f.Member.Name, term.Printable(a.Account.Label()), f.Err))
			}
		}
	}
	return errors.Join(failures...)
}

func describePlan(a fleet.Plan) enrolledJSON {
	states := [...]string{fleet.Absent: "absent", fleet.Same: "present", fleet.Present: "present", fleet.Taken: "taken", fleet.Unfit: "unfit", fleet.Moved: "renamed"}
	var j enrolledJSON
	j.accountJSON = describeAccount(a.Account)
	j.Targets = mapSlice(a.Forecasts, func(f fleet.Forecast) targetJSON {
		j := targetJSON{Token: f.Member.Name, State: states[f.Fate], Already: f.Fate == fleet.Same}
		if f.Err != nil {
			j.Error = f.Err.Error()
		}
		return j
	})
	return j
}
