package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"filippo.io/age"
)

// change runs one change to the vault, alone among all processes, and commits
// it. It returns ErrRecipientsChanged before anything is changed.
func (v *Vault) change(message string, f func() error) error {
	return v.warn(v.exclusive(message, v.trusting(f)))
}

// trusting runs a change only if this machine trusts the vault's recipients.
func (v *Vault) trusting(f func() error) func() error {
	return func() error {
		found, err := v.readRecipients()
		if err != nil {
			return err
		}
		if found != v.trusted {
			return fmt.Errorf("%s: %w", recipientsFile, ErrRecipientsChanged)
		}
		if !v.proved && v.options.OnTrust != nil {
			v.options.OnTrust()
		}
		return f()
	}
}

// exclusive is change with whatever recipients the vault has.
func (v *Vault) exclusive(message string, f func() error) error {
	return v.alone(func() error {
		if err := f(); err != nil {
			return err
		}
		return v.commit(message)
	})
}

// alone runs what changes the vault, alone among all processes.
func (v *Vault) alone(f func() error) error {
	unlock, err := v.disk.lock()
	if err != nil {
		return err
	}
	defer unlock()
	v.names = make(map[string]*names)
	defer func() { v.names = nil }()
	if err := v.disk.replay(); err != nil {
		return err
	}
	if _, err := v.disk.sweep("."); err != nil {
		return err
	}
	v.findConflicts() // again; if it fails, so does the commit
	return f()
}

// warn hands ErrNotCommitted to Options.Warn, and returns any other error.
func (v *Vault) warn(err error) error {
	if v.options.Warn != nil && errors.Is(err, ErrNotCommitted) {
		v.options.Warn(err)
		return nil
	}
	return err
}

var (
	errNotRecipients = errors.New("it does not hold age recipients (age1...), one per line")

	// errRecipientsLost says how to repair a vault that lost its public key.
	errRecipientsLost = errors.New("it is missing; \"age-keygen -y\" prints it, given the vault's private key")
)

// readRecipients returns the keys that accounts are encrypted to, one per
// line: the vault's own, and any that the user has added with an editor. It
// returns fs.ErrNotExist if there is no vault.
func (v *Vault) readRecipients() (string, error) {
	if err := v.settled(recipientsFile); err != nil {
		return "", err
	}
	content, err := v.disk.read(recipientsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("reading the vault's public key: %w", err)
	}
	if _, err := age.ParseRecipients(bytes.NewReader(content)); err != nil {
		return "", &DamagedFile{recipientsFile, errNotRecipients}
	}
	return strings.Join(usedLines(content), "\n"), nil
}

// recipientsOrTrusted is readRecipients for what can do without those in the folder
// while they are not merged.
func (v *Vault) recipientsOrTrusted() (string, error) {
	found, err := v.readRecipients()
	if errors.Is(err, ErrKeyConflict) {
		return v.trusted, nil
	}
	return found, err
}

// usedLines returns the lines of a file as age reads it: without empty ones, and
// comments that begin with '#'.
func usedLines(content []byte) []string {
	var lines []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	return lines
}

// Trust makes the vault's recipients the ones that this machine encrypts to,
// whoever put them there. The caller has shown them to the user (see
// [Vault.Status]), and keeps what Known returns. It
// returns ErrRecipientsChanged if they are others by now.
func (v *Vault) Trust(recipients string) error {
	found, err := v.readRecipients()
	if err != nil {
		return err
	}
	if found != recipients {
		return fmt.Errorf("%s: %w", recipientsFile, ErrRecipientsChanged)
	}
	v.trusted, v.proved = recipients, true
	return nil
}
