package open

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// A Store is the store of backup codes, with a vault that is its own to close.
type Store struct {
	*store.Store
	vault *Vault // nil if there is none
}

// Close closes the vault.
func (s *Store) Close() {
	if s.vault != nil {
		s.vault.Close()
	}
}

// Locked reports whether there is a vault, and it is locked.
func (s *Store) Locked() bool { return s.vault != nil && s.vault.Locked() }

// Ready reports whether there is a vault, and it can be read without asking anybody.
func (s *Store) Ready() bool {
	return s.vault != nil && (!s.vault.Locked() || s.vault.options.isGiven())
}

// Store opens the vault that the options choose, if there is one, and reads the ledger.
func (o *Opener) Store(ctx context.Context, options VaultOptions) (*Store, error) {
	s, err := o.newStore()
	if err != nil || options.None {
		return &Store{s, nil}, err
	}
	v, err := o.Vault(ctx, options)
	switch {
	case errors.Is(err, vault.ErrNoVault) && !options.isNamed():
		return &Store{s, nil}, nil
	case err != nil:
		return nil, err
	}
	s.Vault = v
	return &Store{s, v}, nil
}

// StoreOf reads the ledger, for the vault among the tokens.
func (o *Opener) StoreOf(t *Tokens) (*store.Store, error) {
	s, err := o.newStore()
	if err == nil && t.Vault != nil {
		s.Vault = t.Vault
	}
	return s, err
}

func (o *Opener) newStore() (*store.Store, error) {
	path, err := LedgerPath()
	if err != nil {
		return nil, err
	}
	warn := func(err error) { o.Report(err) }
	return store.New(path, sync.OnceValue(o.Services), warn), nil
}

// LedgerPath returns where the ledger of backup codes is, or will be.
func LedgerPath() (string, error) {
	if path := os.Getenv("TOKENCTL_LEDGER"); path != "" {
		return filepath.Abs(path)
	}
	data, err := userFolder("XDG_DATA_HOME", ".local/share")
	return filepath.Join(data, "tokenctl", "ledger.json"), err
}

// Services returns what is known of services: what the user's own file says, and then
// what comes with the program. A file that cannot be read is reported, and no more.
func (o *Opener) Services() services.Catalog {
	known := services.Known()
	own, err := ownServices()
	if err != nil {
		o.Report(err)
		return known
	}
	return own.Before(known)
}

func ownServices() (own services.Catalog, err error) {
	config, err := configFolder()
	if err != nil {
		return own, err
	}
	path := filepath.Join(config, "services.tsv")
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return own, nil
	}
	if err != nil {
		return own, fmt.Errorf("reading what is known of services: %w", err)
	}
	defer file.Close()
	if own, err = services.Read(file); err != nil {
		return own, fmt.Errorf("reading %s: %w", term.Printable(path), err)
	}
	return own, nil
}
