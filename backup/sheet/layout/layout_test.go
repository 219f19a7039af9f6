package layout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// longBlock has more lines than a page.
func longBlock() Block {
	b := Block{Number: 99, Heading: "Example: a set of very many codes", Symbols: []Symbol{{"One of many", "tokenctl:codes?part=1"}}}
	for i := range 300 {
		l := line.Line{Number: 1000 + i, Groups: []string{"code", fmt.Sprint(i + 1), "ABCD", "EFGH"}, Check: fmt.Sprintf("QX%02d", i%100), Tick: true}
		if i%5 == 0 {
			l.Used = "2026-01-02"
		}
		b.Lines = append(b.Lines, l)
	}
	return b
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width float64
		want  []string
	}{
		{"", 3, []string{""}},
		{"abc", 3, []string{"abc"}},
		{"abcd", 3, []string{"abc", "d"}},
		{"ab cd", 3, []string{"ab", "cd"}},
		{"abc def", 3, []string{"abc", "def"}},
		{"a b c d", 3, []string{"a b", "c d"}},
		{"a bcdefg h", 3, []string{"a", "bcd", "efg", "h"}},
		{"ab   cd", 3, []string{"ab  ", "cd"}},
		{" abcd", 3, []string{" ab", "cd"}},
		{"äöüß", 2, []string{"äö", "üß"}},
		{"abc", 0, []string{"a", "b", "c"}},
		{"Bank:ann@example", 8, []string{"Bank:", "ann@", "example"}},
		{"at x:y abc", 6, []string{"at x:y", "abc"}},
		{"a b:cdefgh", 4, []string{"a", "b:", "cdef", "gh"}},
	} {
		if got := wrap(test.text, test.width, func(rune) float64 { return 1 }); !slices.Equal(got, test.want) {
			t.Errorf("%q in %g: %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

// No line is too wide, and only spaces are lost.
func FuzzWrap(f *testing.F) {
	f.Add("The quick brown fox jumps", 7)
	f.Add("Donaudampfschiffahrtsgesellschaft", 5)
	f.Add("   a  b ", 1)
	f.Fuzz(func(t *testing.T, text string, width int) {
		text, width = strings.ToValidUTF8(text, "?"), min(max(width, 1), 100)
		lines := wrap(text, float64(width), func(rune) float64 { return 1 })
		for _, l := range lines {
			if utf8.RuneCountInString(strings.TrimRight(l, " ")) > width {
				t.Errorf("%q is wider than %d", l, width)
			}
		}
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.ReplaceAll(text, " ", ""); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}

func TestSymbolTooLarge(t *testing.T) {
	for length, want := range map[int]error{482: nil, 483: ErrSymbolTooLarge, 10000: ErrSymbolTooLarge} {
		d := sample(2)
		d.Body[2].Symbols[0].Text = strings.Repeat("s", length)
		err := d.WritePDF(io.Discard, A4)
		if !errors.Is(err, want) {
			t.Errorf("%d bytes: %v", length, err)
		}
		if err != nil && (strings.Contains(err.Error(), "ss") || !strings.Contains(err.Error(), "block 3: QR code 1")) {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
}

func TestFullDisk(t *testing.T) {
	full := errors.New("no space left on device")
	if err := sample(1).WritePDF(failing{full}, A4); !errors.Is(err, full) {
		t.Errorf("writing to a full disk: %v", err)
	}
}

// failing fails every write.
type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

// Whatever the texts of a document are, it is laid out.
func FuzzLayout(f *testing.F) {
	f.Add("GitHub: alice", "JBSW", 3, uint8(0))
	f.Add(strings.Repeat("W", 2000), strings.Repeat("日", 30), 1, uint8(255))
	f.Add("\u202e\xff\x00<script>&amp;", "a b\nc", 60, uint8(0x55))
	f.Fuzz(func(t *testing.T, long, short string, count int, bits uint8) {
		const enough = 2000
		d := arbitrary(long[:min(len(long), enough)], short[:min(len(short), enough)], min(max(count, 0), 60), bits)
		if err := d.WritePDF(io.Discard, Paper(bits&1)); err != nil && !errors.Is(err, ErrSymbolTooLarge) {
			t.Error(err)
		}
	})
}

// arbitrary returns a document with two texts in all places; bits choose which of
// them.
func arbitrary(long, short string, count int, bits uint8) Document {
	n := -1
	text := func() string {
		n++
		if bits>>(n%8)&1 == 1 {
			return long
		}
		return short
	}
	b := Block{Number: count, Heading: text(), Facts: []Fact{{text(), text()}}, Notes: []string{text()}}
	for i := range count {
		b.Lines = append(b.Lines, line.Line{Number: i, Groups: []string{text(), text()}, Check: text(), Tick: i%3 == 0, Used: text()})
		if i%16 == 0 {
			b.Symbols = append(b.Symbols, Symbol{text(), text()})
		}
	}
	return Document{
		Title: text(), Facts: []Fact{{text(), text()}}, Foot: text(),
		Steps: []Steps{{Heading: text(), Steps: []string{text(), text()}}},
		Body:  []Block{b, {}, b},
	}
}

func TestParsePaper(t *testing.T) {
	for name, want := range map[string]Paper{"a4": A4, "letter": Letter} {
		if p, err := ParsePaper(name); err != nil || p != want || p.String() != name {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	for _, name := range []string{"", "A4", "a5", "letter "} {
		if p, err := ParsePaper(name); err == nil {
			t.Errorf("%q is %v", name, p)
		}
	}
}

func TestGlyphs(t *testing.T) {
	for r := ' '; r <= '~'; r++ {
		if !glyphs()[r] {
			t.Errorf("no font has %q", r)
		}
	}
	for _, r := range "ÅåÉéßŁłŽžΑαΩωАаЯяЁё–—…€№" {
		if !printable(r) {
			t.Errorf("%q does not print", r)
		}
	}
	for _, r := range "日한אعहไ😀\u0308\u202e\u200b\u00ad\u00a0\ufffe\U0001d7d9" {
		if printable(r) {
			t.Errorf("%U prints", r)
		}
	}
}

// Text has names in every script, and shows what would hide.
func TestTextNames(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"日本銀行", "日本銀行"},
		{"حساب", "حساب"},
		{"हिन्दी", "हिन्दी"},
		{"😀", "😀"},
		{"Zoe\u0308", "Zoe\u0308"},
		{"evil\u202egro.elpmaxe", "evil[U+202E]gro.elpmaxe"},
		{"a\u200bb", "a[U+200B]b"},
		{"a\u2066b\u2069", "a[U+2066]b[U+2069]"},
		{"a\u00adb", "a[U+00AD]b"},
		{"tab\tnewline\n", "tab[U+0009]newline[U+000A]"},
		{"\x00\x1b[31m", "[U+0000][U+001B][31m"},
		{"bad\xff", "bad[0xFF]"},
		{"\ufffe\ufdd0", "[U+FFFE][U+FDD0]"},
		{"\u3164\u115f\u2800", "[U+3164][U+115F][U+2800]"},
		{"a\u00a0b", "a[U+00A0]b"},
		{"❤\ufe0f", "❤[U+FE0F]"},
	} {
		d := Document{Body: []Block{{Heading: test.name, Symbols: []Symbol{{"", test.name}}}}}
		text := string(d.Text())
		if !strings.Contains(text, "\n"+test.want+"\n") {
			t.Errorf("%+q is written as %+q, want %+q", test.name, text, test.want)
		}
		if respelled := test.want != test.name; respelled != strings.Contains(text, "The QR code holds the text itself.") {
			t.Errorf("%+q: respelled is %v", test.name, respelled)
		}
	}
}

// The next PDF gets the font that this one got.
func TestFontsStayAsTheyAre(t *testing.T) {
	var before [][]byte
	for _, f := range fonts {
		before = append(before, slices.Clone(f.ttf))
	}
	pdfOf(t, sample(5), A4)
	for i, f := range fonts {
		if !bytes.Equal(before[i], f.ttf) {
			t.Errorf("%s was written to", f.family)
		}
	}
}

// Typed lines are set in a font whose characters are equally wide: their groups
// stand below each other.
func TestTypedWidth(t *testing.T) {
	pen := newPages(A4, newTypesetter(nil))
	for r := range glyphs() {
		if w := pen.textWidth(typedStyle, string(r)); visible(string(r)) && w != pen.textWidth(typedStyle, "0") {
			t.Errorf("%q is %g mm wide, not %g", r, w, pen.textWidth(typedStyle, "0"))
		}
	}
}

// BenchmarkPDF lays out sheets of many accounts: the time is to grow as their number.
func BenchmarkPDF(b *testing.B) {
	for _, accounts := range []int{10, 100, 1000} {
		d := sample(accounts)
		b.Run(fmt.Sprint(accounts), func(b *testing.B) {
			for b.Loop() {
				if err := d.WritePDF(io.Discard, A4); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*accounts), "µs/account")
		})
	}
}
