package main

import (
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// enrolledJSON is an account with what came of enrolling it; docs/json.md
// describes it.
type enrolledJSON struct {
	codeJSON
	Targets []targetJSON `json:"targets"`
}

type targetJSON struct {
	Token   string `json:"token"`
	State   string `json:"state"` // "checked", "stored" or "failed"
	Already bool   `json:"already,omitempty"`
	Error   string `json:"error,omitempty"`
}

func describeEnrolled(r enrolled) enrolledJSON {
	holding := fleet.Holding{Entry: oath.Entry{Account: r.account, Code: r.code}}
	j := enrolledJSON{}
	for _, o := range r.outcomes {
		if o.State != fleet.Failed {
			holding.Members = append(holding.Members, o.Member)
		}
		j.Targets = append(j.Targets, describeOutcome(o))
	}
	j.codeJSON = describeHolding(holding)
	if r.code.IsZero() {
		j.Reason = ""
	}
	return j
}

func describeOutcome(o fleet.Outcome) targetJSON {
	states := map[fleet.State]string{fleet.Checked: "checked", fleet.Stored: "stored", fleet.Failed: "failed"}
	j := targetJSON{Token: o.Member.Name, State: states[o.State], Already: o.Already}
	if o.Err != nil {
		j.Error = o.Err.Error()
	}
	return j
}
