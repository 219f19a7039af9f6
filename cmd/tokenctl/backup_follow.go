package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// A follower has an account's backup codes follow what becomes of the account.
type follower struct {
	p      *program
	tokens *tokens
	id     oath.ID
	whole  bool // every token that there is takes part
	codes  bool // the vault has codes of the account
	knows  bool // the ledger knows of the account
	left   string
}

// follow looks for an account's backup codes before the account is changed.
func (p *program) follow(t *tokens, o tokenOptions, id oath.ID) follower {
	f := follower{p: p, tokens: t, id: id, whole: !o.namesKey() && !o.noKeys && !o.vault.none && len(t.broken) == 0}
	if t.vault != nil {
		there, err := t.vault.hasBackupCodes(id)
		f.codes = there || errors.Is(err, vault.ErrDamaged)
	}
	l, err := readLedger()
	if err != nil {
		return f
	}
	f.knows = l.Mentions(id)
	if e := l.Accounts[id]; e != nil && e.Current() != nil {
		f.left = fmt.Sprintf(", of which %s,", howManyLeft(e.Left()))
	}
	return f
}

// renamed gives the codes the account's new name. The vault has done so if it has
// the account itself.
func (f follower) renamed(to oath.ID, done []*fleet.Member, failed bool) {
	if to == f.id {
		return
	}
	if !hasVault(done) {
		if failed || !f.whole {
			if f.codes || f.knows {
				f.p.note("Its backup codes stay under the name of %s.", printable(labelOf(f.id)))
			}
			return
		}
		if f.codes {
			if err := f.tokens.vault.MoveBackupCodes(f.id, to); err != nil {
				f.p.report(fmt.Errorf("its backup codes stay under the name of %w", about(f.id, err)))
				return
			}
		}
	}
	if f.knows {
		f.update(func(l *ledger.Ledger) { l.Renamed(f.id, to) })
	}
}

// loss tells, for the question whether to delete an account, what of its codes
// goes with it.
func (f follower) loss(h fleet.Holding) string {
	if f.codes && (f.whole || hasVault(h.Members)) {
		return fmt.Sprintf(", its backup codes%s", f.left)
	}
	return ""
}

// deleted removes the codes of an account that is gone from every token, and
// forgets those that the vault removed with it.
func (f follower) deleted(done []*fleet.Member, failed bool) {
	switch gone := f.whole && !failed; {
	case gone:
		if f.codes && !hasVault(done) {
			if err := f.tokens.vault.SetBackupCodes(f.id, nil); err != nil {
				f.p.report(fmt.Errorf("its backup codes are not deleted: %w", err))
				return
			}
		}
		if f.knows {
			f.update(func(l *ledger.Ledger) { l.Deleted(f.id) })
		}
	case f.codes && hasVault(done):
		f.update(func(l *ledger.Ledger) { l.Forgotten(f.id) })
	}
}

func (f follower) update(change func(*ledger.Ledger)) {
	err := updateLedger(func(l *ledger.Ledger) error {
		change(l)
		return nil
	})
	if err != nil {
		f.p.report(err)
	}
}

func hasVault(members []*fleet.Member) bool {
	return slices.ContainsFunc(members, func(m *fleet.Member) bool { return m.Name == vaultName })
}
