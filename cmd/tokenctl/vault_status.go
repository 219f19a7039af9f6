package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath/vault"
)

func newVaultStatusCommand(p *program) *cobra.Command {
	var o vaultOptions
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show what the vault holds, and what opens it",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.vaultStatus(c.Context(), o, asJSON)
		},
	}
	o.addChoice(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// vaultJSON is a vault as other programs read it; docs/json.md describes it.
type vaultJSON struct {
	Folder     string   `json:"folder"`
	Recipients []string `json:"recipients"`
	Changed    bool     `json:"recipients_changed"`
	Accounts   int      `json:"accounts"`
	Locked     bool     `json:"locked"`
	Ways       []string `json:"opened_by"` // "passphrase" or key:SERIAL
	Git        bool     `json:"git"`
}

func (p *program) vaultStatus(ctx context.Context, o vaultOptions, asJSON bool) error {
	return p.withVault(ctx, o, func(v *vaultToken) error {
		locked := v.Locked() // and not remembered
		status, err := v.Status()
		if err != nil && !errors.Is(err, vault.ErrDamaged) {
			return err
		}
		j := vaultJSON{
			Folder: v.Dir(), Recipients: strings.Split(status.Recipients, "\n"), Changed: status.Changed,
			Accounts: status.Accounts, Locked: locked, Ways: mapSlice(status.Ways, wayName), Git: status.Git,
		}
		if asJSON {
			return errors.Join(p.printJSON(j), incomplete(err, 1))
		}
		p.printVault(j)
		return incomplete(err, 1)
	})
}

// wayName tells a way in as reports and options do.
func wayName(w vault.Way) string {
	if w.IsPassphrase() {
		return "passphrase"
	}
	return fmt.Sprintf("key:%d", w.Serial)
}

func (p *program) printVault(j vaultJSON) {
	opened := strings.Join(j.Ways, ", ")
	if opened == "" {
		opened = "nothing but its own key, on paper"
	}
	rows := [][]string{
		{"folder", printable(j.Folder)},
		{"accounts", fmt.Sprint(j.Accounts)},
		{"opened by", opened},
		{"locked", yesNo(j.Locked)},
		{"in git", yesNo(j.Git)},
		{"public key", strings.Join(j.Recipients, " ")},
	}
	p.printColumns(rows)
	if j.Changed {
		p.note("The public key is not the one that this machine knows; see: tokenctl vault trust --help")
	}
}
