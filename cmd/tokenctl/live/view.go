package live

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

// A view is what is shown.
type view struct {
	rows    []Row
	query   string
	id      oath.ID // of the row that is chosen; the first, if it is not shown
	top     int     // the first row that is shown
	message string
	failed  bool // the last time, to ask for rows
	hidden  bool
	typed   time.Time // something was, last
	paint   func(term.Style, string) string
	size    size
}

type size struct{ width, height int }

// take shows what the tokens have now. A code that its owner asked for stays while it is
// valid.
func (v *view) take(rows []Row, err error) {
	for i, row := range rows {
		if old := v.indexOf(v.rows, row.Account.ID()); old >= 0 && row.Code.IsZero() && row.Why == v.rows[old].Why && row.Why != Locked {
			rows[i].Code = v.rows[old].Code
		}
	}
	switch {
	case err != nil:
		v.message = term.Sentence(err) + "."
	case v.failed || v.rows == nil: // what was said is over
		v.message = ""
	}
	v.rows, v.failed = append([]Row{}, rows...), err != nil
}

// show shows a code that was asked for.
func (v *view) show(id oath.ID, code oath.Code) {
	if i := v.indexOf(v.rows, id); i >= 0 && !v.hidden {
		v.rows[i].Code = code
	}
}

// hide keeps the codes from whoever passes by, and forgets those that were asked for.
func (v *view) hide() {
	v.hidden = true
	v.message = "Hidden. Any key shows the codes."
	for i, row := range v.rows {
		if row.Why != "" {
			v.rows[i].Code = oath.Code{}
		}
	}
}

// isLate reports whether a code that costs nothing has expired.
func (v *view) isLate(now time.Time) bool {
	return slices.ContainsFunc(v.rows, func(r Row) bool { return r.Why == "" && r.Code.IsExpired(now) })
}

func (v *view) indexOf(rows []Row, id oath.ID) int {
	return slices.IndexFunc(rows, func(r Row) bool { return r.Account.ID() == id })
}

// found returns the rows that the query fits, by the rules of every other query.
func (v *view) found() []Row {
	if v.query == "" {
		return v.rows
	}
	accounts := make([]oath.Account, len(v.rows))
	for i, r := range v.rows {
		accounts[i] = r.Account
	}
	matches, _ := oath.Match(accounts, v.query)
	return slices.DeleteFunc(slices.Clone(v.rows), func(r Row) bool { return !slices.Contains(matches, r.Account) })
}

// chosen returns the row that Enter is for.
func (v *view) chosen() (Row, bool) {
	rows := v.found()
	if len(rows) == 0 {
		return Row{}, false
	}
	return rows[max(0, v.indexOf(rows, v.id))], true
}

// maxQuery is how long a query can be, in characters.
const maxQuery = 64

// edit changes the query, or moves the choice.
func (v *view) edit(k key) {
	rows := v.found()
	move := 0
	switch k {
	case up:
		move = -1
	case down:
		move = 1
	case pageUp:
		move = -max(1, v.size.height-2)
	case pageDown:
		move = max(1, v.size.height-2)
	case home:
		move = -len(rows)
	case end:
		move = len(rows)
	case escape, ctrlU:
		v.query = ""
	case backspace:
		_, n := utf8.DecodeLastRuneInString(v.query)
		v.query = v.query[:len(v.query)-n]
	default:
		if r := rune(k); k > 0 && unicode.IsGraphic(r) && utf8.RuneCountInString(v.query) < maxQuery {
			v.query += string(r)
		}
	}
	if move != 0 && len(rows) > 0 {
		i := min(max(0, v.indexOf(rows, v.id))+move, len(rows)-1)
		v.id = rows[max(0, i)].Account.ID()
	}
}

// lines returns the screen, from top to bottom.
func (v *view) lines(now time.Time, s size) []string {
	rows := v.found()
	chosen := max(0, v.indexOf(rows, v.id))
	foot := v.foot(s)
	room := max(1, s.height-1-len(foot))
	v.top = max(0, min(v.top, chosen, len(rows)-room))
	v.top = max(v.top, chosen-room+1)

	labels, codes, lefts := make([]string, len(rows)), make([]string, len(rows)), make([]string, len(rows))
	var labelWidth, codeWidth, leftWidth int
	for i, row := range rows {
		labels[i] = term.Label(row.Account.ID())
		codes[i], lefts[i] = v.codeOf(row, now)
		if s.width < narrow {
			lefts[i] = strings.TrimSuffix(lefts[i], " s")
		}
		labelWidth, codeWidth, leftWidth = max(labelWidth, term.Columns(labels[i])), max(codeWidth, term.Columns(codes[i])), max(leftWidth, len(lefts[i]))
	}
	labelWidth = max(1, min(labelWidth, s.width-codeWidth-leftWidth-4))
	lines := []string{v.heading(len(rows), s.width)}
	for i := v.top; i < min(len(rows), v.top+room); i++ {
		mark := "  "
		if i == chosen {
			mark = "> "
		}
		line := mark + fill(labels[i], labelWidth) + " " + fill(codes[i], codeWidth) + " " + strings.Repeat(" ", leftWidth-len(lefts[i])) + lefts[i]
		line = strings.TrimRight(term.Shorten(line, s.width), " ")
		left := rows[i].Code.Remaining(now)
		switch {
		case left > 0 && left < soon && !v.hidden:
			line = v.paint(term.Red, line)
		case i == chosen:
			line = v.paint(term.Bold, line)
		}
		lines = append(lines, line)
	}
	if len(v.rows) == 0 && v.message == "" {
		lines = append(lines, term.Shorten("  No key is plugged in, or there are no accounts yet.", s.width))
	}
	for len(lines) < s.height-len(foot) {
		lines = append(lines, "")
	}
	lines = append(lines, foot...)
	return lines[:min(len(lines), s.height)]
}

// maxFoot is how many lines a message may take, and how much of the screen: 1 in so many.
const maxFoot, footPart = 4, 6

// foot returns the lines with what was said last.
func (v *view) foot(s size) []string {
	text := cmp.Or(term.Printable(v.message), "Enter copies, Ctrl-C ends, typing searches.")
	lines := strings.Split(term.Wrap(text, s.width), "\n")
	if most := max(1, min(maxFoot, s.height/footPart)); len(lines) > most {
		lines = append(lines[:most-1], term.Shorten(strings.Join(lines[most-1:], " "), s.width))
	}
	for i, line := range lines {
		lines[i] = term.Shorten(line, s.width)
	}
	return lines
}

// narrow is how many columns are too few for words that say what is clear without them.
const narrow = 40

// soon is how much of its life a code has left that may not be typed in time.
const soon = 5 * time.Second

// heading is the line with the query.
func (v *view) heading(found, width int) string {
	count := fmt.Sprintf("%d of %d", found, len(v.rows))
	query := term.Printable(v.query) + "_"
	search := "Search: " + query
	if room := width - len(count) - 1; room >= len("Search: _") {
		return fill(search, room) + " " + count
	}
	return term.Shorten(query, width)
}

// codeOf returns what stands for a row's code, and for how long it is valid.
func (v *view) codeOf(row Row, now time.Time) (code, left string) {
	code = row.Code.Value
	switch {
	case row.Code.IsZero():
		return cmp.Or(row.Why, "-"), ""
	case row.Code.IsExpired(now) && row.Why != "":
		return row.Why, ""
	case row.Code.IsExpired(now):
		return strings.Repeat(".", len(code)), ""
	case v.hidden:
		return strings.Repeat("*", len(code)), ""
	case row.Code.Until.IsZero():
		return code, ""
	}
	return code, fmt.Sprintf("%d s", (row.Code.Remaining(now)+time.Second-1)/time.Second)
}

// fill returns a text in so many columns, shortened or with spaces behind it.
func fill(text string, exactly int) string {
	text = term.Shorten(text, exactly)
	return text + strings.Repeat(" ", max(0, exactly-term.Columns(text)))
}
