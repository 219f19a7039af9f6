package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// A collector brings together what tokens and ledger know of the accounts.
type collector struct {
	*records
	entries map[oath.ID]*sheet.Entry
	damage  []error // what is in the vault and cannot be read
}

// on returns an account's entry, a new one if there is none.
func (c *collector) on(a oath.Account) *sheet.Entry {
	e := c.entries[a.ID()]
	if e == nil {
		e = new(sheet.Entry)
		e.Key.Account = a
		c.entries[a.ID()] = e
	}
	return e
}

// collectSheet returns all that could stand on a sheet. The keys come first: what
// opens the vault may need them for itself.
func (p *program) collectSheet(t *tokens, r *records) (content sheetContent, err error) {
	c := collector{records: r, entries: make(map[oath.ID]*sheet.Entry)}
	unreached := c.addKeys(t)
	if err := t.brokenVault(); err != nil {
		return content, err
	}
	if r.vault = t.vault; r.vault != nil {
		content.VaultKey, err = c.addVault()
	}
	if err == nil {
		err = c.addCodes()
	}
	for _, id := range slices.Sorted(maps.Keys(c.entries)) {
		c.complete(c.entries[id])
		content.Entries = append(content.Entries, *c.entries[id])
	}
	content.Partial = t.vault == nil || len(c.damage) > 0
	content.lacking = errors.Join(append(c.damage, unreached)...)
	return content, err
}

// brokenVault tells why the vault cannot be opened, if that is so.
func (t *tokens) brokenVault() error {
	for _, b := range t.broken {
		if b.Member == vaultName {
			return b
		}
	}
	return nil
}

// addKeys adds the accounts on keys, whose secrets cannot be read. The error tells
// which keys could not be asked.
func (c *collector) addKeys(t *tokens) error {
	keys := slices.DeleteFunc(slices.Clone(t.Fleet), func(m *fleet.Member) bool { return m.Name == vaultName })
	holdings, err := keys.Describe(c.p.now())
	for _, h := range holdings {
		c.on(h.Account).Where = mapSlice(h.Members, memberName)
	}
	return err
}

// addVault adds the accounts in the vault, and returns its own key.
func (c *collector) addVault() (key string, err error) {
	if err := c.vault.unlock(); err != nil {
		return "", err
	}
	accounts, err := c.vault.List()
	if err := c.excuse(err); err != nil {
		return "", err
	}
	for _, a := range accounts {
		a, secret, err := c.vault.Secret(a.ID())
		if err == nil {
			c.addSecret(a, secret)
		} else if err := c.excuse(err); err != nil {
			return "", err
		}
	}
	return c.vault.Identity()
}

func (c *collector) addSecret(a oath.Account, secret oath.Secret) {
	e := c.on(a)
	a.Touch = e.Key.Account.Touch
	e.Key.Account, e.Key.Secret = a, secret
	e.Where = append(e.Where, vaultName)
}

// addCodes adds the backup codes, with what the ledger knows of their use.
func (c *collector) addCodes() error {
	ids, err := c.ids()
	for _, id := range ids {
		codes, err := c.codesOf(id)
		if err != nil {
			c.damage = append(c.damage, err)
			continue
		}
		c.on(id.Account(oath.TypeUnknown)).Codes = codes
	}
	return err
}

// codesOf returns an account's codes, if they are in the vault.
func (c *collector) codesOf(id oath.ID) (backup.Record, error) {
	if c.vault == nil {
		return backup.Record{}, nil
	}
	text, err := c.vault.BackupCodes(id)
	switch {
	case err != nil:
		return backup.Record{}, about(id, err)
	case text != nil:
		return c.parse(id, text)
	case c.entry(id).Kept == ledger.InVault:
		return backup.Record{}, about(id, errCodesAway)
	}
	return backup.Record{}, nil
}

// excuse returns an error that nothing can be done about for the others' sake. A
// file that is damaged, or gone meanwhile, is told in the end.
func (c *collector) excuse(err error) error {
	if errors.Is(err, vault.ErrDamaged) || errors.Is(err, oath.ErrNotFound) {
		c.damage = append(c.damage, err)
		return nil
	}
	return err
}

// complete adds where new codes are made, and where to look for what is not on this
// sheet.
func (c *collector) complete(e *sheet.Entry) {
	id := e.Key.Account.ID()
	kept := c.entry(id)
	if s := c.service(id, e.Codes); s.Codes == services.Yes || kept.Generation() > 0 || e.Codes.Generation() > 0 {
		e.Renew = s.RenewAt()
	}
	if kept.Kept == ledger.OnPaper && e.Codes.Generation() == 0 {
		e.Notes = append(e.Notes, fmt.Sprintf("Its backup codes are on a paper of their own; %s.", howManyLeft(kept.Left())))
	}
	noteSecret(c.ledger, e)
}
