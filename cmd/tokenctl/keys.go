package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

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
			"holds shows only if the password is given or remembered.\n\n" +
			"Keys that were plugged in here before are known by their serial numbers, and named\n" +
			"where they are not asked. To end that for one: tokenctl keys forget SERIAL",
		Example: "  tokenctl keys",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.keys(c.Context(), o) },
	}
	o.key.AddFlags(c)
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	c.AddCommand(newKeysForgetCommand(p))
	return c
}

func newKeysForgetCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "forget SERIAL",
		Short: "Forget a key that is lost or given away",
		Long: "Forget drops a key that was plugged in here before, so that no command reports it\n" +
			"missing. It does nothing to the key itself, nor to its accounts at the services: what\n" +
			"was on the key stays recorded, and \"tokenctl doctor\" shows which services still\n" +
			"trust it.",
		Example: "  tokenctl keys forget 12345678",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			serial, err := strconv.ParseUint(strings.TrimPrefix(args[0], "key:"), 10, 32)
			if err != nil {
				return term.Usagef("invalid serial number %q", args[0])
			}
			return p.forgetKey(uint32(serial))
		},
	}
}

func (p *program) forgetKey(serial uint32) error {
	struck, err := p.open.ForgetKey(serial)
	switch {
	case err != nil:
		return err
	case struck == nil:
		p.Note("There is no key %d to forget.", serial)
		return nil
	}
	p.Note("%s is forgotten.", struck.Name())
	if n := len(struck.Opens()); n > 0 {
		p.Note("It had %s, for which services still trust it. To see which: tokenctl doctor", term.Count(n, "account"))
	}
	return nil
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
	for _, k := range p.open.KnownKeys() {
		isThere := func(i keys.Info) bool { return i.Device.Serial == k.Serial }
		if o.key.IsAny() && !slices.ContainsFunc(found, isThere) {
			p.Note("%s is known, and was last seen on %s.", k.Name(), k.Seen)
		}
	}
	if err != nil {
		return err
	}
	if o.json {
		return p.PrintJSON(mapSlice(found, describeKey))
	}
	p.PrintTable(term.Table{Header: keysHeader, Rows: mapSlice(found, keysRow)})
	return nil
}

func describeKey(k keys.Info) keyJSON {
	return keyJSON{
		k.Reader, k.Device.Serial, k.Device.Model(), k.Device.FormFactor.String(), k.Firmware,
		k.Used, k.Capacity, k.Password, k.Problem(),
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
	if problem := k.Problem(); problem != "" {
		used = problem
	}
	return []string{serial, term.Dash(k.Device.Model()), term.Dash(k.Firmware), used, term.YesNo(k.Password), k.Reader}
}

// serialsOf returns the serial numbers of the keys among tokens of those names.
func serialsOf(names []string) (serials []uint32) {
	for _, name := range names {
		if serial, err := strconv.ParseUint(strings.TrimPrefix(name, "key:"), 10, 32); err == nil {
			serials = append(serials, uint32(serial))
		}
	}
	return serials
}
