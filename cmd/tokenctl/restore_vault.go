package main

import (
	"context"
	"errors"
	"slices"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// lacksVault reports whether a vault is wanted and there is none.
func (o restoreOptions) lacksVault() (bool, error) {
	if o.tokens.Vault.None || o.tokens.NamesKey() || len(o.to) > 0 && !slices.Contains(o.to, fleet.VaultName) {
		return false, nil
	}
	dir, err := o.tokens.Vault.Folder()
	if err != nil {
		return false, err
	}
	there, err := open.HasVault(dir)
	return !there && err == nil, nil // whatever is wrong with a vault shows when it is opened
}

// withKey says what key a vault would be made with.
func withKey(c sheet.Contents) string {
	if c.VaultKey == "" {
		return "with a new key"
	}
	return "with the key on the sheet, which then still opens it"
}

// wantsVault reports whether there is no vault, and its owner wants one.
func (p *program) wantsVault(ctx context.Context, c sheet.Contents, o restoreOptions) (bool, error) {
	lacks, err := o.lacksVault()
	switch {
	case err != nil || !lacks || o.newPassphrase.IsGiven():
		return lacks, err
	case c.VaultKey == "" && len(c.Codes) == 0 && p.seesKey(ctx):
		return false, nil // nothing to put there that has no other place
	case p.Terminal == nil || o.yes:
		p.Note("There is no vault here, and none is made without a new passphrase: --new-passphrase-file")
		return false, nil
	}
	err = p.Terminal.Agree(false, "There is no vault here. Make one, %s?", withKey(c))
	if errors.Is(err, term.ErrDeclined) {
		return false, nil
	}
	return err == nil, err
}

// restoreVault makes a vault with the key that is on the sheet, and returns its key.
func (p *program) restoreVault(ctx context.Context, c sheet.Contents, o restoreOptions) (key string, err error) {
	v, err := p.open.CreateVault(ctx, open.NewVault{
		Dir: o.tokens.Vault.Dir, Password: o.newPassphrase, Yes: o.yes, Identity: c.VaultKey,
	})
	if err != nil {
		return "", err
	}
	defer v.Close()
	p.Note("The vault is in %s.", term.Printable(v.Dir()))
	return v.Identity()
}

// seesKey reports whether a key is plugged in.
func (p *program) seesKey(ctx context.Context) bool {
	f, err := keys.Connect(ctx, p.random)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Readers("")
	return err == nil
}

// unlockRestored opens the vault with what was given, or with a key that is known:
// of the vault that was just made, or on the sheet, if that is the vault's. What the
// sheet opens gets a new passphrase, if one is given: the old one may be forgotten. If
// there is nothing else on the sheet, that is what it was read for.
func (p *program) unlockRestored(ctx context.Context, t *open.Tokens, made string, c sheet.Contents, o restoreOptions) error {
	if err := t.UnlockVault(); err != nil || t.Vault == nil {
		return err
	}
	switch {
	case made != "":
		return t.Vault.UnlockWithIdentity(made)
	case !t.HasVault() || c.VaultKey == "" && !o.newPassphrase.IsGiven():
		return nil
	case c.VaultKey == "":
		return errNoKeyOfVault
	}
	locked := t.Vault.Locked()
	err := t.Vault.UnlockWithIdentity(c.VaultKey)
	if errors.Is(err, vault.ErrWrongKey) {
		if o.newPassphrase.IsGiven() {
			return errNoKeyOfVault
		}
		if !t.Vault.Known().Proved { // the sheet is all that is known of the vault
			return t.Vault.Expect(c.VaultKey)
		}
		return nil // of another vault, or of this one before it had a new key
	}
	if err == nil { // so that it is on no key either, if the vault must not be written to
		err = t.Vault.Expect(c.VaultKey)
	}
	if err != nil || !locked && !o.newPassphrase.IsGiven() {
		return err
	}
	if !o.newPassphrase.IsGiven() {
		p.Note("The key on the sheet opens the vault.")
		if len(c.Accounts) > 0 || len(c.Codes) > 0 || p.Terminal == nil || o.yes {
			return nil
		}
		err := p.Terminal.Agree(false, "Set a new passphrase?")
		if errors.Is(err, term.ErrDeclined) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	passphrase, err := p.open.NewPassphrase(ctx, "the vault", o.newPassphrase, o.yes)
	if err != nil {
		return err
	}
	if err := t.Vault.SetPassphrase(passphrase); err != nil {
		return err
	}
	p.Note("The vault has a new passphrase.")
	return nil
}

// restoresToKey reports whether a key is among what a sheet is restored to.
func (p *program) restoresToKey(ctx context.Context, o restoreOptions) bool {
	if len(o.to) > 0 {
		return slices.ContainsFunc(o.to, func(name string) bool { return name != fleet.VaultName })
	}
	return !o.tokens.NoKeys && p.seesKey(ctx)
}
