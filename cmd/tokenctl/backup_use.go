package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
)

type backupUseOptions struct {
	vault     vaultOptions
	query     string
	number    int
	yes, json bool
}

func newBackupUseCommand(p *program) *cobra.Command {
	var o backupUseOptions
	c := &cobra.Command{
		Use:   "use NAME",
		Short: "Show the next backup code, once it is recorded as used",
		Long: "Use prints the next backup code of the account that NAME fits, and nothing else, on\n" +
			"standard output. The use is recorded first; a code that cannot be recorded as used\n" +
			"is not shown. To see codes without using one: tokenctl backup list NAME --show\n\n" +
			"Of codes that are on paper alone, it marks the next number as used, and prints\n" +
			"nothing on standard output.",
		Example: "  tokenctl backup use github\n  tokenctl backup use github --number 7",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.query = args[0]
			if c.Flags().Changed("number") && o.number < 1 {
				return usagef("--number %d: they count from 1", o.number)
			}
			return p.useBackupCode(c.Context(), o)
		},
	}
	o.vault.addBackupFlags(c)
	c.Flags().IntVar(&o.number, "number", 0, "use the code of number `N`, as the service asks for it")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

func (p *program) useBackupCode(ctx context.Context, o backupUseOptions) error {
	r, err := p.openRecords(ctx, o.vault)
	if err != nil {
		return err
	}
	defer r.close()
	id, err := r.find(o.query)
	if err != nil {
		return err
	}
	record, err := r.read(id)
	if err != nil {
		return err
	}
	if o.number, err = p.numberToUse(record, o.number); err != nil {
		return err
	}
	next, err := codeToUse(record, o.number)
	if err != nil {
		return r.tellWhere(id, record, about(id, err))
	}
	if err := p.confirmUse(r, id, record, next, o.yes); err != nil {
		return err
	}
	code, record, err := r.use(id, keptOf(record), o.number, backup.Day(p.now()))
	if err != nil {
		return r.tellWhere(id, record, err)
	}
	return p.showUsed(r, id, record, code, o.json)
}

// numberToUse returns the number that a service asks for, where it does that. What
// is there without a number has no choice.
func (p *program) numberToUse(record backup.Record, number int) (int, error) {
	if record.Policy != backup.ByNumber || number != 0 || record.Left() < 2 {
		return number, nil
	}
	if p.terminal == nil {
		return 0, usagef("the service asks for a code by its number: give --number N")
	}
	answer, err := p.terminal.ask("Number that the service asks for")
	if err != nil {
		return 0, err
	}
	if number, err = strconv.Atoi(answer); err != nil || number < 1 {
		return 0, usagef("%q is no number of a code", printable(answer))
	}
	return number, nil
}

// codeToUse returns the code of a number, or for 0 the next one, if it can be
// used. It does not record that.
func codeToUse(record backup.Record, number int) (backup.Code, error) {
	if number == 0 {
		return record.Next()
	}
	record = record.Clone()
	return record.Use(number, time.Unix(0, 0))
}

// use records the use of a code: of that number, or the next one for 0.
func (r *records) use(id oath.ID, kept ledger.Keeping, number int, day time.Time) (backup.Code, backup.Record, error) {
	var code backup.Code
	record, err := r.change(recordChange{
		id: id, kept: kept,
		do: func(record *backup.Record) error {
			n := number
			if n == 0 {
				next, err := record.Next() // another process may have used one
				if err != nil {
					return err
				}
				n = next.Number
			}
			var err error
			code, err = record.Use(n, day)
			return err
		},
		then: func(l *ledger.Ledger, record backup.Record) { r.remindOf(l, id, record, day) },
	})
	if err == nil {
		r.p.reminded(id)
	}
	return code, record, err
}

// tellWhere adds to the error of one who finds no code left where new ones are
// made.
func (r *records) tellWhere(id oath.ID, record backup.Record, err error) error {
	if !errors.Is(err, backup.ErrNoneLeft) {
		return err
	}
	r.p.reminded(id)
	where := r.service(id, record).Where
	if where == "" {
		return err
	}
	return fmt.Errorf("%w\nNew ones are made at: %s", err, where)
}

// confirmUse asks where using a code costs more than that code.
func (p *program) confirmUse(r *records, id oath.ID, record backup.Record, c backup.Code, yes bool) error {
	label, service := printable(labelOf(id)), printable(r.service(id, record).Name)
	switch voided := voidedBy(record, c); {
	case record.Policy == backup.DisablesTwoFactor:
		return p.terminal.confirm(yes, "Using it turns two-factor authentication off at %s. Use a backup code of %s?", service, label)
	case len(voided) > 0:
		return p.terminal.confirm(yes, "%s takes the codes in order: using number %d voids %s. Use it?", service, c.Number, numbers(voided))
	}
	return nil
}

// voidedBy returns the numbers of codes that the use of one voids.
func voidedBy(record backup.Record, c backup.Code) []int {
	if record.Policy != backup.InOrder {
		return nil
	}
	var voided []int
	for _, other := range record.Current().Codes {
		if other.Number < c.Number && record.State(len(record.Sets)-1, other) == backup.Unused {
			voided = append(voided, other.Number)
		}
	}
	return voided
}

// showUsed shows a code that is recorded as used, and tells what is next.
func (p *program) showUsed(r *records, id oath.ID, record backup.Record, c backup.Code, asJSON bool) error {
	s := r.service(id, record)
	if asJSON {
		return p.printJSON(describeUsed(id, record, c, s))
	}
	if c.Text != "" {
		p.printLine(c.Text)
	}
	label := printable(labelOf(id))
	if c.Text == "" {
		label += ", on your paper"
	}
	p.note("Number %d of %s: it is marked as used, and %s.", c.Number, label, howManyLeft(record.Left()))
	if n := r.ledger.SheetWith(id, record.Generation()); n > 0 {
		p.note("Tick it off on recovery sheet %d.", n)
	}
	p.noteRenewal(id, record, c, s)
	return nil
}
