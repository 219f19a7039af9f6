package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

func newBackupKeepCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "keep NAME",
		Short: "Keep using the backup codes that are left, and stop the reminders",
		Long: "Keep ends the reminders to make new backup codes for the account that NAME fits,\n" +
			"until the next one is used.",
		Example: "  tokenctl backup keep github",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return p.keepBackupCodes(args[0]) },
	}
}

func (p *program) keepBackupCodes(query string) error {
	s, err := p.open.StoreOf(&open.Tokens{})
	if err == nil {
		err = s.Damaged
	}
	if err != nil {
		return err
	}
	id, err := s.Find(query)
	if err != nil {
		return err
	}
	label, left := term.Label(id), s.Ledger.Known(id).Left()
	switch due, err := s.Keep(id); {
	case err != nil:
		return err
	case !due:
		p.Note("%s: no code was used since the last ones were recorded. Nothing was changed.", label)
	case left == 0:
		p.Note("%s: %s; from now on only tokenctl backup status shows that.", label, backup.LeftInWords(left))
	default:
		p.Note("%s: %s. The next reminder comes when another is used.", label, backup.LeftInWords(left))
	}
	return nil
}

type backupIgnoreOptions struct {
	tokens open.TokenOptions
	undo   bool
}

func newBackupIgnoreCommand(p *program) *cobra.Command {
	var o backupIgnoreOptions
	c := &cobra.Command{
		Use:   "ignore NAME",
		Short: "Ignore an account's backup codes",
		Long: "Ignore is for a service that you do not care about: nothing reminds you to get or\n" +
			"make backup codes for the account that NAME fits, and neither backup status nor\n" +
			"doctor counts it as a risk that there are none. What is recorded is kept.",
		Example: "  tokenctl backup ignore twitter\n  tokenctl backup ignore --undo twitter",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return p.ignoreBackupCodes(c.Context(), args[0], o) },
	}
	o.tokens.AddFlags(c)
	c.Flags().BoolVar(&o.undo, "undo", false, "stop ignoring it")
	return c
}

func (p *program) ignoreBackupCodes(ctx context.Context, query string, o backupIgnoreOptions) error {
	s, err := p.open.Store(ctx, o.tokens.Vault)
	if err != nil {
		return err
	}
	defer s.Close()
	if s.Damaged != nil {
		return s.Damaged
	}
	id, err := p.accountForCodes(ctx, s, backupAddOptions{tokens: o.tokens, query: query})
	if err != nil {
		return err
	}
	err = s.Update(func(l *ledger.Ledger) error {
		if delete(l.Ignored, id); !o.undo {
			l.Ignore(id, p.Now())
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case o.undo:
		p.Note("%s is not ignored: see tokenctl backup status", term.Label(id))
	default:
		p.Note("%s is ignored. To undo: %s", term.Label(id), term.Command("tokenctl backup ignore", id, "--undo"))
	}
	return nil
}

type backupForgetOptions struct {
	vault open.VaultOptions
	query string
	yes   bool
}

func newBackupForgetCommand(p *program) *cobra.Command {
	var o backupForgetOptions
	c := &cobra.Command{
		Use:   "forget NAME",
		Short: "Remove an account's backup codes from the vault and the ledger",
		Long: "Forget removes the backup codes of the account that NAME fits, used and unused,\n" +
			"from the vault and from the ledger. The service still accepts them, and they remain on\n" +
			"the paper that they were printed on.",
		Example: "  tokenctl backup forget github",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.query = args[0]
			return p.forgetBackupCodes(c.Context(), o)
		},
	}
	o.vault.AddChoice(c)
	o.vault.AddNone(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func (p *program) forgetBackupCodes(ctx context.Context, o backupForgetOptions) error {
	s, err := p.open.Store(ctx, o.vault)
	if err != nil {
		return err
	}
	defer s.Close()
	id, err := s.Find(o.query)
	if err != nil {
		return err
	}
	stock := "how many are left is not known"
	if record := s.Ledger.Known(id).Record; record.Current() != nil {
		stock = backup.LeftInWords(record.Left())
	}
	if err := p.Terminal.Confirm(o.yes, "Forget the backup codes of %s for good (%s)?", term.Label(id), stock); err != nil {
		return err
	}
	if err := s.Forget(id); err != nil {
		return err
	}
	p.Note("The backup codes of %s are forgotten.", term.Label(id))
	return nil
}
