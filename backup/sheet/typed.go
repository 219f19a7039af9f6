package sheet

import "strings"

// A typedLine is one that checks.
type typedLine struct {
	number  int
	keyword string // "" for a line of letters
	text    string // after the keyword, or the letters
	mark    mark
}

// readLine reads a line with its number and its check. Where it has no number, it
// may be the expected one.
func readLine(text string, expected int) (typedLine, *LineError) {
	var first *LineError
	for _, reading := range readings(text) {
		for _, t := range typings(reading, expected) {
			line, err := t.read()
			if err == nil {
				return line, nil
			}
			if first == nil {
				first = err
			}
		}
	}
	return typedLine{}, first
}

func (t typing) read() (typedLine, *LineError) {
	keyword, rest, ok := cutKeyword(t.content)
	switch {
	case !ok:
		return t.readLetters()
	case keyword == keyKeyword:
		return t.readKey(rest)
	}
	return t.readWords(keyword, rest)
}

func (t typing) line(keyword, text string) typedLine {
	return typedLine{t.number, keyword, text, t.mark}
}

func (t typing) unclear() *LineError { return &LineError{Line: t.number} }

// readWords reads what follows a keyword: words, of which the last four characters
// are the check.
func (t typing) readWords(keyword, rest string) (typedLine, *LineError) {
	words, check, ok := cutCheck(strings.Join(strings.Fields(rest), " "))
	if !ok {
		return typedLine{}, t.unclear()
	}
	text := wordText(keyword, words)
	for _, c := range likelyLetters(check) {
		if checks(t.number, text, c) {
			return t.line(keyword, words), nil
		}
	}
	s := diagnose(t.number, text, likelyLetters(check)[0], isWordCharacter)
	return typedLine{}, s.inWords(t.number, keyword, words)
}

// cutCheck takes the last four characters off, and the space before them.
func cutCheck(text string) (rest, check string, ok bool) {
	at := len(text) - checkLength
	if at < 0 || strings.Contains(text[at:], " ") {
		return "", "", false
	}
	return strings.TrimRight(text[:at], " "), strings.ToUpper(text[at:]), true
}

func (t typing) readLetters() (typedLine, *LineError) {
	typed := dropSpacing(t.content)
	at := len(typed) - checkLength
	if at < 1 {
		return typedLine{}, t.unclear()
	}
	likely := likelyLetters(typed)
	for _, l := range likely {
		if checks(t.number, l[:at], l[at:]) {
			return t.line("", l[:at]), nil
		}
	}
	for i := range at {
		if !isLetter(likely[0][i]) {
			return typedLine{}, suspicion{WrongCharacter, i}.inGroups(t.number, 0)
		}
	}
	return typedLine{}, diagnose(t.number, likely[0][:at], likely[0][at:], isLetter).inGroups(t.number, 0)
}

// readKey reads what follows "key:", part of an age identity.
func (t typing) readKey(rest string) (typedLine, *LineError) {
	typed := dropSpacing(rest)
	at := len(typed) - checkLength
	if at < 1 {
		return typedLine{}, t.unclear()
	}
	prefix, data := cutIdentityPrefix(typed[:at])
	data = likelyBech32(data)
	text := keyText(prefix + data)
	for _, c := range likelyLetters(typed[at:]) {
		if checks(t.number, text, c) {
			return t.line(keyKeyword, prefix+data), nil
		}
	}
	s := diagnose(t.number, text, likelyLetters(typed[at:])[0], isWordCharacter)
	return typedLine{}, s.inKey(t.number, prefix)
}
