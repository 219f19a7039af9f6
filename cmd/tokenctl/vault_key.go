package main

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/vault"
)

type addKeyOptions struct {
	vault         open.VaultOptions
	serial        uint32
	slot          string
	take          bool
	pinPolicy     string
	touchPolicy   string
	managementKey open.Password
	unattested    bool
	yes           bool
}

func newVaultAddKeyCommand(p *program) *cobra.Command {
	var o addKeyOptions
	c := &cobra.Command{
		Use:   "add-key",
		Short: "Open the vault with a YubiKey's PIV slot as well",
		Long: "Add-key makes a P-256 key in a free PIV slot of the YubiKey, or takes one that is\n" +
			"there, and opens the vault to it: with the PIV PIN, and a touch. The key is made\n" +
			"inside the YubiKey and cannot leave it. A slot in use is never overwritten.\n\n" +
			"Yubico vouches for that by a certificate. Where none does, as with a key that was\n" +
			"brought in from outside, or a device that only looks like a YubiKey, whoever has a\n" +
			"copy could open the vault: add-key says so and asks, even with --yes; without a\n" +
			"terminal, --unattested agrees.\n\n" +
			"Without --slot, the first free one of the retired slots, 82 to 95, is used, which\n" +
			"no other program uses.",
		Example: "  tokenctl vault add-key\n  tokenctl vault add-key --device 12345678 --slot 9d --take",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withOpenVault(c.Context(), o.vault, func(v *open.Vault) error {
				return p.addPIVKey(c.Context(), v, o)
			})
		},
	}
	o.vault.AddFlags(c)
	f := c.Flags()
	f.Uint32Var(&o.serial, "device", 0, "use the key with this `SERIAL` number")
	f.StringVar(&o.slot, "slot", "", "use this PIV `SLOT`: 9a, 9c, 9d, 9e, or 82 to 95")
	f.BoolVar(&o.take, "take", false, "take the P-256 key that is in the slot")
	f.StringVar(&o.pinPolicy, "pin-policy", "once", "ask for the PIN `WHEN`: once, always or never")
	f.StringVar(&o.touchPolicy, "touch-policy", "cached", "ask for a touch `WHEN`: cached, always or never")
	o.managementKey.AddFlags(c, "management-key", "the PIV management key, in hexadecimal,")
	f.BoolVar(&o.unattested, "unattested", false, "do not ask where no certificate of Yubico's vouches for the key")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask for the rest")
	return c
}

func (p *program) addPIVKey(ctx context.Context, v *open.Vault, o addKeyOptions) error {
	policies, err := o.policies()
	if err != nil {
		return err
	}
	k, err := v.PIV(o.serial)
	if err != nil {
		return err
	}
	defer k.Close()
	slot, err := p.slotFor(ctx, k.PIV, o, policies)
	if err != nil {
		return err
	}
	recipient, err := vault.SlotRecipient(slot.PublicKey())
	if err != nil {
		return err
	}
	if err := p.confirmKey(k.PIV, slot, o); err != nil {
		return err
	}
	if err := v.AddKey(k.Serial(), recipient); err != nil {
		return err
	}
	p.Note("Slot %v of the YubiKey %d opens the vault.", slot.ID, k.Serial())
	return nil
}

// slotFor returns the slot that is to open the vault, with a new key or the one
// that is there.
func (p *program) slotFor(ctx context.Context, k *vault.PIV, o addKeyOptions, policies vault.NewSlot) (*vault.Slot, error) {
	id, err := o.chooseSlot(k)
	if err != nil {
		return nil, err
	}
	if o.take {
		return k.Take(id)
	}
	if err := p.Terminal.Agree(o.yes, "Make a key in slot %v of YubiKey %d, to open the vault?", id, k.Serial()); err != nil {
		return nil, err
	}
	if policies.ManagementKey, err = o.readManagementKey(ctx); err != nil {
		return nil, err
	}
	slot, err := k.Make(id, policies)
	if open.IsWithoutPIN(err) {
		err = vault.ErrManagementKey // which may be behind the PIN that nobody gave
	}
	return slot, open.WrongPIN(err)
}

func (o addKeyOptions) policies() (policies vault.NewSlot, err error) {
	pin := map[string]vault.PINPolicy{"once": vault.PINOnce, "always": vault.PINAlways, "never": vault.PINNever}
	touch := map[string]vault.TouchPolicy{"cached": vault.TouchCached, "always": vault.TouchAlways, "never": vault.TouchNever}
	var known bool
	if policies.PIN, known = pin[o.pinPolicy]; !known {
		return policies, term.Usagef("--pin-policy %q must be one of once, always, never", o.pinPolicy)
	}
	if policies.Touch, known = touch[o.touchPolicy]; !known {
		return policies, term.Usagef("--touch-policy %q must be one of cached, always, never", o.touchPolicy)
	}
	return policies, nil
}

func (o addKeyOptions) chooseSlot(k *vault.PIV) (vault.SlotID, error) {
	switch {
	case o.slot != "":
		slot, err := vault.ParseSlotID(o.slot)
		if err != nil {
			return 0, term.Usage(err)
		}
		return slot, nil
	case o.take:
		return 0, term.Usagef("--take needs the --slot to take")
	}
	return k.FreeSlot()
}

// readManagementKey returns the management key that was given, or nil for what
// can be found out.
func (o addKeyOptions) readManagementKey(ctx context.Context) ([]byte, error) {
	if !o.managementKey.IsGiven() {
		return nil, nil
	}
	text, err := o.managementKey.Read(ctx)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil || len(key) < 16 || len(key) > 32 || len(key)%8 != 0 {
		return nil, term.Usagef("the PIV management key is not 32, 48 or 64 hexadecimal digits")
	}
	return key, nil
}

// errUnattested says that nobody agreed to a key that may have copies.
var errUnattested = errors.New("no certificate of Yubico's vouches for the key in the PIV slot")

// confirmKey says what is known of how the slot's key came to be, and then asks whether
// it is to open the vault, unless Yubico vouches for a key that was just made.
func (p *program) confirmKey(k *vault.PIV, slot *vault.Slot, o addKeyOptions) error {
	attestation, err := k.Attest(slot)
	switch {
	case errors.Is(err, vault.ErrNoAttestation):
		p.Note("Attestation: none. The YubiKey did not make the key in this slot itself.")
	case err != nil:
		return err
	case attestation.Problem != nil:
		p.Note("Attestation: the YubiKey says that the key was made inside, but no certificate of Yubico's vouches for that: %v", attestation.Problem)
	default:
		p.Note("Attestation: Yubico vouches that the key was made inside the YubiKey %d.", attestation.Serial)
		return p.Terminal.Agree(o.yes || !o.take, "Open the vault by the key in slot %v of YubiKey %d?", slot.ID, k.Serial())
	}
	if !o.unattested && p.Terminal == nil {
		err = errUnattested
	} else {
		err = p.Terminal.Confirm(o.unattested, "There may be copies of it. Open the vault by the key in slot %v of YubiKey %d all the same?", slot.ID, k.Serial())
	}
	if err != nil && !o.take {
		p.Note("The new key stays in the slot. To open the vault by it after all: tokenctl vault add-key --slot %v --take", slot.ID)
	}
	return err
}

func newVaultRemoveKeyCommand(p *program) *cobra.Command {
	var o open.VaultOptions
	var yes bool
	c := &cobra.Command{
		Use:   "remove-key SERIAL",
		Short: "Stop opening the vault with a YubiKey",
		Long: "Remove-key removes a YubiKey as a way into the vault; it need not be plugged in,\n" +
			"and its PIV slot stays as it is. Older copies of the vault still open by it; to\n" +
			"shut it out of new accounts, use: tokenctl vault rekey",
		Example: "  tokenctl vault remove-key 12345678",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			serial, err := strconv.ParseUint(strings.TrimPrefix(args[0], "key:"), 10, 32)
			if err != nil || serial == 0 {
				return term.Usagef("invalid serial number %q", args[0])
			}
			return p.withVault(c.Context(), o, func(v *open.Vault) error {
				return p.removeWay(v, uint32(serial), yes)
			})
		},
	}
	o.AddChoice(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

var vaultKeyRemedies = []term.Remedy{
	{Of: errUnattested, Exit: term.ExitUsage, Hint: "The vault was not changed. If you know where the key comes from: --unattested"},
	{Of: vault.ErrNoFreeSlot, Exit: term.ExitNoSpace, Hint: "Choose one with --slot that you can do without, and empty it: ykman piv keys, ykman piv certificates"},
	{Of: vault.ErrSlotInUse, Exit: term.ExitFailure, Hint: "Choose another --slot, or take the key that is in it with --take. Nothing was changed."},
	{Of: vault.ErrSlotEmpty, Exit: term.ExitFailure, Hint: "Leave out --take to make one."},
	{Of: vault.ErrManagementKey, Exit: term.ExitPassword, Hint: "Give it with --management-key-file, or --pin-file if it is protected by the PIN."},
}
