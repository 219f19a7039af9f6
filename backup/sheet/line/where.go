package line

import "strings"

// inGroups tells a mistake in a line of letters by its group of four. Before the
// letters there are so many other groups.
func (s suspicion) inGroups(number, before int) *Error {
	e := &Error{Line: number, Mistake: s.Mistake}
	if s.located() {
		e.Group = before + s.At/groupLength + 1
		e.Character = s.At%groupLength + 1
	}
	return e
}

// inWords tells a mistake in a line of words by its word after the keyword; one in
// the keyword is in no group.
func (s suspicion) inWords(number int, keyword, text string) *Error {
	e := &Error{Line: number, Mistake: s.Mistake}
	at := s.At - len(wordText(keyword, text)) + len(text)
	if s.located() && at >= 0 {
		before := text[:min(at, len(text))]
		e.Group = strings.Count(before, " ") + 1
		e.Character = at - strings.LastIndexByte(before, ' ')
	}
	return e
}

// inKey tells a mistake in a line after "key:", which may begin with a prefix.
func (s suspicion) inKey(number int, prefix string) *Error {
	if !s.located() {
		return &Error{Line: number, Mistake: s.Mistake}
	}
	s.At = max(s.At-len(keyText("")), 0)
	if prefix == "" {
		return s.inGroups(number, 0)
	}
	if s.At < len(prefix) {
		return &Error{Line: number, Mistake: s.Mistake, Group: 1, Character: s.At + 1}
	}
	return (suspicion{s.Mistake, s.At - len(prefix)}).inGroups(number, 1)
}

// located reports whether the mistake is at a place in the text.
func (s suspicion) located() bool {
	switch s.Mistake {
	case WrongCharacter, SwappedCharacters, MissingCharacter, ExtraCharacter:
		return s.At != nowhere
	}
	return false
}
