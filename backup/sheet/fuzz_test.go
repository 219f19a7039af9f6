package sheet

import (
	"errors"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
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
// can be told.
func FuzzReaderAddText(f *testing.F) {
	texts, _ := seeds(f)
	for i, text := range texts {
		f.Add(text, texts[(i+1)%len(texts)])
	}
	f.Add("tokenctl:contents?sheet=1&id=AAAAAAAA&blocks=1000000&part=1/1000000&from=1000000&list=.", "tokenctl:part?sheet=1&id=AAAAAAAA&seal=shares&part=1/1&data=AAAA")
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

// checkState asks the reader for all that it can tell.
func checkState(t *testing.T, r *Reader) {
	s := r.State()
	for _, m := range s.Missing {
		if m.From < 1 || m.To < m.From || m.String() == "" {
			t.Errorf("missing %+v", m)
		}
	}
	c, _ := r.Contents("x")
	for _, note := range append(c.Notes, s.Notes...) {
		if !utf8.ValidString(note) {
			t.Errorf("the note %q", note)
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

// Many lines that all check do not take long, whatever they add up to.
func TestManyLinesThatCheck(t *testing.T) {
	for _, keyword := range []string{"", line.MoreKeyword, line.AndKeyword, AccountKeyword, "code 1", line.KeyKeyword} {
		var b strings.Builder
		c := &line.Writer{}
		for _, l := range c.Words(partKeyword, "1/1 seal=shares letters=1000000") {
			b.WriteString(typedText(l) + "\n")
		}
		for b.Len() < 1<<18 {
			lines := c.Letters("JBSWY3DPEHPK3PXPJBSW")
			switch keyword {
			case "":
			case line.KeyKeyword:
				lines = c.Key(typedIdentity)
			default:
				lines = c.Words(keyword, "x letters=1000000")
			}
			for _, l := range lines {
				b.WriteString(typedText(l) + "\n")
			}
		}
		var r Reader
		start := time.Now()
		if err := r.AddLines(b.String()); err != nil {
			t.Errorf("%q: %.200v", keyword, err)
		}
		checkState(t, &r)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%q: it took %v", keyword, took)
		}
	}
}
