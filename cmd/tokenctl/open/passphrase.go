package open

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// NewPassphrase returns a new passphrase of the vault or a sheet: the one given, or one
// that is asked for twice. It names a weak one as such.
func (o *Opener) NewPassphrase(ctx context.Context, of string, password Password, yes bool) (string, error) {
	if password.IsGiven() {
		passphrase, err := password.Read(ctx)
		if weakness := weaknessOf(passphrase); err == nil && weakness != "" {
			o.Note("The passphrase is weak: %s.", weakness)
		}
		return passphrase, err
	}
	for {
		passphrase, err := o.Terminal.AskNewSecret("New passphrase of " + of)
		if errors.Is(err, term.ErrNoTerminal) {
			return "", fmt.Errorf("%w: for the new passphrase", err)
		}
		if err != nil {
			return "", err
		}
		weakness := weaknessOf(passphrase)
		if weakness == "" {
			return passphrase, nil
		}
		o.Terminal.Show("That is weak: %s. Four or five words that nobody would put together are good.", weakness)
		if passphrase == "" {
			continue
		}
		if err := o.Terminal.Confirm(yes, "Use it all the same?"); !errors.Is(err, term.ErrDeclined) {
			return passphrase, err
		}
	}
}

const (
	// minPassphrase is in characters. Scrypt makes each guess cost about a second
	// of a computer's time, which makes up for a passphrase that is not random.
	minPassphrase = 12

	// minDistinct is how many different characters a passphrase should have.
	minDistinct = 6
)

// weaknessOf says what makes a passphrase easy to guess, "" if nothing is seen to. It
// knows no dictionary: it catches what is plainly too little.
func weaknessOf(passphrase string) string {
	characters := []rune(strings.TrimSpace(passphrase))
	distinct := slices.Clone(characters)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	steps := 0 // to a neighbour in the alphabet, as in "abcdefgh" and "98765432"
	for i := 1; i < len(characters); i++ {
		if d := characters[i] - characters[i-1]; d >= -1 && d <= 1 {
			steps++
		}
	}
	switch {
	case len(characters) == 0:
		return "it is empty"
	case len(characters) < minPassphrase:
		return fmt.Sprintf("it has %d characters, and should have %d or more", len(characters), minPassphrase)
	case len(distinct) < minDistinct:
		return fmt.Sprintf("it has only %d different characters", len(distinct))
	case steps*4 >= len(characters)*3:
		return "its characters follow each other in the alphabet"
	}
	return ""
}
