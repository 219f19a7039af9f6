package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

func newBackupKeepCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "keep NAME",
		Short: "Make do with the backup codes that are left, and stop the reminders",
		Long: "Keep ends the reminders to make new backup codes for the account that NAME fits,\n" +
			"until the next one is used.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return p.keepBackupCodes(args[0]) },
	}
}

func (p *program) keepBackupCodes(query string) error {
	l, err := readLedger()
	if err != nil {
		return err
	}
	var accounts []oath.Account
	for _, id := range l.IDs() {
		accounts = append(accounts, id.Account(oath.TypeUnknown))
	}
	account, err := oath.MatchOne(accounts, query)
	if errors.Is(err, oath.ErrNotFound) {
		err = backup.ErrNoCodes
	}
	if err != nil {
		return fmt.Errorf("%q: %w", printable(query), err)
	}
	id := account.ID()
	label := printable(labelOf(id))
	if _, isDue := l.DueOf(id); !isDue {
		p.note("%s: no code was used since the last were recorded. Nothing was changed.", label)
		return nil
	}
	left := l.Known(id).Left()
	if err := updateLedger(func(l *ledger.Ledger) error { l.Settle(id); return nil }); err != nil {
		return err
	}
	if left == 0 {
		p.note("%s: %s, and nothing reminds you of that any more but tokenctl backup status.", label, howManyLeft(left))
		return nil
	}
	p.note("%s: %s. The next reminder comes when another is used.", label, howManyLeft(left))
	return nil
}

type backupForgetOptions struct {
	vault vaultOptions
	query string
	yes   bool
}

func newBackupForgetCommand(p *program) *cobra.Command {
	var o backupForgetOptions
	c := &cobra.Command{
		Use:   "forget NAME",
		Short: "Remove an account's backup codes from the vault and the ledger",
		Long: "Forget removes the backup codes of the account that NAME fits, used and unused,\n" +
			"from the vault and from the ledger. The service still takes them, and they stand on\n" +
			"the paper that they were printed on.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.query = args[0]
			return p.forgetBackupCodes(c.Context(), o)
		},
	}
	o.vault.addChoice(c)
	c.Flags().BoolVar(&o.vault.none, "no-vault", false, "leave the vault out: the ledger alone")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func (p *program) forgetBackupCodes(ctx context.Context, o backupForgetOptions) error {
	r, err := p.openRecords(ctx, o.vault)
	if err != nil {
		return err
	}
	defer r.close()
	id, err := r.find(o.query)
	if err != nil {
		return err
	}
	there, err := r.inVault(id)
	if errors.Is(err, vault.ErrDamaged) {
		there, err = true, nil
	}
	if err != nil {
		return about(id, err)
	}
	label := printable(labelOf(id))
	if err := p.terminal.confirm(o.yes, "Forget the backup codes of %s for good, %s?", label, r.stock(id)); err != nil {
		return err
	}
	if there {
		if err := r.vault.SetBackupCodes(id, nil); err != nil {
			return about(id, err)
		}
	}
	if err := updateLedger(func(l *ledger.Ledger) error { l.Forgotten(id); return nil }); err != nil {
		return about(id, err)
	}
	p.note("The backup codes of %s are forgotten.", label)
	return nil
}

// stock tells how many of an account's codes are left, as far as that is known.
func (r *records) stock(id oath.ID) string {
	record := r.ledger.Known(id).Record
	if record.Current() == nil {
		return "however many are left"
	}
	return fmt.Sprintf("of which %s", howManyLeft(record.Left()))
}
