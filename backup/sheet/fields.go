package sheet

import (
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strconv"
	"strings"
	"time"
)

// scheme begins the texts of QR codes that are ours alone.
const scheme = "tokenctl:"

// fields are what stands behind the '?' of such a text: name=value, joined by '&'.
// Values have %XX for every byte but letters, digits and some signs; a '+' means
// itself.
type fields []field

type field struct{ name, value string }

func (f *fields) add(name, value string) { *f = append(*f, field{name, value}) }

func (f *fields) number(name string, value int) { f.add(name, strconv.Itoa(value)) }

// text writes the record of that name.
func (f fields) text(name string) string {
	var b strings.Builder
	b.WriteString(scheme + name)
	for i, one := range f {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(one.name + "=" + one.value)
	}
	return b.String()
}

// escapeValue writes a value's text. Lists in a value are parted by commas, and so
// a comma in a text is escaped.
func escapeValue(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', line.IsDigit(c), strings.IndexByte("-._~@:/+=", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteString(line.EscapeByte(c))
		}
	}
	return b.String()
}

// parseFields takes a text of ours apart. No name comes twice.
func parseFields(text string) (name string, f fields, err error) {
	name, query, _ := strings.Cut(strings.TrimPrefix(text, scheme), "?")
	seen := make(map[string]bool)
	for pair := range strings.SplitSeq(query, "&") {
		n, value, ok := strings.Cut(pair, "=")
		if !ok || seen[n] {
			return "", nil, fmt.Errorf("%w: the record %.20q has a field twice, or one without a value", ErrDamaged, name)
		}
		seen[n] = true
		f.add(n, value)
	}
	return name, f, nil
}

// get returns a value as it stands, "" if there is none.
func (f fields) get(name string) string {
	for _, one := range f {
		if one.name == name {
			return one.value
		}
	}
	return ""
}

// plain returns a value's text.
func (f fields) plain(name string) (string, error) { return unescape(f.get(name)) }

// whole returns a whole number, or the usual one if there is none.
func (f fields) whole(name string, least, usual int) (int, error) {
	text := f.get(name)
	if text == "" && usual >= least {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > maxCount {
		return 0, fmt.Errorf("%w: %q is no number from %d to %d", ErrDamaged, name, least, maxCount)
	}
	return n, nil
}

// maxCount is the highest number of anything on a sheet.
const maxCount = 1_000_000

// ratio returns a number of how many there are, as "3/7".
func (f fields) ratio(name string) (number, of int, err error) {
	left, right, _ := strings.Cut(f.get(name), "/")
	number, errLeft := strconv.Atoi(left)
	of, errRight := strconv.Atoi(right)
	if errLeft != nil || errRight != nil || number < 1 || of < number || of > maxCount {
		return 0, 0, fmt.Errorf("%w: %q does not tell which of how many it is", ErrDamaged, name)
	}
	return number, of, nil
}

// ratio writes a number of how many there are, with as many digits for all of
// them, so that they sort as text.
func ratio(number, of int) string {
	return fmt.Sprintf("%0*d/%d", len(strconv.Itoa(of)), number, of)
}

// day returns a date, zero if there is none.
func (f fields) day(name string) (time.Time, error) {
	text := f.get(name)
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %q is no date like 2026-11-23", ErrDamaged, name)
	}
	return day, nil
}

// formatDay writes a date, "" for none.
func formatDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
