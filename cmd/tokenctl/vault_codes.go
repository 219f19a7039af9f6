package main

import (
	"errors"

	"github.com/tokenctl/tokenctl/oath"
)

// BackupCodes returns an account's backup codes as vault.Vault does, and unlocks
// the vault for it.
func (v *vaultToken) BackupCodes(id oath.ID) ([]byte, error) {
	var codes []byte
	err := v.unlocking(func() (err error) {
		codes, err = v.Vault.BackupCodes(id)
		return err
	})
	return codes, err
}

// SetBackupCodes stores an account's backup codes as vault.Vault does.
func (v *vaultToken) SetBackupCodes(id oath.ID, codes []byte) error {
	return v.committed(v.Vault.SetBackupCodes(id, codes))
}

// UpdateBackupCodes changes an account's backup codes as vault.Vault does, and
// unlocks the vault if there are any yet.
func (v *vaultToken) UpdateBackupCodes(id oath.ID, update func(old []byte) ([]byte, error)) error {
	return v.unlocking(func() error { return v.Vault.UpdateBackupCodes(id, update) })
}

// MoveBackupCodes gives backup codes to another account as vault.Vault does.
func (v *vaultToken) MoveBackupCodes(old, new oath.ID) error {
	return v.committed(v.Vault.MoveBackupCodes(old, new))
}

// hasBackupCodes reports whether there are backup codes for an account, without
// an unlock.
func (v *vaultToken) hasBackupCodes(id oath.ID) (bool, error) {
	codes, err := v.Vault.BackupCodes(id)
	if errors.Is(err, oath.ErrLocked) {
		return true, nil
	}
	return codes != nil, err
}
