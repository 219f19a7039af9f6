package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
)

type backupStatusOptions struct {
	tokens      tokenOptions
	check, json bool
}

func newBackupStatusCommand(p *program) *cobra.Command {
	var o backupStatusOptions
	c := &cobra.Command{
		Use:   "status",
		Short: "Show which backup codes are to be made, recorded or printed",
		Long: "Status prints what is to be done about backup codes, one account a line: codes that\n" +
			"were used and not made anew, and where to do so; accounts with few or none left;\n" +
			"codes that are on no recovery sheet yet; and accounts without any at services that\n" +
			"are known to hand them out. It asks no service: what it knows of them may be out\n" +
			"of date.\n\n" +
			"With --check the exit status is 1 if codes are to be made anew, or none is left.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.backupStatus(c.Context(), o) },
	}
	o.tokens.addFlags(c)
	c.Flags().BoolVar(&o.check, "check", false, "fail if codes are to be made anew, or none is left")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

// errDue says that there are backup codes to be made anew.
var errDue = errors.New("there are backup codes to be made")

// A finding is something to be done about an account's backup codes.
type finding struct {
	idJSON
	What  string `json:"what"`            // "due", "none", "few", "unprinted" or "missing"
	Since string `json:"since,omitempty"` // YYYY-MM-DD, of what is due
	Left  *int   `json:"left,omitempty"`
	Renew string `json:"renew,omitempty"` // where codes are made
	Hint  bool   `json:"hint,omitempty"`  // what is known of the service may be out of date
}

// few is how many codes are few, of a set of more.
const few = 3

func (p *program) backupStatus(ctx context.Context, o backupStatusOptions) error {
	r, err := p.openRecords(ctx, o.tokens.vault)
	if err != nil {
		return err
	}
	defer r.close()
	if r.damaged != nil {
		return r.damaged
	}
	ids, err := r.ids()
	if err != nil {
		return err
	}
	list, failure := r.describeAll(ids, backupListOptions{})
	findings := findingsOf(list)
	accounts, err := r.accounts()
	if err != nil {
		return err
	}
	onKeys, missed := p.accountsOnKeys(ctx, o.tokens)
	findings = append(findings, r.missing(withoutDoubles(append(accounts, onKeys...)), ids)...)
	p.remindedOfAll()
	if o.json {
		err = p.printJSON(findings)
	} else {
		p.printFindings(findings, len(ids))
	}
	if o.check && isDue(findings) {
		err = errors.Join(err, errDue)
	}
	return errors.Join(err, incomplete(errors.Join(failure, missed), len(accounts)))
}

// findingsOf returns what is to be done about codes that are recorded, the most
// urgent first.
func findingsOf(list []recordJSON) []finding {
	findings := []finding{}
	for _, what := range []string{"due", "none", "few", "unprinted"} {
		for _, j := range list {
			if !tests[what](j) {
				continue
			}
			f := finding{idJSON: j.idJSON, What: what, Left: j.Left}
			if what != "unprinted" {
				f.Since, f.Renew = j.DueSince, j.Renew
			}
			findings = append(findings, f)
		}
	}
	return findings
}

// tests tell whether a finding is true of an account. One that is due is not told
// to be low besides.
var tests = map[string]func(recordJSON) bool{
	"due":  func(j recordJSON) bool { return j.DueSince != "" },
	"none": func(j recordJSON) bool { return j.DueSince == "" && j.Left != nil && *j.Left == 0 },
	"few": func(j recordJSON) bool {
		return j.DueSince == "" && j.Left != nil && *j.Left > 0 && *j.Left <= few && *j.Left < *j.Total
	},
	"unprinted": func(j recordJSON) bool {
		return j.Kept == string(ledger.InVault) && j.Sheet == 0 && (j.Left == nil || *j.Left > 0)
	},
}

// missing returns the accounts without codes at services that hand them out.
func (r *records) missing(accounts []oath.Account, recorded []oath.ID) []finding {
	has := make(map[oath.ID]bool, len(recorded))
	for _, id := range recorded {
		has[id] = true
	}
	var findings []finding
	for _, a := range accounts {
		s := r.service(a.ID(), backup.Record{})
		if s.Codes == services.Yes && !has[a.ID()] {
			findings = append(findings, finding{idJSON: describeID(a.ID()), What: "missing", Renew: s.Where, Hint: s.Confidence == services.Hint})
		}
	}
	return findings
}

func isDue(findings []finding) bool {
	for _, f := range findings {
		if f.What == "due" || f.What == "none" {
			return true
		}
	}
	return false
}

func (p *program) printFindings(findings []finding, recorded int) {
	rows := [][]string{{"ACCOUNT", "WHAT", "TO DO"}}
	for _, f := range findings {
		what, do := f.words()
		rows = append(rows, []string{labelOf(oath.ID(f.ID)), what, do})
	}
	if len(findings) > 0 {
		p.printColumns(rows)
		return
	}
	p.note("Nothing is to be done. Accounts with backup codes: %d.", recorded)
}

// words tell what is found, and what to do about it.
func (f finding) words() (what, do string) {
	make := "make new ones" + atPlace(f.Renew)
	switch f.What {
	case "due":
		return fmt.Sprintf("one was used on %s, %s", f.Since, howManyLeft(*f.Left)), make
	case "none", "few":
		return howManyLeft(*f.Left), make
	case "unprinted":
		return "not on paper", "tokenctl sheet --only-new"
	}
	return "none recorded", "get them" + atPlace(f.Renew)
}
