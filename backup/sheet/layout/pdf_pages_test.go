package layout

import (
	"bytes"
	"fmt"
	"image"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// Each block is on one page, with all that it has, and in order.
func TestPDFKeepsBlocksWhole(t *testing.T) {
	oathtest.RequireTool(t, "pdftotext")
	for _, paper := range bothPapers {
		d := sample(50)
		long := d
		long.Body = append(slices.Clip(d.Body), longBlock())
		pages := pageTexts(t, printPDF(t, long, paper), "-raw")
		checkLongBlock(t, pages)
		checkFront(t, d, pages[0])
		checkBlocks(t, d.spell(isPlain), pages)
		checkPages(t, long, paper, pages)
		checkFeet(t, d, pages)
	}
}

// Blocks that belong together are on one page if one holds them, and lost in no case.
func TestPDFKeepsBlocksTogether(t *testing.T) {
	for _, test := range []struct {
		notes, belonging int // of the block, and of the one that belongs to it
		pages            []int
	}{
		{10, 10, []int{1, 1}},
		{10, 80, []int{1, 1}},
		{10, 300, []int{1, 1}},
		{300, 10, []int{1, 3}},
		{250, 300, []int{1, 3}},
	} {
		notes := func(n int) []string { return slices.Repeat([]string{"A note."}, n) }
		d := Document{Body: []Block{
			{Number: 1, Heading: "GitHub", Notes: notes(test.notes)},
			{Number: 2, Heading: "GitHub, too", Notes: notes(test.belonging), Belongs: true},
		}}
		for _, paper := range bothPapers {
			if pages, all, err := d.Pages(paper); err != nil || !slices.Equal(pages, test.pages) {
				t.Errorf("%+v: %s has them on pages %v of %d: %v", test, paper, pages, all, err)
			}
		}
		d.Body = slices.Insert(d.Body, 0, Block{Number: 3, Heading: "Before", Notes: notes(100)})
		if pages, _, err := d.Pages(A4); err != nil || len(pages) != 3 {
			t.Errorf("%+v: behind another, on pages %v: %v", test, pages, err)
		}
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

// checkPages makes sure that blocks begin on the pages that Pages and the list say.
func checkPages(t *testing.T, d Document, paper Paper, texts []string) {
	t.Helper()
	pages, all, err := d.Pages(paper)
	if err != nil || all != len(texts) {
		t.Fatalf("%d pages, not %d: %v", len(texts), all, err)
	}
	front := strings.Join(texts, "\n")
	for i, b := range d.spell(isPlain).Body {
		number := regexp.MustCompile(fmt.Sprintf(`(?m)^%d %s`, b.Number, broken(b.Heading)))
		if b.Number > 0 && !number.MatchString(texts[pages[i]-1]) {
			t.Errorf("%q does not begin on page %d", b.Heading, pages[i])
		}
		listed := regexp.MustCompile(fmt.Sprintf(`(?m)^%d %.30s`, pages[i], regexp.QuoteMeta(b.Heading)))
		if b.Number > 0 && !listed.MatchString(front) {
			t.Errorf("%q is not listed on page %d", b.Heading, pages[i])
		}
	}
}

func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

// checkBlocks looks for each block on one page.
func checkBlocks(t *testing.T, d Document, pages []string) {
	t.Helper()
	page := 0
	for _, b := range d.Body {
		heading := regexp.MustCompile(`(?m)^ *` + strings.TrimPrefix(fmt.Sprintf("%d +", b.Number), "0 +") + broken(b.Heading))
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

// broken matches a text, which may be on several lines.
func broken(text string) string {
	return strings.Join(each(strings.Split(strings.ReplaceAll(text, " ", ""), ""), regexp.QuoteMeta), `\s*`)
}

// lineOnPaper matches a typed line, which may be on several, and its groups too.
func lineOnPaper(l line.Line) *regexp.Regexp {
	quoted := []string{fmt.Sprint(l.Number)}
	for _, g := range append(slices.Clone(l.Groups), l.Check) {
		quoted = append(quoted, broken(g))
	}
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

// checkFeet looks for the foot of each page.
func checkFeet(t *testing.T, d Document, pages []string) {
	t.Helper()
	for i, page := range pages {
		foot := fmt.Sprintf("%s page %d of %d", d.Foot, i+1, len(pages))
		if !strings.HasSuffix(squeezed(page), foot) {
			t.Errorf("page %d of %d has no foot:\n%s", i+1, len(pages), page)
		}
	}
}

// checkLongBlock looks for the block that ends the pages. Its heading is on each,
// and it loses nothing.
func checkLongBlock(t *testing.T, pages []string) {
	t.Helper()
	b := longBlock()
	first := slices.IndexFunc(pages, func(page string) bool {
		return strings.Contains(page, "\n99 "+b.Heading) || strings.HasPrefix(page, "99 "+b.Heading)
	})
	if first < 0 || first > len(pages)-3 {
		t.Fatalf("it begins on page %d of %d", first+1, len(pages))
	}
	all := strings.Join(pages[first:], "\n")
	for _, l := range b.Lines {
		if !lineOnPaper(l).MatchString(all) {
			t.Errorf("line %d is missing, or cut", l.Number)
		}
	}
	for i, page := range pages[first+1:] {
		if !strings.HasPrefix(squeezed(page), "99 "+b.Heading+" (continued) ") {
			t.Errorf("page %d begins with %.60q", first+2+i, squeezed(page))
		}
	}
}

// All is black, and none of it where printers do not print.
func TestPDFIsBlackOnWhiteWithinMargins(t *testing.T) {
	oathtest.RequireTool(t, "pdftoppm")
	for _, paper := range bothPapers {
		d := sample(6)
		d.Body = append(d.Body, longBlock())
		pdf := printPDF(t, d, paper)
		for i, name := range pdftoppm(t, pdf, ".ppm", "-r", "50", "-aa", "no", "-aaVector", "no") {
			pixels, _, _ := readPNM(t, name, "P6")
			if black, white := bytes.Count(pixels, []byte{0}), bytes.Count(pixels, []byte{0xff}); black+white != len(pixels) {
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
	oathtest.RequireTool(t, "pdftotext", "pdftoppm")
	d := sample(9)
	d.Body = append(d.Body, longBlock())
	checkHidesNothing(t, printPDF(t, d, A4))
}

func checkHidesNothing(t *testing.T, pdf string) {
	t.Helper()
	const dpi = 100
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

// What the fonts lack, and what does not show, is written by its number.
func TestPDFNames(t *testing.T) {
	oathtest.RequireTool(t, "pdftotext")
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
	pages := "\n" + strings.Join(pageTexts(t, printPDF(t, d, A4), "-raw"), "\n")
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
	oathtest.RequireTool(t, "pdftotext", "pdftoppm")
	long := func(c string) string { return strings.Repeat(c, 10000) }
	d := Document{
		Title: long("T"), Foot: long("F"), Facts: []Fact{{long("N"), long("V")}}, Steps: []Steps{{long("H"), []string{long("S")}}},
		Body: []Block{{
			Number: 123456, Heading: long("B"), Facts: []Fact{{long("n"), long("v")}}, Notes: []string{long("o")},
			Symbols: []Symbol{{long("c"), "x"}, {long("d"), "y"}},
			Lines:   []line.Line{{Number: 1, Groups: []string{long("g"), long("h")}, Check: long("k"), Tick: true, Used: long("u")}},
		}},
	}
	pdf := printPDF(t, d, A4)
	all := strings.Join(pageTexts(t, pdf, "-raw"), "")
	for _, c := range "TNVHSBnvocdghku" {
		if n := strings.Count(all, string(c)); n < 10000 {
			t.Errorf("%d of 10000 %c are there", n, c)
		}
	}
	checkMargins(t, pdf, 30)
}
