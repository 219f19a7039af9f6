package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/tokenctl/tokenctl/oath"
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

// unlockWithPIV opens the vault by the PIV slot of a key that is plugged in. It
// returns errNoPIVKey if there is none.
func (v *vaultToken) unlockWithPIV() error {
	ways, err := v.Ways()
	if err != nil {
		return err
	}
	failure := errNoPIVKey
	for _, w := range ways {
		if w.IsPassphrase() {
			continue
		}
		notice := v.p.touchNotice()
		k, err := v.openPIV(w.Serial, notice)
		if err == nil {
			err = v.tryPIV(k, notice)
			k.Close()
			return err
		}
		if !errors.Is(err, vault.ErrNoKey) {
			failure = fmt.Errorf("%w: %w", errNoPIVKey, err)
		}
	}
	return failure
}

// openPIV opens the PIV applet of a key that is plugged in: the one with that
// serial number, or the only one for 0. The OATH applets are let go of before,
// for it wants the key for itself.
func (v *vaultToken) openPIV(serial uint32, notice *time.Timer) (*vault.PIV, error) {
	if v.before != nil {
		v.before()
	}
	return vault.OpenPIV(serial, vault.PIVOptions{PIN: func(tries int) (string, error) {
		notice.Stop()
		defer notice.Reset(touchNotice)
		return v.askPIN(serial, tries)
	}})
}

// tryPIV opens the vault by the key. A wrong PIN may be corrected at the terminal.
func (v *vaultToken) tryPIV(k *vault.PIV, notice *time.Timer) error {
	for {
		notice.Reset(touchNotice)
		err := v.UnlockWithPIV(k)
		notice.Stop()
		var wrong *vault.PINError
		if !errors.As(err, &wrong) {
			return err
		}
		if v.options.pin.isGiven() || v.p.terminal == nil {
			return fmt.Errorf("%w, tries left: %d", errWrongPIN, wrong.Tries)
		}
		v.p.terminal.tell("That is the %v.", wrong)
	}
}

// touchNotice returns a stopped timer that asks for a touch when it fires.
func (p *program) touchNotice() *time.Timer {
	timer := time.AfterFunc(time.Hour, func() { p.note("Touch the key, please.") })
	timer.Stop()
	return timer
}

func (v *vaultToken) askPIN(serial uint32, tries int) (string, error) {
	if v.options.pin.isGiven() {
		return v.options.pin.read(v.ctx)
	}
	pin, err := v.p.terminal.askSecret(fmt.Sprintf("PIN of the YubiKey%s, %d tries left (empty for another way)", named(serial), tries))
	switch {
	case errors.Is(err, errNoTerminal):
		return "", oath.ErrLocked
	case err == nil && pin == "":
		return "", errNoPIN
	}
	return pin, err
}

// named returns a serial number to stand after a word, and nothing for none.
func named(serial uint32) string {
	if serial == 0 {
		return ""
	}
	return fmt.Sprintf(" %d", serial)
}
