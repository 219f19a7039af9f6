// Package recovery brings a person's accounts to paper, and back.
//
// [Collect] gathers from tokens and the store of backup codes what belongs on a sheet: a
// [Content], and a [Selection] leaves a part of it. [Make] numbers and records the
// sheet. [Verify] compares what was read from paper with the tokens: a [Verification]
// holds a [Verdict] for each account in each place. [PlanRestore] is what restoring would
// do, and [RestoreCodes] does it for backup codes; accounts are enrolled as any are.
package recovery

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A Vault gives its secrets away; a *vault.Vault of oath/vault is one. Identity returns
// its own key, and so shows whether it opens.
type Vault interface {
	Identity() (string, error)
	List() ([]oath.Account, error)
	Secret(oath.ID) (oath.Account, oath.Secret, error)
}

// Sources are the places that know of a person's accounts.
type Sources struct {
	Keys  fleet.Fleet
	Vault Vault // nil if there is none
	Store *store.Store
	Now   func() time.Time
}

// A Content is what a sheet will hold.
type Content struct {
	sheet.Sheet
	Lacking error // why something is not on it that should be
}

// Collect returns all that could stand on a sheet. The keys come first: what opens the
// vault may need them for itself. A key that cannot be asked, and a file in the vault
// that is damaged, are Lacking; other errors come with what there is so far.
func Collect(from Sources) (c Content, err error) {
	entries := make(map[oath.ID]*sheet.Entry)
	on := func(a oath.Account) *sheet.Entry {
		if entries[a.ID()] == nil {
			entries[a.ID()] = &sheet.Entry{Key: otpauth.Key{Account: a}}
		}
		return entries[a.ID()]
	}
	onKeys, unreached := from.Keys.Describe(from.Now)
	for _, h := range onKeys {
		for _, m := range h.Members {
			e := on(h.Account)
			e.Where = append(e.Where, m.Name)
		}
	}
	var damage []error
	if from.Vault != nil {
		c.VaultKey, err = collectSecrets(from.Vault, &damage, func(a oath.Account, secret oath.Secret) {
			e := on(a)
			a.Touch = a.Touch || e.Key.Account.Touch
			e.Key.Account, e.Key.Secret = a, secret
			e.Where = append(e.Where, fleet.VaultName)
		})
	}
	if err == nil {
		var ids []oath.ID
		ids, err = from.Store.IDs()
		for _, id := range ids {
			codes, failed := from.Store.FromVault(id)
			if failed != nil {
				damage = append(damage, failed)
				continue
			}
			on(id.Account(oath.TypeUnknown)).Codes = codes
		}
	}
	for _, id := range slices.Sorted(maps.Keys(entries)) {
		complete(entries[id], from.Store)
		c.Entries = append(c.Entries, *entries[id])
	}
	c.Partial = from.Vault == nil || len(damage) > 0
	c.Lacking = errors.Join(append(damage, unreached)...)
	return c, err
}

// collectSecrets hands over the accounts in the vault, and returns its own key. What is
// damaged, or gone meanwhile, does not keep the others off the sheet.
func collectSecrets(v Vault, damage *[]error, add func(oath.Account, oath.Secret)) (key string, err error) {
	excuse := func(err error) error {
		if errors.Is(err, oath.ErrDamaged) || errors.Is(err, oath.ErrNotFound) {
			*damage = append(*damage, err)
			return nil
		}
		return err
	}
	if key, err = v.Identity(); err != nil {
		return "", err
	}
	accounts, err := v.List()
	if err := excuse(err); err != nil {
		return "", err
	}
	for _, a := range accounts {
		a, secret, err := v.Secret(a.ID())
		if err == nil {
			add(a, secret)
		} else if err := excuse(err); err != nil {
			return "", err
		}
	}
	return key, nil
}

// complete adds where new codes are made, and where to look for what is not on this
// sheet.
func complete(e *sheet.Entry, s *store.Store) {
	id := e.Key.Account.ID()
	known := s.Ledger.Known(id)
	if service := s.Service(id, e.Codes); service.Codes == services.Yes || known.Generation() > 0 || e.Codes.Generation() > 0 {
		e.Renew = service.RenewAt()
	}
	if known.Kept == ledger.OnPaper && e.Codes.Generation() == 0 {
		e.Notes = append(e.Notes, fmt.Sprintf("Its backup codes are on a paper of their own; %s.", backup.LeftInWords(known.Left())))
	}
	noteSecret(e, s.Ledger)
}

// noteSecret adds where to look for a secret that is not on the sheet.
func noteSecret(e *sheet.Entry, l *ledger.Ledger) {
	if other := l.LastWithSecret(e.Key.Account.ID()); !HasSecret(*e) && other != nil {
		note := fmt.Sprintf("Its secret is on recovery sheet %d of %s: keep that one.", other.Number, other.Date)
		if !other.OnPaper() {
			note += " It was written to a file, and is not known to be on paper."
		}
		e.Notes = append(e.Notes, note)
	}
}

// OnKeysAlone returns how many accounts are on keys, and not in the vault, so that their
// secrets cannot be on the sheet.
func OnKeysAlone(s sheet.Sheet) (n int) {
	for _, e := range s.Entries {
		if !HasSecret(e) && len(e.Where) > 0 && !slices.Contains(e.Where, fleet.VaultName) {
			n++
		}
	}
	return n
}

// HasSecret reports whether an account's secret is on the sheet.
func HasSecret(e sheet.Entry) bool { return !e.Key.Secret.IsZero() }

// A Selection is the part of a Content that is wanted.
type Selection struct {
	OnlyNew   bool     // what the sheets since the last full one lack
	Accounts  []string // those that queries fit, one each; none for all
	NoSecrets bool     // backup codes alone
}

// Select leaves on the sheet what is wanted. A part of all does not hold the vault's
// key, which opens the rest as well.
func (c *Content) Select(s Selection, l *ledger.Ledger) error {
	if s.NoSecrets {
		c.VaultKey = ""
		c.keep(func(e sheet.Entry) bool { return e.Codes.Generation() > 0 })
		for i := range c.Entries {
			dropSecret(&c.Entries[i])
		}
	}
	if s.OnlyNew {
		if l.LastFullSheet() != nil {
			c.VaultKey = ""
		}
		c.keep(func(e sheet.Entry) bool { return isNew(e, l) })
		for i := range c.Entries {
			leaveOld(&c.Entries[i], l)
		}
	}
	if len(s.Accounts) > 0 {
		var accounts []oath.Account
		for _, e := range c.Entries {
			accounts = append(accounts, e.Key.Account)
		}
		chosen := make(map[oath.ID]bool)
		for _, query := range s.Accounts {
			a, err := oath.MatchOne(accounts, query)
			if err != nil {
				return fmt.Errorf("%q: %w", query, err)
			}
			chosen[a.ID()] = true
		}
		c.VaultKey = ""
		c.keep(func(e sheet.Entry) bool { return chosen[e.Key.Account.ID()] })
	}
	c.Partial = c.Partial || s.NoSecrets || s.OnlyNew || len(s.Accounts) > 0
	return nil
}

// keep takes all other entries off the sheet.
func (c *Content) keep(wanted func(sheet.Entry) bool) {
	c.Entries = slices.DeleteFunc(c.Entries, func(e sheet.Entry) bool {
		if wanted(e) {
			return false
		}
		e.Key.Secret.Clear()
		return true
	})
}

func dropSecret(e *sheet.Entry) {
	e.Key.Secret.Clear()
	e.Key.Secret = oath.Secret{}
}

// isNew reports whether a sheet has something of an account that those since the last
// full one lack, be it no more than its name.
func isNew(e sheet.Entry, l *ledger.Ledger) bool {
	id, item := e.Key.Account.ID(), itemOf(e.Item())
	if item == (ledger.Item{}) {
		return !slices.ContainsFunc(l.SinceFull(), func(s ledger.Sheet) bool {
			_, named := s.Items[id]
			return named
		})
	}
	return l.Lacks(id, item.Fingerprint, item.Generation)
}

// leaveOld takes off the sheet what of a new entry is not new: a secret is on no more
// paper than it need be.
func leaveOld(e *sheet.Entry, l *ledger.Ledger) {
	id, item := e.Key.Account.ID(), itemOf(e.Item())
	if item.Fingerprint != "" && !l.Lacks(id, item.Fingerprint, 0) {
		dropSecret(e)
		noteSecret(e, l)
	}
	if item.Generation > 0 && !l.Lacks(id, "", item.Generation) {
		e.Codes = backup.Record{}
	}
}
