package sheet

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var bothPapers = []Paper{A4, Letter}

func pdfOf(t *testing.T, d Document, paper Paper) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.WritePDF(&b, paper); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The same document makes the same bytes, in this process and in another.
func TestPDFIsDeterministic(t *testing.T) {
	const child = "SHEET_TEST_PRINT_HASH"
	hash := func() string { return fmt.Sprintf("%x", sha256.Sum256(pdfOf(t, sample(8), A4))) }
	if os.Getenv(child) != "" {
		fmt.Println(hash())
		return
	}
	first := hash()
	if second := hash(); second != first {
		t.Errorf("made %s, and then %s", first, second)
	}
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPDFIsDeterministic$")
		cmd.Env = append(os.Environ(), child+"=1", "TZ=Asia/Kathmandu")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(out), first) {
			t.Errorf("made %s, and another process %s", first, out)
		}
	}
}

func TestPDFsAreMadeAtTheSameTime(t *testing.T) {
	d := sample(3)
	want := pdfOf(t, d, Letter)
	made := make(chan []byte)
	for range 4 {
		go func() {
			var b bytes.Buffer
			d.WritePDF(&b, Letter)
			made <- b.Bytes()
		}()
	}
	for range 4 {
		if !bytes.Equal(<-made, want) {
			t.Error("a PDF made beside others differs")
		}
	}
}

func TestPDFTellsNothingOfItself(t *testing.T) {
	requireTool(t, "pdfinfo")
	info := tool(t, "pdfinfo", printPDF(t, sample(5), A4))
	for _, line := range strings.Split(info, "\n") {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); name {
		case "Title":
			if value != "Document" {
				t.Errorf("the title is %q", value)
			}
		case "Subject", "Keywords", "Author", "Creator", "Producer":
			t.Errorf("pdfinfo says %s", line)
		case "CreationDate", "ModDate":
			if !strings.Contains(value, "2000") {
				t.Errorf("pdfinfo says %s", line)
			}
		case "Custom Metadata", "Metadata Stream", "JavaScript", "Encrypted":
			if value != "no" {
				t.Errorf("pdfinfo says %s", line)
			}
		}
	}
	for _, tell := range []string{"ecovery", "alice", "GitHub", "otpauth", "SECRET", "JBSW", "tokenctl"} {
		if strings.Contains(outsideStreams(pdfOf(t, sample(5), A4)), tell) {
			t.Errorf("%q stands outside of the pages", tell)
		}
	}
}

// outsideStreams returns a PDF without its pages and fonts, and with the strings in
// it as if they were ASCII.
func outsideStreams(pdf []byte) string {
	rest := regexp.MustCompile(`(?s)stream\n.*?endstream`).ReplaceAll(pdf, nil)
	return strings.ReplaceAll(string(rest), "\x00", "")
}

func TestPDFPaper(t *testing.T) {
	requireTool(t, "pdfinfo")
	for paper, size := range map[Paper]string{A4: "595.28 x 841.89 pts (A4)", Letter: "612 x 792 pts (letter)"} {
		if info := tool(t, "pdfinfo", printPDF(t, sample(1), paper)); !strings.Contains(info, size) {
			t.Errorf("%s is\n%s", paper, info)
		}
	}
	if err := sample(1).WritePDF(new(bytes.Buffer), Paper(2)); err == nil {
		t.Error("there is no third paper")
	}
}

// Each block is on one page, with all that it has, and in order.
func TestPDFKeepsBlocksWhole(t *testing.T) {
	requireTool(t, "pdftotext")
	for _, paper := range bothPapers {
		d := sample(50)
		long := d
		long.Body = append(slices.Clip(d.Body), longBlock())
		pages := pageTexts(t, printPDF(t, long, paper))
		checkLongBlock(t, pages)
		checkFront(t, d, pages[0])
		checkBlocks(t, d.spell(printable), pages)
		checkFeet(t, d, pages)
	}
}

func checkFront(t *testing.T, d Document, page string) {
	t.Helper()
	page = squeezed(page)
	want := []string{d.Title}
	for _, f := range d.Facts {
		want = append(want, f.Name+" "+f.Value)
	}
	for _, s := range d.Steps {
		want = append(want, s.Heading)
		for i, step := range s.Steps {
			want = append(want, fmt.Sprintf("%d. %s", i+1, step))
		}
	}
	for _, text := range want {
		if _, rest, found := strings.Cut(page, text); found {
			page = rest
		} else {
			t.Errorf("the first page lacks %q, or has it elsewhere", text)
		}
	}
}

func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

// checkBlocks looks for each block on one page.
func checkBlocks(t *testing.T, d Document, pages []string) {
	t.Helper()
	page := 0
	for _, b := range d.Body {
		heading := regexp.MustCompile(`(?m)^ *` + strings.TrimPrefix(fmt.Sprintf("%d +", b.Number), "0 +") + regexp.QuoteMeta(b.Heading))
		at := slices.IndexFunc(pages[page:], heading.MatchString)
		if at < 0 {
			t.Errorf("%q is not there, or too early", b.Heading)
			continue
		}
		page += at
		text := pages[page][heading.FindStringIndex(pages[page])[0]:]
		for _, l := range b.Lines {
			if !lineOnPaper(l).MatchString(text) {
				t.Errorf("%q lacks line %d on page %d:\n%s", b.Heading, l.Number, page+1, text)
			}
		}
		for _, w := range wordsOf(b) {
			if !strings.Contains(text, w) {
				t.Errorf("%q lacks the word %q on page %d", b.Heading, w, page+1)
			}
		}
	}
}

// lineOnPaper matches a typed line, which may be on two.
func lineOnPaper(l Line) *regexp.Regexp {
	quoted := each(append([]string{fmt.Sprint(l.Number)}, append(slices.Clone(l.Groups), l.Check)...), regexp.QuoteMeta)
	if l.Tick && l.Used != "" {
		quoted = append(quoted, l.Used)
	}
	return regexp.MustCompile(`(?m)(^|\s)` + strings.Join(quoted, `\s+`) + `(\s|$)`)
}

// wordsOf returns the words of a block but for those of its lines.
func wordsOf(b Block) (words []string) {
	for _, f := range b.Facts {
		words = append(words, strings.Fields(f.Name+" "+f.Value)...)
	}
	for _, y := range b.Symbols {
		words = append(words, strings.Fields(y.Caption)...)
	}
	for _, n := range b.Notes {
		words = append(words, strings.Fields(n)...)
	}
	return words
}

// All is black, and none of it where printers do not print.
func TestPDFIsBlackOnWhiteWithinMargins(t *testing.T) {
	requireTool(t, "pdftoppm")
	for _, paper := range bothPapers {
		d := sample(6)
		d.Body = append(d.Body, longBlock())
		pdf := printPDF(t, d, paper)
		for i, name := range pdftoppm(t, pdf, ".ppm", "-r", "50", "-aa", "no", "-aaVector", "no") {
			pixels, _, _ := readPNM(t, name, "P6")
			if strings.Trim(string(pixels), "\x00\xff") != "" {
				t.Errorf("%s: page %d is not black on white", paper, i+1)
			}
		}
		checkMargins(t, pdf, 100)
	}
}

// checkMargins looks for ink that some printers could not print.
func checkMargins(t *testing.T, pdf string, dpi int) {
	t.Helper()
	for _, name := range rasterise(t, pdf, dpi) {
		img := readPGM(t, name)
		ink, all := inkBounds(img), img.Rect
		least := min(ink.Min.X, ink.Min.Y, all.Max.X-ink.Max.X, all.Max.Y-ink.Max.Y)
		if mm := float64(least) * 25.4 / float64(dpi); mm < 12 {
			t.Errorf("%s: a margin of %.1f mm", filepath.Base(name), mm)
		}
	}
}

// inkBounds returns the rectangle that all ink is in.
func inkBounds(img *image.Gray) image.Rectangle {
	left, right, top, bottom := img.Rect.Max.X, 0, img.Rect.Max.Y, 0
	for i, grey := range img.Pix {
		if grey < 0x80 {
			x, y := i%img.Stride, i/img.Stride
			left, right, top, bottom = min(left, x), max(right, x+1), min(top, y), max(bottom, y+1)
		}
	}
	return image.Rect(left, top, right, bottom)
}

// Each word that can be copied from the PDF can be seen: there is ink where it
// stands, and it stands on no other.
func TestPDFHidesNothing(t *testing.T) {
	requireTool(t, "pdftotext", "pdftoppm")
	const dpi = 100
	d := sample(9)
	d.Body = append(d.Body, longBlock())
	pdf := printPDF(t, d, A4)
	pictures := rasterise(t, pdf, dpi)
	for i, words := range pageWords(t, pdf) {
		img := readPGM(t, pictures[i])
		for j, w := range words {
			if !hasInk(img, w, dpi) {
				t.Errorf("page %d: %q does not show", i+1, w.Text)
			}
			for _, other := range words[:j] {
				if overlap(w, other) {
					t.Errorf("page %d: %q is on top of %q", i+1, w.Text, other.Text)
				}
			}
		}
	}
}

func hasInk(img *image.Gray, w word, dpi float64) bool {
	scale := dpi / 72
	for y := int(w.YMin * scale); y <= int(w.YMax*scale); y++ {
		for x := int(w.XMin * scale); x <= int(w.XMax*scale); x++ {
			if img.GrayAt(x, y).Y < 0x80 {
				return true
			}
		}
	}
	return false
}

// overlap reports whether two words share more than the rim of their boxes, which
// have room for the highest and lowest letters.
func overlap(a, b word) bool {
	rim := (a.YMax - a.YMin) / 4
	return a.XMin+1 < b.XMax && b.XMin+1 < a.XMax && a.YMin+rim < b.YMax-rim && b.YMin+rim < a.YMax-rim
}

func TestPDFSymbolsAreRead(t *testing.T) {
	requireTool(t, "pdftoppm", "zbarimg")
	for _, paper := range bothPapers {
		d := sample(50)
		checkSymbols(t, d, rasterise(t, printPDF(t, d, paper), 150))
	}
}

// checkSymbols has two readers look for the document's QR codes in its pages.
func checkSymbols(t *testing.T, d Document, pictures []string) {
	t.Helper()
	var read []string
	for _, picture := range pictures {
		read = append(read, gozxing(t, readPGM(t, picture))...)
	}
	readers := map[string][]string{"zbarimg": zbarimg(t, pictures), "gozxing": read}
	for _, b := range d.Body {
		for _, y := range b.Symbols {
			for reader, texts := range readers {
				if !slices.Contains(texts, y.Text) {
					t.Errorf("%s does not read %q of %q", reader, y.Caption, b.Heading)
				}
			}
		}
	}
}

// What the fonts lack, and what does not show, is written by its number.
func TestPDFNames(t *testing.T) {
	requireTool(t, "pdftotext")
	d := Document{}
	names := []struct{ name, want string }{
		{"Ålesund Łódź Ωμέγα Яндекс №1 €", "Ålesund Łódź Ωμέγα Яндекс №1 €"},
		{"日本", "[U+65E5][U+672C]"},
		{"😀", "[U+1F600]"},
		{"𝟙", "[U+1D7D9]"},
		{"Zoe\u0308", "Zoe[U+0308]"},
		{"אב", "[U+05D0][U+05D1]"},
		{"evil\u202egro.elpmaxe", "evil[U+202E]gro.elpmaxe"},
		{"a\u200bb\u200dc", "a[U+200B]b[U+200D]c"},
		{"a\u00adb\u00a0c", "a[U+00AD]b[U+00A0]c"},
		{"\x00\t\n\x7f", "[U+0000][U+0009][U+000A][U+007F]"},
		{"bad\xff\xc3(", "bad[0xFF][0xC3]("},
		{`(\)`, `(\)`}, // which PDF escapes
	}
	for i, n := range names {
		d.Body = append(d.Body, Block{Number: i + 1, Heading: "<" + n.name + ">", Symbols: []Symbol{{"", n.name}}})
	}
	pages := "\n" + strings.Join(pageTexts(t, printPDF(t, d, A4)), "\n")
	for i, n := range names {
		_, block, _ := strings.Cut(pages, fmt.Sprintf("\n%d ", i+1))
		block, _, _ = strings.Cut(block, fmt.Sprintf("\n%d ", i+2))
		block = squeezed(block)
		if !strings.Contains(block, "<"+n.want+">") {
			t.Errorf("%+q is printed as %q", n.name, block)
		}
		if noted := strings.Contains(block, "The QR code holds the text itself."); noted != (n.name != n.want) {
			t.Errorf("%+q: noted is %v", n.name, noted)
		}
	}
}

// However long a text is, it is all there, and on the paper.
func TestPDFLongTexts(t *testing.T) {
	requireTool(t, "pdftotext", "pdftoppm")
	long := func(c string) string { return strings.Repeat(c, 10000) }
	d := Document{
		Title: long("T"), Foot: long("F"), Facts: []Fact{{long("N"), long("V")}}, Steps: []Steps{{long("H"), []string{long("S")}}},
		Body: []Block{{
			Number: 123456, Heading: long("B"), Facts: []Fact{{long("n"), long("v")}}, Notes: []string{long("o")},
			Symbols: []Symbol{{long("c"), "x"}, {long("d"), "y"}},
			Lines:   []Line{{Number: 1, Groups: []string{long("g"), long("h")}, Check: long("k"), Tick: true, Used: long("u")}},
		}},
	}
	pdf := printPDF(t, d, A4)
	all := strings.Join(pageTexts(t, pdf), "")
	for _, c := range "TNVHSBnvocdghku" {
		if n := strings.Count(all, string(c)); n < 10000 {
			t.Errorf("%d of 10000 %c are there", n, c)
		}
	}
	checkMargins(t, pdf, 30)
}

// What is on a real sheet comes back from a scan of its pages.
func TestPaperBringsASheetBack(t *testing.T) {
	requireTool(t, "pdftoppm", "pdftotext", "zbarimg")
	s := everyKind(t)
	d := plain(t, s)
	for _, paper := range bothPapers {
		pdf := printPDF(t, d, paper)
		checkBlocks(t, d.spell(printable), pageTexts(t, pdf))
		pictures := rasterise(t, pdf, 150)
		checkSymbols(t, d, pictures)
		checkContents(t, contents(t, scan(t, zbarimg(t, pictures)...), ""), s)
	}
}
