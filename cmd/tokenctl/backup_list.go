package main

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

type backupListOptions struct {
	vault           open.VaultOptions
	query           string
	show, all, json bool
}

func newBackupListCommand(p *program) *cobra.Command {
	var o backupListOptions
	c := &cobra.Command{
		Use:     "list [NAME]",
		Aliases: []string{"ls"},
		Short:   "Show which accounts have backup codes, and how many are left",
		Long: "List prints the accounts with backup codes: how many are left of how many, their\n" +
			"generation, which grows whenever new ones are recorded, and on which day that was;\n" +
			"whether they are in the vault or on paper alone, and the number of the recovery\n" +
			"sheet on paper that they are on: one that was printed, or read back after it was\n" +
			"written to a file. A dash stands for what is known only once the vault is unlocked.\n\n" +
			"With --show it prints the codes themselves, which takes an unlocked vault, and\n" +
			"leaves them unused.",
		Example: "  tokenctl backup list\n  tokenctl backup list github --show",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.query = args[0]
			}
			if o.all && !o.show {
				return term.Usagef("--all needs --show")
			}
			return p.listBackupCodes(c.Context(), o)
		},
	}
	o.vault.AddFlags(c)
	o.vault.AddNone(c)
	f := c.Flags()
	f.BoolVar(&o.show, "show", false, "print the codes")
	f.BoolVar(&o.all, "all", false, "with --show, print superseded ones, too")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) listBackupCodes(ctx context.Context, o backupListOptions) error {
	s, err := p.open.Store(ctx, o.vault)
	if err != nil {
		return err
	}
	defer s.Close()
	ids, err := s.IDs()
	if err == nil && o.query != "" {
		var id oath.ID
		id, err = s.Find(o.query)
		ids = []oath.ID{id}
	}
	if err != nil {
		return err
	}
	p.Report(s.Damaged)
	list, failure := s.Statuses(ids, o.show || s.Ready())
	switch {
	case o.json:
		err = p.PrintJSON(mapSlice(list, func(s store.Status) recordJSON {
			j := describeRecord(s)
			if o.show {
				j.Codes = describeCodes(s.Record, o.all)
			}
			return j
		}))
	case o.show:
		p.printBackupCodes(list, o.all)
	case len(list) > 0:
		table := term.Table{Header: []string{"ACCOUNT", "LEFT", "GENERATION", "RECORDED", "KEPT", "SHEET"}}
		for _, s := range list {
			left, made := "-", ""
			if set := s.Record.Current(); set != nil {
				left = strconv.Itoa(s.Record.Left()) + "/" + strconv.Itoa(len(set.Codes))
				made = term.Date(set.Made)
			}
			table.Rows = append(table.Rows, []string{
				s.ID.Label(), left, term.NumberOrDash(s.Record.Generation()), term.Dash(made), string(s.Kept), term.NumberOrDash(s.Sheet),
			})
		}
		p.PrintTable(table)
	}
	if err == nil && failure == nil && len(ids) == 0 {
		p.Note("No backup codes yet. Record some with: tokenctl backup add NAME")
	}
	return errors.Join(err, term.Partly(failure, len(list)))
}

// printBackupCodes prints the codes themselves. Those on paper have a dash.
func (p *program) printBackupCodes(list []store.Status, all bool) {
	table := term.Table{Header: []string{"ACCOUNT", "NUMBER", "STATE", "USED", "CODE"}}
	for _, s := range list {
		for _, c := range describeCodes(s.Record, all) {
			table.Rows = append(table.Rows, []string{s.ID.Label(), strconv.Itoa(c.Number), c.State, term.Dash(c.Used), term.Dash(c.Code)})
		}
	}
	if len(table.Rows) > 0 {
		p.PrintTable(table)
	}
}

// recordJSON is what is kept of an account's backup codes, as other programs read
// it; docs/json.md describes it. What only a locked vault has is left out.
type recordJSON struct {
	idJSON
	Service    string           `json:"service"`
	Kept       string           `json:"kept"` // "vault" or "paper"
	Policy     *backup.Policy   `json:"policy,omitempty"`
	Generation int              `json:"generation,omitempty"`
	Recorded   string           `json:"recorded,omitempty"` // YYYY-MM-DD
	Total      *int             `json:"total,omitempty"`
	Left       *int             `json:"left,omitempty"`
	Sheet      int              `json:"sheet,omitempty"`     // that they are printed on
	DueSince   string           `json:"due_since,omitempty"` // YYYY-MM-DD
	Renew      string           `json:"renew,omitempty"`     // where new ones are made
	Codes      []backupCodeJSON `json:"codes,omitempty"`
}

// backupCodeJSON is one of an account's codes.
type backupCodeJSON struct {
	Number     int    `json:"number"`
	Generation int    `json:"generation"`
	State      string `json:"state"`          // "unused", "used", "void" or "superseded"
	Used       string `json:"used,omitempty"` // YYYY-MM-DD
	Code       string `json:"code,omitempty"` // missing if it is on paper alone
}

// describeRecord describes an account's codes, without the codes themselves.
func describeRecord(s store.Status) recordJSON {
	j := recordJSON{idJSON: describeID(s.ID), Service: s.Service.Name, Kept: string(s.Kept), Renew: s.Service.Where}
	set := s.Record.Current()
	if set == nil {
		return j
	}
	total, left := len(set.Codes), s.Record.Left()
	j.Policy, j.Generation, j.Recorded = &s.Record.Policy, set.Generation, term.Date(set.Made)
	j.Total, j.Left, j.Sheet = &total, &left, s.Sheet
	if s.Due != nil {
		j.DueSince = s.Due.Since.String()
	}
	return j
}

// describeCodes describes the codes themselves: those of the current set, and
// with all, those that it superseded.
func describeCodes(record backup.Record, all bool) []backupCodeJSON {
	var list []backupCodeJSON
	for i, set := range slices.Backward(record.Sets) {
		if i < len(record.Sets)-1 && !all {
			break
		}
		for _, c := range set.Codes {
			list = append(list, backupCodeJSON{
				Number: c.Number, Generation: set.Generation, State: record.State(i, c).String(), Used: term.Date(c.Used), Code: c.Text,
			})
		}
	}
	return list
}
