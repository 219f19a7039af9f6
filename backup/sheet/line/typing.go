package line

import (
	"strconv"
	"strings"
	"time"
)

// A typing is how a typed line may be meant, before its check is looked at.
type typing struct {
	number  int
	content string
	mark    Mark
}

// A mark says that a code was used.
type Mark struct {
	Ticked bool
	Day    time.Time // zero if it was not given
}

// typings returns the ways in which the ends of a line may be meant: with and
// without a number, and with a mark or a text that ends like one.
func typings(text string, expected int) (all []typing) {
	if number, rest, ok := cutNumber(text); ok {
		all = markings(all, number, rest)
	}
	return markings(all, expected, text)
}

func markings(all []typing, number int, content string) []typing {
	content, boxed := cutTick(content)
	if rest, m := cutUsed(content); m.Ticked {
		all = append(all, typing{number, rest, m})
	}
	return append(all, typing{number, content, Mark{Ticked: boxed}})
}

// cutNumber takes a line's number off, and what people write after it.
func cutNumber(text string) (number int, rest string, ok bool) {
	text = strings.TrimLeft(text, " ")
	digits := 0
	for digits < len(text) && IsDigit(text[digits]) {
		digits++
	}
	number, err := strconv.Atoi(text[:digits])
	if err != nil || number < 1 || number > MaxLine {
		return 0, "", false
	}
	return number, strings.TrimLeft(text[digits:], " |.)"), true
}

// cutTick takes the box of a one-time code off.
func cutTick(text string) (rest string, ticked bool) {
	text = strings.TrimLeft(text, " ")
	for _, box := range []string{"[ ]", "[]", "[x]", "[X]"} {
		if rest, ok := strings.CutPrefix(text, box); ok {
			return rest, strings.ContainsAny(box, "xX")
		}
	}
	return text, false
}

// usedWord stands before the date of a code's use.
const usedWord = "used"

// cutUsed takes "used" off the end of a line, or "used 2026-11-23".
func cutUsed(text string) (rest string, m Mark) {
	text = strings.TrimRight(text, " ")
	if at := len(text) - len(time.DateOnly); at >= 0 {
		if day, err := time.Parse(time.DateOnly, text[at:]); err == nil {
			text, m.Day = strings.TrimRight(text[:at], " "), day
		}
	}
	rest, m.Ticked = strings.CutSuffix(text, " "+usedWord)
	return rest, m
}
