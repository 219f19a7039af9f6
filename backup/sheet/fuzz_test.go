package sheet

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// seeds are texts and lines of sheets of each kind.
func seeds(f *testing.F) (texts, lines []string) {
	s := everyKind(f)
	documents := append(split(f, smallSheet(f), 2, 3)[:1], plain(f, s), sealed(f, s))
	texts = symbolTexts(documents...)
	for _, d := range documents {
		lines = append(lines, string(d.Text()))
		for _, b := range d.Body {
			for _, l := range b.Lines {
				lines = append(lines, typedText(l))
			}
		}
	}
	return texts, lines
}

// Whatever a QR code holds, reading it does not panic, and what it says of itself
// can be named.
func FuzzReaderAddText(f *testing.F) {
	texts, _ := seeds(f)
	for i, text := range texts {
		f.Add(text, texts[(i+1)%len(texts)])
	}
	f.Add("tokenctl:2 1 AAAAAAAA|contents: 1/1000000 blocks=1000000 from=1000000 list=.", "tokenctl:2 1 AAAAAAAA|part: 1/1 shares|AAAA")
	f.Fuzz(func(t *testing.T, first, second string) {
		var r Reader
		for _, text := range []string{first, second} {
			if err := r.AddText(text); err != nil && !isReaderError(err) && !strings.Contains(err.Error(), "invalid account") {
				t.Errorf("%q: %v", text, err)
			}
		}
		checkState(t, &r)
	})
}

func isReaderError(err error) bool {
	return errors.Is(err, ErrForeign) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) || errors.Is(err, ErrTooLarge)
}

// checkState asks the reader for all that it can report.
func checkState(t *testing.T, r *Reader) {
	for _, m := range r.Missing() {
		if m.From < 1 || m.To < m.From || m.String() == "" {
			t.Errorf("missing %+v", m)
		}
	}
	c, _ := r.Contents("x")
	for _, note := range c.Notes {
		if !utf8.ValidString(note) {
			t.Errorf("the note %q", note)
		}
	}
	for id, codes := range c.Codes { // or they could not be recorded
		text, err := codes.MarshalText()
		if err == nil {
			_, err = backup.ParseRecord(text)
		}
		if err != nil {
			t.Errorf("the codes of %q: %v", id, err)
		}
	}
}

func FuzzReaderAddLines(f *testing.F) {
	_, lines := seeds(f)
	for _, text := range lines {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r Reader
		if err := r.AddLines(text); err != nil && !utf8.ValidString(err.Error()) {
			t.Errorf("the error %q", err)
		}
		checkState(t, &r)
	})
}

// Many lines that all check take steps in proportion to their number, whatever they
// add up to.
func TestManyLinesThatCheck(t *testing.T) {
	for _, keyword := range []string{"", "more", "and", accountKeyword, "code 1", line.KeyKeyword} {
		var b strings.Builder
		count := 0
		w := &line.Writer{}
		write := func(lines []line.Line) {
			for _, l := range lines {
				b.WriteString(typedText(l) + "\n")
				count++
			}
		}
		write(w.Write(line.Paragraph{Keyword: partKeyword, Text: "1/1 shares letters=1000000"}))
		for b.Len() < 1<<18 {
			switch keyword {
			case "":
				w.Last-- // the line of words is left out
				write(w.Write(line.Paragraph{Keyword: partKeyword, Letters: "JBSWY3DPEHPK3PXPJBSW"})[1:])
			case line.KeyKeyword:
				write(w.Write(keyRecord(typedIdentity).paragraph()))
			default:
				write(w.Write(line.Paragraph{Keyword: keyword, Text: "x letters=1000000"}))
			}
		}
		var r Reader
		if err := r.AddLines(b.String()); err != nil {
			t.Errorf("%q: %.200v", keyword, err)
		}
		checkState(t, &r)
		all := r.read()
		all.missing()
		if all.steps > 4*count {
			t.Errorf("%q: %d steps for %d lines", keyword, all.steps, count)
		}
	}
}

// A QR code that no sheet has is refused, before it does harm elsewhere: in the
// vault, or in the numbers of sheets to come.
func TestHostileRecords(t *testing.T) {
	const head = "tokenctl:2 1 AAAAAAAA|codes: GitHub:alice generation=2"
	for _, text := range []string{
		head,
		head + "|1 set 2: abc",
		head + "|1 set 3: abc",
		head + "|1: abc|1: def",
		head + " generation=3|1: abc",
		head + "|1: abc|JBSW|2: %",
		head + " count=3|1: abc",
		strings.Replace(head, "GitHub:alice", "", 1) + "|1: abc",
		strings.Replace(head, ":2 1 ", ":2 100001 ", 1) + "|1: abc",
		strings.Replace(head, ":2 1 ", ":2 0 ", 1) + "|1: abc",
		"tokenctl:2 1 AAAAAAAA|sheet: 1 AAAAAAAA 2026-11-23 lines=9",
		"tokenctl:2 1 AAAAAAAA|contents: 1/1 date=2026-11-23 blocks=1 from=1 list=+",
		"tokenctl:2 1 AAAAAAAA|contents: 1/1 date=2026-11-23 blocks=1 from=1 list=AAAA++",
		"tokenctl:2 1 AAAAAAAA|account: alice touch=no|JBSWY3DP",
		head + " made=0000-01-01|1: abc",
		"tokenctl:2 1 AAAAAAAA|",
		"tokenctl:2 1 AAAAAAAA",
	} {
		if err := new(Reader).AddText(text); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for _, text := range []string{head + "|1 set 1: abc", head + "|[2026-08-17] 1: abc|2: "} {
		if err := new(Reader).AddText(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The texts of QR codes of other formats are refused.
func TestOtherFormats(t *testing.T) {
	for text, want := range map[string]error{
		"tokenctl:codes?sheet=7&id=KQ3ZT7AB&account=X:alice&1=abc": ErrDamaged,
		"tokenctl:1 7 KQ3ZT7AB|codes: X:alice|1: abc":              ErrDamaged,
		"tokenctl:3 7 KQ3ZT7AB|codes: X:alice|1: abc":              ErrNewer,
		"tokenctl:3": ErrNewer,
	} {
		if err := new(Reader).AddText(text); !errors.Is(err, want) || want == ErrDamaged && !strings.Contains(err.Error(), "format 2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What was sealed has all codes of an account in one record, however many.
func TestLongRecordIsReadAsText(t *testing.T) {
	var text strings.Builder
	text.WriteString("tokenctl:2 1 AAAAAAAA|codes: npm:alice")
	for number := range 1000 {
		fmt.Fprintf(&text, "|%d: %064x", number+1, number)
	}
	var r Reader
	if err := r.AddText(text.String()); err != nil {
		t.Fatal(err)
	}
	c, err := r.Contents("")
	if codes := c.Codes["npm:alice"]; err != nil || codes.Left() != 1000 {
		t.Errorf("%d codes are left: %v", codes.Left(), err)
	}
}
