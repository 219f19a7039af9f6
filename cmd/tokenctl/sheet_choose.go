package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath"
)

// choose leaves on the sheet what the options want on it. A part of all does not
// hold the vault's key, which opens the rest as well.
func (o sheetOptions) choose(c *sheetContent, l *ledger.Ledger) error {
	if o.noSecrets {
		c.leaveSecrets()
	}
	if o.onlyNew {
		if lastFull(l) > 0 {
			c.VaultKey = ""
		}
		c.keep(func(e sheet.Entry) bool { return isNew(l, e) })
		for i := range c.Entries {
			leaveOld(l, &c.Entries[i])
		}
	}
	if len(o.accounts) > 0 {
		chosen, err := c.match(o.accounts)
		if err != nil {
			return err
		}
		c.VaultKey = ""
		c.keep(func(e sheet.Entry) bool { return slices.Contains(chosen, e.Key.Account.ID()) })
	}
	c.Partial = c.Partial || o.noSecrets || o.onlyNew || len(o.accounts) > 0
	return nil
}

// keep takes all other entries off the sheet.
func (c *sheetContent) keep(wanted func(sheet.Entry) bool) {
	c.Entries = slices.DeleteFunc(c.Entries, func(e sheet.Entry) bool {
		if wanted(e) {
			return false
		}
		e.Key.Secret.Clear()
		return true
	})
}

// leaveSecrets takes all but the backup codes off the sheet.
func (c *sheetContent) leaveSecrets() {
	c.VaultKey = ""
	c.keep(func(e sheet.Entry) bool { return e.Codes.Generation() > 0 })
	c.Clear()
	for i := range c.Entries {
		c.Entries[i].Key.Secret = oath.Secret{}
	}
}

// leaveOld takes off the sheet what of a new entry is not new: a secret is on no more
// paper than it need be.
func leaveOld(l *ledger.Ledger, e *sheet.Entry) {
	id, secret, codes := e.Key.Account.ID(), fingerprint(e.Key), generationOf(e.Codes)
	if secret != "" && !l.Lacks(id, secret, 0) {
		e.Key.Secret.Clear()
		e.Key.Secret = oath.Secret{}
		noteSecret(l, e)
	}
	if codes > 0 && !l.Lacks(id, "", codes) {
		e.Codes = backup.Record{}
	}
}

// noteSecret adds where to look for a secret that is not on the sheet.
func noteSecret(l *ledger.Ledger, e *sheet.Entry) {
	if other := lastWithSecret(l, e.Key.Account.ID()); fingerprint(e.Key) == "" && other != nil {
		e.Notes = append(e.Notes, fmt.Sprintf("Its secret is on recovery sheet %d of %s: keep that one.",
			other.Number, other.Date.Format(time.DateOnly)))
	}
}

// match returns the accounts that queries fit, one each.
func (c *sheetContent) match(queries []string) ([]oath.ID, error) {
	accounts := mapSlice(c.Entries, func(e sheet.Entry) oath.Account { return e.Key.Account })
	var chosen []oath.ID
	for _, query := range queries {
		a, err := oath.MatchOne(accounts, query)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", query, err)
		}
		chosen = append(chosen, a.ID())
	}
	return chosen, nil
}

// isNew reports whether a sheet has something of an account that those since the
// last full one lack, be it no more than its name.
func isNew(l *ledger.Ledger, e sheet.Entry) bool {
	id, secret, codes := e.Key.Account.ID(), fingerprint(e.Key), generationOf(e.Codes)
	if secret == "" && codes == 0 {
		return !slices.ContainsFunc(sinceFull(l), func(s ledger.Sheet) bool {
			_, named := s.Items[id]
			return named
		})
	}
	return l.Lacks(id, secret, codes)
}
