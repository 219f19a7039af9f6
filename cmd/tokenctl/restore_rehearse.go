package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
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
	left, err := p.codesLeft(t, c, o)
	if err != nil {
		return err
	}
	plan, failure := recovery.PlanRestore(c, t.Fleet, makes || t.HasVault(), left)
	p.noteAway(t.AwayKeys())
	for _, a := range plan.Accounts {
		if slices.ContainsFunc(a.Targets, func(t recovery.PlannedTarget) bool { return misfit(a, t) != nil }) {
			failure = errors.Join(failure, fmt.Errorf("%w: %q", errNamesTooLong, term.Printable(a.Account.Label())))
		}
	}
	for _, codes := range plan.Codes {
		failure = errors.Join(failure, codes.Err)
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

// codesLeft returns the store to ask which backup codes are left that those of a sheet
// may not replace; nil if that does not matter, or would take a question.
func (p *program) codesLeft(t *open.Tokens, c sheet.Contents, o restoreOptions) (*store.Store, error) {
	if !t.HasVault() || o.overwrite {
		return nil, nil
	}
	if err := t.UnlockVault(); err != nil {
		return nil, err
	}
	if t.Vault.Locked() && c.VaultKey != "" {
		if err := t.Vault.UnlockWithIdentity(c.VaultKey); err != nil && !errors.Is(err, vault.ErrWrongKey) {
			return nil, err
		}
	}
	if !t.Vault.Locked() {
		return p.open.StoreOf(t)
	}
	for _, id := range slices.Sorted(maps.Keys(c.Codes)) {
		if there, err := t.Vault.HasBackupCodes(id); there || err != nil {
			p.Note("The vault is locked: whether other backup codes of %s are left there is not known.", term.Label(id))
		}
	}
	return nil, nil
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
		switch {
		case c.Err != nil:
			what = "would not be recorded"
		case c.Kept == ledger.InVault:
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
