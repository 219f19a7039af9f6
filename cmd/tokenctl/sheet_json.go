package main

import (
	"time"

	"github.com/tokenctl/tokenctl/backup/sheet"
)

// sheetJSON is a sheet that was made; docs/json.md describes it. One that there
// was no need for has no number.
type sheetJSON struct {
	Sheet      int        `json:"sheet,omitempty"`
	ID         string     `json:"id,omitempty"`
	Date       string     `json:"date,omitempty"` // as in 2026-11-23
	Supersedes int        `json:"supersedes,omitempty"`
	OnlyNew    bool       `json:"part"`
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

var nothingNew = sheetJSON{OnlyNew: true, Accounts: []sheetAccountJSON{}}

func describeSheet(made madeSheet, o sheetOptions) sheetJSON {
	j := sheetJSON{
		Sheet: made.Number, ID: made.ID, Date: made.Date.Format(time.DateOnly), OnlyNew: made.Partial,
		VaultKey: made.VaultKey != "", Encrypted: o.seal.encrypt, Accounts: mapSlice(made.Entries, describeEntry),
	}
	if !made.Partial {
		j.Supersedes = made.Supersedes
	}
	if o.seal.shares > 0 {
		j.Split = &splitJSON{o.seal.need, o.seal.shares}
	}
	if o.output.print {
		j.Jobs = made.done
	} else {
		j.Files = made.done
	}
	return j
}

func describeEntry(e sheet.Entry) sheetAccountJSON {
	j := sheetAccountJSON{accountJSON: describeAccount(e.Key.Account), Secret: fingerprint(e.Key) != ""}
	j.Tokens = e.Where
	if generationOf(e.Codes) > 0 {
		j.BackupCodes = e.Codes.Left()
	}
	return j
}

// verificationJSON is what comparing a sheet with the tokens came to.
type verificationJSON struct {
	sheetsJSON
	Verified       bool                  `json:"verified"`
	VaultKeyResult verdict               `json:"vault_key_result,omitempty"`
	Accounts       []verifiedAccountJSON `json:"accounts"`
}

type verifiedAccountJSON struct {
	ID       string           `json:"id"`
	OnSheet  bool             `json:"on_sheet"`
	Compared []comparisonJSON `json:"compared"`
}

type comparisonJSON struct {
	Where  string  `json:"where,omitempty"` // a token, or "codes"
	Result verdict `json:"result"`
	Error  string  `json:"error,omitempty"`
}

func describeVerification(v *verification, accounts []*verifiedAccount) verificationJSON {
	return verificationJSON{
		sheetsJSON: describeContents(v.contents), Verified: v.verified, VaultKeyResult: v.vaultKey,
		Accounts: mapSlice(accounts, describeVerified),
	}
}

func describeVerified(a *verifiedAccount) verifiedAccountJSON {
	j := verifiedAccountJSON{ID: string(a.account.ID()), OnSheet: a.key != nil}
	for _, f := range a.comparisons {
		one := comparisonJSON{Where: f.where, Result: f.verdict}
		if f.err != nil {
			one.Error = f.err.Error()
		}
		if f.verdict == isNowhere && f.where != codesPlace {
			one.Where = ""
		}
		j.Compared = append(j.Compared, one)
	}
	return j
}
