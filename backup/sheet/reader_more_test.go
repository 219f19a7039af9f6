package sheet

import (
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
		if b.Heading == "GitHub:alice" {
			codes = b.Lines[3:]
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
