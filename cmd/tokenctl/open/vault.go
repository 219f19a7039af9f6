package open

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
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
	errSealed = errors.New("the vault is sealed: only its own key opens it")
)

type wrongPassphrase struct{}

func (wrongPassphrase) Error() string        { return "wrong passphrase" }
func (wrongPassphrase) Is(target error) bool { return target == oath.ErrWrongPassword }

// A Vault is a vault that is unlocked when it must be, and reports to its owner what it
// noticed.
type Vault struct {
	*vault.Vault
	Kept Keeping // its key, by which it is open

	o         *Opener
	ctx       context.Context
	options   VaultOptions
	before    knownFile // when it was opened
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
	o.Console.Vault, o.touchCommand = dir, options.TouchCommand
	known, err := readKnown(dir)
	if err != nil {
		return nil, err
	}
	v := &Vault{o: o, ctx: ctx, options: options, before: known, known: known}
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
			identity, kept := recallVault(v.Known().Recipients, v.o.Now())
			if kept.In == "" {
				return nil
			}
			err := v.UnlockWithIdentity(identity)
			if err == nil {
				v.Kept = kept
			}
			return err
		},
		Warn:    func(err error) { v.o.Report(err) }, // the change was made all the same
		OnTrust: v.noteTrust,
	}
}

// A NewVault is a vault to be made.
type NewVault struct {
	Dir      string
	Password Password // the passphrase, where nobody is asked
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
		o.Note("Only this key opens the vault. It is stored nowhere: write it down or print it now.")
		if o.PrintLine(identity); o.Unwritten != nil {
			return nil, o.Unwritten
		}
	}
	known, err := readKnown(dir)
	if err != nil {
		return nil, err
	}
	v := &Vault{o: o, ctx: ctx, before: known, known: knownFile{path: known.path, Folder: known.Folder}}
	var before vault.Known
	if n.Identity != "" {
		before.Counters = known.Counters // of the vault that had this key before
	}
	v.Vault, err = vault.Create(dir, identity, ways, v.vaultOptions(before))
	if err != nil {
		return nil, err
	}
	if known.Recipients != v.Known().Recipients { // of a vault that was here before
		o.Report(o.ForgetVault(known.Recipients))
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
		v.o.Note("The counter of %s went back from %d to %d; is the vault an older copy?",
			term.Printable(string(older.ID)), older.Known, older.Found)
	}
	v.nameConflicts()
	v.known.Known = v.Known()
	v.noteProof()
	switch {
	case v.known.Repository && !v.before.Repository:
		v.o.Note("Each change to the vault is committed to its git repository from now on.")
	case v.IgnoresRepository() && !v.known.ToldGit:
		v.known.ToldGit = true
		v.o.Note("There is a git repository in the vault's folder that is not used: this machine does not know it. If it is yours, not somebody else's: tokenctl vault git init")
	}
	if err := v.known.save(v.before); err != nil {
		v.o.Note("tokenctl: %v", err)
	}
	v.Vault.Close()
}

// noteTrust says, once, that what is stored is encrypted to a public key that nobody
// vouched for.
func (v *Vault) noteTrust() {
	if v.known.ToldTrust {
		return
	}
	v.known.ToldTrust = true
	v.o.Note("The vault's public key is taken on trust: this machine has no record that the "+
		"vault was opened here. Compare it with that of a machine where it was:\n  %s\n"+
		"It is compared with the vault's own key when that first opens the vault here.", indented(v.Known().Recipients))
}

// noteProof says what came of that comparison, if they differ.
func (v *Vault) noteProof() {
	if !v.known.Proved || v.before.Proved || !v.before.ToldTrust && !v.known.ToldTrust {
		return
	}
	if status, err := v.Status(); err == nil && status.Changed {
		v.o.Note("The vault's own key is not the public key that was taken on trust. What was "+
			"stored here may be open to whoever has the key of:\n  %s\n"+
			"Nothing more is stored until you confirm it; see: tokenctl vault trust --help", indented(status.Recipients))
	}
}

// indented returns recipients, one per line, for a note that begins with two spaces.
func indented(recipients string) string { return strings.ReplaceAll(recipients, "\n", "\n  ") }

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
			v.o.Terminal.Show("%v", err)
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
