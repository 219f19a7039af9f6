package ykoath

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

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
	if err := CheckID(new); err != nil {
		return err
	}
	to, err := encodeName(new)
	if err != nil {
		return err
	}
	ids, err := s.knownIDs()
	i := slices.Index(ids, old)
	switch {
	case errors.Is(err, oath.ErrUnlisted):
		err = s.isFree(new)
	case err != nil:
	case i < 0:
		err = oath.ErrNotFound
	case old == new:
		return nil
	case slices.Contains(ids, new): // keys differ in what they answer then
		err = oath.ErrExists
	}
	if err != nil {
		return fmt.Errorf("%s: %w", cmdRename, err)
	}
	err = s.change(command{name: cmdRename, ins: 0x05, data: append(from, to...)})
	if err != nil {
		return s.unsupported(err, "renaming", versionRename)
	}
	if i >= 0 {
		s.ids[i] = new
	}
	return nil
}

// isFree asks for a code of an ID, which is not to have one. If it has, and counts, a
// counter is lost; but on a card that cannot list, nothing else shows it.
func (s *Session) isFree(id oath.ID) error {
	_, err := s.Code(id.Account(oath.TOTP), time.Unix(0, 0))
	if errors.Is(err, oath.ErrNotFound) {
		return nil
	}
	return cmp.Or(err, oath.ErrExists)
}
