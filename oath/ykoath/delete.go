package ykoath

import (
	"slices"

	"github.com/tokenctl/tokenctl/oath"
)

// Delete removes an account (DELETE). It returns oath.ErrNotFound if there is
// none.
func (s *Session) Delete(id oath.ID) error {
	name, err := encodeName(id)
	if err != nil {
		return err
	}
	if err := s.change(command{name: cmdDelete, ins: 0x02, data: name}); err != nil {
		return err
	}
	s.ids = slices.DeleteFunc(s.ids, func(there oath.ID) bool { return there == id })
	return nil
}
