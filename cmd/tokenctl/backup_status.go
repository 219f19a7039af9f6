package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

type backupStatusOptions struct {
	tokens      open.TokenOptions
	check, json bool
}

func newBackupStatusCommand(p *program) *cobra.Command {
	var o backupStatusOptions
	c := &cobra.Command{
		Use:   "status",
		Short: "Show which backup codes to make, record or print",
		Long: "Status prints what to do about backup codes, one account per line: codes that were\n" +
			"used and not replaced yet, and where to do so; accounts with few or none left;\n" +
			"codes that are on no recovery sheet on paper yet, where one in a file counts once\n" +
			"it was printed and read back; and accounts without any at services that are known\n" +
			"to hand them out. It asks no service: what it knows of them may be out of date.\n\n" +
			"A reminder is put off, until the next code is used, with: tokenctl backup keep NAME.\n" +
			"An account whose codes you do not want is ignored with: tokenctl backup ignore NAME\n\n" +
			"With --check the exit status is 1 if new codes must be made, or none is left.",
		Example: "  tokenctl backup status\n  tokenctl backup status --check",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.backupStatus(c.Context(), o) },
	}
	o.tokens.AddFlags(c)
	c.Flags().BoolVar(&o.check, "check", false, "fail if new codes must be made, or none is left")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

// errDue says that backup codes must be made anew.
var errDue = errors.New("backup codes must be made")

func (p *program) backupStatus(ctx context.Context, o backupStatusOptions) error {
	s, err := p.open.Store(ctx, o.tokens.Vault)
	if err != nil {
		return err
	}
	defer s.Close()
	if s.Damaged != nil {
		return s.Damaged
	}
	ids, err := s.IDs()
	if err != nil {
		return err
	}
	list, failure := s.Statuses(ids, s.Ready())
	onKeys, away, missed := p.accountsOnKeys(ctx, o.tokens)
	p.noteAway(away)
	accounts, err := s.Accounts(onKeys...)
	if err != nil {
		return err
	}
	findings := s.Findings(list, accounts)
	p.silent = true
	if len(s.Ledger.Ignored) > 0 {
		ignored := slices.Sorted(maps.Keys(s.Ledger.Ignored))
		p.Note("Ignored: %s. To undo: tokenctl backup ignore --undo NAME", term.Few(mapSlice(ignored, term.Label)))
	}
	switch {
	case o.json:
		err = p.PrintJSON(mapSlice(findings, describeFinding))
	case len(findings) > 0:
		table := term.Table{Header: []string{"ACCOUNT", "WHAT", "TO DO"}, Group: true}
		for _, f := range findings {
			what, do := wordsOf(f)
			table.Rows = append(table.Rows, []string{f.ID.Label(), what, do})
		}
		p.PrintTable(table)
	default:
		p.Note("Nothing to do. Accounts with backup codes: %d.", len(ids))
	}
	urgent := slices.ContainsFunc(findings, func(f store.Finding) bool { return f.Need <= store.NoneLeft })
	if o.check && urgent {
		err = errors.Join(err, errDue)
	}
	return errors.Join(err, term.Partly(errors.Join(failure, missed), len(accounts)))
}

// wordsOf says what is found, and what to do about it.
func wordsOf(f store.Finding) (what, do string) {
	renew := "make new ones" + atPlace(f.Service.Where)
	left := backup.LeftInWords(f.Record.Left())
	switch f.Need {
	case store.Due:
		return fmt.Sprintf("one was used on %s, %s", f.Due.Since, left), renew
	case store.NoneLeft, store.FewLeft:
		return left, renew
	case store.Unprinted:
		if f.Written > 0 {
			return "not on paper", fmt.Sprintf("print sheet %d; then scan it: tokenctl sheet verify SCAN", f.Written)
		}
		return "not on paper", "tokenctl sheet --only-new"
	}
	return "none recorded", "get them" + atPlace(f.Service.Where)
}

// findingJSON is something to be done about an account's backup codes, as other
// programs read it; docs/json.md describes it.
type findingJSON struct {
	idJSON
	What  string `json:"what"`            // "due", "none", "few", "unprinted" or "missing"
	Since string `json:"since,omitempty"` // YYYY-MM-DD, of what is due
	Left  *int   `json:"left,omitempty"`
	Renew string `json:"renew,omitempty"` // where codes are made
	Hint  bool   `json:"hint,omitempty"`  // what is known of the service may be out of date
}

func describeFinding(f store.Finding) findingJSON {
	what := [...]string{store.Due: "due", store.NoneLeft: "none", store.FewLeft: "few", store.Unprinted: "unprinted", store.Missing: "missing"}
	j := findingJSON{idJSON: describeID(f.ID), What: what[f.Need]}
	if f.Record.Current() != nil {
		left := f.Record.Left()
		j.Left = &left
	}
	if f.Need != store.Unprinted {
		j.Renew = f.Service.Where
	}
	if f.Need != store.Unprinted && f.Due != nil {
		j.Since = f.Due.Since.String()
	}
	j.Hint = f.Need == store.Missing && f.Service.Confidence == services.Hint
	return j
}
