package main

import (
	"errors"

	"github.com/tokenctl/tokenctl/oath"
)

// unlock opens the vault, with what was given or what its owner is asked for.
func (v *vaultToken) unlock() error {
	v.recall()
	if !v.Vault.Locked() {
		return nil
	}
	switch o := v.options; {
	case o.keyFile != "":
		identity, err := passwordSource{file: o.keyFile}.read(v.ctx)
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
	return v.unlockAsking()
}

func (v *vaultToken) unlockWith(passphrase string) error {
	err := v.UnlockWithPassphrase(passphrase)
	if errors.Is(err, oath.ErrWrongPassword) {
		return errWrongPassphrase
	}
	return err
}

func (v *vaultToken) unlockAsking() error {
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
