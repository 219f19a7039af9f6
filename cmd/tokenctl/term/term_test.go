package term

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/oath"
)

// Whatever a key, a file or a picture holds, none of it takes over the terminal, or
// makes its neighbours read differently; and what is harmless stays as it is.
func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{
		"GitHub:alice", "日本語 ü e\u0301 🔑", `a\nb"c'\\`, "\x1b[2J", "a\nb\r\tc\x00", "\u202egnp.exe", "\u2066\u2069\u200f\u061c", "\u2028\u2029\u0085\ufeff",
		"\xff\xc3", "\u00ad\u200b\U000e0041", "\x7f\u009b31m",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		shown := Printable(s)
		harmless := utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }) < 0
		for _, r := range shown {
			if unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
				t.Errorf("%q is shown with %U", s, r)
			}
		}
		if harmless && shown != s || !utf8.ValidString(shown) {
			t.Errorf("%q is shown as %q", s, shown)
		}
		if again := Printable(shown); again != shown || !utf8.ValidString(Sentence(errors.New(s))) {
			t.Errorf("%q is shown as %q, and that as %q", s, shown, again)
		}
	})
}

// An error that names something very long does not fill the screen with it.
func TestReportIsBounded(t *testing.T) {
	var messages bytes.Buffer
	c := &Console{Err: &messages}
	c.Report(fmt.Errorf("%s: too long\n%s: as well", strings.Repeat("ü", 1<<20), strings.Repeat("a", 1<<20)))
	if n := messages.Len(); n > 4*maxLine || strings.Count(messages.String(), "…") != 2 {
		t.Errorf("%d bytes: %.200s", n, &messages)
	}
}

// FuzzPrinters holds every printer to what FuzzPrintable holds Printable to, whatever is
// printed, and JSON to its meaning.
func FuzzPrinters(f *testing.F) {
	for _, seed := range []string{
		"GitHub:alice", "日本語\nü", "\x1b]52;c;ZWNobw==\a", "\x1b[2J", "\u202egnp.exe", "\u2066\u2069\u200f\u061c\ufeff", "\u009b31m\x7f", "\xff", "\U000e0041\r\t%s",
	} {
		f.Add(seed)
	}
	read, write, err := os.Pipe()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { read.Close(); write.Close() })
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4096 {
			return // it would fill the pipe
		}
		var out, lines, messages bytes.Buffer
		c := &Console{Out: &lines, Err: &messages}
		c.PrintLine(s)
		c.Note("A note on %s.\n  And %q", s, s)
		c.Report(fmt.Errorf("git commit: %s", s))
		c.Report(&oath.AmbiguousError{Query: s, Matches: []oath.Account{{Name: s}}})
		terminal := &Terminal{out: write}
		terminal.Show("Found: %s", s)
		shown := make([]byte, 1<<16)
		n, err := read.Read(shown)
		if err != nil {
			t.Fatal(err)
		}
		columns := &Console{Out: &out}
		columns.PrintColumns([][]string{{s}, {s}})
		for _, text := range []string{lines.String(), messages.String(), string(shown[:n]), out.String()} {
			for _, r := range text {
				if r != '\n' && unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
					t.Errorf("%q is printed with %U: %q", s, r, text)
				}
			}
		}
		if got := strings.Count(lines.String(), "\n"); got != 1 {
			t.Errorf("%q is printed on %d lines", s, got)
		}
		lines.Reset()
		var back map[string]string
		if err := c.PrintJSON(map[string]string{s: s}); err != nil || json.Unmarshal(lines.Bytes(), &back) != nil {
			t.Fatalf("%q as JSON: %v, %s", s, err, lines.Bytes())
		}
		if valid := strings.ToValidUTF8(s, ""); valid == s && back[s] != s {
			t.Errorf("%q as JSON means %q", s, back)
		}
		for _, r := range lines.String() {
			if r != '\n' && unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
				t.Errorf("%q as JSON has %U", s, r)
			}
		}
	})
}

func TestWords(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Numbers("number", []int{3}), "number 3"}, {Numbers("number", []int{1, 2}), "numbers 1 and 2"},
		{Numbers("page", []int{1, 2, 3, 4}), "pages 1 to 4"}, {Numbers("number", []int{1, 3, 4}), "numbers 1, 3 and 4"},
		{Count(0, "code"), "0 codes"}, {Count(1, "code"), "1 code"}, {Are(1, "code"), "1 code is"}, {Are(2, "code"), "2 codes are"},
		{List(nil), ""}, {List([]string{"a"}), "a"}, {List([]string{"a", "b"}), "a and b"}, {List([]string{"a", "b", "c"}), "a, b and c"},
		{Sentence(errors.New("über\x1b alles")), `Über\x1b alles`}, {Sentence(errors.New("line 3: wrong")), "Line 3: wrong"}, {Sentence(errors.New("")), ""},
		{Label("60/Git\x1bHub:alice"), `Git\x1bHub:alice`},
		{Argument("GitHub:alice@example.com"), "GitHub:alice@example.com"}, {Argument("O'Neil & Co:a\n"), `'O'\''Neil & Co:a\n'`},
		{Command("tokenctl x", "GitHub:a", "--n 1"), "tokenctl x GitHub:a --n 1"}, {Command("tokenctl x", "-rf", "--n 1"), "tokenctl x --n 1 -- -rf"},
		{Command("tokenctl x", "--yes", ""), "tokenctl x -- --yes"},
		{Date(time.Time{}), ""}, {Date(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)), "2026-11-23"},
		{Dash("") + Dash("x") + NumberOrDash(0) + NumberOrDash(7) + YesNo(true) + YesNo(false), "-x-7yesno"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestEndOfPaste(t *testing.T) {
	for text, ends := range map[string]bool{
		"": false, "1111": false, "1111\n": false, "1111\n\n": true, "1111\n \t\r\n": true, "\n": true,
		"1111\n\n2222": false, "1111\n\n2222\n": false, "1111\n\n2222\n\n": true,
	} {
		if got := !endOfPaste([]byte(text)).IsZero(); got != ends {
			t.Errorf("after %q, a pause ends it: %t, want %t", text, got, ends)
		}
	}
}

// Another program gets a line a row, whatever is in the cells.
func TestPrintColumns(t *testing.T) {
	var out bytes.Buffer
	c := &Console{Out: &out}
	c.PrintColumns([][]string{{"ACCOUNT", "CODE"}, {"日本:a\nb", "\x1b[2J"}, {"", "\t"}})
	if want := "ACCOUNT\tCODE\n日本:a\\nb\t\\x1b[2J\n\t\\t\n"; out.String() != want || c.Unwritten != nil {
		t.Errorf("got %q, want %q, %v", out.String(), want, c.Unwritten)
	}
}

func TestReport(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	remedies := []Remedy{{first, ExitNoKey, "Do this."}, {second, ExitTouch, ""}, {oath.ErrAmbiguous, ExitAmbiguous, ""}}
	ambiguous := &oath.AmbiguousError{Query: "a\x1b", Matches: []oath.Account{{Name: "a1"}, {Issuer: "A\n", Name: "2"}}}
	for _, test := range []struct {
		err    error
		status int
		want   string
	}{
		{nil, 0, ""},
		{first, ExitNoKey, "tokenctl: first\n  Do this.\n"},
		{fmt.Errorf("opening %s: %w", "\x1b", second), ExitTouch, "tokenctl: opening \\x1b: second\n"},
		{errors.Join(second, first), ExitNoKey, "tokenctl: second\nfirst\n  Do this.\n"},
		{errors.New("unheard of"), ExitFailure, "tokenctl: unheard of\n"},
		{Partly(first, 1), ExitPartial, "tokenctl: done in part: first\n  Do this.\n"},
		{Partly(first, 0), ExitNoKey, "tokenctl: first\n  Do this.\n"},
		{Partly(nil, 1), 0, ""},
		{Usagef("--x: %w", errors.New("wrong")), ExitUsage, "tokenctl: --x: wrong\n  See: tokenctl x --help\n"},
		{Usage(first), ExitNoKey, "tokenctl: first\n  Do this.\n"},
		{ambiguous, ExitAmbiguous, "tokenctl: " + ambiguous.Error() + "\n  \"a\\x1b\" fits:\n    a1\n    A\\n:2\n"},
	} {
		var messages bytes.Buffer
		c := &Console{Err: &messages, Command: "tokenctl x", Remedies: remedies}
		if status := c.Report(test.err); status != test.status || messages.String() != test.want {
			t.Errorf("%v: status %d, %q; want %d, %q", test.err, status, messages.String(), test.status, test.want)
		}
	}
}

// What is given in the wrong place is not repeated, whoever reports it.
func TestDiscreet(t *testing.T) {
	for arg, hidden := range map[string]bool{
		"otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQ": true, "otpauth-migration://offline?data=x": true, "GEZDGNBVGY3TQOJQ": true,
		"JBSWYJBSWYJBSWYK": true, "jbsw yjbs wyjb swyk": true, "12345678": true, "12345-67890": true, "fb65b-e85b1": true, "123 456": true,
		"AGE-SECRET-KEY-1QQQQ": true, "--type=GEZDGNBVGY3TQOJQ": true, "github": false, "GitHub:alice": false, "codes.txt": false, "--at": false, "": false,
	} {
		_, value, isSetting := strings.Cut(arg, "=")
		if !isSetting || arg[0] != '-' {
			value = arg
		}
		var messages bytes.Buffer
		c := &Console{Err: &messages, Args: []string{"code", arg}}
		c.Report(fmt.Errorf("%q: %w", value, errors.New("not found")))
		if got := !strings.Contains(messages.String(), value); value != "" && got != hidden {
			t.Errorf("%q: hidden %t in %q", arg, got, &messages)
		}
	}
	if text := Discreet("no such key: 12345678", []string{"code", "--device", "12345678"}); text != "no such key: 12345678" {
		t.Error(text)
	}
}

// Without a terminal nothing waits for an answer.
func TestNoTerminal(t *testing.T) {
	var none *Terminal
	defer none.Close()
	_, asked := none.Ask("Name")
	_, twice := none.AskNewSecret("Password")
	_, pasted := none.Paste("Codes", 10)
	for _, err := range []error{asked, twice, pasted, none.TryPassword("Password", oath.ErrWrongPassword, nil), none.Confirm(false, "Sure?")} {
		if !errors.Is(err, ErrNoTerminal) {
			t.Error(err)
		}
	}
	if err := none.Confirm(true, "Sure?"); err != nil {
		t.Errorf("confirmed beforehand: %v", err)
	}
}
