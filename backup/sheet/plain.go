package sheet

import "github.com/tokenctl/tokenctl/backup/sheet/layout"

// Plain returns the sheet as anyone can read it. The same sheet makes the same
// document. It returns ErrInvalid.
func (s Sheet) Plain() (layout.Document, error) {
	s, err := s.checked()
	if err != nil {
		return layout.Document{}, err
	}
	c := s.composer()
	list := contentsRecord{stamp: s.stamp(), date: s.Date, adds: s.adds()}
	var body []layout.Block
	add := func(b layout.Block, digests []string) {
		b.Number = len(body) + 1
		body = append(body, b)
		list.list = append(list.list, digests)
	}
	if s.VaultKey != "" {
		add(keyBlock(c, s.VaultKey))
	}
	secrets, _ := s.count()
	for _, e := range s.Entries {
		block, digests := s.entryBlock(c, e)
		if !e.hasSecret() && secrets > 0 {
			block.Notes = append([]string{noSecret}, block.Notes...)
		}
		add(block, digests)
	}
	return s.document(c, s.ID, body, contentsRecords(list), s.plainSteps()), nil
}

func (s Sheet) stamp() stamp { return stamp{s.Number, s.ID} }

// adds returns the sheet that this one belongs with, 0 if it stands alone.
func (s Sheet) adds() int {
	if s.Partial {
		return s.Supersedes
	}
	return 0
}
