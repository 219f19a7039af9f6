package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
)

// ledgerPath returns where the ledger of backup codes is, or is to be.
func ledgerPath() (string, error) {
	if path := os.Getenv("TOKENCTL_LEDGER"); path != "" {
		return filepath.Abs(path)
	}
	data, err := userFolder("XDG_DATA_HOME", ".local/share")
	return filepath.Join(data, "tokenctl", "ledger.json"), err
}

// errLedger says that the ledger is there and cannot be used.
var errLedger = errors.New("the ledger of backup codes cannot be used")

// readLedger returns the ledger, which is empty if there is none.
func readLedger() (*ledger.Ledger, error) {
	path, err := ledgerPath()
	if err != nil {
		return nil, err
	}
	l, err := ledger.Read(path)
	return l, ledgerError(err)
}

// updateLedger changes the ledger, one process at a time.
func updateLedger(change func(*ledger.Ledger) error) error {
	path, err := ledgerPath()
	if err != nil {
		return err
	}
	var declined error
	err = ledger.Update(path, func(l *ledger.Ledger) error {
		declined = change(l)
		return declined
	})
	if declined != nil {
		return declined
	}
	return ledgerError(err)
}

func ledgerError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, backup.ErrDamaged), errors.Is(err, backup.ErrNewer):
		return fmt.Errorf("%w: %w", errLedger, err)
	}
	return fmt.Errorf("the ledger of backup codes: %w", err)
}
