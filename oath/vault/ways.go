package vault

import (
	"cmp"
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

// Ways returns the ways in, the passphrase first. If there is none, only the key
// on paper opens the vault.
// The error is about the folder that they are in.
func (v *Vault) Ways() ([]Way, error) {
	names, err := v.disk.list(unlockFolder)
	if err != nil {
		return nil, err
	}
	var ways []Way
	for _, name := range names {
		number, _ := strings.CutPrefix(strings.TrimSuffix(name, accountSuffix), "piv-")
		serial, _ := strconv.ParseUint(number, 10, 32)
		if w := wayOf(uint32(serial)); path.Base(w.Path) == name {
			ways = append(ways, w)
		}
	}
	slices.SortFunc(ways, func(a, b Way) int { return cmp.Compare(a.Serial, b.Serial) })
	return ways, nil
}

// SetPassphrase makes the passphrase a way in, instead of the one before. The vault
// must be unlocked: oath.ErrLocked.
func (v *Vault) SetPassphrase(passphrase string) error {
	return v.addWays("Set the passphrase", Ways{Passphrase: passphrase})
}

// AddKey makes a PIV slot a way in, by its recipient, age1tag1...; instead of the
// slot of the same YubiKey, if there was one. The vault must be unlocked: oath.ErrLocked.
// Another error is about the recipient.
func (v *Vault) AddKey(serial uint32, recipient string) error {
	return v.addWays(fmt.Sprintf("Add key %d", serial), Ways{Keys: map[uint32]string{serial: recipient}})
}

func (v *Vault) addWays(message string, ways Ways) error {
	return v.withKey(func() error {
		return v.change(message, func() error { return v.writeWays(v.identity, ways) })
	})
}

// RemovePassphrase removes the passphrase as a way in. It returns ErrNoWay.
func (v *Vault) RemovePassphrase() error {
	return v.removeWay("Remove the passphrase", wayOf(0))
}

// RemoveKey removes a YubiKey's PIV slot as a way in. It returns ErrNoWay. Older
// copies of the folder still open by it; only Rekey shuts it out of what is
// stored from then on.
func (v *Vault) RemoveKey(serial uint32) error {
	return v.removeWay(fmt.Sprintf("Remove key %d", serial), wayOf(serial))
}

func (v *Vault) removeWay(message string, w Way) error {
	return v.change(message, func() error {
		there, err := v.exists(w.Path)
		if err == nil && !there {
			err = ErrNoWay
		}
		if err != nil {
			return err
		}
		return v.disk.remove(w.Path)
	})
}

// writeWays encrypts a key for every way in, and writes their files.
func (v *Vault) writeWays(key *age.X25519Identity, ways Ways) error {
	content := []byte(fmt.Sprintf("# public key: %s\n%s\n", key.Recipient(), key))
	defer clear(content)
	write := func(w Way, to age.Recipient) error {
		if err := v.settled(w.Path); err != nil {
			return err
		}
		sealed, err := encrypt(content, to)
		if err != nil {
			return err
		}
		return v.disk.write(w.Path, sealed)
	}
	if ways.Passphrase != "" {
		to, err := age.NewScryptRecipient(oath.NormalPassword(ways.Passphrase))
		if err != nil {
			return fmt.Errorf("setting the passphrase: %w", err)
		}
		to.SetWorkFactor(cmp.Or(v.options.WorkFactor, DefaultWorkFactor))
		if err := write(wayOf(0), to); err != nil {
			return err
		}
	}
	for _, serial := range slices.Sorted(maps.Keys(ways.Keys)) {
		to, err := tag.ParseRecipient(ways.Keys[serial])
		if err != nil {
			return fmt.Errorf("adding key %d: %w", serial, err)
		}
		if err := write(wayOf(serial), to); err != nil {
			return err
		}
	}
	return nil
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

// Rekey gives the vault another key pair, from GenerateIdentity, and encrypts
// every file anew. The vault must be unlocked. Ways in that are not given again
// are gone, and so are recipients that somebody added to the file by hand: only
// the user knows which of them are still meant.
//
// Interrupted at any point, it leaves a vault that opens, with all its accounts,
// by whatever ways in are there: first everything is encrypted to both keys,
// then the ways in are replaced, and last the old key is left out. Until that is
// through, the vault's recipients differ from what this machine knows, and
// nothing is written; to rekey again settles it. Without ways in, the caller has
// made sure that the new identity is on paper.
//
// It returns oath.ErrLocked; or a *DamagedError, and changes nothing, if the
// present key does not open some file: it might be the only key to a sound copy
// of that file elsewhere.
//
// Copies of the folder from before, in git or elsewhere, stay open to the old key.
func (v *Vault) Rekey(identity string, ways Ways) error {
	next, err := parseIdentity(identity)
	if err != nil {
		return err
	}
	return v.withKey(func() error {
		return v.warn(v.exclusive("Change the vault's key", func() error { return v.rekey(next, ways) }))
	})
}

func (v *Vault) rekey(next *age.X25519Identity, ways Ways) error {
	if err := v.allSettled(); err != nil {
		return err
	}
	files, err := v.sealedFiles()
	if err != nil {
		return err
	}
	old, new := v.identity.Recipient(), next.Recipient()
	if err := v.disk.write(recipientsFile, []byte(old.String()+"\n"+new.String()+"\n")); err != nil {
		return err
	}
	if err := v.reseal(files, old, new); err != nil {
		return err
	}
	if err := v.writeWays(next, ways); err != nil {
		return err
	}
	err = v.removeWays(func(w Way) bool {
		if w.IsPassphrase() {
			return ways.Passphrase == ""
		}
		_, kept := ways.Keys[w.Serial]
		return !kept
	})
	if err != nil {
		return err
	}
	v.identity = next
	if err := v.reseal(files, new); err != nil {
		return err
	}
	v.trusted, v.proved = new.String(), true
	return v.disk.write(recipientsFile, []byte(v.trusted+"\n"))
}

// sealedFiles returns every age file below the folder of accounts, if the present
// key opens each.
func (v *Vault) sealedFiles() ([]string, error) {
	shelves, bad := v.disk.shelves()
	if len(bad) > 0 { // folders that cannot be looked into
		return nil, bad.err()
	}
	var files []string
	for _, s := range shelves {
		for _, name := range s.files {
			file := s.folder + "/" + name
			plain, err := v.unseal(file)
			clear(plain)
			if err := bad.add(err); err != nil {
				return nil, err
			}
			files = append(files, file)
		}
	}
	return files, bad.err()
}

// reseal encrypts the files to those recipients.
func (v *Vault) reseal(files []string, to ...age.Recipient) error {
	for _, file := range files {
		plain, err := v.unseal(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another program removed it
		}
		var sealed []byte
		if err == nil {
			sealed, err = encrypt(plain, to...)
			clear(plain)
		}
		if err == nil {
			err = v.disk.write(file, sealed)
		}
		if err != nil {
			return fmt.Errorf("encrypting %q anew: %w", file, err)
		}
	}
	return nil
}
