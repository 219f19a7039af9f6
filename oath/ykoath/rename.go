package ykoath

import (
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/oath"
)

// Rename gives an account another ID (RENAME). It returns oath.ErrUnsupported if
// the key cannot, oath.ErrNotFound if there is no such account, and
// oath.ErrExists if the new ID is taken.
func (s *Session) Rename(old, new oath.ID) error {
	from, err := encodeName(old)
	if err != nil {
		return err
	}
	to, err := encodeName(new)
	if err != nil {
		return err
	}
	ids, err := s.knownIDs()
	if err != nil {
		return err
	}
	i := slices.Index(ids, old)
	switch {
	case i < 0:
		return fmt.Errorf("%s: %w", cmdRename, oath.ErrNotFound)
	case old == new:
		return nil
	case slices.Contains(ids, new): // keys differ in what they answer then
		return fmt.Errorf("%s: %w", cmdRename, oath.ErrExists)
	}
	err = s.change(command{name: cmdRename, ins: 0x05, data: append(from, to...)})
	if err != nil {
		return s.unsupported(err, "renaming", versionRename)
	}
	s.ids[i] = new
	return nil
}
