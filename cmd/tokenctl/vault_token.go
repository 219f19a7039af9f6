package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// vaultOptions choose a vault and open it.
type vaultOptions struct {
	dir        string
	none       bool
	passphrase passwordSource
	pin        passwordSource // of a YubiKey's PIV applet
	keyFile    string         // of the vault's own key, as it is on paper
}

func (o *vaultOptions) addFlags(c *cobra.Command) {
	o.addChoice(c)
	o.passphrase.addFlags(c, "passphrase", "the vault's passphrase")
	o.pin.addFlags(c, "pin", "the PIV PIN of a YubiKey that opens the vault")
	c.Flags().StringVar(&o.keyFile, "vault-key-file", "", "open the vault with its own key, AGE-SECRET-KEY-1..., from the first line of `FILE`")
	c.MarkFlagsMutuallyExclusive("vault-key-file", "passphrase-file")
	c.MarkFlagsMutuallyExclusive("vault-key-file", "passphrase-command")
}

func (o *vaultOptions) addChoice(c *cobra.Command) {
	c.Flags().StringVar(&o.dir, "vault", "", "use the vault in `DIR` (default $TOKENCTL_VAULT, or else tokenctl/vault among your data)")
	c.MarkFlagDirname("vault")
}

// folder returns where the vault is, or is to be.
func (o vaultOptions) folder() (string, error) {
	for _, dir := range []string{o.dir, os.Getenv("TOKENCTL_VAULT")} {
		if dir != "" {
			return filepath.Abs(dir)
		}
	}
	data, err := userFolder("XDG_DATA_HOME", ".local/share")
	return filepath.Join(data, "tokenctl", "vault"), err
}

// userFolder returns one of the folders of the XDG Base Directory Specification.
// Windows has one place for all of them.
func userFolder(variable, fallback string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		return os.UserCacheDir() // %LocalAppData%
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, fallback), err
}

// A vaultToken is a vault that asks its owner for what opens it, and tells what it
// noticed.
type vaultToken struct {
	*vault.Vault
	p       *program
	ctx     context.Context
	options vaultOptions
	known   knownFile
	before  func() // lets go of the keys, whose PIV applet may be needed
}

// workFactor makes passphrases costly to guess; see vault.Options. Only tests make
// it less.
var workFactor = vault.DefaultWorkFactor

// openVault opens the vault that the options choose, locked.
func (p *program) openVault(ctx context.Context, o vaultOptions) (*vaultToken, error) {
	dir, err := o.folder()
	if err != nil {
		return nil, err
	}
	known, err := readKnown(dir)
	if err != nil {
		return nil, err
	}
	v := &vaultToken{p: p, ctx: ctx, options: o, known: known}
	v.Vault, err = vault.Open(dir, vault.Options{
		Known: known.Known, WorkFactor: workFactor, Git: runGit(ctx), Unlock: v.unlockOrAsk, Warn: p.notCommitted,
	})
	if errors.Is(err, vault.ErrNoVault) && known.Recipients != "" {
		return nil, fmt.Errorf("%w: this machine knows one in %s", errVaultGone, printable(dir))
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// isGiven reports whether nobody need be asked for what opens the vault.
func (o vaultOptions) isGiven() bool { return o.keyFile != "" || o.passphrase.isGiven() }

// addVault adds the vault, if there is one. It returns an error if there is none
// where an option or the environment says so.
func (p *program) addVault(ctx context.Context, t *tokens, o vaultOptions) error {
	v, err := p.openVault(ctx, o)
	switch {
	case errors.Is(err, vault.ErrNoVault) && o.dir == "" && os.Getenv("TOKENCTL_VAULT") == "":
		return nil
	case errors.Is(err, vault.ErrNoVault):
		return err
	case err != nil:
		t.addBroken(vaultName, err)
		return nil
	}
	v.before = t.releaseKeys
	t.vault = v
	t.Fleet = append(t.Fleet, &fleet.Member{Name: vaultName, Open: func() (oath.Token, error) { return v, nil }})
	return nil
}

// vaultName is what the vault is called in reports, and by --to.
const vaultName = "vault"

// close closes the vault, and keeps what this machine now knows of it.
func (v *vaultToken) close() {
	for _, older := range v.Older() {
		v.p.note("The counter of %s was put back from %d to %d; is the vault an older copy?",
			printable(string(older.ID)), older.Known, older.Found)
	}
	if err := v.known.save(v.Known()); err != nil {
		v.p.note("tokenctl: %v", err)
	}
	v.Close()
}

// unlockOrAsk is the vault's hook: the system's keyring opens it quietly, and its
// owner is asked if that is not enough.
func (v *vaultToken) unlockOrAsk(_ *vault.Vault, ask bool) error {
	if ask {
		return v.unlock()
	}
	identity, found := recallVault(v.Known().Recipients, v.p.now())
	if !found {
		return oath.ErrLocked
	}
	return v.UnlockWithIdentity(identity)
}

// notCommitted tells the owner of a change that git did not take. It was made.
func (p *program) notCommitted(err error) { p.note("tokenctl: %v", err) }
