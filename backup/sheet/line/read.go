package line

import (
	"strconv"
	"strings"
	"time"
)

// A Typed is a line that checks.
type Typed struct {
	Number  int
	Keyword string // "" for a line of letters
	Text    string // after the keyword, or the letters
	Mark    Mark
}

// A Mark says that a code was used.
type Mark struct {
	Ticked bool
	Day    time.Time // zero if it was not given
}

const (
	usedWord   = "used" // before the date of a code's use
	dateFormat = time.DateOnly
)

// Read reads a line with its number and its check. Where it has no number, it may be
// the expected one. Characters that look alike are taken for each other where the
// check says so.
func Read(text string, expected int) (Typed, *Error) {
	var first *Error
	for _, reading := range readings(text) {
		for _, t := range typings(reading, expected) {
			l, err := t.read()
			if err == nil {
				return l, nil
			}
			if first == nil {
				first = err
			}
		}
	}
	return Typed{}, first
}

// A typing is how a typed line may be meant, before its check is looked at.
type typing struct {
	number  int
	content string
	mark    Mark
}

// typings returns the ways in which the ends of a line may be meant: with and
// without a number, and with a mark or a text that ends like one.
func typings(text string, expected int) (all []typing) {
	add := func(number int, content string) {
		content, box := cutBox(content)
		if rest, used := cutUsed(content); used.Ticked {
			all = append(all, typing{number, rest, used})
		}
		all = append(all, typing{number, content, box})
	}
	if number, rest, ok := cutNumber(text); ok {
		add(number, rest)
	}
	add(expected, text)
	return all
}

// cutNumber takes a line's number off, and what people write after it.
func cutNumber(text string) (number int, rest string, ok bool) {
	text = strings.TrimLeft(text, " ")
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	number, err := strconv.Atoi(text[:digits])
	if err != nil || number < 1 || number > maxLine {
		return 0, "", false
	}
	return number, strings.TrimLeft(text[digits:], " |.)"), true
}

// cutBox takes the box of a one-time code off, which may hold a date.
func cutBox(text string) (rest string, m Mark) {
	text = strings.TrimLeft(text, " ")
	inside, rest, ok := strings.Cut(text, "]")
	if !ok || !strings.HasPrefix(inside, "[") {
		return text, Mark{}
	}
	switch inside = strings.TrimSpace(inside[1:]); inside {
	case "":
		return rest, Mark{}
	case "x", "X":
		return rest, Mark{Ticked: true}
	}
	day, err := time.Parse(dateFormat, inside)
	if err != nil {
		return text, Mark{}
	}
	return rest, Mark{Ticked: true, Day: day}
}

// cutUsed takes "used" off the end of a line, or "used 2026-11-23".
func cutUsed(text string) (rest string, m Mark) {
	text = strings.TrimRight(text, " ")
	if at := len(text) - len(dateFormat); at >= 0 {
		if day, err := time.Parse(dateFormat, text[at:]); err == nil {
			text, m.Day = strings.TrimRight(text[:at], " "), day
		}
	}
	rest, m.Ticked = strings.CutSuffix(text, " "+usedWord)
	return rest, m
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

// readWords reads what follows a keyword: words, whose last four characters
// are the check.
func (t typing) readWords(keyword, rest string) (Typed, *Error) {
	words := strings.Join(strings.Fields(rest), " ")
	at := len(words) - checkLength
	if at < 0 || strings.Contains(words[at:], " ") {
		return Typed{}, &Error{Line: t.number}
	}
	words, check := strings.TrimRight(words[:at], " "), likelyLetters(strings.ToUpper(words[at:]))
	text := wordText(keyword, words)
	for _, c := range check {
		if checks(t.number, text, c) {
			return Typed{t.number, keyword, words, t.mark}, nil
		}
	}
	return Typed{}, diagnose(t.number, text, check[0], isPrintable).inWords(t.number, keyword, words)
}

func (t typing) readLetters() (Typed, *Error) {
	typed := dropSpacing(t.content)
	at := len(typed) - checkLength
	if at < 1 {
		return Typed{}, &Error{Line: t.number}
	}
	likely := likelyLetters(typed)
	for _, l := range likely {
		if checks(t.number, l[:at], l[at:]) {
			return Typed{t.number, "", l[:at], t.mark}, nil
		}
	}
	for i := range at {
		if !IsLetter(likely[0][i]) {
			return Typed{}, suspicion{WrongCharacter, i}.inGroups(t.number, 0)
		}
	}
	return Typed{}, diagnose(t.number, likely[0][:at], likely[0][at:], IsLetter).inGroups(t.number, 0)
}

// readKey reads what follows "key:", a piece of an age identity.
func (t typing) readKey(rest string) (Typed, *Error) {
	typed := dropSpacing(rest)
	at := len(typed) - checkLength
	if at < 1 {
		return Typed{}, &Error{Line: t.number}
	}
	prefix, data := likelyIdentity(typed[:at])
	check := likelyLetters(typed[at:])
	text := keyText(prefix + data)
	for _, c := range check {
		if checks(t.number, text, c) {
			return Typed{t.number, KeyKeyword, prefix + data, t.mark}, nil
		}
	}
	return Typed{}, diagnose(t.number, text, check[0], isPrintable).inKey(t.number, prefix)
}
