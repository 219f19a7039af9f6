package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"filippo.io/age"
)

// recipients are the keys that accounts are encrypted to: the vault's own, and
// any that the user has added with an editor.
type recipients struct {
	keys  []age.Recipient
	names []string // the same as text
}

// String returns the recipients, one a line.
func (r recipients) String() string { return strings.Join(r.names, "\n") }

// parseRecipients reads a recipients file as age does: one a line, with empty
// lines and comments that begin with '#'.
func parseRecipients(content []byte) (recipients, error) {
	keys, err := age.ParseRecipients(bytes.NewReader(content))
	if err != nil {
		return recipients{}, errNotRecipients
	}
	r := recipients{keys: keys}
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			r.names = append(r.names, line)
		}
	}
	return r, nil
}

var errNotRecipients = errors.New("it does not hold age recipients (age1...), one a line")

// readRecipients returns fs.ErrNotExist if there is no vault.
func (v *Vault) readRecipients() (recipients, error) {
	content, err := v.disk.read(recipientsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return recipients{}, err
	}
	if err != nil {
		return recipients{}, fmt.Errorf("reading the vault's public key: %w", err)
	}
	r, err := parseRecipients(content)
	if err != nil {
		return recipients{}, &DamagedFile{recipientsFile, err}
	}
	return r, nil
}

// Trust makes the vault's recipients the ones that this machine encrypts to,
// whoever put them there. The caller has shown them to the user (see
// [Vault.Status]), and keeps what Known returns.
func (v *Vault) Trust(recipients string) error {
	there, err := v.readRecipients()
	if err != nil {
		return err
	}
	if there.String() != recipients {
		return fmt.Errorf("%s: %w", recipientsFile, ErrRecipientsChanged)
	}
	v.trusted = recipients
	return nil
}
