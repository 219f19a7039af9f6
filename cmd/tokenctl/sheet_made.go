package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// contentOf counts what a sheet can bring back.
func contentOf(s sheet.Sheet) string {
	secrets, codes := 0, 0
	for _, item := range s.Items() {
		if !item.Key.Secret.IsZero() {
			secrets++
		}
		if item.Generation > 0 {
			codes++
		}
	}
	counted := []string{term.Count(secrets, "account")}
	if s.VaultKey != "" {
		counted = append(counted, "the vault's key")
	}
	if codes > 0 {
		counted = append(counted, fmt.Sprintf("backup codes of %d", codes))
	}
	return term.List(counted)
}

// noteSheet says what is on a sheet, where it is, and what to do with it.
func (p *program) noteSheet(made madeSheet, to paper.Output, seal sheetSeal) {
	name := fmt.Sprintf("Recovery sheet %d, with %s,", made.Number, contentOf(made.Sheet))
	switch {
	case to.Print:
		p.Note("%s went to the printer: %s", name, term.Printable(strings.Join(made.done, "; ")))
	case to.File != "-":
		p.Note("%s is in %s.", name, term.Printable(strings.Join(made.done, ", ")))
	}
	switch {
	case seal.shares > 0:
		p.Note("Any %d of the %d sheets open it. Keep them apart from each other.", seal.need, seal.shares)
	case seal.encrypt:
		p.Note("Without its passphrase nobody can read it, and the passphrase is stored nowhere.")
	}
	switch {
	case to.Print:
		p.Note("Printers, and computers that print for others, may keep a copy of what they print.")
	case to.File != "-" && !seal.encrypt && seal.shares == 0:
		p.Note("Whoever has the file has what is on it. Delete it once it is printed.")
	}
	if made.Supersedes > 0 && !made.Partial {
		p.Note("It replaces sheet %d, and those kept with it: destroy them, once this one is checked.", made.Supersedes)
	}
	p.Note("Scan it once it is on paper, and see that it can be read back: tokenctl sheet verify SCAN")
	if !to.Print {
		p.Note("Until then it does not count as printed.")
	}
}

// sheetJSON is a sheet that was made; docs/json.md describes it. One that there
// was no need for has no number.
type sheetJSON struct {
	Sheet      int        `json:"sheet,omitempty"`
	ID         string     `json:"id,omitempty"`
	Date       string     `json:"date,omitempty"` // as in 2026-11-23
	Supersedes int        `json:"supersedes,omitempty"`
	Part       bool       `json:"part"`
	VaultKey   bool       `json:"vault_key"`
	Encrypted  bool       `json:"encrypted"`
	Split      *splitJSON `json:"split,omitempty"`
	Files      []string   `json:"files,omitempty"`
	Jobs       []string   `json:"jobs,omitempty"` // as lp names them

	Accounts []sheetAccountJSON `json:"accounts"`
}

type splitJSON struct {
	Needed int `json:"needed"`
	Sheets int `json:"sheets"`
}

// sheetAccountJSON is an account on a sheet. Its tokens are those that the sheet
// names.
type sheetAccountJSON struct {
	accountJSON
	Secret      bool `json:"secret"`                 // is on the sheet
	BackupCodes int  `json:"backup_codes,omitempty"` // how many that are on the sheet can be used
}

func describeSheet(made madeSheet, o sheetOptions) sheetJSON {
	j := sheetJSON{
		Sheet: made.Number, ID: made.ID, Date: made.Date.Format(time.DateOnly), Part: made.Partial,
		VaultKey: made.VaultKey != "", Encrypted: o.seal.encrypt,
		Accounts: mapSlice(made.Entries, func(e sheet.Entry) sheetAccountJSON {
			j := sheetAccountJSON{accountJSON: describeAccount(e.Key.Account), Secret: recovery.HasSecret(e)}
			j.Tokens = e.Where
			if e.Item().Generation > 0 {
				j.BackupCodes = e.Codes.Left()
			}
			return j
		}),
	}
	if !made.Partial {
		j.Supersedes = made.Supersedes
	}
	if o.seal.shares > 0 {
		j.Split = &splitJSON{o.seal.need, o.seal.shares}
	}
	if o.output.Print {
		j.Jobs = made.done
	} else {
		j.Files = made.done
	}
	return j
}
