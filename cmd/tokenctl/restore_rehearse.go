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
	"github.com/tokenctl/tokenctl/oath/vault"
)

// rehearse says what restoring would do. It changes nothing.
func (p *program) rehearse(ctx context.Context, c sheet.Contents, o restoreOptions) error {
	t, err := p.open.Targets(ctx, o.tokens, o.to)
	if isNowhere(err) {
		p.Note("No key and no vault here.")
		t, err = p.open.NoTokens(), nil
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
	plan, failure := recovery.PlanRestore(c, t.Fleet, makes || t.HasVault(), left, p.Now)
	p.noteAway(t.AwayKeys())
	if err := unfit(plan.Accounts); err != nil {
		failure = errors.Join(failure, fmt.Errorf("%w:\n%w", errNamesTooLong, err))
	}
	for _, codes := range plan.Codes {
		failure = errors.Join(failure, codes.Err)
	}
	if o.json {
		return errors.Join(failure, p.PrintJSON(restoreJSON{
			DryRun: true, sheetsJSON: describeContents(c),
			Accounts: mapSlice(plan.Accounts, describePlan), BackupCodes: mapSlice(plan.Codes, describeRestoredCodes),
		}))
	}
	rows := planRows(plan.Accounts, o.overwrite)
	for _, a := range plan.Accounts {
		if len(a.Forecasts) == 0 {
			rows = append(rows, []string{string(a.Account.ID()), "-", "is on the sheet"})
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
	p.PrintTable(term.Table{Rows: rows, Group: true})
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
