package main

import (
	"context"
	"errors"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
)

// rehearse tells what restoring would do. It changes nothing.
func (p *program) rehearse(ctx context.Context, c sheet.Contents, o restoreOptions) error {
	lacks, err := o.lacksVault()
	if err != nil {
		return err
	}
	t, err := p.openChosen(ctx, o.enrollOptions)
	switch {
	case isAbsence(err) || lacks && err != nil:
		t = &tokens{}
		p.note("There is no key and no vault here.")
	case err != nil:
		return err
	}
	defer t.close()
	if lacks {
		p.note("A vault would be made, %s.", withKey(c))
	}
	plans := make([]enrolledJSON, len(c.Accounts))
	for i, k := range c.Accounts {
		plans[i].accountJSON = describeAccount(k.Account)
	}
	failure := plan(t.Fleet, c, plans)
	if o.json {
		return errors.Join(p.printJSON(restoreJSON{DryRun: true, sheetsJSON: describeContents(c), Accounts: plans}), failure)
	}
	p.printPlans(plans, o.overwrite)
	return failure
}

// plan finds out which accounts are on which tokens.
func plan(f fleet.Fleet, c sheet.Contents, plans []enrolledJSON) error {
	var failures []error
	for _, m := range f {
		ids, err := idsOn(m)
		if err != nil {
			failures = append(failures, &fleet.MemberError{Member: m.Name, Err: err})
			continue
		}
		for i, k := range c.Accounts {
			state := "absent"
			if ids[k.Account.ID()] {
				state = "present"
			}
			plans[i].Targets = append(plans[i].Targets, targetJSON{Token: m.Name, State: state})
		}
	}
	return errors.Join(failures...)
}

func idsOn(m *fleet.Member) (map[oath.ID]bool, error) {
	token, err := m.Token()
	if err != nil {
		return nil, err
	}
	accounts, err := token.List()
	ids := make(map[oath.ID]bool, len(accounts))
	for _, a := range accounts {
		ids[a.ID()] = true
	}
	return ids, err
}

func (p *program) printPlans(plans []enrolledJSON, overwrite bool) {
	meaning := map[string]string{"absent": "would be put there", "present": "is there, and would be compared"}
	if overwrite {
		meaning["present"] = "is there, and would be replaced"
	}
	var rows [][]string
	for _, plan := range plans {
		for _, target := range plan.Targets {
			rows = append(rows, []string{plan.ID, target.Token, meaning[target.State]})
		}
		if len(plan.Targets) == 0 {
			rows = append(rows, []string{plan.ID, "-", "is on the sheet"})
		}
	}
	p.printColumns(rows)
}
