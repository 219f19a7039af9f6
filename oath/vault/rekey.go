package vault

import (
	"errors"
	"fmt"
	"io/fs"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/oath"
)

// Rekey gives the vault another key pair, from GenerateIdentity, and encrypts
// every file anew. The vault must be unlocked. Ways in that are not given again
// are gone, and so are recipients that somebody added to the file by hand: only
// the user can tell which of them are still meant.
//
// Interrupted at any point, it leaves a vault that opens, with all its accounts,
// by whatever ways in are there: first everything is encrypted to both keys,
// then the ways in are replaced, and last the old key is left out. Until that is
// through, the vault's recipients differ from what this machine knows, and
// nothing is written; to rekey again settles it. Without ways in, the caller has
// made sure that the new identity is on paper.
//
// It returns oath.ErrLocked, or a *DamagedError and changes nothing if there is
// a file that the present key does not open: it might be a copy, to be had back
// from somewhere, of which the present key is all that opens it.
//
// Copies of the folder from before, in git or elsewhere, stay open to the old key.
func (v *Vault) Rekey(identity string, ways Ways) error {
	next, err := parseIdentity(identity)
	if err != nil {
		return err
	}
	return v.withKey(func() error {
		if v.identity == nil {
			return oath.ErrLocked
		}
		return v.warn(v.exclusive("Change the vault's key", func() error { return v.rekey(next, ways) }))
	})
}

func (v *Vault) rekey(next *age.X25519Identity, ways Ways) error {
	files, err := v.sealedFiles()
	if err != nil {
		return err
	}
	old, both := v.identity.Recipient(), v.identity.Recipient().String()+"\n"+next.Recipient().String()
	if err := v.disk.write(recipientsFile, []byte(both+"\n")); err != nil {
		return err
	}
	if err := v.reseal(files, old, next.Recipient()); err != nil {
		return err
	}
	if err := v.replaceWays(next, ways); err != nil {
		return err
	}
	v.identity = next
	if err := v.reseal(files, next.Recipient()); err != nil {
		return err
	}
	v.trusted = next.Recipient().String()
	return v.disk.write(recipientsFile, []byte(v.trusted+"\n"))
}

// sealedFiles returns every file below the folder of accounts, each of which the
// present key opens.
func (v *Vault) sealedFiles() ([]string, error) {
	names, err := v.ages()
	if err != nil {
		return nil, err
	}
	var bad damage
	for _, name := range names {
		plain, err := v.unseal(name)
		clear(plain)
		if err := bad.add(err); err != nil {
			return nil, err
		}
	}
	return names, bad.err()
}

func (v *Vault) unseal(name string) ([]byte, error) {
	content, err := v.disk.read(name)
	if err != nil {
		return nil, err
	}
	plain, err := openOwn(content, v.identity)
	if err != nil {
		return nil, &DamagedFile{name, err}
	}
	return plain, nil
}

// reseal encrypts the files to those recipients.
func (v *Vault) reseal(files []string, to ...age.Recipient) error {
	for _, name := range files {
		if err := v.resealFile(name, to); err != nil {
			return fmt.Errorf("encrypting %q anew: %w", name, err)
		}
	}
	return nil
}

func (v *Vault) resealFile(name string, to []age.Recipient) error {
	plain, err := v.unseal(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // not through us, who have the lock
	}
	if err != nil {
		return err
	}
	defer clear(plain)
	sealed, err := seal(plain, to...)
	if err != nil {
		return err
	}
	return v.disk.write(name, sealed)
}

// replaceWays writes the ways in for another key, and then removes the others.
func (v *Vault) replaceWays(key *age.X25519Identity, ways Ways) error {
	if err := v.writeWays(key, ways); err != nil {
		return err
	}
	return v.removeWays(func(w Way) bool {
		if w.IsPassphrase() {
			return ways.Passphrase == ""
		}
		_, kept := ways.Keys[w.Serial]
		return !kept
	})
}
