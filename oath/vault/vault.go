// Package vault is the software token: a folder of standard age files, one per
// account, that any age tool opens with the vault's key.
//
//	.age-recipients                  the vault's public key, an age recipient
//	unlock/passphrase.age            its private key, under a passphrase
//	unlock/piv-12345678.age          the same, for the PIV slot of a YubiKey
//	accounts/GitHub/alice.age        an otpauth URI; other lines may follow, as in
//	                                 "touch: yes" where keys are to ask for a touch
//	accounts/GitHub/alice.codes.age  the account's backup codes
//
// Storing an account needs only the public key. Reading one needs the private
// key, which any of the files under unlock gives, or the key printed on paper.
// These ways in come and go without a change to the accounts. A vault without
// any is a sealed archive: it takes new accounts, and opens with the paper.
//
// File names show who has accounts where, as in every password store of this
// kind; see [Path]. What is in the files is encrypted and authenticated, but not
// signed: who may write to the folder can add accounts and put older copies
// back. The vault notices what a machine can, by what it knew before; see
// [Known].
//
// Without tokenctl, the key file itself does as an identity:
//
//	age -d -i unlock/passphrase.age accounts/GitHub/alice.age
//
// A [Vault], a [PIV] and its slots are not safe for concurrent use; the other types are
// plain values. Several vaults, or processes, may have one folder open.
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

// A Vault is an open folder; its accounts can be read once it is unlocked. It is
// not safe for concurrent use, but any number of processes may have the same
// folder open: those that write take turns.
//
// Besides what each method says, all that look into a file return a *[DamagedFile] if it
// cannot be used, which wraps why, such as ErrInsecure, ErrSymlink or ErrConflict. All that
// change the vault return ErrRecipientsChanged, ErrReadOnly or ErrDiskFull, and nothing is
// changed then; or ErrNotCommitted, and it is changed.
type Vault struct {
	disk     disk
	options  Options
	trusted  string              // recipients that this machine encrypts to
	identity *age.X25519Identity // nil while locked
	tried    bool                // whether Options.Unlock was called without ask
	counters map[oath.ID]uint64  // the highest known
	unmerged map[string]objects  // files that git could not merge
	names    map[string]*names   // in folders, during a change
	older    []Older

	repository bool // git is used: the user said so on this machine
	proved     bool // trusted is of the vault's own key, or the user vouched for it
}

var _ oath.Token = (*Vault)(nil)

// Options say how to work with a vault. The zero value is for one that this
// machine has not seen before.
type Options struct {
	// Known is what this machine has known of the vault so far.
	Known Known

	// WorkFactor is the base-2 logarithm of scrypt's cost for new passphrases;
	// 0 is DefaultWorkFactor, about a second's work.
	WorkFactor int

	// Git runs git if the folder is a repository that Known speaks of. Without it,
	// changes are not committed.
	Git Git
	// OnTrust is called before a change while Known.Proved is false. Nil is not called.
	OnTrust func()

	// Unlock opens a locked vault, by its methods UnlockWith..., when an operation
	// needs the key. With ask, it may ask the user, and the operation returns its
	// error. Without ask, it must ask nobody, and its error is ignored; that comes
	// once in the life of a Vault, when Locked is called or an operation begins that
	// may need the key. Other processes can write meanwhile. Nil opens nothing.
	Unlock func(v *Vault, ask bool) error

	// Warn takes the ErrNotCommitted of a change, which then succeeds. Nil leaves
	// it to the change to return it, as InitGit always does.
	Warn func(error)
}

// DefaultWorkFactor is the base-2 logarithm of scrypt's cost, as in age.
const DefaultWorkFactor = 18

// Known is what a machine remembers of a vault from one time to the next, in
// order to notice when the folder was tampered with or put back to an older
// copy. It holds no secret. An older copy of a TOTP account looks no different
// from a current one, so this is all that can be noticed.
type Known struct {
	// Recipients are the keys that accounts are encrypted to, one per line. While
	// the vault has others, it refuses to write; see [Vault.Trust].
	Recipients string `json:"recipients"`

	// Counters are the HOTP counters that this machine saw last, which must
	// never fall back: a service refuses codes that were used before.
	Counters map[oath.ID]uint64 `json:"counters,omitempty"`

	// Proved says that the vault's own key was seen, and gives Recipients; or that the
	// user vouched for them with Trust. If not, they were taken on trust from the folder,
	// and the key that first opens the vault says what they should be.
	Proved bool `json:"proved,omitempty"`

	// Repository says that the folder is a git repository by its owner's will: made by
	// InitGit, or used by a git that the owner ran. It is not inferred from the folder.
	Repository bool `json:"repository,omitempty"`
}

// Names in the vault's folder.
const (
	recipientsFile = ".age-recipients"
	accountsFolder = "accounts"
	unlockFolder   = "unlock"

	// creatingFile is there while Create is at work, and shows that what a killed
	// Create left behind is nobody's only key.
	creatingFile = ".creating"
)

// Create makes a vault in a folder that is empty or does not exist, with the key
// that [GenerateIdentity] made and the given ways in, and returns it unlocked.
// Without any way in, only the caller's copy of the identity will ever open it.
//
// It returns ErrVaultExists if a vault exists already, and ErrNotEmpty if
// there is anything else but a git repository without files.
func Create(dir, identity string, ways Ways, o Options) (*Vault, error) {
	key, err := parseIdentity(identity)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, diskError("making the folder above the vault", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, diskError("making the vault's folder", err)
	}
	d, err := openDisk(dir)
	if err != nil {
		return nil, err
	}
	v := &Vault{disk: d, options: o, identity: key, trusted: key.Recipient().String(), proved: true, counters: maps.Clone(o.Known.Counters), repository: o.Known.Repository}
	if err := v.warn(v.create(ways)); err != nil {
		d.close()
		return nil, err
	}
	return v, nil
}

// create fills the folder. The file of recipients comes last: without it, there
// is no vault, and Create starts over.
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
		case name == lockFile, name == repositoryFolder, name == creatingFile, isTemporary(name):
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

// Exists reports whether a vault is in a folder, without a look at whether it can be opened.
func Exists(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, recipientsFile))
	return err == nil
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
	v := &Vault{
		disk: d, options: o, counters: maps.Clone(o.Known.Counters),
		trusted: o.Known.Recipients, proved: o.Known.Proved, repository: o.Known.Repository,
	}
	if err := v.open(); err != nil {
		d.close()
		return nil, err
	}
	return v, nil
}

func (v *Vault) open() error {
	if err := v.disk.recover(); err != nil {
		return err
	}
	v.findConflicts() // a git that does not work says so when it is to commit
	found, err := v.readRecipients()
	if errors.Is(err, ErrKeyConflict) {
		return nil // what is there can still be read
	}
	if errors.Is(err, fs.ErrNotExist) {
		// A vault that lost its public key must not pass for no vault: its accounts
		// would be left out without a word. Create, interrupted, leaves no accounts.
		accounts, err := v.disk.list(accountsFolder)
		switch {
		case err != nil:
			return err
		case len(accounts) > 0:
			return &DamagedFile{recipientsFile, errRecipientsLost}
		}
		return fmt.Errorf("%s: %w", v.disk.dir, ErrNoVault)
	}
	if err == nil && v.trusted == "" {
		v.trusted = found
	}
	return err
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
	return Known{Recipients: v.trusted, Counters: maps.Clone(v.counters), Proved: v.proved, Repository: v.repository}
}

// A Status describes a vault. Nothing in it needs an unlock.
type Status struct {
	Recipients string // keys that accounts are encrypted to, one per line
	Changed    bool   // they are not the ones that this machine trusts
	Locked     bool
	Ways       []Way
	Accounts   int
	Git        bool // the folder is a git repository; see Known.Repository
	Conflicted []string
}

// Status looks at the vault. A *DamagedError comes with a Status that is
// otherwise complete.
func (v *Vault) Status() (Status, error) {
	found, err := v.recipientsOrTrusted()
	if err != nil {
		return Status{}, err
	}
	ways, err := v.Ways()
	if err != nil {
		return Status{}, err
	}
	accounts, err := v.List()
	if err != nil && !errors.Is(err, ErrDamaged) {
		return Status{}, err
	}
	return Status{
		Recipients: found,
		Changed:    found != v.trusted,
		Locked:     v.Locked(),
		Ways:       ways,
		Accounts:   len(accounts),
		Git:        v.isRepository(),
		Conflicted: v.Conflicted(),
	}, err
}
