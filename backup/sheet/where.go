package sheet

import "strings"

// inGroups tells a mistake in a line of letters by its group of four. Before the
// letters there are so many other groups.
func (s suspicion) inGroups(number, before int) *LineError {
	e := &LineError{Line: number, Mistake: s.mistake}
	if s.located() {
		e.Group = before + s.at/groupLength + 1
		e.Character = s.at%groupLength + 1
	}
	return e
}

// inWords tells a mistake in a line of words by its word after the keyword; one in
// the keyword is in no group.
func (s suspicion) inWords(number int, keyword, text string) *LineError {
	e := &LineError{Line: number, Mistake: s.mistake}
	at := s.at - len(wordText(keyword, text)) + len(text)
	if s.located() && at >= 0 {
		before := text[:min(at, len(text))]
		e.Group = strings.Count(before, " ") + 1
		e.Character = at - strings.LastIndexByte(before, ' ')
	}
	return e
}

// inKey tells a mistake in a line after "key:", which may begin with a prefix.
func (s suspicion) inKey(number int, prefix string) *LineError {
	if !s.located() {
		return &LineError{Line: number, Mistake: s.mistake}
	}
	s.at = max(s.at-len(keyText("")), 0)
	if prefix == "" {
		return s.inGroups(number, 0)
	}
	if s.at < len(prefix) {
		return &LineError{Line: number, Mistake: s.mistake, Group: 1, Character: s.at + 1}
	}
	return (suspicion{s.mistake, s.at - len(prefix)}).inGroups(number, 1)
}

// located reports whether the mistake is at a place in the text.
func (s suspicion) located() bool {
	switch s.mistake {
	case WrongCharacter, SwappedCharacters, MissingCharacter, ExtraCharacter:
		return s.at != nowhere
	}
	return false
}
