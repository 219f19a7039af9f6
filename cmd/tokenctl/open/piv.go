package open

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/vault"
)

var (
	// errNoPIVKey says that no key that opens the vault is plugged in.
	errNoPIVKey = errors.New("no key that opens the vault is plugged in")

	// errNoPIN says that the owner would rather open the vault in another way.
	errNoPIN = errors.New("no PIN was given")

	// errWrongPIN says that the PIN of a YubiKey's PIV applet was wrong.
	errWrongPIN = errors.New("wrong PIV PIN")
)

// A PIVKey is a YubiKey whose PIV applet is in use.
type PIVKey struct {
	*vault.PIV
	reader string
}

// Close releases the key. One that was given its PIN is reset, so that the next program
// does not find it open.
func (k *PIVKey) Close() {
	known := k.PINKnown()
	if err := k.PIV.Close(); !known || errors.Is(err, oath.ErrSilent) {
		return
	}
	f, err := keys.Connect(context.Background(), nil)
	if err != nil {
		return // it is gone
	}
	defer f.Close()
	if card, err := f.Card(k.reader); err == nil {
		card.ResetOnClose()
		card.Close()
	}
}

// findPIV connects to the readers for PIV, which wants a key for itself: the OATH
// applets are released before.
func (v *Vault) findPIV() (*keys.Finder, error) {
	if v.beforePIV != nil {
		v.beforePIV()
	}
	return v.o.connect(v.ctx)
}

// PIV opens the PIV applet of the YubiKey with that serial number, or of the only one
// for 0.
func (v *Vault) PIV(serial uint32) (*PIVKey, error) {
	f, err := v.findPIV()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	k, err := f.OneYubiKey(serial)
	switch {
	case err != nil:
		return nil, err
	case k == nil:
		return nil, vault.ErrNoKey
	}
	return v.openPIV(*k, "to set up a slot")
}

// openPIV opens the PIV applet of a key. The purpose is what its PIN is asked for.
func (v *Vault) openPIV(k keys.YubiKey, purpose string) (*PIVKey, error) {
	applet, err := vault.OpenPIV(k.Reader, vault.PIVOptions{
		Answer: func(call func() error, silent error, late func()) error {
			return pcsc.Answer(call, fmt.Errorf("%s: %w", k.Name(), silent), late)
		},
		PIN: func(tries int) (string, error) { return v.askPIN(k.Serial, purpose, tries) },
		Touch: func() func() {
			done := v.o.awaitTouch(k.Reader, TouchNotice)
			return func() { done() }
		},
	})
	if err != nil {
		return nil, err
	}
	return &PIVKey{applet, k.Reader}, nil
}

// unlockWithPIV opens the vault by the PIV slot of a key that is plugged in, which is
// one of the ways in. It returns errNoPIVKey if there is none. A wrong PIN may be
// corrected at the terminal.
func (v *Vault) unlockWithPIV(ways []vault.Way) error {
	f, err := v.findPIV()
	if err != nil {
		return fmt.Errorf("%w: %w", errNoPIVKey, err)
	}
	defer f.Close()
	found, err := f.YubiKeys(func(serial uint32) bool {
		return slices.ContainsFunc(ways, func(w vault.Way) bool { return !w.IsPassphrase() && w.Serial == serial })
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errNoPIVKey, err)
	case len(found) == 0:
		return errNoPIVKey
	}
	k, err := v.openPIV(found[0], "to open the vault")
	if err != nil {
		return err
	}
	defer k.Close()
	for {
		err := WrongPIN(v.UnlockWithPIV(k.PIV))
		if !errors.Is(err, errWrongPIN) || v.options.PIN.IsGiven() {
			return err
		}
		v.o.Terminal.Show("That did not work: %v.", err)
	}
}

// WrongPIN makes one error of those that say that a PIN was wrong.
func WrongPIN(err error) error {
	var wrong *vault.PINError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%w, tries left: %d", errWrongPIN, wrong.Tries)
	case errors.Is(err, vault.ErrMalformedPIN):
		return fmt.Errorf("%w, and not tried: %w", errWrongPIN, err)
	}
	return err
}

// IsWithoutPIN reports whether the PIN was wanted, and nobody gave it.
func IsWithoutPIN(err error) bool { return errors.Is(err, errNoPIN) || errors.Is(err, oath.ErrLocked) }

func (v *Vault) askPIN(serial uint32, purpose string, tries int) (string, error) {
	if v.options.PIN.IsGiven() {
		return v.options.PIN.Read(v.ctx)
	}
	left := ""
	switch {
	case tries == 1:
		left = ", the last try"
	case tries > 1:
		left = fmt.Sprintf(", %d tries left", tries)
	}
	pin, err := v.o.Terminal.AskSecret(fmt.Sprintf("PIV PIN of YubiKey %d, %s%s (empty for another way)", serial, purpose, left))
	switch {
	case errors.Is(err, term.ErrNoTerminal):
		return "", oath.ErrLocked
	case err == nil && pin == "":
		return "", errNoPIN
	}
	return pin, err
}
