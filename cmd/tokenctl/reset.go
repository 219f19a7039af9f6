package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
)

type resetOptions struct {
	key open.KeyOptions
	yes bool
}

func newResetCommand(p *program) *cobra.Command {
	var o resetOptions
	c := &cobra.Command{
		Use:   "reset",
		Short: "Wipe the key's accounts and password",
		Long: "Reset deletes every account on the key, with their secrets, and its password. This\n" +
			"cannot be undone. A YubiKey needs no password for this; some other makers' keys do.\n" +
			"Its other functions (FIDO, PIV, OpenPGP) are not touched.",
		Example: "  tokenctl reset --device 12345678",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.reset(c.Context(), o) },
	}
	o.key.AddFlags(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func (p *program) reset(ctx context.Context, o resetOptions) error {
	k, err := p.open.LockedKey(ctx, o.key.Choice)
	if err != nil {
		return err
	}
	defer k.Close()
	deviceID := k.DeviceID()
	if !o.yes {
		name, err := p.open.NameOf(ctx, k)
		if err != nil {
			return err
		}
		if err := p.Terminal.Confirm(false, "Delete %s on %s, and its password, for good?", p.contentsOf(k), name); err != nil {
			return err
		}
	}
	err = k.Reset()
	if errors.Is(err, oath.ErrLocked) && k.Locked() {
		if err = p.open.Unlock(ctx, k, o.key.Password); err == nil {
			err = k.Reset()
		}
	}
	if err != nil {
		return err
	}
	open.Forget(deviceID) // if it was remembered, it opens nothing now
	p.open.Happened(func(l *ledger.Ledger) { l.Wiped(deviceID, k.DeviceID(), p.Now()) })
	p.Note("The key is empty.")
	return nil
}

// contentsOf says how many accounts are on a key, as far as it shows that, or was known.
func (p *program) contentsOf(k *keys.Key) string {
	if used, err := k.Used(); err == nil {
		return term.Count(used, "account")
	}
	for _, known := range p.open.KnownKeys() {
		if n := len(known.Opens()); n > 0 && known.ID == k.DeviceID() {
			return fmt.Sprintf("every account (%s known)", term.Are(n, "account"))
		}
	}
	return "every account"
}
