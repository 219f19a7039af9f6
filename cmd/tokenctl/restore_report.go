package main

import (
	"errors"
	"time"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A restored is what came of restoring.
type restored struct {
	contents  sheet.Contents
	accounts  []enrolled
	codes     []restoredCodes
	vaultMade bool
}

// reportRestored tells what came of it all, as reportEnrolled does.
func (p *program) reportRestored(r restored, unread error, asJSON bool) error {
	var err error
	if asJSON {
		err = p.printJSON(describeRestored(r))
	} else {
		err = p.printEnrolled(r.accounts, false)
	}
	if err != nil {
		return err
	}
	p.noteCounters(r.contents.Accounts)
	return enrollError(r.accounts, errors.Join(codesError(r.codes), unread))
}

// noteCounters warns of accounts whose counter may have moved since the sheet was
// printed.
func (p *program) noteCounters(accounts []otpauth.Key) {
	for _, k := range accounts {
		if k.Account.Type == oath.HOTP {
			p.note("%s counts its codes, and begins where it was when the sheet was printed, at %d. If the service\n"+
				"refuses the code, ask for the next ones until it takes one, or resynchronise there.",
				printable(k.Account.Label()), k.Account.Counter)
		}
	}
}

// restoreJSON is what was restored, or would be; docs/json.md describes it.
type restoreJSON struct {
	sheetsJSON
	DryRun      bool           `json:"dry_run"`
	VaultMade   bool           `json:"vault_made"`
	Accounts    []enrolledJSON `json:"accounts"`
	BackupCodes []codesJSON    `json:"backup_codes"`
}

// sheetsJSON is what was read from paper.
type sheetsJSON struct {
	Sheets   []printingJSON `json:"sheets"`
	Missing  []string       `json:"missing"`
	VaultKey bool           `json:"vault_key"` // is on it
}

type printingJSON struct {
	Sheet int    `json:"sheet"`
	ID    string `json:"id"`
	Date  string `json:"date,omitempty"` // as in 2026-11-23
	Part  bool   `json:"part"`
}

// codesJSON is what became of an account's backup codes.
type codesJSON struct {
	ID    string `json:"id"`
	Left  int    `json:"left"`
	Kept  string `json:"kept"` // "vault" or "paper"
	Error string `json:"error,omitempty"`
}

func describeRestored(r restored) restoreJSON {
	if r.codes == nil {
		r.codes = []restoredCodes{}
	}
	return restoreJSON{
		sheetsJSON: describeContents(r.contents), VaultMade: r.vaultMade,
		Accounts: mapSlice(r.accounts, describeEnrolled), BackupCodes: mapSlice(r.codes, describeRestoredCodes),
	}
}

func describeContents(c sheet.Contents) sheetsJSON {
	return sheetsJSON{
		Sheets:   mapSlice(c.Sheets, func(s sheet.Printing) printingJSON { return describePrinted(c, s) }),
		Missing:  mapSlice(c.Missing, sheet.Missing.String),
		VaultKey: c.VaultKey != "",
	}
}

func describePrinted(c sheet.Contents, s sheet.Printing) printingJSON {
	j := printingJSON{Sheet: s.Number, ID: s.ID, Part: c.Partial(s)}
	if !s.Date.IsZero() {
		j.Date = s.Date.Format(time.DateOnly)
	}
	return j
}

func describeRestoredCodes(c restoredCodes) codesJSON {
	j := codesJSON{ID: string(c.id), Left: c.record.Left(), Kept: string(c.kept)}
	if c.err != nil {
		j.Error = c.err.Error()
	}
	return j
}
