package ykoath

// Reset deletes every account and the password (RESET), and draws another salt.
// It needs no password. It returns oath.ErrUnsupported if the key cannot.
func (s *Session) Reset() error {
	if err := s.change(command{name: cmdReset, ins: 0x04, p1: 0xde, p2: 0xad}); err != nil {
		return err
	}
	s.ids = nil
	return s.selectApplet()
}
