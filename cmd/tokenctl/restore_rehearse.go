package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// rehearse tells what restoring would do. It changes nothing.
func (p *program) rehearse(ctx context.Context, c sheet.Contents, o restoreOptions) error {
	t, err := p.openForRehearsal(ctx, o)
	if err != nil {
		return err
	}
	defer t.close()
	makes, err := p.noteVault(c, o)
	if err != nil {
		return err
	}
	plans, failure := planAccounts(t.Fleet, c)
	codes := planCodes(c, makes || t.hasVault())
	if o.json {
		return errors.Join(failure, p.printJSON(restoreJSON{
			DryRun: true, sheetsJSON: describeContents(c), Accounts: plans, BackupCodes: codes,
		}))
	}
	p.printPlans(plans, codes, o.overwrite)
	return failure
}

// openForRehearsal opens the tokens, of which there may be none.
func (p *program) openForRehearsal(ctx context.Context, o restoreOptions) (*tokens, error) {
	t, err := p.openChosen(ctx, o.enrollOptions)
	if isAbsence(err) || errors.Is(err, vault.ErrNoVault) {
		p.note("There is no key and no vault here.")
		return &tokens{}, nil
	}
	return t, err
}

// noteVault tells whether a vault would be made.
func (p *program) noteVault(c sheet.Contents, o restoreOptions) (makes bool, err error) {
	lacks, err := o.lacksVault()
	switch {
	case err != nil || !lacks:
		return false, err
	case o.newPassphrase.isGiven():
		p.note("A vault would be made, %s.", withKey(c))
		return true, nil
	}
	p.note("A vault can be made, %s: on a terminal, or with --new-passphrase-file", withKey(c))
	return false, nil
}

// planAccounts finds out which accounts are on which tokens.
func planAccounts(f fleet.Fleet, c sheet.Contents) (plans []enrolledJSON, err error) {
	plans = make([]enrolledJSON, len(c.Accounts))
	for i, k := range c.Accounts {
		plans[i].accountJSON = describeAccount(k.Account)
		plans[i].Targets = []targetJSON{}
	}
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
	return plans, errors.Join(failures...)
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

// planCodes tells where the backup codes would go.
func planCodes(c sheet.Contents, vault bool) []codesJSON {
	codes := []codesJSON{}
	for _, id := range slices.Sorted(maps.Keys(c.Codes)) {
		one := restoredCodes{id: id, record: c.Codes[id], kept: ledger.OnPaper}
		if vault {
			one.kept = ledger.InVault
		}
		codes = append(codes, describeRestoredCodes(one))
	}
	return codes
}

func (p *program) printPlans(plans []enrolledJSON, codes []codesJSON, overwrite bool) {
	meaning := map[string]string{"absent": "would be put there", "present": "is there, and would be compared",
		"vault": "would be put into the vault", "paper": "would stay on paper, with their numbers recorded"}
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
	for _, one := range codes {
		rows = append(rows, []string{one.ID, codesPlace, meaning[one.Kept]})
	}
	p.printColumns(rows)
}
