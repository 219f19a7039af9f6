package main

import (
	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

func newBackupCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use:   "backup",
		Short: "The one-time codes of services: record, use and renew them",
		Long: "Backup codes, also called recovery codes, are what a service takes instead of a\n" +
			"two-factor code, once each. They are kept in the vault, encrypted. What is not\n" +
			"secret, such as how many are left, is kept beside it in a ledger, ledger.json.\n\n" +
			"Once a code was used, every command ends with a reminder to make new ones, until\n" +
			"these are recorded.",
	}
	addGroup(c, "The codes that services gave you", newBackupAddCommand(p), newBackupWhereCommand(p), newBackupUseCommand(p),
		newBackupListCommand(p), newBackupStatusCommand(p), newBackupKeepCommand(p), newBackupIgnoreCommand(p), newBackupForgetCommand(p))
	addGroup(c, "For a service of your own, which gives codes to its users", newBackupGenerateCommand(p), newBackupRedeemCommand(p))
	return c
}

var backupRemedies = []term.Remedy{
	{Of: errNotDeleted, Exit: term.ExitFailure, Hint: "Check first that all codes are there: tokenctl backup list --show. Until then, keep the file."},
	{Of: errNoAccountForCodes, Exit: term.ExitNotFound, Hint: "List them with: tokenctl list. For an account that no token holds, give its whole name, and --new."},
	{Of: store.ErrNoVault, Exit: term.ExitFailure, Hint: "Make one with: tokenctl init. If the codes are on paper alone, record how many: --on-paper N"},
	{Of: errUnknownService, Exit: term.ExitNotFound, Hint: "It can be described in tokenctl/services.tsv among your settings, as the help of backup add explains."},
	{Of: errNoSuchService, Exit: term.ExitUsage, Hint: "Leave out --service, or describe the service in tokenctl/services.tsv among your settings."},
	{Of: store.ErrAway, Exit: term.ExitFailure, Hint: "Restore that vault, or name it with --vault. To give up the codes: tokenctl backup forget NAME"},
	{Of: store.ErrOlder, Exit: term.ExitFailure, Hint: "Is the vault an older copy? Bring it up to date. To see the codes that it has: tokenctl backup list --show"},
	{Of: store.ErrLedger, Exit: term.ExitFailure, Hint: "It was not changed. Restore it from a copy, or move it away and keep it: what the vault has is then recorded anew, what is only on paper is not."},
	{Of: backup.ErrUnprintable, Exit: term.ExitFailure, Hint: "No service hands out such a code. Whoever made it up wants to take over your terminal."},
	{Of: backup.ErrNewer, Exit: term.ExitFailure, Hint: "Use that version, or a later one."},
	{Of: backup.ErrDamaged, Exit: term.ExitFailure, Hint: "It was not changed. Restore it from a copy of the vault."},
	{Of: backup.ErrNoCodes, Exit: term.ExitNotFound, Hint: "See what is recorded with: tokenctl backup list. To record codes: tokenctl backup add NAME"},
	{Of: backup.ErrNoneLeft, Exit: term.ExitNoCodeLeft, Hint: "Make new ones at the service, and record them with: tokenctl backup add NAME"},
	{Of: backup.ErrNoSuchNumber, Exit: term.ExitUsage, Hint: "List them with: tokenctl backup list NAME --show"},
	{Of: backup.ErrUsed, Exit: term.ExitFailure, Hint: "Leave out --number for the next valid one."},
	{Of: backup.ErrVoid, Exit: term.ExitFailure, Hint: "Leave out --number for the next valid one."},
	{Of: backup.ErrNotCodes, Exit: term.ExitUsage, Hint: "Give only the codes, one per line; if they have an unusual form, add --verbatim."},
	{Of: backup.ErrNotText, Exit: term.ExitUsage, Hint: "Save it as text, or copy the codes and paste them."},
	{Of: backup.ErrTooLarge, Exit: term.ExitUsage, Hint: "Give only the codes, one per line."},
}
