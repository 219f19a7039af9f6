package main

import (
	"context"
	"errors"
	"slices"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// lacksVault reports whether a vault is wanted and there is none.
func (o restoreOptions) lacksVault() (bool, error) {
	if o.tokens.vault.none || o.tokens.namesKey() || len(o.to) > 0 && !slices.Contains(o.to, vaultName) {
		return false, nil
	}
	dir, err := o.tokens.vault.folder()
	if err != nil {
		return false, err
	}
	v, err := vault.Open(dir, vault.Options{})
	if err == nil {
		v.Close()
	}
	return errors.Is(err, vault.ErrNoVault), nil
}

// restoreVault makes a vault where there is none and its owner wants one, with the
// key that is on the sheet. It returns the key of the vault that it made.
func (p *program) restoreVault(ctx context.Context, c sheet.Contents, o restoreOptions) (key string, err error) {
	lacks, err := o.lacksVault()
	if err != nil || !lacks {
		return "", err
	}
	if !o.newPassphrase.isGiven() {
		err := p.offerVault(ctx, c, o)
		if errors.Is(err, errDeclined) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
	}
	v, err := p.makeVault(ctx, vaultInitOptions{
		dir: o.tokens.vault.dir, newPassphrase: o.newPassphrase, yes: o.yes, identity: c.VaultKey,
	})
	if err != nil {
		return "", err
	}
	defer v.close()
	p.note("The vault is in %s.", printable(v.Dir()))
	return v.Identity()
}

// offerVault asks whether to make a vault, if there is something to put there that
// has no other place. It returns errDeclined if none is to be made.
func (p *program) offerVault(ctx context.Context, c sheet.Contents, o restoreOptions) error {
	switch {
	case c.VaultKey == "" && len(c.Codes) == 0 && p.seesKey(ctx):
		return errDeclined
	case p.terminal == nil || o.yes:
		p.note("There is no vault here, and none is made without a new passphrase: --new-passphrase-file")
		return errDeclined
	}
	return p.terminal.confirm(false, "There is no vault here. Make one, %s?", withKey(c))
}

// seesKey reports whether a key is plugged in.
func (p *program) seesKey(ctx context.Context) bool {
	f, err := p.newFinder(ctx)
	if err != nil {
		return false
	}
	defer f.close()
	_, err = f.occupied("")
	return err == nil
}

// withKey tells what key a vault would be made with.
func withKey(c sheet.Contents) string {
	if c.VaultKey == "" {
		return "with a new key"
	}
	return "with the key on the sheet, which then goes on opening it"
}

// unlockByPaper opens the vault with what was given, or with a key that is known:
// of the vault that was just made, or on the sheet, if that is the vault's.
func (t *tokens) unlockByPaper(keys ...string) error {
	if err := t.unlockVault(); err != nil {
		return err
	}
	for _, key := range keys {
		if t.vault == nil || key == "" || !t.vault.Locked() {
			continue
		}
		if err := t.vault.UnlockWithIdentity(key); err != nil && !errors.Is(err, vault.ErrWrongKey) {
			return err
		}
	}
	return nil
}

// hasVault reports whether the vault is one of the tokens that were chosen.
func (t *tokens) hasVault() bool {
	return t.vault != nil && slices.ContainsFunc(t.Fleet, func(m *fleet.Member) bool { return m.Name == vaultName })
}
