// Package vault is the software token: a folder of standard age files, one an
// account, that any age tool opens with the vault's key.
//
//	.age-recipients                  the vault's public key, an age recipient
//	unlock/passphrase.age            its private key, under a passphrase
//	unlock/piv-12345678.age          the same, for the PIV slot of a YubiKey
//	accounts/GitHub/alice.age        an otpauth URI; lines of the user's may follow
//	accounts/GitHub/alice.codes.age  the account's backup codes
//
// Storing an account needs only the public key. Reading one needs the private
// key, which any of the files under unlock gives, or the key printed on paper.
// These ways in come and go without a change to the accounts. A vault without
// any is a sealed archive: it takes new accounts, and opens with the paper.
//
// File names tell who has accounts where, as in every password store of this
// kind; see [Path]. What is in the files is encrypted and authenticated, but not
// signed: who may write to the folder can add accounts and put older copies
// back. What of that a machine can notice, it does, by what it knew before; see
// [Known].
//
// Without tokenctl, the key file itself does as an identity:
//
//	age -d -i unlock/passphrase.age accounts/GitHub/alice.age
package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/oath"
)

// Names in the vault's folder.
const (
	recipientsFile = ".age-recipients"
	accountsFolder = "accounts"
	unlockFolder   = "unlock"
)

// A Vault is an open folder; its accounts can be read once it is unlocked. It is
// not safe for concurrent use, but any number of processes may have the same
// folder open: those that write take turns.
type Vault struct {
	disk     disk
	options  Options
	trusted  string              // recipients that this machine encrypts to
	identity *age.X25519Identity // nil while locked
	counters map[oath.ID]uint64  // the highest known
	older    []Older
	asked    bool // the Unlock hook was called quietly
}

var _ oath.Token = (*Vault)(nil)

// Options say how to work with a vault. The zero value is for one that this
// machine has not seen before.
type Options struct {
	// Known is what this machine has known of the vault so far.
	Known Known

	// WorkFactor is the base-2 logarithm of scrypt's cost for new passphrases;
	// 0 is 18, about a second's work and age's own default.
	WorkFactor int

	// Git runs git if the folder is a repository. Without it, changes are not
	// committed.
	Git Git

	// Unlock opens the vault, by its UnlockWith methods, when an operation needs
	// the key and the vault is locked: with ask, it may ask the user, and its
	// error is the operation's. Without ask it must ask nobody, and its error is
	// ignored; this happens once, before Locked answers or an operation looks
	// whether it needs the key. No other process waits meanwhile. Nil opens nothing.
	Unlock func(v *Vault, ask bool) error

	// Warn takes the ErrNotCommitted of a change, which then succeeds. Nil leaves it
	// the change's error. That of InitGit is always returned.
	Warn func(error)
}

// Known is what a machine remembers of a vault from one time to the next, in
// order to notice when the folder was tampered with or put back to an older
// copy. It holds no secret. An older copy of a TOTP account looks no different
// from a current one, so this is all that can be noticed.
type Known struct {
	// Recipients are the keys that accounts are encrypted to, one a line. While
	// the vault has others, it refuses to write; see [Vault.Trust].
	Recipients string `json:"recipients"`

	// Counters are the HOTP counters that this machine saw last, which must
	// never fall back: a service refuses codes that were used before.
	Counters map[oath.ID]uint64 `json:"counters,omitempty"`
}

// Create makes a vault in a folder that is empty or does not exist, with the key
// that [GenerateIdentity] made and the given ways in, and returns it unlocked.
// Without any way in, only the caller's copy of the identity will ever open it.
//
// It returns ErrVaultExists if there is a vault already, and ErrNotEmpty if
// there is anything else but a git repository without files.
func Create(dir, identity string, ways Ways, o Options) (*Vault, error) {
	key, err := parseIdentity(identity)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, sayDisk("making the folder above the vault", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, sayDisk("making the vault's folder", err)
	}
	d, err := openDisk(dir)
	if err != nil {
		return nil, err
	}
	v := &Vault{disk: d, options: o, identity: key, trusted: key.Recipient().String()}
	v.counters = maps.Clone(o.Known.Counters)
	if err := v.warn(v.create(ways)); err != nil {
		d.close()
		return nil, err
	}
	return v, nil
}

// create fills the folder. The file of recipients comes last: without it, there
// is no vault, and creating starts over.
func (v *Vault) create(ways Ways) error {
	unlock, err := v.disk.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.clearUnfinished(); err != nil {
		return err
	}
	if err := v.disk.write(creatingFile, nil); err != nil {
		return err
	}
	for _, folder := range []string{accountsFolder, unlockFolder} {
		if err := v.disk.mkdir(folder); err != nil {
			return err
		}
	}
	if err := v.writeWays(v.identity, ways); err != nil {
		return err
	}
	if err := v.disk.write(recipientsFile, []byte(v.trusted+"\n")); err != nil {
		return err
	}
	if err := v.disk.remove(creatingFile); err != nil {
		return err
	}
	return v.commit("Create the vault")
}

// creatingFile is there while Create is at work, and tells that what it left
// behind when it was killed is nobody's only key.
const creatingFile = ".creating"

// clearUnfinished makes sure that the folder is free for a new vault.
func (v *Vault) clearUnfinished() error {
	names, err := v.disk.list(".")
	if err != nil {
		return err
	}
	if slices.Contains(names, recipientsFile) {
		return fmt.Errorf("%s: %w", v.disk.dir, ErrVaultExists)
	}
	unfinished := slices.Contains(names, creatingFile)
	for _, name := range names {
		switch {
		case name == lockFile, name == ".git", name == creatingFile, isTemporary(name):
		case unfinished && (name == accountsFolder || name == unlockFolder):
		default:
			return fmt.Errorf("%s: %w: it holds %q", v.disk.dir, ErrNotEmpty, name)
		}
	}
	if unfinished {
		return v.removeWays(func(Way) bool { return true })
	}
	return nil
}

// Open opens the vault in a folder, locked. It returns ErrNoVault if there is
// none, a *DamagedFile if there was one that lost its public key, and ErrInsecure
// if somebody else could change it.
func Open(dir string, o Options) (*Vault, error) {
	d, err := openDisk(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoVault)
	}
	if err != nil {
		return nil, err
	}
	v := &Vault{disk: d, options: o, trusted: o.Known.Recipients}
	v.counters = maps.Clone(o.Known.Counters)
	if err := v.open(); err != nil {
		d.close()
		return nil, err
	}
	return v, nil
}

// errRecipientsLost tells how to mend a vault that lost its public key.
var errRecipientsLost = errors.New("it is missing; \"age-keygen -y\" prints it, given the vault's private key")

// withoutRecipients tells a vault that lost its public key from a folder that is
// no vault: to take the one for the other would leave it out without a word.
func (v *Vault) withoutRecipients() error {
	accounts, err := v.disk.list(accountsFolder)
	switch {
	case err != nil:
		return err
	case len(accounts) > 0: // none if Create was interrupted
		return &DamagedFile{recipientsFile, errRecipientsLost}
	}
	return fmt.Errorf("%s: %w", v.disk.dir, ErrNoVault)
}

func (v *Vault) open() error {
	if err := v.disk.recover(); err != nil {
		return err
	}
	there, err := v.readRecipients()
	if errors.Is(err, fs.ErrNotExist) {
		return v.withoutRecipients()
	}
	if err != nil {
		return err
	}
	if v.trusted == "" {
		v.trusted = there.String()
	}
	return nil
}

// Close forgets the key and closes the folder.
func (v *Vault) Close() error {
	v.Lock()
	return v.disk.close()
}

// Dir returns the folder as it was given to Open or Create.
func (v *Vault) Dir() string { return v.disk.dir }

// Known returns what to remember of the vault until it is opened again.
func (v *Vault) Known() Known {
	return Known{Recipients: v.trusted, Counters: maps.Clone(v.counters)}
}

// A Status describes a vault. Nothing in it needs an unlock.
type Status struct {
	Recipients string // keys that accounts are to be encrypted to, one a line
	Changed    bool   // they are not the ones that this machine trusts
	Locked     bool
	Ways       []Way
	Accounts   int
	Git        bool // the folder is a git repository
}

// Status looks at the vault. A *DamagedError comes with a Status that is
// otherwise complete.
func (v *Vault) Status() (Status, error) {
	there, err := v.readRecipients()
	if err != nil {
		return Status{}, err
	}
	ways, err := v.Ways()
	if err != nil {
		return Status{}, err
	}
	accounts, err := v.List()
	if _, ok := asDamaged(err); err != nil && !ok {
		return Status{}, err
	}
	return Status{
		Recipients: there.String(),
		Changed:    there.String() != v.trusted,
		Locked:     v.Locked(),
		Ways:       ways,
		Accounts:   len(accounts),
		Git:        v.isRepository(),
	}, err
}

// change runs one change to the vault, alone among all processes, and commits
// it. It returns ErrRecipientsChanged before anything is changed.
func (v *Vault) change(message string, f func() error) error {
	return v.warn(v.exclusive(message, func() error {
		there, err := v.readRecipients()
		if err != nil {
			return err
		}
		if there.String() != v.trusted {
			return fmt.Errorf("%s: %w", recipientsFile, ErrRecipientsChanged)
		}
		return f()
	}))
}

// warn hands the error of a change that git did not take to who wants it.
func (v *Vault) warn(err error) error {
	if v.options.Warn != nil && errors.Is(err, ErrNotCommitted) {
		v.options.Warn(err)
		return nil
	}
	return err
}

func (v *Vault) exclusive(message string, f func() error) error {
	unlock, err := v.disk.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.disk.replay(); err != nil {
		return err
	}
	if err := v.disk.sweep("."); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return v.commit(message)
}
