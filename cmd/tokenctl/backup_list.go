package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
)

type backupListOptions struct {
	vault           vaultOptions
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
			"sheet that they are printed on. A dash is what only a locked vault tells.\n\n" +
			"With --show it prints the codes themselves, which takes an unlocked vault, and\n" +
			"leaves them unused.",
		Example: "  tokenctl backup list\n  tokenctl backup list github --show",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.query = args[0]
			}
			if o.all && !o.show {
				return usagef("--all is for --show")
			}
			return p.listBackupCodes(c.Context(), o)
		},
	}
	o.vault.addBackupFlags(c)
	f := c.Flags()
	f.BoolVar(&o.show, "show", false, "print the codes")
	f.BoolVar(&o.all, "all", false, "with --show, print those, too, that newer ones superseded")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) listBackupCodes(ctx context.Context, o backupListOptions) error {
	r, err := p.openRecords(ctx, o.vault)
	if err != nil {
		return err
	}
	defer r.close()
	ids, err := r.ids()
	if err == nil && o.query != "" {
		var id oath.ID
		id, err = r.find(o.query)
		ids = []oath.ID{id}
	}
	if err != nil {
		return err
	}
	if r.damaged != nil {
		p.report(r.damaged)
	}
	list, failure := r.describeAll(ids, o)
	switch {
	case o.json:
		err = p.printJSON(list)
	case o.show:
		p.printBackupCodes(list)
	case len(list) > 0:
		p.printColumns(append([][]string{recordHeader}, mapSlice(list, recordRow)...))
	}
	if err == nil && failure == nil && len(ids) == 0 {
		p.note("No backup codes yet. Record some with: tokenctl backup add")
	}
	return errors.Join(err, incomplete(failure, len(list)))
}

// describeAll describes the codes of accounts. The vault is read if it is open, or
// has to be. The error tells of what could not be read; the rest is there.
func (r *records) describeAll(ids []oath.ID, o backupListOptions) ([]recordJSON, error) {
	defer r.keepNews()
	reads := o.show || r.isOpen()
	list := []recordJSON{}
	var failures []error
	for _, id := range ids {
		record, kept := r.ledger.Known(id).Record, r.ledger.Known(id).Kept
		if reads {
			var err error
			if record, err = r.load(id); errors.Is(err, oath.ErrLocked) || errors.Is(err, errWrongPassphrase) {
				return nil, err
			}
			if err != nil {
				failures = append(failures, err)
			}
		}
		switch {
		case kept == "" && record.Current() != nil:
			kept = keptOf(record)
		case kept == "":
			kept = ledger.InVault
		}
		j := r.describeRecord(id, record, kept)
		if o.show {
			j.Codes = describeCodes(record, o.all)
		}
		list = append(list, j)
	}
	return list, errors.Join(failures...)
}

// isOpen reports whether the vault can be read without asking anybody.
func (r *records) isOpen() bool {
	return r.vault != nil && (!r.vault.Locked() || r.vault.options.isGiven())
}

var recordHeader = []string{"ACCOUNT", "LEFT", "GENERATION", "RECORDED", "KEPT", "SHEET"}

func recordRow(j recordJSON) []string {
	left := "-"
	if j.Left != nil {
		left = strconv.Itoa(*j.Left) + "/" + strconv.Itoa(*j.Total)
	}
	return []string{
		printable(labelOf(oath.ID(j.ID))), left, numberOrDash(j.Generation), orDash(j.Recorded), j.Kept, numberOrDash(j.Sheet),
	}
}

var codeHeader = []string{"ACCOUNT", "NUMBER", "STATE", "USED", "CODE"}

// printBackupCodes prints the codes themselves. Those on paper have a dash.
func (p *program) printBackupCodes(list []recordJSON) {
	rows := [][]string{codeHeader}
	for _, j := range list {
		for _, c := range j.Codes {
			rows = append(rows, []string{labelOf(oath.ID(j.ID)), strconv.Itoa(c.Number), c.State, orDash(c.Used), orDash(c.Code)})
		}
	}
	if len(rows) > 1 {
		p.printColumns(rows)
	}
}
