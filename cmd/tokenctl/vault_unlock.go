package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/vault"
)

// unlock opens the vault, with what was given or what its owner is asked for.
func (v *vaultToken) unlock() error {
	if !v.Locked() {
		return nil
	}
	switch o := v.options; {
	case o.keyFile != "":
		identity, err := readIdentity(o.keyFile)
		if err != nil {
			return err
		}
		return v.UnlockWithIdentity(identity)
	case o.passphrase.isGiven():
		passphrase, err := o.passphrase.read(v.ctx)
		if err != nil {
			return err
		}
		return v.unlockWith(passphrase)
	}
	if done, err := v.unlockWithKey(); done || err != nil {
		return err
	}
	return v.unlockAsking()
}

// unlockWithKey opens the vault by a YubiKey, if one that can is plugged in, and
// its owner has the PIN at hand.
func (v *vaultToken) unlockWithKey() (done bool, err error) {
	ways, err := v.Ways()
	if err != nil || !slices.ContainsFunc(ways, func(w vault.Way) bool { return !w.IsPassphrase() }) {
		return false, err
	}
	err = v.unlockWithPIV()
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errNoPIN):
		return false, nil
	case v.options.pin.isGiven():
		return false, err
	}
	for _, of := range []error{pcsc.ErrBusy, vault.ErrKeyBusy, vault.ErrNoKey, vault.ErrPINBlocked, vault.ErrWrongSlot} {
		if errors.Is(err, of) && v.p.terminal != nil {
			v.p.terminal.tell("%v", err)
			return false, nil
		}
	}
	return false, absent(err)
}

// absent is nil for the error that says no more than that the key is not there.
func absent(err error) error {
	if errors.Is(err, errNoPIVKey) && !errors.Is(err, pcsc.ErrBusy) {
		return nil
	}
	return err
}

func (v *vaultToken) unlockWith(passphrase string) error {
	err := v.UnlockWithPassphrase(passphrase)
	if errors.Is(err, oath.ErrWrongPassword) {
		return errWrongPassphrase
	}
	return err
}

func (v *vaultToken) unlockAsking() error {
	ways, err := v.Ways()
	if err != nil {
		return err
	}
	if len(ways) == 0 {
		return errSealed
	}
	if !slices.ContainsFunc(ways, vault.Way.IsPassphrase) {
		return fmt.Errorf("no passphrase opens it: %w", vault.ErrNoWay)
	}
	terminal := v.p.terminal
	for try := 1; ; try++ {
		passphrase, err := terminal.askSecret("Passphrase of the vault")
		if errors.Is(err, errNoTerminal) {
			return oath.ErrLocked
		}
		if err != nil {
			return err
		}
		err = v.unlockWith(passphrase)
		if !errors.Is(err, errWrongPassphrase) || try == passwordTries {
			return err
		}
		terminal.tell("That is not it.")
	}
}

// readIdentity returns the vault's key in a file: the first line that is not empty
// and no comment, as in age's own files.
func readIdentity(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the vault's key: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line, nil
		}
	}
	return "", fmt.Errorf("reading the vault's key: %w", vault.ErrMalformedKey)
}
