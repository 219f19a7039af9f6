package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

var (
	// errNoPIVKey says that no key that opens the vault is plugged in.
	errNoPIVKey = errors.New("no key that opens the vault is plugged in")

	// errNoPIN says that the owner would rather open the vault in another way.
	errNoPIN = errors.New("no PIN was given")

	// errWrongPIN says that the PIN of a YubiKey's PIV applet was wrong.
	errWrongPIN = errors.New("wrong PIV PIN")
)

// A pivKey is a YubiKey whose PIV applet is in use.
type pivKey struct {
	*vault.PIV
	reader string
}

// close lets go of the key. One that was told its PIN is reset, so that it is not
// found open.
func (k *pivKey) close() {
	known := k.PINKnown()
	k.PIV.Close()
	if !known {
		return
	}
	service, err := pcsc.Connect()
	if err != nil {
		return // it is gone
	}
	defer service.Close()
	if card, err := (finder{ctx: context.Background(), service: service}).card(k.reader); err == nil {
		card.Close(true)
	}
}

// unlockWithPIV opens the vault by the PIV slot of a key that is plugged in. It
// returns errNoPIVKey if there is none.
func (v *vaultToken) unlockWithPIV() error {
	ways, err := v.Ways()
	if err != nil {
		return err
	}
	keys, err := v.plugged(func(serial uint32) bool {
		return slices.ContainsFunc(ways, func(w vault.Way) bool { return !w.IsPassphrase() && w.Serial == serial })
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errNoPIVKey, err)
	case len(keys) == 0:
		return errNoPIVKey
	}
	k, err := v.openPIV(keys[0])
	if err != nil {
		return err
	}
	defer k.close()
	return v.tryPIV(k)
}

// A pluggedKey is a YubiKey in a reader.
type pluggedKey struct {
	reader string
	serial uint32
}

func (k pluggedKey) name() string { return fmt.Sprintf("key:%d", k.serial) }

// plugged returns the YubiKeys that are wanted, by their serial numbers. A reader
// that cannot be reached is of interest only if no other has one. The OATH applets
// are let go of before, for PIV wants the key for itself.
func (v *vaultToken) plugged(wanted func(serial uint32) bool) ([]pluggedKey, error) {
	if v.before != nil {
		v.before()
	}
	f, err := v.p.newFinder(v.ctx)
	if err != nil {
		return nil, err
	}
	defer f.close()
	readers, err := f.occupied("")
	if err != nil {
		return nil, err
	}
	var keys []pluggedKey
	var unreached error
	for _, reader := range readers {
		card, err := f.card(reader)
		if err != nil {
			unreached = err
			continue
		}
		device, err := ykoath.ReadDevice(card)
		card.Close(false)
		if err == nil && wanted(device.Serial) {
			keys = append(keys, pluggedKey{reader, device.Serial})
		}
	}
	if len(keys) > 0 {
		return keys, nil
	}
	return nil, unreached
}

// onlyPlugged returns the YubiKey with that serial number, or the only one for 0.
func (v *vaultToken) onlyPlugged(serial uint32) (pluggedKey, error) {
	keys, err := v.plugged(func(s uint32) bool { return serial == 0 || s == serial })
	switch {
	case err != nil:
		return pluggedKey{}, err
	case len(keys) == 0 && serial != 0:
		return pluggedKey{}, fmt.Errorf("%w: none has the serial number %d", errNoSuchKey, serial)
	case len(keys) == 0:
		return pluggedKey{}, vault.ErrNoKey
	case len(keys) > 1:
		return pluggedKey{}, fmt.Errorf("%w: %s, %s", errSeveralKeys, keys[0].name(), keys[1].name())
	}
	return keys[0], nil
}

// openPIV opens the PIV applet of a key.
func (v *vaultToken) openPIV(k pluggedKey) (*pivKey, error) {
	applet, err := vault.OpenPIV(k.reader, vault.PIVOptions{
		PIN:   func(tries int) (string, error) { return v.askPIN(k.serial, tries) },
		Touch: v.p.awaitTouch,
	})
	if err != nil {
		return nil, err
	}
	return &pivKey{applet, k.reader}, nil
}

// tryPIV opens the vault by the key. A wrong PIN may be corrected at the terminal.
func (v *vaultToken) tryPIV(k *pivKey) error {
	for {
		err := wrongPIN(v.UnlockWithPIV(k.PIV))
		if !errors.Is(err, errWrongPIN) || v.options.pin.isGiven() {
			return err
		}
		v.p.terminal.tell("That is not it: %v.", err)
	}
}

// wrongPIN makes errWrongPIN of the errors that say so of a PIN.
func wrongPIN(err error) error {
	var wrong *vault.PINError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%w, tries left: %d", errWrongPIN, wrong.Tries)
	case errors.Is(err, vault.ErrMalformedPIN):
		return fmt.Errorf("%w, and not tried: %w", errWrongPIN, err)
	}
	return err
}

func (v *vaultToken) askPIN(serial uint32, tries int) (string, error) {
	if v.options.pin.isGiven() {
		return v.options.pin.read(v.ctx)
	}
	pin, err := v.p.terminal.askSecret(fmt.Sprintf("PIN of the YubiKey %d%s (empty for another way)", serial, left(tries)))
	switch {
	case errors.Is(err, errNoTerminal):
		return "", oath.ErrLocked
	case err == nil && pin == "":
		return "", errNoPIN
	}
	return pin, err
}

// left says how many tries are left, if that is known.
func left(tries int) string {
	switch tries {
	case 0:
		return ""
	case 1:
		return ", the last try"
	}
	return fmt.Sprintf(", %d tries left", tries)
}
