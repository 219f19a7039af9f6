package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

type backupUseOptions struct {
	vault     open.VaultOptions
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
				return term.Usagef("--number %d: numbers begin at 1", o.number)
			}
			id, err := p.useBackupCode(c.Context(), o)
			p.reminded[id] = true
			return err
		},
	}
	o.vault.AddFlags(c)
	o.vault.AddNone(c)
	c.Flags().IntVar(&o.number, "number", 0, "use the code of number `N`, as the service asks for it")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

// useBackupCode returns the account that it has said everything of, which needs no
// reminder.
func (p *program) useBackupCode(ctx context.Context, o backupUseOptions) (about oath.ID, err error) {
	s, err := p.open.Store(ctx, o.vault)
	if err != nil {
		return "", err
	}
	defer s.Close()
	id, err := s.Find(o.query)
	if err != nil {
		return "", err
	}
	record, err := s.Read(id)
	if err != nil {
		return "", err
	}
	if o.number, err = p.numberToUse(record, o.number); err != nil {
		return "", err
	}
	service := s.Service(id, record)
	code, err := codeToUse(record, o.number)
	if err == nil {
		if err := p.confirmUse(id, record, code, service, o.yes); err != nil {
			return "", err
		}
		code, record, err = s.Use(id, o.number, backup.Day(p.Now()))
	} else {
		err = fmt.Errorf("%q: %w", id.Label(), err)
	}
	switch {
	case errors.Is(err, backup.ErrNoneLeft) && service.Where != "":
		return id, fmt.Errorf("%w\nNew ones are made at: %s", err, service.Where)
	case errors.Is(err, backup.ErrNoneLeft):
		return id, err
	case err != nil:
		return "", err
	case o.json:
		return id, p.PrintJSON(usedJSON{describeID(id), code.Number, code.Text, record.Left(), record.Policy, service.Where})
	}
	label := term.Label(id)
	if code.Text != "" {
		p.PrintLine(code.Text)
	} else {
		label += ", on your paper"
	}
	p.Note("Number %d of %s: it is marked as used, and %s.", code.Number, label, backup.LeftInWords(record.Left()))
	if n := s.Ledger.SheetWith(id, record.Generation(), true); n > 0 {
		p.Note("Tick it off on recovery sheet %d.", n)
	}
	p.noteRenewal(id, record, code, service)
	return id, nil
}

// numberToUse returns the number that a service asks for, where it does that. What
// is there without a number has no choice.
func (p *program) numberToUse(record backup.Record, number int) (int, error) {
	if record.Policy != backup.ByNumber || number != 0 || record.Left() < 2 {
		return number, nil
	}
	if p.Terminal == nil {
		return 0, term.Usagef("the service asks for a code by its number: give --number N")
	}
	answer, err := p.Terminal.Ask("Number that the service asks for")
	if err != nil {
		return 0, err
	}
	if number, err = strconv.Atoi(answer); err != nil || number < 1 {
		return 0, term.Usagef("not the number of a code: numbers begin at 1")
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

// confirmUse asks where using a code costs more than that code.
func (p *program) confirmUse(id oath.ID, record backup.Record, c backup.Code, s services.Service, yes bool) error {
	label, service := term.Label(id), term.Printable(s.Name)
	switch voided := voidedBy(record, c); {
	case record.Policy == backup.DisablesTwoFactor:
		return p.Terminal.Confirm(yes, "Using it turns two-factor authentication off at %s. Use a backup code of %s?", service, label)
	case len(voided) > 0:
		return p.Terminal.Confirm(yes, "%s takes the codes in order: using number %d voids %s. Use it?", service, c.Number, term.Numbers("number", voided))
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

// noteRenewal says what to do after a code was used.
func (p *program) noteRenewal(id oath.ID, record backup.Record, c backup.Code, s services.Service) {
	service, flags := term.Printable(s.Name), ""
	if c.Text == "" {
		flags = "--on-paper N"
	}
	add := term.Command("tokenctl backup add", id, flags)
	switch record.Policy {
	case backup.Reusable:
		p.Note("It stays valid, however often it is used.")
	case backup.Replaced:
		p.Note("%s has now replaced it by another one. Record that with: %s", service,
			term.Command("tokenctl backup add", id, strings.TrimSpace(fmt.Sprintf("%s --replace-number %d", flags, c.Number))))
	case backup.DisablesTwoFactor:
		p.Note("Two-factor authentication is off at %s once you have used it. Turn it on again, enroll it anew, and record the new code with: %s", service, add)
	default:
		where := s.Renew()
		if s.Codes != services.Yes || where == "" {
			where = "Make new ones at " + service + "."
		}
		p.Note("%s\nThen: %s", term.Printable(where), add)
		if record.Left() > 0 {
			p.Note("To keep using the rest: %s", term.Command("tokenctl backup keep", id, ""))
		}
	}
}

// usedJSON is a code that is recorded as used.
type usedJSON struct {
	idJSON
	Number int           `json:"number"`
	Code   string        `json:"code,omitempty"` // missing if it is on paper alone
	Left   int           `json:"left"`
	Policy backup.Policy `json:"policy"`
	Renew  string        `json:"renew,omitempty"`
}
