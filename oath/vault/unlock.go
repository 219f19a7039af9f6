package vault

import (
	"crypto/ecdh"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"
	"filippo.io/age/tag"

	"github.com/tokenctl/tokenctl/oath"
)

// DefaultWorkFactor is the base-2 logarithm of scrypt's cost, as in age.
const DefaultWorkFactor = 18

// GenerateIdentity returns a new private key for a vault: an age identity,
// AGE-SECRET-KEY-1..., as it is printed on paper.
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
	text = strings.ToUpper(strings.Join(strings.Fields(text), ""))
	key, err := age.ParseX25519Identity(text)
	if err != nil {
		return nil, ErrMalformedKey // age's own error quotes the key
	}
	return key, nil
}

// Ways are ways in for a new key, besides the key itself on paper.
type Ways struct {
	Passphrase string            // "" for none
	Keys       map[uint32]string // PIV slots' recipients, age1tag1..., by serial number
}

// A Way is a file that opens the vault.
type Way struct {
	Serial uint32 // of the YubiKey whose PIV slot opens it; 0 for a passphrase
	Path   string // in the vault, with slashes
}

// IsPassphrase reports whether a passphrase opens the file.
func (w Way) IsPassphrase() bool { return w.Serial == 0 }

// wayOf returns the way in with that serial number, or by passphrase for 0.
func wayOf(serial uint32) Way {
	name := "passphrase"
	if serial != 0 {
		name = fmt.Sprintf("piv-%d", serial)
	}
	return Way{serial, path.Join(unlockFolder, name+accountSuffix)}
}

func parseWay(file string) (Way, bool) {
	number, _ := strings.CutPrefix(strings.TrimSuffix(file, accountSuffix), "piv-")
	serial, _ := strconv.ParseUint(number, 10, 32)
	w := wayOf(uint32(serial))
	return w, path.Base(w.Path) == file
}

// Ways returns the ways in, the passphrase first. If there is none, only the key
// on paper opens the vault.
func (v *Vault) Ways() ([]Way, error) {
	names, err := v.disk.list(unlockFolder)
	if err != nil {
		return nil, err
	}
	var ways []Way
	for _, name := range names {
		if w, ok := parseWay(name); ok {
			ways = append(ways, w)
		}
	}
	slices.SortFunc(ways, func(a, b Way) int { return int(int64(a.Serial) - int64(b.Serial)) })
	return ways, nil
}

// Locked reports whether the vault's key is not known, nor to be had by
// Options.Unlock without asking.
func (v *Vault) Locked() bool {
	if v.identity == nil && !v.asked && v.options.Unlock != nil {
		v.asked = true
		v.options.Unlock(v, false)
	}
	return v.identity == nil
}

// withKey runs an operation that may need the key. One that returns
// oath.ErrLocked runs again once Options.Unlock has opened the vault: after it has
// let go of the vault's lock, for the user may take long to answer.
func (v *Vault) withKey(do func() error) error {
	v.Locked()
	err := do()
	if !errors.Is(err, oath.ErrLocked) || v.identity != nil || v.options.Unlock == nil {
		return err
	}
	if err := v.options.Unlock(v, true); err != nil {
		return err
	}
	return do()
}

// Lock forgets the vault's key.
func (v *Vault) Lock() { v.identity = nil }

// Identity returns the vault's private key, to be printed, or kept in the
// operating system's keyring for UnlockWithIdentity. It returns oath.ErrLocked.
func (v *Vault) Identity() (identity string, err error) {
	err = v.withKey(func() error {
		if v.identity == nil {
			return oath.ErrLocked
		}
		identity = v.identity.String()
		return nil
	})
	return identity, err
}

// UnlockWithPassphrase opens the vault by unlock/passphrase.age. It returns
// ErrNoWay if there is none, oath.ErrWrongPassword, or a *DamagedFile.
func (v *Vault) UnlockWithPassphrase(passphrase string) error {
	if passphrase == "" {
		return oath.ErrWrongPassword
	}
	key, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return fmt.Errorf("unlocking the vault: %w", err)
	}
	err = v.unlock(wayOf(0), key)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return oath.ErrWrongPassword
	}
	return err
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
	return v.admit(key)
}

func (v *Vault) unlock(way Way, with ...age.Identity) error {
	content, err := v.disk.read(way.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoWay
	}
	if err != nil {
		return err
	}
	if len(with) == 0 {
		return age.ErrIncorrectIdentity
	}
	plain, err := open(content, with...)
	var slot *slotError
	switch {
	case errors.As(err, &slot):
		return slot.err
	case errors.Is(err, age.ErrIncorrectIdentity):
		return err
	case errors.Is(err, errUnreadable):
		return &DamagedFile{way.Path, err}
	case err != nil:
		return &DamagedFile{way.Path, errNotAge}
	}
	defer clear(plain)
	key, err := parseIdentityFile(plain)
	if err != nil {
		return &DamagedFile{way.Path, err}
	}
	if err := v.admit(key); err != nil {
		return fmt.Errorf("%s: %w", way.Path, err)
	}
	return nil
}

// parseIdentityFile reads an age identity file with one key in it.
func parseIdentityFile(content []byte) (*age.X25519Identity, error) {
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return parseIdentity(line)
		}
	}
	return nil, ErrMalformedKey
}

// admit takes a key that is the vault's, by what the folder tells or by what this
// machine knows: whoever changes the public key must not lock the user out.
func (v *Vault) admit(key *age.X25519Identity) error {
	there, err := v.readRecipients()
	if err != nil {
		return err
	}
	name := key.Recipient().String()
	trusted := strings.Split(v.trusted, "\n")
	if !slices.Contains(there.names, name) && !slices.Contains(trusted, name) {
		return ErrWrongKey
	}
	v.identity = key
	return nil
}

// SetPassphrase makes the passphrase a way in, in the place of the one before.
// The vault must be unlocked.
func (v *Vault) SetPassphrase(passphrase string) error {
	return v.addWays("Set the passphrase", Ways{Passphrase: passphrase})
}

// AddKey makes a PIV slot a way in, by its recipient, age1tag1...; in the place
// of the slot of the same YubiKey, if there was one. The vault must be unlocked.
func (v *Vault) AddKey(serial uint32, recipient string) error {
	return v.addWays(fmt.Sprintf("Add key %d", serial), Ways{Keys: map[uint32]string{serial: recipient}})
}

func (v *Vault) addWays(message string, ways Ways) error {
	return v.withKey(func() error {
		if v.identity == nil {
			return oath.ErrLocked
		}
		return v.change(message, func() error { return v.writeWays(v.identity, ways) })
	})
}

// RemovePassphrase removes the passphrase as a way in. It returns ErrNoWay.
func (v *Vault) RemovePassphrase() error {
	return v.removeWay("Remove the passphrase", 0)
}

// RemoveKey removes a YubiKey's PIV slot as a way in. It returns ErrNoWay. Older
// copies of the folder still open by it; only Rekey shuts it out of what is
// stored from then on.
func (v *Vault) RemoveKey(serial uint32) error {
	return v.removeWay(fmt.Sprintf("Remove key %d", serial), serial)
}

func (v *Vault) removeWay(message string, serial uint32) error {
	return v.change(message, func() error {
		there, err := v.disk.exists(wayOf(serial).Path)
		if err != nil {
			return err
		}
		if !there {
			return ErrNoWay
		}
		return v.disk.remove(wayOf(serial).Path)
	})
}

// writeWays encrypts a key for every way in, and writes their files.
func (v *Vault) writeWays(key *age.X25519Identity, ways Ways) error {
	content := []byte(fmt.Sprintf("# public key: %s\n%s\n", key.Recipient(), key))
	defer clear(content)
	if ways.Passphrase != "" {
		to, err := v.scryptRecipient(ways.Passphrase)
		if err != nil {
			return err
		}
		if err := v.writeWay(wayOf(0), content, to); err != nil {
			return err
		}
	}
	for _, serial := range slices.Sorted(maps.Keys(ways.Keys)) {
		to, err := tag.ParseRecipient(ways.Keys[serial])
		if err != nil {
			return fmt.Errorf("adding key %d: %w", serial, err)
		}
		if err := v.writeWay(wayOf(serial), content, to); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) writeWay(way Way, content []byte, to age.Recipient) error {
	sealed, err := seal(content, to)
	if err != nil {
		return err
	}
	return v.disk.write(way.Path, sealed)
}

func (v *Vault) scryptRecipient(passphrase string) (age.Recipient, error) {
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("setting the passphrase: %w", err)
	}
	if v.options.WorkFactor != 0 {
		r.SetWorkFactor(v.options.WorkFactor)
	}
	return r, nil
}

// removeWays removes the ways in that match.
func (v *Vault) removeWays(match func(Way) bool) error {
	ways, err := v.Ways()
	if err != nil {
		return err
	}
	for _, w := range ways {
		if !match(w) {
			continue
		}
		if err := v.disk.remove(w.Path); err != nil {
			return err
		}
	}
	return nil
}
