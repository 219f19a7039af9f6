package line

import (
	"fmt"
	"strings"
)

// A Line can be typed in again, should the symbols not be readable. Lines are
// numbered through the whole sheet.
type Line struct {
	Number int
	Groups []string // as they are printed, apart from each other
	Check  string   // over number and groups, printed as the last group
	Tick   bool     // a one-time code: a box to tick and room for a date
	Used   string   // the date of its use, if it is ticked already
}

// barred writes the line with a bar behind its number: "  12| code 1: abc  ABCD".
func (l Line) Barred() string {
	tick, used := "", ""
	if l.Tick {
		tick = map[bool]string{false: "[ ] ", true: "[x] "}[l.Used != ""]
	}
	if l.Used != "" {
		used = " " + usedWord + " " + l.Used
	}
	return fmt.Sprintf("%4d| %s%s  %s%s", l.Number, tick, strings.Join(l.Groups, " "), l.Check, used)
}

// isBarred reports whether a line begins with a number and a bar, as those do
// that barred writes.
func IsBarred(line string) bool {
	rest := strings.TrimLeft(strings.TrimLeft(line, " "), "0123456789")
	return strings.HasPrefix(rest, "|") && rest != strings.TrimLeft(line, " ")
}
