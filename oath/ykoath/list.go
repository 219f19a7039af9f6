package ykoath

import (
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
)

// List returns every account with its algorithm (LIST). Digits and touch are
// unknown: the applet does not report them here.
// It returns oath.ErrUnlisted if the card has more than it can list.
func (s *Session) List() ([]oath.Account, error) {
	answer, err := s.do(command{name: cmdList, ins: 0xa1})
	if err != nil {
		return nil, err
	}
	accounts, err := parseList(answer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmdList, err)
	}
	s.ids = make([]oath.ID, len(accounts))
	for i, a := range accounts {
		s.ids[i] = a.ID()
	}
	return accounts, nil
}

func parseList(answer []byte) ([]oath.Account, error) {
	fields, err := parseFields(answer)
	if err != nil {
		return nil, err
	}
	var accounts []oath.Account
	for i, f := range fields {
		if f.tag != tagNameList {
			continue
		}
		if len(f.value) < 1 {
			return nil, fmt.Errorf("%w: field %d, an account of the list, is empty", ErrMalformed, i)
		}
		k := kind(f.value[0])
		a := oath.ID(f.value[1:]).Account(k.oathType())
		a.Algorithm = k.algorithm()
		accounts = append(accounts, a)
	}
	return accounts, nil
}

// Used returns how many accounts there are (LIST, unless that is known). Its errors are
// those of List.
func (s *Session) Used() (int, error) {
	ids, err := s.knownIDs()
	return len(ids), err
}

// knownIDs returns the IDs of all accounts, and asks the card only if it has not
// reported them yet.
func (s *Session) knownIDs() ([]oath.ID, error) {
	if s.ids == nil {
		if _, err := s.List(); err != nil {
			return nil, err
		}
	}
	return s.ids, nil
}
