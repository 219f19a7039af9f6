package term

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/creack/pty"
)

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"one two three", 0, "one two three"},
		{"one two three", 13, "one two three"},
		{"one two three", 12, "one two\nthree"},
		{"one two three", 3, "one\ntwo\nthree"},
		{"  one two three\nfour", 9, "  one two\n  three\nfour"},
		{"日本 日本", 8, "日本\n日本"},
		{"e\u0301e\u0301 e\u0301", 4, "e\u0301e\u0301 e\u0301"},
		{"at https://example.com/a/long/way you", 12, "at\nhttps://example.com/a/long/way\nyou"},
		{"See which there are with: tokenctl list --long", 40, "See which there are with:\ntokenctl list --long"},
		{"Print it (tokenctl sheet). Or do not", 26, "Print it (tokenctl sheet).\nOr do not"},
		{"tokenctl list --long", 14, "tokenctl list\n--long"},
	} {
		if got := Wrap(test.text, test.width); got != test.want {
			t.Errorf("%q in %d columns: %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func TestTable(t *testing.T) {
	many := Table{Header: []string{"ACCOUNT", "WHAT"}, Group: true}
	for i := range 30 {
		many.Rows = append(many.Rows, []string{fmt.Sprintf("a%d", i), "not on paper"})
	}
	many.Rows = append(many.Rows, []string{"b", "none left"})
	long := Table{Header: []string{"ACCOUNT", "TYPE", "DIGITS", "WHERE"}, Rows: [][]string{
		{"GitHub:alice@example.com", "totp", "6", "2 keys, vault"},
		{"GitHub:alice@example.org", "totp", "8", "vault"},
	}}
	for _, test := range []struct {
		name  string
		table Table
		width int
		want  string
	}{
		{"nothing", Table{Header: []string{"ACCOUNT"}}, 80, ""},
		{"all of it", long, 80, "ACCOUNT                   TYPE  DIGITS  WHERE\nGitHub:alice@example.com  totp  6       2 keys, vault\nGitHub:alice@example.org  totp  8       vault"},
		{"what varies", long, 48, "ACCOUNT                   DIGITS  WHERE\nGitHub:alice@example.com  6       2 keys, vault\nGitHub:alice@example.org  8       vault\nThe same for all: type totp."},
		{"cells wrapped", long, 41, "ACCOUNT                   DIGITS  WHERE\nGitHub:alice@example.com  6       2 keys,\n                                  vault\nGitHub:alice@example.org  8       vault\nThe same for all: type totp."},
		{"a line for a cell", long, 20, "GitHub:alice@example.com\n  digits: 6\n  where: 2 keys,\n  vault\nGitHub:alice@example.org\n  digits: 8\n  where: vault\nThe same for all:\ntype totp."},
		{"groups", many, 44, "ACCOUNT      WHAT\n30 accounts  not on paper\nb            none left"},
		{"a name broken", Table{Rows: [][]string{{"GitHub:somebody@department.example.com", "123456"}}}, 34, "GitHub:somebody@        123456\ndepartment.example.com"},
		{"no header", Table{Rows: [][]string{{"vault", "38 accounts, opened by paper"}}}, 14, "vault\n  38 accounts,\n  opened by\n  paper"},
	} {
		got := strings.Join(test.table.Lines(test.width, io.Discard), "\n")
		if got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

// Whatever is in a table, no name is cut: what looks alike is alike. And no line is wider
// than the terminal, but for a word that is.
func FuzzTable(f *testing.F) {
	f.Add("GitHub:alice@example.com", "2 keys, vault", 30)
	f.Add("日本語:ユーザー", "get them (https://example.com/settings)", 9)
	f.Add("e\u0301", " ", 1)
	f.Fuzz(func(t *testing.T, name, text string, width int) {
		if len(name) > 200 || len(text) > 200 || width < 1 || width > 300 {
			return
		}
		table := Table{Header: []string{"ACCOUNT", "WHAT", "SAME"}, Rows: [][]string{{name, text, "x"}, {text, name, "x"}}}
		longest := 8 // of "ACCOUNT:", and of "account:"
		for _, word := range strings.Fields(Printable(name + " " + text)) {
			longest = max(longest, Columns(word))
		}
		lines := table.Lines(width, io.Discard)
		for _, line := range lines {
			if Columns(line) > max(width, longest+len(columnGap)) {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
		if shown := Printable(name); Columns(shown) <= leastName && !strings.Contains(shown, " ") && !strings.Contains(strings.Join(lines, ""), shown) {
			t.Errorf("%q is not in %q", name, lines)
		}
	})
}

// What begins alike does not look the same when it is cut.
func TestShorten(t *testing.T) {
	long := strings.Repeat("x", 100)
	if a, b := Shorten(long+"@example.com", 20), Shorten(long+"@example.org", 20); a == b || len([]rune(a)) != 20 {
		t.Errorf("%s, %s", a, b)
	}
	if got := Shorten("日本語:ユーザー", 10); got != "日本…ザー" {
		t.Error(got)
	}
	for n, want := range []string{"…", "…", "a…", "a…d", "abcd"} {
		if got := Shorten("abcd", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// Colours are for a terminal that can show them, unless its owner says otherwise.
func TestPaint(t *testing.T) {
	person, program, err := pty.Open()
	if err != nil {
		t.Skip(err)
	}
	defer person.Close()
	defer program.Close()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, test := range []struct {
		settings       string
		terminal, file bool
	}{
		{"TERM=xterm", true, false},
		{"", false, false},
		{"TERM=dumb", false, false},
		{"TERM=xterm NO_COLOR=1", false, false},
		{"TERM=xterm CLICOLOR=0", false, false},
		{"TERM=xterm CLICOLOR=1 CLICOLOR_FORCE=0", true, false},
		{"TERM=dumb CLICOLOR_FORCE=1", true, true},
		{"TERM=xterm CLICOLOR_FORCE=1 NO_COLOR=1", false, false},
	} {
		for _, name := range []string{"TERM", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"} {
			value := ""
			for _, setting := range strings.Fields(test.settings) {
				if v, found := strings.CutPrefix(setting, name+"="); found {
					value = v
				}
			}
			t.Setenv(name, value)
		}
		got := []string{Paint(program, Red, "x"), Paint(file, Red, "x"), Paint(program, Plain, "x")}
		want := []string{"x", "x", "x"}
		if test.terminal {
			want[0] = "\x1b[31mx\x1b[0m"
		}
		if test.file {
			want[1] = "\x1b[31mx\x1b[0m"
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", test.settings, got, want)
		}
	}
}
