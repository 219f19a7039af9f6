package line

import "strings"

// A typedLine is one that checks.
type Typed struct {
	Number  int
	Keyword string // "" for a line of letters
	Text    string // after the keyword, or the letters
	Mark    Mark
}

// readLine reads a line with its number and its check. Where it has no number, it
// may be the expected one.
func Read(text string, expected int) (Typed, *Error) {
	var first *Error
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
	return Typed{}, first
}

func (t typing) read() (Typed, *Error) {
	keyword, rest, ok := cutKeyword(t.content)
	switch {
	case !ok:
		return t.readLetters()
	case keyword == KeyKeyword:
		return t.readKey(rest)
	}
	return t.readWords(keyword, rest)
}

func (t typing) line(keyword, text string) Typed {
	return Typed{t.number, keyword, text, t.mark}
}

func (t typing) unclear() *Error { return &Error{Line: t.number} }

// readWords reads what follows a keyword: words, of which the last four characters
// are the check.
func (t typing) readWords(keyword, rest string) (Typed, *Error) {
	words, check, ok := cutCheck(strings.Join(strings.Fields(rest), " "))
	if !ok {
		return Typed{}, t.unclear()
	}
	text := wordText(keyword, words)
	for _, c := range likelyLetters(check) {
		if checks(t.number, text, c) {
			return t.line(keyword, words), nil
		}
	}
	s := diagnose(t.number, text, likelyLetters(check)[0], isWordCharacter)
	return Typed{}, s.inWords(t.number, keyword, words)
}

// cutCheck takes the last four characters off, and the space before them.
func cutCheck(text string) (rest, check string, ok bool) {
	at := len(text) - checkLength
	if at < 0 || strings.Contains(text[at:], " ") {
		return "", "", false
	}
	return strings.TrimRight(text[:at], " "), strings.ToUpper(text[at:]), true
}

func (t typing) readLetters() (Typed, *Error) {
	typed := dropSpacing(t.content)
	at := len(typed) - checkLength
	if at < 1 {
		return Typed{}, t.unclear()
	}
	likely := likelyLetters(typed)
	for _, l := range likely {
		if checks(t.number, l[:at], l[at:]) {
			return t.line("", l[:at]), nil
		}
	}
	for i := range at {
		if !IsLetter(likely[0][i]) {
			return Typed{}, suspicion{WrongCharacter, i}.inGroups(t.number, 0)
		}
	}
	return Typed{}, diagnose(t.number, likely[0][:at], likely[0][at:], IsLetter).inGroups(t.number, 0)
}

// readKey reads what follows "key:", part of an age identity.
func (t typing) readKey(rest string) (Typed, *Error) {
	typed := dropSpacing(rest)
	at := len(typed) - checkLength
	if at < 1 {
		return Typed{}, t.unclear()
	}
	prefix, data := cutIdentityPrefix(typed[:at])
	data = likelyBech32(data)
	text := keyText(prefix + data)
	for _, c := range likelyLetters(typed[at:]) {
		if checks(t.number, text, c) {
			return t.line(KeyKeyword, prefix+data), nil
		}
	}
	s := diagnose(t.number, text, likelyLetters(typed[at:])[0], isWordCharacter)
	return Typed{}, s.inKey(t.number, prefix)
}
