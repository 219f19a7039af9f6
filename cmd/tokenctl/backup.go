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
		Long: "Backup codes, also called recovery codes, are what a service takes in the place of\n" +
			"a two-factor code, once each. They are kept in the vault, encrypted. What is no\n" +
			"secret, such as how many are left, is kept beside it in a ledger, ledger.json.\n\n" +
			"When a code was used, every command ends with a reminder to make new ones, until\n" +
			"these are recorded.",
	}
	addGroup(c, "The codes that services gave you", newBackupAddCommand(p), newBackupWhereCommand(p), newBackupUseCommand(p),
		newBackupListCommand(p), newBackupStatusCommand(p), newBackupKeepCommand(p), newBackupIgnoreCommand(p), newBackupForgetCommand(p))
	addGroup(c, "For a service of your own, which gives codes to its users", newBackupGenerateCommand(p), newBackupRedeemCommand(p))
	return c
}

var backupRemedies = []term.Remedy{
	{Of: errNotDeleted, Exit: term.ExitFailure, Hint: "See that the codes are all there first, with tokenctl backup list --show. Until then, keep the file."},
	{Of: errNoAccountForCodes, Exit: term.ExitNotFound, Hint: "See which there are with: tokenctl list. For an account that no token holds, give its whole name, and --new."},
	{Of: store.ErrNoVault, Exit: term.ExitFailure, Hint: "Make one with: tokenctl init. If the codes are on paper alone, record how many: --on-paper N"},
	{Of: errUnknownService, Exit: term.ExitNotFound, Hint: "What you know of it can go into tokenctl/services.tsv among your settings; the help of backup add explains it."},
	{Of: errNoSuchService, Exit: term.ExitUsage, Hint: "Leave --service out. What you know of a service can go into tokenctl/services.tsv among your settings."},
	{Of: store.ErrAway, Exit: term.ExitFailure, Hint: "Bring that vault back, or name it with --vault. To give the codes up: tokenctl backup forget NAME"},
	{Of: store.ErrOlder, Exit: term.ExitFailure, Hint: "Is the vault an older copy? Bring it up to date. To see the codes that it has: tokenctl backup list --show"},
	{Of: store.ErrLedger, Exit: term.ExitFailure, Hint: "It is left as it is. Bring it back from a copy, or move it away and keep it: what the vault has is learned anew from it, what is on paper alone is not."},
	{Of: backup.ErrUnprintable, Exit: term.ExitFailure, Hint: "No service hands out such a code. Whoever made it up wants to take over your terminal."},
	{Of: backup.ErrNewer, Exit: term.ExitFailure, Hint: "Use that version, or a later one."},
	{Of: backup.ErrDamaged, Exit: term.ExitFailure, Hint: "It is left as it is. Bring it back from a copy of the vault."},
	{Of: backup.ErrNoCodes, Exit: term.ExitNotFound, Hint: "See what is recorded with: tokenctl backup list. To record codes: tokenctl backup add NAME"},
	{Of: backup.ErrNoneLeft, Exit: term.ExitNoCodeLeft, Hint: "Make new ones at the service, and record them with: tokenctl backup add NAME"},
	{Of: backup.ErrNoSuchNumber, Exit: term.ExitUsage, Hint: "See which there are with: tokenctl backup list NAME --show"},
	{Of: backup.ErrUsed, Exit: term.ExitFailure, Hint: "Leave --number out for the next one that is good."},
	{Of: backup.ErrVoid, Exit: term.ExitFailure, Hint: "Leave --number out for the next one that is good."},
	{Of: backup.ErrNotCodes, Exit: term.ExitUsage, Hint: "Give the codes alone, one a line; if they look like nothing else, with --verbatim."},
	{Of: backup.ErrNotText, Exit: term.ExitUsage, Hint: "Save it as text, or copy the codes and paste them."},
	{Of: backup.ErrTooLarge, Exit: term.ExitUsage, Hint: "Give the codes alone, one a line."},
}
