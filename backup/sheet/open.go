package sheet

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// open adds to the haul what was sealed on a sheet. The error joins what went
// wrong.
func (h *haul) open(g *gathered, passphrase string) error {
	if g.sealed.of == 0 && len(g.shares) == 0 {
		return nil
	}
	c := g.combine()
	identity, err := g.identity(c, passphrase)
	if err == nil {
		err = h.unseal(g, identity)
	}
	if err != nil {
		err = fmt.Errorf("sheet %d: %w", g.sheet, err)
	}
	return errors.Join(err, c.wrong(g.sheet))
}

// identity returns what opens a sheet of which all parts are there.
func (g *gathered) identity(c combination, passphrase string) (age.Identity, error) {
	switch {
	case !g.sealed.complete() || g.seal == byShares && c.more > 0 || g.seal == byShares && c.need == 0:
		return nil, ErrIncomplete
	case g.seal == byShares:
		return c.identity(g.id)
	case passphrase == "":
		return nil, ErrNeedsPassphrase
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fmt.Errorf("opening it: %w", err)
	}
	identity.SetMaxWorkFactor(MaxWorkFactor)
	return identity, nil
}

func (h *haul) unseal(g *gathered, identity age.Identity) error {
	var file strings.Builder
	for _, p := range g.sealed.ordered() {
		file.WriteString(p.data)
	}
	plain, err := age.Decrypt(strings.NewReader(file.String()), identity)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return g.refused()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return h.addSealed(string(text))
}

// refused returns what it means that the key does not open the sheet.
func (g *gathered) refused() error {
	if g.seal == byShares {
		return fmt.Errorf("%w: the shares do not open it, so one of them is wrong", ErrDamaged)
	}
	return ErrWrongPassphrase
}

// addSealed adds the records of a text that was sealed. Those that do not read do
// not keep it from adding the others.
func (h *haul) addSealed(text string) error {
	var wrong []error
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		record, err := parseRecord(line)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		h.add(record)
	}
	return errors.Join(wrong...)
}
