package main

import (
	"context"

	"github.com/spf13/cobra"
)

type resetOptions struct {
	key keyOptions
	yes bool
}

func newResetCommand(p *program) *cobra.Command {
	var o resetOptions
	c := &cobra.Command{
		Use:   "reset",
		Short: "Wipe the key's accounts and password",
		Long: "Reset deletes every account on the key, with their secrets, and its password. It\n" +
			"needs no password, and there is no way back. What else the key does (FIDO, PIV,\n" +
			"OpenPGP) stays as it is.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.reset(c.Context(), o) },
	}
	o.key.addChoice(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return c
}

func (p *program) reset(ctx context.Context, o resetOptions) error {
	k, err := p.selectKey(ctx, o.key)
	if err != nil {
		return err
	}
	defer k.close()
	deviceID := k.DeviceID()
	if err := p.terminal.confirm(o.yes, "Delete every account on the key in %q, and its password, for good?", k.reader); err != nil {
		return err
	}
	if err := k.Reset(); err != nil {
		return err
	}
	forget(deviceID) // if it was remembered, it opens nothing now
	p.note("The key is empty.")
	return nil
}
