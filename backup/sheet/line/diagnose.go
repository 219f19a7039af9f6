package line

import (
	"fmt"
	"strings"
)

// A Mistake is what seems to be wrong with a line that does not check.
type Mistake byte

const (
	Unclear           Mistake = iota
	WrongCharacter            // one is another than on paper
	SwappedCharacters         // one and the next have changed places
	MissingCharacter          // one was left out
	ExtraCharacter            // one was put in
	WrongNumber               // the line is another one
	WrongCheck                // the text is right, the check at its end is not
)

// A suspicion is the only single mistake that explains why a line does not check.
type suspicion struct {
	mistake Mistake
	at      int // the place in the text, from 0, or nowhere; where a character is missing, it belongs before that
}

// diagnose looks for the mistake in a line that does not check. Characters that
// cannot be in such a text help to rule out places; allowed knows which can.
func diagnose(number int, text, check string, allowed func(byte) bool) suspicion {
	said, ok := parseParity(check)
	if !ok {
		return suspicion{mistake: WrongCheck}
	}
	is := parityOf(number, text)
	d0, d1 := is.c0^said.c0, is.c1^said.c1
	switch {
	case is.length != said.length:
		return diagnoseLength(number, text, check, allowed)
	case d0 != 0 && d1 != 0:
		at := power(d0, d1) - numberBytes
		switch {
		case at < 0:
			return suspicion{mistake: WrongNumber}
		case at < len(text) && allowed(inverse(inverse(text[at])^d0)):
			return suspicion{WrongCharacter, at}
		}
		return suspicion{}
	case d0 == 0: // neighbours that changed places, if that explains the difference in c1
		places := tried(len(text)-1, func(i int) bool {
			d := inverse(text[i]) ^ inverse(text[i+1])
			return d != 0 && timesPower(d, i+numberBytes)^timesPower(d, i+1+numberBytes) == d1
		})
		switch len(places) {
		case 0:
		case 1:
			return suspicion{SwappedCharacters, places[0]}
		default:
			return suspicion{SwappedCharacters, nowhere}
		}
	}
	if differInOne(is.String(), check) {
		return suspicion{mistake: WrongCheck}
	}
	return suspicion{}
}

// diagnoseLength looks for a character too many or too few. Which character it is,
// c0 shows; where it goes, is found by trying.
func diagnoseLength(number int, text, check string, allowed func(byte) bool) suspicion {
	is, _ := parseParity(checkOf(number, text))
	said, _ := parseParity(check)
	c := inverse(is.c0 ^ said.c0)
	var places []int
	mistake := Unclear
	switch {
	case differInOne(is.String(), check):
		return suspicion{mistake: WrongCheck}
	case said.length == (is.length+1)&15 && allowed(c):
		mistake = MissingCharacter
		places = tried(len(text)+1, func(i int) bool { return checks(number, text[:i]+string(rune(c))+text[i:], check) })
	case said.length == (is.length-1)&15:
		mistake = ExtraCharacter
		places = tried(len(text), func(i int) bool { return text[i] == c && checks(number, text[:i]+text[i+1:], check) })
	}
	if len(places) == 0 {
		return suspicion{}
	}
	return suspicion{mistake, adjoining(places)}
}

// tried returns the places below n that fit.
func tried(n int, fits func(int) bool) (places []int) {
	for i := range n {
		if fits(i) {
			places = append(places, i)
		}
	}
	return places
}

// nowhere is the place of a mistake that is known but for its place.
const nowhere = -1

// adjoining returns the first of several places, if they are next to each other:
// the same character stands there more than once.
func adjoining(places []int) int {
	for i, at := range places {
		if at != places[0]+i {
			return nowhere
		}
	}
	return places[0]
}

// differInOne reports whether two texts of the same length have all but one
// character in common.
func differInOne(a, b string) bool {
	n := 0
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n == 1
}

// inGroups places a mistake in a line of letters by its group of four. Before the
// letters there are so many other groups.
func (s suspicion) inGroups(number, before int) *Error {
	e := &Error{Line: number, Mistake: s.mistake}
	if s.located() {
		e.Group = before + s.at/groupLength + 1
		e.Character = s.at%groupLength + 1
	}
	return e
}

// inWords places a mistake in a line of words by its word after the keyword; one in
// the keyword is in no group.
func (s suspicion) inWords(number int, keyword, text string) *Error {
	e := &Error{Line: number, Mistake: s.mistake}
	at := s.at - len(wordText(keyword, text)) + len(text)
	if s.located() && at >= 0 {
		before := text[:min(at, len(text))]
		e.Group = strings.Count(before, " ") + 1
		e.Character = at - strings.LastIndexByte(before, ' ')
	}
	return e
}

// inKey places a mistake in a line after "key:", which may begin with a prefix.
func (s suspicion) inKey(number int, prefix string) *Error {
	if !s.located() {
		return &Error{Line: number, Mistake: s.mistake}
	}
	s.at = max(s.at-len(keyText("")), 0)
	if prefix == "" {
		return s.inGroups(number, 0)
	}
	if s.at < len(prefix) {
		return &Error{Line: number, Mistake: s.mistake, Group: 1, Character: s.at + 1}
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

// An Error says which typed line does not check, and where to look. It never quotes
// the line.
type Error struct {
	Line      int     // its number on the sheet; 0 if it has none
	Mistake   Mistake // the only single one that explains it; Unclear if there is none
	Group     int     // where that is, from 1, the keyword not counted; 0 if it is in no group
	Character int     // in the group, from 1
	Err       error   // what else is wrong with a line that checks
}

var details = map[Mistake]string{
	Unclear:           "more than one character is wrong",
	WrongCharacter:    "look at its first word",
	SwappedCharacters: "two characters may have changed places",
	MissingCharacter:  "a character may be missing",
	ExtraCharacter:    "there may be a character too many",
	WrongNumber:       "look at its number",
	WrongCheck:        "look at its last group, the check",
}

// Error names the group; and the character too, where the group is longer than can
// be taken in at a glance.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	text := fmt.Sprintf("line %d does not check: ", e.Line)
	if e.Group == 0 {
		return text + details[e.Mistake]
	}
	text += fmt.Sprintf("look at the %s group", ordinal(e.Group))
	if e.Character > groupLength {
		text += fmt.Sprintf(", near its %s character", ordinal(e.Character))
	}
	if e.Mistake != WrongCharacter {
		text += ", where " + details[e.Mistake]
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// ordinal returns "1st", "2nd", "11th".
func ordinal(n int) string {
	suffix := "th"
	if n/10%10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n, suffix)
}
