package line

import (
	"fmt"
)

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
