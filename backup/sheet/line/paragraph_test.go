package line

import (
	"reflect"
	"strings"
	"testing"
)

// paragraphs are of each kind.
var paragraphs = []Paragraph{
	{Keyword: "account", Text: "My Bank:alice a|b", Letters: typedSecret + "GE"},
	{Keyword: "code 3", Text: "12345 Abcde-%C3%A9"},
	{Keyword: "code 14", Text: strings.TrimSpace(strings.Repeat("correct horse battery staple ", 5))},
	{Keyword: "code 15", Text: strings.Repeat("x", 200)},
	{Keyword: "end"},
	{Keyword: KeyKeyword, Text: typedIdentity},
}

// What is written as lines or in a QR code is read as the same paragraphs.
func TestParagraphsReadBack(t *testing.T) {
	var w Writer
	var lines []Typed
	for _, p := range paragraphs {
		for _, l := range w.Write(p) {
			lines = append(lines, readOne(t, typedText(l)))
		}
	}
	if got := bare(Paragraphs(lines)); !reflect.DeepEqual(got, paragraphs) {
		t.Errorf("the lines are read as %+v", got)
	}
	text := Join(paragraphs)
	got, err := Split(text)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]Paragraph{}, paragraphs...)
	want[0].Text = "My Bank:alice a%7Cb"
	if got := bare(got); !reflect.DeepEqual(got, want) || !IsASCII(text) {
		t.Errorf("%s is read as %+v", text, got)
	}
}

// bare takes off where paragraphs stood.
func bare(all []Paragraph) (bare []Paragraph) {
	for _, p := range all {
		p.First, p.Last = 0, 0
		bare = append(bare, p)
	}
	return bare
}

// Whichever line is missing, what it leaves of its paragraph is not complete.
func TestParagraphsMissALine(t *testing.T) {
	for _, p := range paragraphs {
		var lines []Typed
		for _, l := range (&Writer{Last: 6}).Write(p) {
			lines = append(lines, readOne(t, typedText(l)))
		}
		for i, missing := range lines {
			left := append(append([]Typed{}, lines[:i]...), lines[i+1:]...)
			for _, got := range Paragraphs(left) {
				if got.Missing.From != missing.Number || got.Missing.To < missing.Number {
					t.Errorf("%q without line %d misses %v", p.Text, missing.Number, got.Missing)
				}
			}
		}
	}
}

// What no QR code of a sheet holds is refused, or read without a crash.
func FuzzSplit(f *testing.F) {
	f.Add(Join(paragraphs))
	f.Add("[2026-11-23] 3: abc|[x] 4: |JBSW====")
	f.Add("key: AGE-SECRET-KEY-1|and: x ...|more: y letters=99999999999")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := Split(text)
		if err != nil && (len(all) > 0 || strings.Contains(err.Error(), text) && len(text) > 9) {
			t.Errorf("%q: %v, %v", text, all, err)
		}
		for _, p := range all {
			if p.Keyword == "" || p.First < 1 || p.Last < p.First {
				t.Errorf("%q has the paragraph %+v", text, p)
			}
		}
	})
}

// A line that checks is one that could have been printed: its check says so, and no
// other check is taken with it.
func FuzzCheck(f *testing.F) {
	for _, l := range typedLines(7) {
		f.Add(7, typedText(l))
	}
	f.Fuzz(func(t *testing.T, number int, text string) {
		text = text[:min(len(text), maxChecked)]
		if number < 1 || number > maxLine {
			return
		}
		check := checkOf(number, text)
		if !checks(number, text, check) {
			t.Errorf("%d %q does not check with %s", number, text, check)
		}
		for i := range check {
			for _, c := range []byte(alphabet) {
				if wrong := replaced(check, i, c); wrong != check && checks(number, text, wrong) {
					t.Errorf("%d %q checks with %s as with %s", number, text, wrong, check)
				}
			}
		}
		for i := range text {
			if checks(number, replaced(text, i, text[i]+1), check) {
				t.Errorf("%d %q checks with another byte %d", number, text, i)
			}
			diagnose(number, replaced(text, i, text[i]+1), check, isPrintable)
		}
	})
}
