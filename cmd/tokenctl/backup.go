package main

import (
	"github.com/spf13/cobra"
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
	c.AddCommand(
		newBackupAddCommand(p),
		newBackupUseCommand(p),
		newBackupListCommand(p),
		newBackupStatusCommand(p),
		newBackupKeepCommand(p),
		newBackupForgetCommand(p),
		newBackupGenerateCommand(p),
		newBackupRedeemCommand(p),
	)
	return c
}

// addBackupFlags adds the flags of commands that need the vault alone.
func (o *vaultOptions) addBackupFlags(c *cobra.Command) {
	o.addFlags(c)
	c.Flags().BoolVar(&o.none, "no-vault", false, "leave the vault out: the ledger alone")
}
