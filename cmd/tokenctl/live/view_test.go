package live

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath"
)

func paint(style term.Style, text string) string {
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

func plain(_ term.Style, text string) string { return text }

var epoch = time.Unix(67, 0)

func row(issuer, name, code string, period int) Row {
	a := oath.Account{Issuer: issuer, Name: name, Period: period}.WithDefaults()
	return Row{Entry: oath.Entry{Account: a, Code: a.NewCode(code, epoch)}}
}

// hostile are names that a key may hold, from somebody who means ill.
var hostile = []string{
	"alice", "\x1b[2J\x1b]52;c;ZWNobw==\a", "a\nb\r\tc", "\u202egnp.exe", "楽天市場楽天市場楽天市場", "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", "🔑🔑🔑🔑🔑🔑🔑🔑",
	strings.Repeat("long", 100), "\xff\xfe", "\u200b\u2060\ufeff", "",
}

// Whatever names a key holds, and however small the terminal is, every line fits it, and
// none but the program's own sequences get there.
func TestLines(t *testing.T) {
	own := regexp.MustCompile("\x1b\\[(0|1|31)m")
	var rows []Row
	for i, name := range hostile {
		rows = append(rows, row(name, fmt.Sprint(name, i), "123456", 30))
	}
	rows = append(rows, Row{Entry: oath.Entry{Account: oath.Account{Name: "key:1"}}, Why: Locked}, row("Day", "x", "12345678", oath.MaxPeriod))
	for _, size := range []size{{1, 1}, {2, 2}, {9, 3}, {20, 5}, {40, 10}, {80, 24}, {300, 100}} {
		for i := range rows {
			v := view{rows: rows, id: rows[i].Account.ID(), paint: paint, size: size, message: strings.Join(hostile, " "), query: "\x1b[2J楽"}
			if i%2 == 0 {
				v.query = ""
			}
			lines := v.lines(epoch.Add(26*time.Second), size)
			if len(lines) > size.height || len(lines) < min(size.height, 3) {
				t.Errorf("%v: %d lines", size, len(lines))
			}
			for _, line := range lines {
				plain := own.ReplaceAllString(line, "")
				if n := term.Columns(plain); n > size.width {
					t.Errorf("%v: %d columns: %q", size, n, line)
				}
				if strings.ContainsFunc(plain, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Bidi_Control) }) {
					t.Errorf("%v: %q", size, line)
				}
			}
			if size.height >= 3 && v.query == "" && !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(own.ReplaceAllString(l, ""), ">") }) {
				t.Errorf("%v: row %d is chosen, and not there: %q", size, i, lines)
			}
		}
	}
}

func TestScreen(t *testing.T) {
	v := view{paint: plain, rows: []Row{
		row("Bank", "erin", "", 30), row("Corp", "carol", "755224", 60), row("GitHub", "alice", "359152", 30), row("楽天", "花子", "359152", 30),
	}}
	v.rows[0].Why = Touch
	check := func(name string, s size, now time.Time, want ...string) {
		t.Helper()
		v.size = s
		if got := v.lines(now, s); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	v.edit(down)
	check("all", size{44, 6}, epoch,
		"Search: _                             4 of 4",
		"  Bank:erin    touch",
		"> Corp:carol   755224 53 s",
		"  GitHub:alice 359152 23 s",
		"  楽天:花子    359152 23 s",
		"Enter copies, Ctrl-C ends, typing searches.")
	v.edit(end)
	check("small", size{20, 5}, epoch,
		"Search: _     4 of 4",
		"  Corp…rol 755224 53",
		"  GitH…ice 359152 23",
		"> 楽天…子  359152 23",
		"Enter copi…searches.")
	v.edit('g')
	v.edit('X')
	v.edit(backspace)
	v.edit('i')
	check("a search", size{44, 4}, epoch,
		"Search: gi_                           1 of 4",
		"> GitHub:alice 359152 23 s",
		"",
		"Enter copies, Ctrl-C ends, typing searches.")
	check("expired", size{44, 3}, epoch.Add(time.Minute),
		"Search: gi_                           1 of 4",
		"> GitHub:alice ......",
		"Enter copies, Ctrl-C ends, typing searches.")
	v.hide()
	check("hidden", size{44, 3}, epoch,
		"Search: gi_                           1 of 4",
		"> GitHub:alice ******",
		"Hidden. Any key shows the codes.")
	v.hidden, v.query = false, "nobody"
	if _, ok := v.chosen(); ok {
		t.Error("a row is chosen that is not found")
	}
}

// A code that its owner touched for stays until it expires; that of a counter, until it is
// hidden. What went wrong is said for as long as it does.
func TestTake(t *testing.T) {
	rows := func() []Row {
		touched, counted := row("Bank", "erin", "", 30), row("Old", "frank", "", 0)
		touched.Why, touched.Code, counted.Why, counted.Code = Touch, oath.Code{}, Counter, oath.Code{}
		return []Row{touched, counted}
	}
	var v view
	v.take(rows(), errors.New("key:1: removed"))
	if v.message != "Key:1: removed." {
		t.Errorf("%q", v.message)
	}
	v.take(rows(), nil)
	if v.message != "" {
		t.Errorf("%q", v.message)
	}
	v.show("Bank:erin", row("", "", "359152", 30).Code)
	v.show("Old:frank", oath.Code{Value: "755224"})
	v.take(rows(), nil)
	shown := func(now time.Time) string {
		first, _ := v.codeOf(v.rows[0], now)
		second, _ := v.codeOf(v.rows[1], now)
		return first + " " + second
	}
	if got := shown(epoch); got != "359152 755224" {
		t.Error(got)
	}
	if got := shown(epoch.Add(time.Minute)); got != "touch 755224" || v.isLate(epoch.Add(time.Minute)) {
		t.Error(got)
	}
	v.hide()
	if v.hidden = false; shown(epoch) != "touch counter" {
		t.Error(shown(epoch))
	}
}

func TestKeyboard(t *testing.T) {
	for _, test := range []struct {
		pieces string // separated by "|"
		want   []key
	}{
		{"ab|c", []key{'a', 'b', 'c'}},
		{"\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1b[4~", []key{up, down, pageUp, pageDown, home, end}},
		{"\x1b|OpenAI", []key{escape, 'O', 'p', 'e', 'n', 'A', 'I'}},
		{"\x1bx", []key{escape, 'x'}},
		{"\x1b[|A", []key{up}},
		{"\x1b[1;5|Bx", []key{down, 'x'}},
		{"\x1b[200~x", []key{unknown, 'x'}},
		{"\x1b[" + strings.Repeat("1", 40) + "|x", []key{'x'}},
		{"\r\n\b\x7f\x03\x1a", []key{enter, enter, backspace, backspace, ctrlC, ctrlZ}},
		{"\xe6\xa5|\xbd", []key{'楽'}},
		{"\xff\xe6a", []key{unknown, unknown, 'a'}},
	} {
		var k keyboard
		var got []key
		for piece := range strings.SplitSeq(test.pieces, "|") {
			got = append(got, k.parse([]byte(piece))...)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: %v, want %v", test.pieces, got, test.want)
		}
	}
}
