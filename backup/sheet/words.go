package sheet

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// words are the text of a paragraph: a name, and then settings like seal=shares.
// In both, '=' and what line.Escape escapes is written as %XX; in settings, spaces
// are as well. They keep the first error of reading them.
type words struct {
	name     string
	settings map[string]string
	err      error
}

func parseWords(text string) *words {
	all := strings.Fields(text)
	n := len(all)
	for n > 0 && strings.Contains(all[n-1], "=") {
		n--
	}
	w := &words{name: strings.Join(all[:n], " "), settings: make(map[string]string)}
	for _, setting := range all[n:] {
		name, value, _ := strings.Cut(setting, "=")
		if _, ok := w.settings[name]; ok {
			w.fail("it has a setting twice")
		}
		w.settings[name] = value
	}
	return w
}

func (w *words) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
	}
}

// unescaped returns what a name or the value of a setting stands for.
func (w *words) unescaped(text string) string {
	plain, err := line.Unescape(text)
	if err != nil {
		w.fail("%v", err)
	}
	return plain
}

// count returns the number of a setting, or the usual one if there is none.
func (w *words) count(setting string, least, usual int) int {
	text := w.settings[setting]
	if text == "" && usual >= least {
		return usual
	}
	return w.number(text, setting, least)
}

func (w *words) number(text, what string, least int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > maxCount {
		w.fail("%q must be a number from %d to %d", what, least, maxCount)
	}
	return n
}

// maxCount is the highest number of anything on a sheet.
const maxCount = 1_000_000

// ratio reads a number of how many there are, "3/7".
func (w *words) ratio(text string) (number, of int) {
	left, right, _ := strings.Cut(text, "/")
	number, of = w.number(left, "part", 1), w.number(right, "parts", 1)
	if number > of {
		w.fail("part %d of %d", number, of)
	}
	return number, of
}

// ratio writes a number of how many there are, with as many digits for all of them,
// so that they sort as text.
func ratio(number, of int) string {
	return fmt.Sprintf("%0*d/%d", len(strconv.Itoa(of)), number, of)
}

// partOf writes a setting that says which part something is of how many, and nothing
// if it is the only one.
func partOf(part, of int) string {
	if of <= 1 {
		return ""
	}
	return " part=" + ratio(part, of)
}

// part reads it.
func (w *words) part() (part, of int) {
	if text := w.settings["part"]; text != "" {
		return w.ratio(text)
	}
	return 1, 1
}

// day reads a date, which is zero for "".
func (w *words) day(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	var day backup.Date
	if err := day.UnmarshalText([]byte(text)); err != nil {
		w.fail("a date must be like 2026-11-23")
	}
	return time.Time(day)
}

// formatDay writes a date, "" for none.
func formatDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// setting writes a setting with a space before it, or nothing if its value is the
// usual one.
func setting[T comparable](name string, value, usual T) string {
	if value == usual {
		return ""
	}
	return fmt.Sprintf(" %s=%s", name, line.Escape(fmt.Sprint(value), "= "))
}
