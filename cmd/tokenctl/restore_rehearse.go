package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// rehearse says what restoring would do. It changes nothing.
func (p *program) rehearse(ctx context.Context, c sheet.Contents, o restoreOptions) error {
	t, err := p.open.Targets(ctx, o.tokens, o.to)
	if isNowhere(err) {
		p.Note("There is no key and no vault here.")
		t, err = &open.Tokens{}, nil
	}
	if err != nil {
		return err
	}
	defer t.Close()
	makes, err := o.lacksVault()
	if err != nil {
		return err
	}
	if makes && !o.newPassphrase.IsGiven() {
		p.Note("A vault can be made, %s: on a terminal, or with --new-passphrase-file", withKey(c))
		makes = false
	} else if makes {
		p.Note("A vault would be made, %s.", withKey(c))
	}
	plan, failure := recovery.PlanRestore(c, t.Fleet, makes || t.HasVault())
	p.noteAway(t.AwayKeys())
	for _, a := range plan.Accounts {
		if slices.ContainsFunc(a.Targets, func(t recovery.PlannedTarget) bool { return misfit(a, t) != nil }) {
			failure = errors.Join(failure, fmt.Errorf("%w: %q", errNamesTooLong, term.Printable(a.Account.Label())))
		}
	}
	if o.json {
		return errors.Join(failure, p.PrintJSON(restoreJSON{
			DryRun: true, sheetsJSON: describeContents(c),
			Accounts: mapSlice(plan.Accounts, describePlanned), BackupCodes: mapSlice(plan.Codes, describeRestoredCodes),
		}))
	}
	p.PrintColumns(planRows(plan, o.overwrite))
	return failure
}

// misfit returns why an account does not fit a token, before it is tried.
func misfit(a recovery.PlannedAccount, t recovery.PlannedTarget) error {
	if t.Token == fleet.VaultName {
		return nil
	}
	return ykoath.CheckID(a.Account.ID())
}

func planRows(plan recovery.Plan, overwrite bool) (rows [][]string) {
	present := "is there, and would be compared"
	if overwrite {
		present = "is there, and would be replaced"
	}
	for _, a := range plan.Accounts {
		id := string(a.Account.ID())
		for _, target := range a.Targets {
			what := "would be put there"
			if err := misfit(a, target); err != nil {
				what = "would not fit: " + err.Error()
			} else if target.Present {
				what = present
			}
			rows = append(rows, []string{id, target.Token, what})
		}
		if len(a.Targets) == 0 {
			rows = append(rows, []string{id, "-", "is on the sheet"})
		}
	}
	for _, c := range plan.Codes {
		what := "would stay on paper, with their numbers recorded"
		if c.Kept == ledger.InVault {
			what = "would be put into the vault"
		}
		rows = append(rows, []string{string(c.ID), recovery.CodesPlace, what})
	}
	return rows
}

// restoreJSON is what was restored, or would be; docs/json.md describes it.
type restoreJSON struct {
	sheetsJSON
	DryRun      bool           `json:"dry_run"`
	VaultMade   bool           `json:"vault_made"`
	Accounts    []enrolledJSON `json:"accounts"`
	BackupCodes []codesJSON    `json:"backup_codes"`
}

// codesJSON is what became of an account's backup codes.
type codesJSON struct {
	ID    string `json:"id"`
	Left  int    `json:"left"`
	Kept  string `json:"kept"` // "vault" or "paper"
	Error string `json:"error,omitempty"`
}

func describeRestoredCodes(c recovery.RestoredCodes) codesJSON {
	j := codesJSON{ID: string(c.ID), Left: c.Record.Left(), Kept: string(c.Kept)}
	if c.Err != nil {
		j.Error = c.Err.Error()
	}
	return j
}

func describePlanned(a recovery.PlannedAccount) enrolledJSON {
	var j enrolledJSON
	j.accountJSON = describeAccount(a.Account)
	j.Targets = mapSlice(a.Targets, func(t recovery.PlannedTarget) targetJSON {
		state := "absent"
		if t.Present {
			state = "present"
		}
		j := targetJSON{Token: t.Token, State: state}
		if err := misfit(a, t); err != nil {
			j.Error = err.Error()
		}
		return j
	})
	return j
}
