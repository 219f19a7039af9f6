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

// unlockRestored opens the vault with what was given, or with a key that is known:
// of the vault that was just made, or on the sheet, if that is the vault's.
func (p *program) unlockRestored(ctx context.Context, t *tokens, made string, c sheet.Contents, o restoreOptions) error {
	if err := t.unlockVault(); err != nil || t.vault == nil {
		return err
	}
	switch {
	case made != "":
		return t.vault.UnlockWithIdentity(made)
	case c.VaultKey == "" || !t.hasVault():
		return nil
	}
	locked := t.vault.Locked()
	err := t.vault.UnlockWithIdentity(c.VaultKey)
	if errors.Is(err, vault.ErrWrongKey) {
		return nil // of another vault, or of this one before it had a new key
	}
	if err != nil || !locked && !o.newPassphrase.isGiven() {
		return err
	}
	return p.renewPassphrase(ctx, t.vault, c, o)
}

// renewPassphrase gives a vault that the sheet opens a new passphrase, if one is
// given: the old one may be forgotten. If there is nothing else on the sheet, that
// is what it was read for.
func (p *program) renewPassphrase(ctx context.Context, v *vaultToken, c sheet.Contents, o restoreOptions) error {
	if !o.newPassphrase.isGiven() {
		p.note("The key on the sheet opens the vault.")
		nothingElse := len(c.Accounts) == 0 && len(c.Codes) == 0
		if !nothingElse || p.terminal == nil || o.yes {
			return nil
		}
		err := p.terminal.confirm(false, "Set a new passphrase?")
		if errors.Is(err, errDeclined) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	passphrase, err := p.newPassphrase(ctx, o.newPassphrase, o.yes)
	if err != nil {
		return err
	}
	if err := v.SetPassphrase(passphrase); err != nil {
		return err
	}
	p.note("The vault has a new passphrase.")
	return nil
}

// hasVault reports whether the vault is one of the tokens that were chosen.
func (t *tokens) hasVault() bool {
	return t.vault != nil && slices.ContainsFunc(t.Fleet, func(m *fleet.Member) bool { return m.Name == vaultName })
}
