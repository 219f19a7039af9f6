package sheet

import (
	"errors"
	"strings"
	"testing"
)

// All lines of a text that do not check are told, and the others are read.
func TestSeveralWrongLines(t *testing.T) {
	text := string(plain(t, everyKind(t)).Text())
	text = strings.Replace(text, "code 1: 3f29a", "code 1: 3f29b", 1)
	text = strings.Replace(text, "GNBV GY3T QOJQ", "GNBV YG3T QOJQ", 1)
	var r Reader
	err := r.AddLines(text)
	want := "line 7 does not check: look at the 3rd group, where two characters may have changed places\n" +
		"line 17 does not check: look at the 1st group, near its 5th character"
	if err == nil || err.Error() != want {
		t.Errorf("the error is %v", err)
	}
	c := contents(t, &r, "")
	if len(c.Accounts) != 4 || len(c.Codes) != 4 {
		t.Errorf("read %d accounts, %d sets", len(c.Accounts), len(c.Codes))
	}
	if m := c.Missing; len(m) != 2 || m[0].From != 7 || m[1].From != 17 {
		t.Errorf("missing %v", m)
	}
}

// A text that is no sheet is given up soon.
func TestTextThatIsNoSheet(t *testing.T) {
	var r Reader
	err := r.AddLines(strings.Repeat("7 Lorem ipsum dolor sit amet\n", 30000))
	if err == nil || strings.Count(err.Error(), "\n") != maxLineErrors-1 {
		t.Errorf("the error is %.200v", err)
	}
	if err := r.AddLines(strings.Repeat("x", maxSize)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("64 MiB: %v", err)
	}
	long := r.AddLines("7 " + strings.Repeat("A", 1<<20))
	if !errors.Is(long, ErrTooLarge) {
		t.Errorf("a line of a mebibyte: %v", long)
	}
}
