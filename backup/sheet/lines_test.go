package sheet

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// barredLines returns the lines of a sheet's text that can be typed.
func barredLines(d layout.Document) (lines []string) {
	for one := range strings.Lines(string(d.Text())) {
		if line.IsBarred(one) {
			lines = append(lines, one)
		}
	}
	return lines
}

// Whatever run of lines is missing, nothing is read that is not on the sheet: no
// code of another account, and none cut short.
func TestMissingRunsOfLines(t *testing.T) {
	s := everyKind(t)
	lines := barredLines(plain(t, s))
	for from := range lines {
		for to := from + 1; to <= len(lines); to++ {
			var r Reader
			if err := r.AddLines(strings.Join(lines[:from], "") + strings.Join(lines[to:], "")); err != nil {
				t.Fatal(err)
			}
			c := contents(t, &r, "")
			checkNothingElse(t, c, s)
			if len(c.Missing) == 0 && from < to && len(lines) > to-from {
				t.Errorf("nothing is missing without lines %d to %d", from+1, to)
			}
		}
	}
}

// Two records with the same digest stand for two entries of the list, not one.
func TestOneRecordStandsForOneEntry(t *testing.T) {
	h := &readResult{have: map[string]int{"AAAA": 1}, labels: map[string]string{"AAAA": "one"}}
	used := make(map[string]int)
	if lacks, _ := h.lacks([]string{"AAAA"}, used); lacks {
		t.Error("the first is missing")
	}
	if lacks, _ := h.lacks([]string{"AAAA"}, used); !lacks {
		t.Error("the second is not missing")
	}
}

// Of two counters that are on no sheet, the higher one counts.
func TestHigherCounter(t *testing.T) {
	uri := "otpauth://hotp/A:a?secret=" + secretA + "&counter="
	for _, counters := range [][]string{{"7", "9"}, {"9", "7"}} {
		c := contents(t, scan(t, uri+counters[0], uri+counters[1]), "")
		if len(c.Accounts) != 1 || c.Accounts[0].Account.Counter != 9 {
			t.Errorf("read %+v", c.Accounts)
		}
	}
}

// A date by pen is taken even if the code itself was scanned, or typed before.
func TestTicksByPenBesideAScan(t *testing.T) {
	s := everyKind(t)
	d := plain(t, s)
	var codes []line.Line
	for _, b := range d.Body {
		if b.Heading == "GitHub:alice (backup codes)" {
			codes = b.Lines
		}
	}
	typed := &Reader{}
	if err := typed.AddLines(string(d.Text())); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*Reader{"scanned": scan(t, symbolTexts(d)...), "typed": typed} {
		for _, l := range codes {
			text := typedText(l) + used(l)
			if l.Groups[0] == "code 3:" {
				text += " used 2026-12-24"
			}
			if err := r.AddLines(text); err != nil {
				t.Fatal(err)
			}
		}
		c := contents(t, r, "")
		record := c.Codes["GitHub:alice"]
		if got := formatDay(record.Current().Codes[2].Used); got != "2026-12-24" || len(c.Missing) > 0 {
			t.Errorf("%s: code 3 was used %q, missing %v", name, got, c.Missing)
		}
	}
}

// A note that looks like a line is not taken for one.
func TestProseThatLooksLikeALine(t *testing.T) {
	s := everyKind(t)
	s.Entries[0].Notes = []string{"12| JBSW Y3DP ABCD", strings.Repeat("word ", 14) + "12| JBSW Y3DP ABCD"}
	s.Entries[0].Renew = "17| code 1: x ABCD"
	var r Reader
	if err := r.AddLines(string(plain(t, s).Text())); err != nil {
		t.Fatal(err)
	}
	checkContents(t, contents(t, &r, ""), s)
}

// Without the commitment, a share read twice with different values is used once.
func TestShareReadTwiceWithoutCommitment(t *testing.T) {
	documents := split(t, smallSheet(t), 2, 3)
	wrong := shareOf(t, documents[0])
	wrong.value = "\x01" + wrong.value[1:]
	texts := []string{ofSheet7(shareOf(t, documents[0])), ofSheet7(wrong)}
	for _, b := range documents[0].Body[2:] {
		for _, s := range b.Symbols {
			texts = append(texts, s.Text)
		}
	}
	if c, err := scan(t, texts...).Contents(""); err == nil || len(c.Accounts) > 0 {
		t.Errorf("one share opens the sheet: %v", err)
	}
	texts = append(texts, ofSheet7(shareOf(t, documents[1])))
	if c := contents(t, scan(t, texts...), ""); len(c.Accounts) != 2 {
		t.Errorf("read %+v", c)
	}
}

// A name typed as its script has it is taken, in whichever form its accents come.
func TestNamesTypedAsTheyAre(t *testing.T) {
	for printed, typed := range map[string]string{"e\u0301": "é", "é": "e\u0301", "日本": "日本", "a…": "a…", "№5": "№5"} {
		l := (&line.Writer{Last: 4}).Write(accountRecord{otpauth.Key{Account: oath.Account{Name: printed}}}.paragraph())[0]
		text := typedText(l)
		text = strings.Replace(text, line.Escape(printed, ""), typed, 1)
		if got := readOne(t, text); got.Text != strings.Join(l.Groups[1:], " ") {
			t.Errorf("%q is read as %q", text, got.Text)
		}
	}
}

// All lines of a text that do not check are reported, and the others are read.
func TestSeveralWrongLines(t *testing.T) {
	text := string(plain(t, everyKind(t)).Text())
	text = strings.Replace(text, "code 1: 3f29a", "code 1: 3f29b", 1)
	text = strings.Replace(text, "GNBV GY3T QOJQ", "GNBV YG3T QOJQ", 1)
	var r Reader
	err := r.AddLines(text)
	want := "line 8 does not check: look at the 3rd group, where two characters may have changed places\n" +
		"line 18 does not check: look at the 1st group, near its 5th character"
	if err == nil || err.Error() != want {
		t.Errorf("the error is %v", err)
	}
	c := contents(t, &r, "")
	if len(c.Accounts) != 4 || len(c.Codes) != 4 {
		t.Errorf("read %d accounts, %d sets", len(c.Accounts), len(c.Codes))
	}
	if m := c.Missing; len(m) != 2 || m[0].From != 8 || m[1].From != 18 {
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

// What is printed of each account is what is read of it.
func TestItems(t *testing.T) {
	s := everyKind(t)
	c := contents(t, scan(t, symbolTexts(plain(t, s))...), "")
	printed := make(map[string]bool)
	for _, i := range s.Items() {
		if i.Generation > 0 || len(i.Key.Secret.Bytes()) > 0 {
			printed[describe(i)] = true
		}
	}
	for _, i := range c.Items() {
		if !printed[describe(i)] {
			t.Errorf("read %s", describe(i))
		}
		delete(printed, describe(i))
	}
	if len(printed) > 0 || len(c.Items()) != 6 {
		t.Errorf("not read: %v", printed)
	}
}

func describe(i Item) string {
	return fmt.Sprintf("%s %s %d", i.ID, i.Key.Secret.Base32(), i.Generation)
}

func TestPartialAndEmpty(t *testing.T) {
	s := everyKind(t)
	if c := contents(t, scan(t, symbolTexts(plain(t, s))...), ""); c.IsEmpty() || c.Partial(c.Sheets[0]) {
		t.Errorf("a full sheet is empty: %v, partial: %v", c.IsEmpty(), c.Partial(c.Sheets[0]))
	}
	s.Partial = true
	if c := contents(t, scan(t, symbolTexts(plain(t, s))...), ""); !c.Partial(c.Sheets[0]) {
		t.Error("a sheet that adds to another is not partial")
	}
	s.Partial, s.VaultKey = false, ""
	if c := contents(t, scan(t, symbolTexts(plain(t, s))...), ""); !c.Partial(c.Sheets[0]) {
		t.Error("a sheet without the vault's key is not partial")
	}
	if c := (Contents{}); !c.IsEmpty() {
		t.Error("no contents are not empty")
	}
}

func TestClear(t *testing.T) {
	s := everyKind(t)
	c := contents(t, scan(t, symbolTexts(plain(t, s))...), "")
	s.Clear()
	c.Clear()
	for _, i := range append(s.Items(), c.Items()...) {
		for _, b := range i.Key.Secret.Bytes() {
			if b != 0 {
				t.Errorf("the secret of %s is still there", i.ID)
				break
			}
		}
	}
}
