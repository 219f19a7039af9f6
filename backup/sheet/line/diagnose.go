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
// cannot be in such a text help to rule out places; allowed tells which can.
func diagnose(number int, text, check string, allowed func(byte) bool) suspicion {
	said, ok := parseParity(check)
	if !ok {
		return suspicion{mistake: WrongCheck}
	}
	is := parityOf(number, text)
	if is.length != said.length {
		return diagnoseLength(number, text, check, allowed)
	}
	d0, d1 := is.c0^said.c0, is.c1^said.c1
	switch {
	case d0 != 0 && d1 != 0:
		return wrongAt(text, d0, power(d0, d1), allowed)
	case d0 == 0:
		if s := swappedIn(text, d1); s.mistake != Unclear {
			return s
		}
	}
	if differInOne(is.String(), check) {
		return suspicion{mistake: WrongCheck}
	}
	return suspicion{}
}

// wrongAt explains a mistake at a place of the message.
func wrongAt(text string, difference byte, place int, allowed func(byte) bool) suspicion {
	at := place - numberBytes
	switch {
	case at < 0:
		return suspicion{mistake: WrongNumber}
	case at < len(text) && allowed(inverse(inverse(text[at])^difference)):
		return suspicion{WrongCharacter, at}
	}
	return suspicion{}
}

// swappedIn looks for neighbours whose change of places explains the difference in
// c1.
func swappedIn(text string, difference byte) suspicion {
	places := tried(len(text)-1, func(i int) bool {
		d := inverse(text[i]) ^ inverse(text[i+1])
		return d != 0 && timesPower(d, i+numberBytes)^timesPower(d, i+1+numberBytes) == difference
	})
	switch len(places) {
	case 0:
		return suspicion{}
	case 1:
		return suspicion{SwappedCharacters, places[0]}
	}
	return suspicion{SwappedCharacters, nowhere}
}

// diagnoseLength looks for a character too many or too few. Which character it is,
// c0 tells; where it goes, is found by trying.
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

// inGroups tells a mistake in a line of letters by its group of four. Before the
// letters there are so many other groups.
func (s suspicion) inGroups(number, before int) *Error {
	e := &Error{Line: number, Mistake: s.mistake}
	if s.located() {
		e.Group = before + s.at/groupLength + 1
		e.Character = s.at%groupLength + 1
	}
	return e
}

// inWords tells a mistake in a line of words by its word after the keyword; one in
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

// inKey tells a mistake in a line after "key:", which may begin with a prefix.
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

// A LineError tells which typed line does not check, and where to look. It never
// quotes the line.
type Error struct {
	Line      int     // its number on the sheet; 0 if it has none
	Mistake   Mistake // the only single one that explains it; Unclear if there is none
	Group     int     // where that is, from 1, the keyword not counted; 0 if it is in no group
	Character int     // in the group, from 1
	Err       error   // what else is wrong with a line that checks
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("line %d does not check: %s", e.Line, e.advice())
}

func (e *Error) Unwrap() error { return e.Err }

func (e *Error) advice() string {
	switch e.Mistake {
	case Unclear:
		return "more than one character is wrong"
	case WrongNumber:
		return "look at its number"
	case WrongCheck:
		return "look at its last group, the check"
	}
	if e.Group == 0 && e.Mistake != WrongCharacter {
		return e.Mistake.detail()
	}
	return "look at " + e.place() + e.joined()
}

// joined returns what may be wrong in a group.
func (e *Error) joined() string {
	if e.Mistake == WrongCharacter {
		return ""
	}
	return ", where " + e.Mistake.detail()
}

// place names the group; and the character too, where the group is longer than can
// be taken in at a glance.
func (e *Error) place() string {
	switch {
	case e.Group == 0:
		return "its first word"
	case e.Character > groupLength:
		return fmt.Sprintf("the %s group, near its %s character", ordinal(e.Group), ordinal(e.Character))
	}
	return fmt.Sprintf("the %s group", ordinal(e.Group))
}

func (m Mistake) detail() string {
	switch m {
	case SwappedCharacters:
		return "two characters may have changed places"
	case MissingCharacter:
		return "a character may be missing"
	case ExtraCharacter:
		return "there may be a character too many"
	}
	return ""
}

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
