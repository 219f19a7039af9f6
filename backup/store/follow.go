package store

import (
	"errors"
	"fmt"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
)

// A Follower makes an account's backup codes follow what becomes of the account.
type Follower struct {
	store *Store
	id    oath.ID
	whole bool // every token that there is takes part
	codes bool // the vault has codes of the account
	known bool // the ledger knows of the account
}

// Follow looks for an account's codes before the account is changed, on every token
// that there is if whole is true.
func (s *Store) Follow(id oath.ID, whole bool) *Follower {
	f := &Follower{store: s, id: id, whole: whole}
	f.codes, _ = s.hasOrDamaged(id)
	f.known = s.Ledger.Mentions(id)
	return f
}

// hasOrDamaged reports whether the vault has an account's codes, be they damaged.
func (s *Store) hasOrDamaged(id oath.ID) (bool, error) {
	there, err := s.has(id)
	if errors.Is(err, oath.ErrDamaged) {
		return true, nil
	}
	return there, err
}

// Loses reports whether codes are deleted along with the account. inVault says that the
// vault is one of the tokens that lose it.
func (f *Follower) Loses(inVault bool) bool { return f.codes && (f.whole || inVault) }

// Unlock has the vault ask for its key where a new name of the account takes it, since
// the codes name their account. What is wrong with the codes themselves is left to
// Renamed.
func (f *Follower) Unlock() error {
	if !f.codes || !f.whole {
		return nil
	}
	_, err := f.store.Vault.BackupCodes(f.id)
	if errors.Is(err, oath.ErrDamaged) {
		return nil
	}
	return about(f.id, err)
}

// Known returns what the ledger knows of the codes.
func (f *Follower) Known() backup.Record { return f.store.Ledger.Known(f.id).Record }

// Renamed gives the codes the account's new name, after tokens gave it to the account.
// inVault says that the vault is one of them, and has moved its codes already; all says
// that no token failed. The codes stay under the old name if the account does on a token.
func (f *Follower) Renamed(to oath.ID, inVault, all bool) (stay bool, err error) {
	if to == f.id {
		return false, nil
	}
	if !inVault {
		if !all || !f.whole {
			return f.codes || f.known, nil
		}
		if f.codes {
			if err := f.store.Vault.MoveBackupCodes(f.id, to); err != nil {
				return false, fmt.Errorf("its backup codes stay under the name of %w", about(f.id, err))
			}
		}
	}
	if !f.known {
		return false, nil
	}
	return false, f.store.Update(func(l *ledger.Ledger) error { l.Renamed(f.id, to); return nil })
}

// Deleted removes the codes of an account that is gone from every token, and forgets
// those that the vault removed along with it. Its parameters are those of Renamed.
func (f *Follower) Deleted(inVault, all bool) error {
	gone := f.whole && all
	if gone && f.codes && !inVault {
		if err := f.store.Vault.SetBackupCodes(f.id, nil); err != nil {
			return fmt.Errorf("its backup codes are not deleted: %w", err)
		}
	}
	switch {
	case gone && f.known:
		return f.store.Update(func(l *ledger.Ledger) error { l.Deleted(f.id); return nil })
	case !gone && f.codes && inVault:
		return f.store.Update(func(l *ledger.Ledger) error { l.Forgotten(f.id); return nil })
	}
	return nil
}
