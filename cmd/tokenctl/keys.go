package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

type keysOptions struct {
	key  keyOptions
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
	o.key.addFlags(c)
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
	f, err := p.newFinder(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	readers, err := f.occupied(o.key.reader)
	if err != nil {
		return err
	}
	var keys []keyJSON
	for _, reader := range readers {
		k := p.inspect(f, reader, o.key.password)
		if o.key.serial == 0 || o.key.serial == k.Serial {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return fmt.Errorf("%w: none has the serial number %d", errNoSuchKey, o.key.serial)
	}
	if o.json {
		return p.printJSON(keys)
	}
	p.printColumns(append([][]string{keysHeader}, mapSlice(keys, keysRow)...))
	return nil
}

// inspect tells what can be told of the key in a reader. What goes wrong is told
// too, and does not keep the others from being shown.
func (p *program) inspect(f finder, reader string, source passwordSource) keyJSON {
	j := keyJSON{Reader: reader}
	card, err := f.card(reader)
	if err != nil {
		j.Problem = problem(err)
		return j
	}
	device, err := ykoath.ReadDevice(card)
	if err != nil && !errors.Is(err, ykoath.ErrUnknownDevice) {
		j.Problem = problem(err)
	}
	j.Serial, j.Model, j.FormFactor = device.Serial, device.Model(), device.FormFactor.String()
	k, err := f.on(card, reader, device)
	if err != nil {
		j.Problem = problem(err)
		if device.NoOATH {
			j.Problem = "OATH is switched off"
		}
		return j
	}
	defer k.close()
	j.Firmware = k.Version.String()
	j.Password = k.HasPassword()
	if device.Serial != 0 { // the rule for YubiKeys, not for other makers' keys
		j.Capacity = k.Version.Capacity()
	}
	if j.Used, err = p.countAccounts(f.ctx, k, source); err != nil {
		j.Problem = problem(err)
	}
	return j
}

// countAccounts returns the number of accounts on a key, or nil if that takes a
// password and none is at hand. It asks nobody.
func (p *program) countAccounts(ctx context.Context, k *key, source passwordSource) (*int, error) {
	if k.Locked() {
		if open, err := p.unlockQuietly(ctx, k, source); !open || err != nil {
			return nil, err
		}
	}
	accounts, err := k.List()
	if err != nil {
		return nil, err
	}
	used := len(accounts)
	return &used, nil
}

// unlockQuietly opens a key without asking anybody, and reports whether it is
// open. That a password which was given is wrong is an error, but not that one
// which was remembered is.
func (p *program) unlockQuietly(ctx context.Context, k *key, source passwordSource) (bool, error) {
	if !source.isGiven() {
		done, err := p.unlockRemembered(k.Session)
		return done && err == nil, nil
	}
	password, err := source.read(ctx)
	if err == nil {
		err = unlockWith(k.Session, password)
	}
	return err == nil, err
}

// problem shortens an error to what it means to the holder of the key.
func problem(err error) string {
	for _, known := range []error{oath.ErrWrongPassword, pcsc.ErrBusy, pcsc.ErrMute, pcsc.ErrRemoved, pcsc.ErrNoPermission, ykoath.ErrNoApplet} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return err.Error()
}

var keysHeader = []string{"SERIAL", "MODEL", "FIRMWARE", "ACCOUNTS", "PASSWORD", "READER"}

func keysRow(k keyJSON) []string {
	serial, used := "-", "-"
	if k.Serial != 0 {
		serial = strconv.FormatUint(uint64(k.Serial), 10)
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
	return []string{serial, orDash(k.Model), orDash(k.Firmware), used, yesNo(k.Password), k.Reader}
}
