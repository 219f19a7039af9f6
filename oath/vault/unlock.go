package vault

import (
	"crypto/ecdh"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/oath"
)

// Locked reports whether the vault's key is not known, and Options.Unlock does not
// give it without asking.
func (v *Vault) Locked() bool {
	if v.identity == nil && !v.tried && v.options.Unlock != nil {
		v.tried = true
		v.options.Unlock(v, false)
	}
	return v.identity == nil
}

// unlocking runs an operation that may need the key. If it returns oath.ErrLocked,
// it runs again once Options.Unlock has opened the vault. By then it has released
// the lock that other processes wait for, since the user may take minutes.
func (v *Vault) unlocking(operation func() error) error {
	v.Locked()
	err := operation()
	if !errors.Is(err, oath.ErrLocked) || v.identity != nil || v.options.Unlock == nil {
		return err
	}
	if err := v.options.Unlock(v, true); err != nil {
		return err
	}
	return operation()
}

// withKey runs an operation that needs the key.
func (v *Vault) withKey(operation func() error) error {
	return v.unlocking(func() error {
		if v.identity == nil {
			return oath.ErrLocked
		}
		return operation()
	})
}

// Lock forgets the vault's key.
func (v *Vault) Lock() { v.identity = nil }

// Identity returns the vault's private key, to be printed, or kept in the
// operating system's keyring for UnlockWithIdentity. It returns oath.ErrLocked.
func (v *Vault) Identity() (identity string, err error) {
	err = v.withKey(func() error {
		identity = v.identity.String()
		return nil
	})
	return identity, err
}

// UnlockWithPassphrase opens the vault by unlock/passphrase.age, in whatever form of
// Unicode the passphrase was set. It returns ErrNoWay if there is none, oath.ErrWrongPassword, or a *DamagedFile.
func (v *Vault) UnlockWithPassphrase(passphrase string) error {
	if passphrase == "" {
		return oath.ErrWrongPassword
	}
	for _, form := range oath.PasswordForms(passphrase) {
		key, err := age.NewScryptIdentity(form)
		if err != nil {
			return fmt.Errorf("unlocking the vault: %w", err)
		}
		if err := v.unlock(wayOf(0), passphraseIdentity{key}); !errors.Is(err, age.ErrIncorrectIdentity) {
			return err
		}
	}
	return oath.ErrWrongPassword
}

// maxWorkFactor is the base-2 logarithm of the highest cost of scrypt that is paid to
// open a vault: about 1 GB of memory, and some seconds.
const maxWorkFactor = 20

var errTooCostly = fmt.Errorf("it asks for more work than a passphrase needs, a scrypt work factor above %d", maxWorkFactor)

// A passphraseIdentity is age's, which refuses a file that asks for too much work.
type passphraseIdentity struct{ *age.ScryptIdentity }

func (i passphraseIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type != "scrypt" || len(s.Args) != 2 {
			continue // age's own error is right
		}
		if factor, err := strconv.Atoi(s.Args[1]); err == nil && factor > maxWorkFactor {
			return nil, &wayError{&DamagedFile{wayOf(0).Path, errTooCostly}}
		}
	}
	return i.ScryptIdentity.Unwrap(stanzas)
}

// UnlockWithKey opens the vault by the PIV slot of the YubiKey with that serial
// number: whichever of those given it is, the others are not asked. It returns
// ErrNoWay if the vault has none for this YubiKey, ErrWrongSlot if none of the
// keys is the one, a *DamagedFile, or the error of the slot.
func (v *Vault) UnlockWithKey(serial uint32, slots ...ecdh.KeyExchanger) error {
	var keys []age.Identity
	for _, slot := range slots {
		key, err := newSlotIdentity(slot)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	err := v.unlock(wayOf(serial), keys...)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return ErrWrongSlot
	}
	return err
}

// UnlockWithIdentity opens the vault by its key: from paper, typed in either case
// and with spaces, or as Identity returned it. It returns ErrMalformedKey or
// ErrWrongKey.
func (v *Vault) UnlockWithIdentity(identity string) error {
	key, err := parseIdentity(identity)
	if err != nil {
		return err
	}
	return v.admit(key, false)
}

// unlock opens the vault by a file. It returns age.ErrIncorrectIdentity if none of
// the identities opens that.
func (v *Vault) unlock(way Way, with ...age.Identity) error {
	content, err := v.disk.read(way.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNoWay
	case err != nil:
		return err
	case len(with) == 0:
		return age.ErrIncorrectIdentity
	}
	plain, err := decrypt(content, with...)
	var refused *wayError
	switch {
	case errors.As(err, &refused):
		return refused.err
	case errors.Is(err, age.ErrIncorrectIdentity):
		return err
	case errors.Is(err, errUnreadable):
		return &DamagedFile{way.Path, err}
	case err != nil:
		return &DamagedFile{way.Path, errNotAge}
	}
	defer clear(plain)
	key, err := parseIdentity(append(usedLines(plain), "")[0])
	if err != nil {
		return &DamagedFile{way.Path, err}
	}
	if err := v.admit(key, true); err != nil {
		return fmt.Errorf("%s: %w", way.Path, err)
	}
	return nil
}

// admit takes a key that is the vault's, by the folder's public key or by the one
// that this machine knows: whoever changes the former must not lock the user out.
//
// While the folder's public key is taken on trust, the first key of the vault's says what
// it should be, and that is what this machine knows from then on. A way in holds the
// vault's key; of another, an account that it opens proves it.
func (v *Vault) admit(key *age.X25519Identity, fromWay bool) error {
	found, err := v.recipientsOrTrusted()
	if err != nil {
		return err
	}
	own := key.Recipient().String()
	isNamed := slices.Contains(strings.Split(found+"\n"+v.trusted, "\n"), own)
	if !v.proved && found == v.trusted && (isNamed || fromWay || v.opensAny(key)) {
		v.trusted, v.proved, isNamed = own, true, true
	}
	if !isNamed {
		return ErrWrongKey
	}
	v.identity = key
	return nil
}

// opensAny reports whether a key opens any account.
func (v *Vault) opensAny(key age.Identity) bool {
	files, _ := v.files(accountSuffix)
	return slices.ContainsFunc(files, func(f fileName) bool {
		content, err := v.disk.read(f.path)
		if err == nil {
			content, err = decrypt(content, key)
			clear(content)
		}
		return err == nil
	})
}

// Expect says which key is the vault's, as it is on paper. If the folder's public key is
// another one, or that and others, and was only taken on trust so far, nothing is written
// until Trust accepts it. It returns ErrMalformedKey, or ErrRecipientsChanged if that is
// so.
func (v *Vault) Expect(identity string) error {
	key, err := parseIdentity(identity)
	if err != nil {
		return err
	}
	if !v.proved {
		v.trusted, v.proved = key.Recipient().String(), true
	}
	return v.trusting(func() error { return nil })()
}

// GenerateIdentity returns a new private key for a vault: an age identity,
// AGE-SECRET-KEY-1..., as it is printed on paper.
// The error is that of the system's randomness.
func GenerateIdentity() (string, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("making the vault's key: %w", err)
	}
	return key.String(), nil
}

// parseIdentity reads a key as it is printed or typed: in either case, and in
// groups.
func parseIdentity(text string) (*age.X25519Identity, error) {
	key, err := age.ParseX25519Identity(strings.ToUpper(strings.Join(strings.Fields(text), "")))
	if err != nil {
		return nil, ErrMalformedKey // age's own error quotes the key
	}
	return key, nil
}
