package open

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/durable"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/vault"
)

var (
	// ErrVaultGone says that a vault is not where it was.
	ErrVaultGone = errors.New("the vault is gone")

	// errWrongPassphrase says that the passphrase does not open the vault. It is an
	// oath.ErrWrongPassword.
	errWrongPassphrase error = wrongPassphrase{}

	// errSealed says that the vault has no way in but its own key, on paper.
	errSealed = errors.New("the vault is sealed: its own key alone opens it")
)

type wrongPassphrase struct{}

func (wrongPassphrase) Error() string        { return "wrong passphrase" }
func (wrongPassphrase) Is(target error) bool { return target == oath.ErrWrongPassword }

// A Vault is a vault that is unlocked when it must be, and reports to its owner what it
// noticed.
type Vault struct {
	*vault.Vault
	o         *Opener
	ctx       context.Context
	options   VaultOptions
	known     knownFile
	beforePIV func() // releases the keys, whose PIV applet may be needed
}

// WorkFactor makes passphrases costly to guess; see vault.Options. Only tests make it
// less.
var WorkFactor = vault.DefaultWorkFactor

// Vault opens the vault that the options choose, locked.
func (o *Opener) Vault(ctx context.Context, options VaultOptions) (*Vault, error) {
	dir, err := options.Folder()
	if err != nil {
		return nil, err
	}
	o.Console.Vault = dir
	known, err := readKnown(dir)
	if err != nil {
		return nil, err
	}
	v := &Vault{o: o, ctx: ctx, options: options, known: known}
	v.Vault, err = vault.Open(dir, v.vaultOptions(known.Known))
	if errors.Is(err, vault.ErrNoVault) && known.Recipients != "" {
		return nil, fmt.Errorf("%w: this machine knows one in %s", ErrVaultGone, term.Printable(dir))
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Vault) vaultOptions(known vault.Known) vault.Options {
	return vault.Options{
		Known: known, WorkFactor: WorkFactor, Git: runGit(v.ctx),
		Unlock: func(_ *vault.Vault, ask bool) error {
			if ask {
				return v.Unlock()
			}
			if identity, found := recallVault(v.Known().Recipients, v.o.Now()); found {
				return v.UnlockWithIdentity(identity)
			}
			return nil
		},
		Warn: func(err error) { v.o.Note("tokenctl: %v", err) }, // the change was made all the same
	}
}

// A NewVault is a vault to be made.
type NewVault struct {
	Dir      string
	Password Password // the passphrase, where nobody is to be asked
	Sealed   bool     // opens with its own key alone
	Yes      bool
	Identity string // the key to make it with; "" is a new one
}

// CreateVault makes a vault, and returns it unlocked.
func (o *Opener) CreateVault(ctx context.Context, n NewVault) (*Vault, error) {
	dir, err := VaultOptions{Dir: n.Dir}.Folder()
	if err != nil {
		return nil, err
	}
	o.Console.Vault = dir
	switch there, err := HasVault(dir); {
	case err != nil:
		return nil, err
	case there:
		return nil, vault.ErrVaultExists
	}
	var ways vault.Ways
	if !n.Sealed {
		if ways.Passphrase, err = o.NewPassphrase(ctx, "the vault", n.Password, n.Yes); err != nil {
			return nil, err
		}
	}
	identity := n.Identity
	if identity == "" {
		if identity, err = vault.GenerateIdentity(); err != nil {
			return nil, err
		}
	}
	if n.Sealed { // before the vault is made: without the key, it never opens
		o.Note("This key alone opens the vault. It is kept nowhere: write it down or print it now.")
		if o.PrintLine(identity); o.Unwritten != nil {
			return nil, o.Unwritten
		}
	}
	known, err := readKnown(dir)
	if err != nil {
		return nil, err
	}
	v := &Vault{o: o, ctx: ctx, known: known}
	var before vault.Known
	if n.Identity != "" {
		before.Counters = known.Counters // of the vault that had this key before
	}
	v.Vault, err = vault.Create(dir, identity, ways, v.vaultOptions(before))
	if err != nil {
		return nil, err
	}
	return v, nil
}

// HasVault reports whether there is a vault in a folder.
func HasVault(dir string) (bool, error) {
	v, err := vault.Open(dir, vault.Options{})
	if err == nil {
		v.Close()
		return true, nil
	}
	if errors.Is(err, vault.ErrNoVault) {
		err = nil
	}
	return false, err
}

// Close closes the vault, and keeps what this machine now knows of it.
func (v *Vault) Close() {
	for _, older := range v.Older() {
		v.o.Note("The counter of %s was put back from %d to %d; is the vault an older copy?",
			term.Printable(string(older.ID)), older.Known, older.Found)
	}
	v.nameConflicts()
	if err := v.known.save(v.Known()); err != nil {
		v.o.Note("tokenctl: %v", err)
	}
	v.Vault.Close()
}

// nameConflicts names what git could not merge, once in a command.
func (v *Vault) nameConflicts() {
	files := v.Conflicted()
	if len(files) == 0 || v.o.named {
		return
	}
	v.o.named = true
	wayOut := "See both sides and keep one of each with: tokenctl vault resolve"
	if slices.Contains(files, ".age-recipients") {
		wayOut = keyConflictHint
	}
	for i, file := range files {
		files[i] = term.Printable(file)
	}
	v.o.Note("In the vault, git could not merge what two machines did to %s. Until that is settled, nothing is committed.\n%s", term.List(files), wayOut)
}

// Unlock opens the vault, with what was given or what its owner is asked for.
func (v *Vault) Unlock() error {
	if !v.Locked() {
		return nil
	}
	switch o := v.options; {
	case o.KeyFile != "":
		identity, err := readIdentity(o.KeyFile)
		if err != nil {
			return err
		}
		return v.UnlockWithIdentity(identity)
	case o.Passphrase.IsGiven():
		passphrase, err := o.Passphrase.Read(v.ctx)
		if err != nil {
			return err
		}
		return v.unlockWith(passphrase)
	}
	ways, err := v.Ways()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(ways, func(w vault.Way) bool { return !w.IsPassphrase() }) {
		if done, err := v.unlockWithKey(ways); done || err != nil {
			return err
		}
	}
	switch {
	case len(ways) == 0:
		return errSealed
	case !slices.ContainsFunc(ways, vault.Way.IsPassphrase):
		return fmt.Errorf("no passphrase opens it: %w", vault.ErrNoWay)
	}
	err = v.o.Terminal.TryPassword("Passphrase of the vault", errWrongPassphrase, v.unlockWith)
	if errors.Is(err, term.ErrNoTerminal) {
		return oath.ErrLocked
	}
	return err
}

// unlockWithKey opens the vault by a YubiKey, if one that can is plugged in, and its
// owner has the PIN at hand.
func (v *Vault) unlockWithKey(ways []vault.Way) (done bool, err error) {
	err = v.unlockWithPIV(ways)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errNoPIN):
		return false, nil
	case v.options.PIN.IsGiven():
		return false, err
	}
	for _, of := range []error{pcsc.ErrBusy, vault.ErrKeyBusy, vault.ErrNoKey, vault.ErrPINBlocked, vault.ErrWrongSlot} {
		if errors.Is(err, of) && v.o.Terminal != nil {
			v.o.Terminal.Tell("%v", err)
			return false, nil
		}
	}
	if errors.Is(err, errNoPIVKey) && !errors.Is(err, pcsc.ErrBusy) {
		return false, nil // it is just not there
	}
	return false, err
}

func (v *Vault) unlockWith(passphrase string) error {
	err := v.UnlockWithPassphrase(passphrase)
	if errors.Is(err, oath.ErrWrongPassword) {
		return errWrongPassphrase
	}
	return err
}

// readIdentity returns the vault's key in a file: the first line that is not empty
// and no comment, as in age's own files.
func readIdentity(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the vault's key: %w", err)
	}
	for line := range strings.Lines(strings.TrimPrefix(string(text), byteOrderMark)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line, nil
		}
	}
	return "", fmt.Errorf("reading the vault's key: %w", vault.ErrMalformedKey)
}

// A knownFile is what this machine remembers of a vault; see vault.Known. It is kept
// outside of the vault, so that it does not change with it.
type knownFile struct {
	vault.Known
	path string
}

// readKnown returns what is known of the vault in a folder: nothing, if this machine
// has not seen it yet.
func readKnown(dir string) (knownFile, error) {
	state, err := userFolder("XDG_STATE_HOME", ".local/state")
	if err != nil {
		return knownFile{}, err
	}
	sum := sha256.Sum256([]byte(dir))
	k := knownFile{path: filepath.Join(state, "tokenctl", "vault-"+hex.EncodeToString(sum[:8])+".json")}
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return k, fmt.Errorf("reading what is known of the vault: %w", err)
	}
	if err := json.Unmarshal(text, &k.Known); err != nil {
		return k, fmt.Errorf("%s is damaged (%w); if you did not change the vault's keys, move it away", k.path, err)
	}
	return k, nil
}

// save keeps what is known now, if it is not the same.
func (k knownFile) save(now vault.Known) error {
	if reflect.DeepEqual(k.Known, now) {
		return nil
	}
	text, err := json.MarshalIndent(now, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(k.path), 0o700)
	}
	if err == nil {
		err = durable.Replace(k.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keeping what is known of the vault: %w", err)
	}
	return nil
}
