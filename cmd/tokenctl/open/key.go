package open

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// Key opens the one key that the options choose, with its password if it has one.
func (o *Opener) Key(ctx context.Context, options KeyOptions) (*keys.Key, error) {
	k, err := o.LockedKey(ctx, options.Choice)
	if err != nil {
		return nil, err
	}
	if err := o.Unlock(ctx, k, options.Password); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// LockedKey opens the one key that is chosen, as far as can be without its password.
func (o *Opener) LockedKey(ctx context.Context, c keys.Choice) (*keys.Key, error) {
	f, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.One(c)
}

// Inspect describes the keys in the readers that a choice names, and asks nobody.
func (o *Opener) Inspect(ctx context.Context, options KeyOptions) ([]keys.Info, error) {
	f, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	readers, err := f.Readers(options.Reader)
	if err != nil {
		return nil, err
	}
	var found []keys.Info
	for _, reader := range readers {
		i := f.Inspect(reader, func(k *keys.Key) (bool, error) {
			if options.Password.IsGiven() {
				_, err := o.UnlockAnew(ctx, k, options.Password)
				return err == nil, err
			}
			return o.UnlockRemembered(k)
		})
		seen := o.saw(i.Device.Serial, i.DeviceID)
		if i.DeviceID != "" {
			seen.notes(func(known *ledger.Key) { known.Password = i.Password })
		}
		if i.Used != nil {
			seen.listed(i.Accounts, false, o.Now())
		}
		if options.Serial == 0 || options.Serial == i.Device.Serial {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: none has the serial number %d", keys.ErrNoSuchKey, options.Serial)
	}
	return found, nil
}

// LookAtPINs finds out which of the keys that Inspect found, of those serial numbers, have
// the PIV PIN that everybody knows.
func (o *Opener) LookAtPINs(ctx context.Context, found []keys.Info, serials []uint32) error {
	f, err := o.connect(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	var failures []error
	for _, i := range found {
		if !slices.Contains(serials, i.Device.Serial) {
			continue
		}
		factory, known, err := f.HasFactoryPIN(i.Reader)
		if err != nil {
			failures = append(failures, fmt.Errorf("key:%d: %w", i.Device.Serial, err))
			continue
		}
		day := backup.Date(backup.Day(o.Now()))
		o.saw(i.Device.Serial, i.DeviceID).notes(func(k *ledger.Key) {
			switch {
			case factory:
				k.FactoryPIN = day
			case known:
				k.FactoryPIN = backup.Date{}
			}
		})
	}
	return errors.Join(failures...)
}

// Unlock opens a key that has a password, with the one given, the one remembered,
// or one that its holder is asked for.
func (o *Opener) Unlock(ctx context.Context, k *keys.Key, password Password) error {
	switch {
	case !k.HasPassword() && password.IsGiven():
		return fmt.Errorf("%w: this key is open to everyone", oath.ErrNoPassword)
	case !k.Locked():
		return nil
	case !password.IsGiven():
		if access, typed := o.typed[k.DeviceID()]; typed && k.Unlock(access) == nil {
			return nil
		}
		if done, err := o.UnlockRemembered(k); done || err != nil {
			return err
		}
	}
	_, err := o.UnlockAnew(ctx, k, password)
	return err
}

// UnlockAnew opens a key with the password that is given, or that its holder is asked for,
// and returns what opened it.
func (o *Opener) UnlockAnew(ctx context.Context, k *keys.Key, password Password) (accessKey ykoath.AccessKey, err error) {
	switch {
	case password.IsGiven():
		text, err := password.Read(ctx)
		if err != nil {
			return accessKey, err
		}
		return unlockKey(k, text)
	case o.Terminal == nil:
		return accessKey, oath.ErrLocked
	}
	name, err := o.NameOf(ctx, k)
	if err != nil {
		return accessKey, err
	}
	err = o.Terminal.TryPassword("Password of "+name, oath.ErrWrongPassword, func(text string) error {
		if accessKey, err = unlockKey(k, text); err == nil {
			o.typed[k.DeviceID()] = accessKey
		}
		return err
	})
	return accessKey, err
}

// NameOf names a key to a person by its serial number, or by its reader if it has none. The
// key is asked for that if it was not, and then opened anew, locked if it has a password.
func (o *Opener) NameOf(ctx context.Context, k *keys.Key) (string, error) {
	if k.Serial == 0 {
		k.Identify() // or not: a key that cannot say has a reader still
		k.Close()
		if err := o.reopen(ctx, k); err != nil {
			return "", err
		}
	}
	if k.Serial == 0 {
		return fmt.Sprintf("the key in %q", k.Reader), nil
	}
	return fmt.Sprintf("YubiKey %d", k.Serial), nil
}

// unlockKey opens a key, in whatever form of Unicode its password was set, and returns
// what opened it.
func unlockKey(k *keys.Key, password string) (accessKey ykoath.AccessKey, err error) {
	for _, form := range oath.PasswordForms(password) {
		if accessKey, err = ykoath.DeriveAccessKey(form, k.Salt()); err != nil {
			return accessKey, err
		}
		if err = k.Unlock(accessKey); !errors.Is(err, oath.ErrWrongPassword) {
			return accessKey, err
		}
	}
	return accessKey, err
}

// UnlockRemembered tries what the keyring holds. A password that does not open the
// key any more is as good as none.
func (o *Opener) UnlockRemembered(k *keys.Key) (done bool, err error) {
	sweepKeyring(o.Now())
	accessKey, found := RecallAccessKey(k.DeviceID())
	if !found {
		return false, nil
	}
	err = k.Unlock(accessKey)
	if errors.Is(err, oath.ErrWrongPassword) {
		o.Note("The remembered password no longer opens this key.")
		return false, nil
	}
	return err == nil, err
}

// RecallAccessKey looks up in the keyring what opens the key with that device ID.
func RecallAccessKey(deviceID string) (accessKey ykoath.AccessKey, found bool) {
	text, found := recall(deviceID)
	key, err := hex.DecodeString(text)
	if !found || err != nil || len(key) != len(accessKey) {
		return accessKey, false
	}
	return ykoath.AccessKey(key), true
}

// RememberAccessKey keeps in the keyring what opens the key with that device ID.
func RememberAccessKey(deviceID string, accessKey ykoath.AccessKey) error {
	return remember(deviceID, hex.EncodeToString(accessKey[:]))
}
