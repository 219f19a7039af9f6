package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/keys"
)

type keysOptions struct {
	key  open.KeyOptions
	json bool
}

func newKeysCommand(p *program) *cobra.Command {
	var o keysOptions
	c := &cobra.Command{
		Use:   "keys",
		Short: "Show the keys that are plugged in",
		Long: "Keys prints serial number, model, firmware, accounts and password of every key\n" +
			"that is plugged in. Accounts are used/capacity; how many a key with a password\n" +
			"holds shows only if the password is given or remembered.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.keys(c.Context(), o) },
	}
	o.key.AddFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return c
}

// keyJSON is a key as other programs read it; docs/json.md describes it.
type keyJSON struct {
	Reader     string `json:"reader"`
	Serial     uint32 `json:"serial,omitempty"`
	Model      string `json:"model,omitempty"`
	FormFactor string `json:"form_factor,omitempty"`
	Firmware   string `json:"firmware,omitempty"`
	Used       *int   `json:"accounts_used,omitempty"`
	Capacity   int    `json:"accounts_capacity,omitempty"`
	Password   bool   `json:"password"`
	Problem    string `json:"problem,omitempty"`
}

func (p *program) keys(ctx context.Context, o keysOptions) error {
	found, err := p.open.Inspect(ctx, o.key)
	if err != nil {
		return err
	}
	if o.json {
		return p.PrintJSON(mapSlice(found, describeKey))
	}
	p.PrintColumns(append([][]string{keysHeader}, mapSlice(found, keysRow)...))
	return nil
}

func describeKey(k keys.Info) keyJSON {
	return keyJSON{
		k.Reader, k.Device.Serial, k.Device.Model(), k.Device.FormFactor.String(), k.Firmware,
		k.Used, k.Capacity, k.Password, k.Problem,
	}
}

var keysHeader = []string{"SERIAL", "MODEL", "FIRMWARE", "ACCOUNTS", "PASSWORD", "READER"}

func keysRow(k keys.Info) []string {
	serial, used := "-", "-"
	if k.Device.Serial != 0 {
		serial = strconv.FormatUint(uint64(k.Device.Serial), 10)
	}
	if k.Used != nil {
		used = strconv.Itoa(*k.Used)
	}
	if k.Capacity != 0 {
		used += "/" + strconv.Itoa(k.Capacity)
	}
	if k.Problem != "" {
		used = k.Problem
	}
	return []string{serial, term.Dash(k.Device.Model()), term.Dash(k.Firmware), used, term.YesNo(k.Password), k.Reader}
}
