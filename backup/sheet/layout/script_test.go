package layout

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/goregular"

	"github.com/go-text/typesetting/font"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// realFonts returns fonts from Debian's fonts-dejavu-core, fonts-droid-fallback and
// fonts-lohit-deva.
func realFonts(t *testing.T) (all []*Font) {
	t.Helper()
	for _, name := range []string{"dejavu/DejaVuSans.ttf", "droid/DroidSansFallbackFull.ttf", "lohit-devanagari/Lohit-Devanagari.ttf"} {
		file, err := os.ReadFile("/usr/share/fonts/truetype/" + name)
		oathtest.NeedsTool(t, err)
		f, err := ParseFont(file, 0)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, f)
	}
	return all
}

// named returns a document with a block for each name.
func named(fonts []*Font, names ...string) Document {
	d := Document{Fonts: fonts}
	for i, name := range names {
		d.Body = append(d.Body, Block{
			Number: i + 1, Heading: name, Symbols: []Symbol{{"", name}},
			Notes: []string{fmt.Sprintf("The secret of %s is on recovery sheet 2, not on this one, which has no more than its name.", name)},
		})
	}
	return d
}

// Names in every script are on the PDF, can be copied from there, and hide nothing.
func TestPDFScripts(t *testing.T) {
	oathtest.RequireTool(t, "pdftotext", "pdftoppm", "zbarimg")
	names := []string{
		"日本銀行: 田中太郎@例え.jp", "中国银行: 张伟",
		"بنك السلام", "Bank بنك السلام: alice", "בנק ישראל", "Bank שָׁלוֹם: alice", "हिन्दी क्षत्रिय: राम", "ക",
		"😀 Smile: alice", "Zoe\u0308: bob",
	}
	last := len(names) - 3
	for _, paper := range bothPapers {
		d := named(realFonts(t), names...)
		pdf := printPDF(t, d, paper)
		checkSymbols(t, d, rasterise(t, pdf, 150))
		checkMargins(t, pdf, 100)
		checkHidesNothing(t, pdf)
		width, _ := paper.size()
		half := fmt.Sprint(int(width / 2 / point))
		left := pageTexts(t, pdf, "-layout", "-x", "0", "-y", "0", "-W", half, "-H", half+"0")
		right := pageTexts(t, pdf, "-layout", "-x", half, "-y", "0", "-W", half, "-H", half+"0")
		text := compact(strings.Join(append(left, right...), ""))
		for i, name := range names {
			if i == last {
				name = "[U+0D15]" // which no font here has
			}
			for _, want := range []string{fmt.Sprintf("%d %s The", i+1, name), fmt.Sprintf("The secret of %s is on", name)} {
				if !strings.Contains(text, compact(want)) {
					t.Errorf("%s: no %q in:\n%s", paper, want, text)
				}
			}
		}
		if n := strings.Count(text, compact(respelled)); n != 1 {
			t.Errorf("%s: %d blocks have names respelled", paper, n)
		}
	}
}

// compact removes spaces, which pdftotext takes for some of the neighbouring script, and
// the marks by which it shows what is read from right to left.
func compact(text string) string {
	return strings.NewReplacer("\u202a", "", "\u202b", "", "\u202c", "").Replace(strings.Join(strings.Fields(text), ""))
}

// Letters are joined, and stand in the order in which they are read.
func TestOrderOfReading(t *testing.T) {
	script := newTypesetter(realFonts(t))
	for _, test := range []struct{ text, want string }{
		{"plain", "plain"},
		{"אבג", "גבא"},
		{"a אבג b", "a גבא b"},
		{"אב (גד)", ")דג( בא"}, // mirrored when drawn
		{"אב 12 גד", "דג 12 בא"},
		{"a אב 12 גד b", "a דג 12 בא b"},
		{"a אב 12% b", "a 12% בא b"},
		{"a אב 12b", "a 12 באb"},
		{"سلام ١٢٣", "١٢٣ مالس"}, // a ligature's letters, too
		{"日本 אב", "日本 בא"},
	} {
		runes := []rune(test.text)
		got := ""
		for _, p := range script.line(runes) {
			if p.face == nowhere {
				got += string(p.visual([]rune(p.text)))
			}
			for _, s := range p.shapes {
				got += string(p.visual(runes[s.start:s.end]))
			}
		}
		if got != test.want {
			t.Errorf("%q is laid out as %q, want %q", test.text, got, test.want)
		}
	}
	joined, apart := script.line([]rune("محمد"))[0], 0.0
	for _, r := range "محمد" {
		apart += script.line([]rune{r})[0].shapes[0].width
	}
	width := 0.0
	for _, s := range joined.shapes {
		width += s.width
	}
	if width >= apart {
		t.Errorf("joined letters are %g wide, and apart %g", width, apart)
	}
}

// Many marks on a letter do not reach into other lines.
func TestMarks(t *testing.T) {
	oathtest.RequireTool(t, "pdftotext", "pdftoppm")
	marks := strings.Repeat("\u0301\u0316", 30)
	pdf := printPDF(t, named(realFonts(t), "Zo"+marks+"e", marks, "g"+marks[:8]), A4)
	checkHidesNothing(t, pdf)
	if n := strings.Count(compact(strings.Join(pageTexts(t, pdf, "-raw"), "")), "[U+0301]"); n != 2*2*30 {
		t.Errorf("%d marks are written by their number", n)
	}
}

func TestLacking(t *testing.T) {
	d := named(nil, "plain Ålesund", "אבא", "Zoe\u0308", "a\u200bb\u202e\xff", "😀")
	d.Title = "日"
	if got := string(d.Lacking()); got != "e\u0308אב日😀" {
		t.Errorf("lacking %q", got)
	}
}

// The same document and fonts make the same bytes, also side by side.
func TestPDFWithFontsIsDeterministic(t *testing.T) {
	d := named(realFonts(t), "日本銀行", "بنك السلام", "😀")
	want := pdfOf(t, d, A4)
	made := make(chan []byte)
	for range 3 {
		go func() {
			var b bytes.Buffer
			d.WritePDF(&b, A4)
			made <- b.Bytes()
		}()
	}
	for range 3 {
		if !bytes.Equal(<-made, want) {
			t.Error("a PDF made beside others differs")
		}
	}
}

func TestParseFont(t *testing.T) {
	const firstLength = 12 + 12 // of the first table, after the header
	huge := slices.Concat(goregular.TTF[:firstLength], []byte("\xff\xff\xff\xff"), goregular.TTF[firstLength+4:])
	for name, test := range map[string]struct {
		file  []byte
		index int
	}{
		"nothing":    {nil, 0},
		"no font":    {[]byte("%PDF-1.4 and more of that which is no font"), 0},
		"cut short":  {goregular.TTF[:1000], 0},
		"no second":  {goregular.TTF, 1},
		"huge table": {huge, 0},
		"many fonts": {[]byte("ttcf\x00\x01\x00\x00\xff\xff\xff\xff"), 0},
		"packed":     {[]byte("wOFF\x00\x01\x00\x00 and what is in it"), 0},
		"before all": {goregular.TTF, -1},
	} {
		if f, err := ParseFont(test.file, test.index); err == nil {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// Whatever is wrong with a font, a sheet is laid out, and the other fonts are used.
func TestBrokenFonts(t *testing.T) {
	file, err := os.ReadFile("/usr/share/fonts/truetype/lohit-devanagari/Lohit-Devanagari.ttf")
	oathtest.NeedsTool(t, err)
	for i := range 100 {
		broken := bytes.Clone(file)
		for j := range 20 { // anywhere in it, but always the same
			broken[(i*7919+j*104729+i*i)%len(broken)] ^= byte(1 + (i*31+j)%255)
		}
		f, err := ParseFont(broken, 0)
		if err != nil {
			continue
		}
		if err := named([]*Font{f}, "हिन्दी क्षत्रिय: राम").WritePDF(io.Discard, A4); err != nil {
			t.Errorf("font %d: %v", i, err)
		}
	}
}

// A font that breaks while it sets text is given up, and what it had is respelled.
func TestFontBreaksLate(t *testing.T) {
	script := newTypesetter(realFonts(t))
	script.guard(0, func(*font.Face) { panic("broken") })
	if script.shows("א") || !script.shows("日") {
		t.Error("a broken font is used, or a whole one is not")
	}
	if got := script.line([]rune("אa"))[0].text + script.line([]rune("אa"))[1].text; got != "[U+05D0]a" {
		t.Errorf("the line is %q", got)
	}
}

func FuzzFont(f *testing.F) {
	f.Add(0, []byte{}, "Zoë")
	f.Add(12, []byte("GSUB\x00\xff\xff"), "אב")
	f.Fuzz(func(t *testing.T, at int, patch []byte, text string) {
		file := bytes.Clone(goregular.TTF)
		if at < 0 || at > len(file) {
			return
		}
		copy(file[at:], patch)
		parsed, err := ParseFont(file, 0)
		if err != nil {
			return
		}
		script := newTypesetter([]*Font{parsed})
		runes := []rune(text)[:min(len([]rune(text)), 100)]
		script.has(0, runes)
		script.guard(0, func(*font.Face) { script.shape(runes, &piece{end: len(runes)}) })
	})
}
