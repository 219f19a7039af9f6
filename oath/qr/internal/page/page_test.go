package page_test

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup/sheet/sheettest"
	"github.com/tokenctl/tokenctl/oath/qr"
	"github.com/tokenctl/tokenctl/oath/qr/internal/page"
)

const letters = "abcdefghijklmnopqrstuvwxyz0123456789=&%"

// mixedTexts returns what fills a page with eleven codes of versions 5 to 15, as
// accounts, backup codes and parts do.
func mixedTexts(seed uint64) (texts []string) {
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range 11 {
		length := 50 + random.IntN(90)
		if i > 5 {
			length = 50 + random.IntN(235)
		}
		texts = append(texts, fmt.Sprintf("%d:%s", i, text(random, length)))
	}
	return texts
}

func text(random *rand.Rand, length int) string {
	b := make([]byte, length)
	for i := range b {
		b[i] = letters[random.IntN(len(letters))]
	}
	return string(b)
}

// expect fails the test unless all texts, and nothing else, are read.
func expect(t *testing.T, img image.Image, texts []string) {
	t.Helper()
	got := page.Scan(img.(*image.Gray))
	for _, text := range texts {
		if !slices.Contains(got, text) {
			t.Errorf("a code of %d bytes is not read", len(text))
		}
	}
	if len(got) > len(texts) {
		t.Errorf("%d codes are read as %d", len(texts), len(got))
	}
}

func TestScan(t *testing.T) {
	tests := []struct {
		name   string
		dpi    int
		damage sheettest.Damage
	}{
		{"clean", 150, sheettest.Damage{}},
		{"clean at 75 dpi", 75, sheettest.Damage{}},
		{"poor", 100, sheettest.Poor(1)},
		{"poor again", 100, sheettest.Poor(2)},
		{"and upside down, inverted", 100, sheettest.Damage{Turn: 2, Skew: -3, Blur: 1, Noise: 0.05, Inverted: true}},
		{"and turned by 45 degrees", 100, sheettest.Damage{Skew: 45, Blur: 1, Noise: 0.05}},
		{"and turned by 280 degrees", 100, sheettest.Damage{Turn: 3, Skew: 10, Blur: 1, Noise: 0.05}},
		{"noise of 15 percent", 100, sheettest.Damage{Skew: 3, Blur: 1, Noise: 0.15}},
		{"grain", 100, sheettest.Damage{Skew: 3, Blur: 1, Grain: 30}},
		{"blurred", 100, sheettest.Damage{Skew: 3, Blur: 1.5, Noise: 0.05}},
		{"in a shadow, JPEG", 100, sheettest.Damage{Turn: 1, Skew: 3, Blur: 1, Shadow: 0.6, Contrast: 0.5, JPEG: 50}},
		{"photograph", 150, sheettest.Damage{Perspective: 0.2, Skew: 5, Curl: 0.02, Blur: 1, Grain: 10, Shadow: 0.5, JPEG: 50}},
		{"curled", 150, sheettest.Damage{Curl: 0.09}},
		{"crumpled", 150, sheettest.Damage{Crumple: 0.004}},
		{"crumpled even more", 150, sheettest.Damage{Crumple: 0.007}},
		{"crumpled, poor", 150, sheettest.Damage{Crumple: 0.003, Blur: 1, Skew: 3, Noise: 0.05}},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			texts := mixedTexts(uint64(i))
			expect(t, tt.damage.Apply(sheettest.Page(texts, tt.dpi)), texts)
		})
	}
}

// What is plain to see is read at a glance, which is not much work; also where there is
// nothing to read.
func TestGlance(t *testing.T) {
	texts := mixedTexts(5)
	for name, damage := range map[string]sheettest.Damage{
		"clean":       {},
		"turned":      {Turn: 3, Skew: 10},
		"negative":    {Inverted: true},
		"curled":      {Curl: 0.05},
		"crumpled":    {Crumple: 0.004},
		"perspective": {Perspective: 0.2},
		"photograph":  {Perspective: 0.2, Skew: 5, Blur: 1, Grain: 10, Shadow: 0.5, JPEG: 50},
	} {
		g := damage.Apply(sheettest.Page(texts, 200)).(*image.Gray)
		if n := count(page.Glance(g), texts); n < len(texts) {
			t.Errorf("%s: %d of %d codes are read", name, n, len(texts))
		}
		if n := page.GlanceSamples(g); n > 8<<20 {
			t.Errorf("%s: a glance takes %d samples", name, n)
		}
	}
	for _, side := range []int{0, 1, 20, 21, 300, 5000} {
		g := image.NewGray(image.Rect(0, 0, side, side))
		if n := page.GlanceSamples(g); n > 0 || page.Glance(g) != nil {
			t.Errorf("of nothing, %d by %d pixels, %d samples are taken", side, side, n)
		}
	}
}

// Level Q holds so many bytes in each version (ISO/IEC 18004, "Number of symbol
// characters and input data capacity").
var capacity = []int{
	11, 20, 32, 46, 60, 74, 86, 108, 130, 151, 177, 203, 241, 258, 292, 322, 364, 394, 442, 482,
}

func TestScanEveryVersion(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, versions := range [][2]int{{1, 12}, {13, 16}, {17, 20}} {
		var texts []string
		for v := versions[0]; v <= versions[1]; v++ {
			texts = append(texts, text(random, capacity[v-1]))
		}
		expect(t, sheettest.Poor(3).Apply(sheettest.Page(texts, 100)), texts)
	}
}

// A stain or a hole may take a finder pattern altogether.
func TestScanWithoutAFinderPattern(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	for i, corner := range []image.Point{{0, 0}, {1, 0}, {0, 1}} {
		content := text(random, 60)
		s, err := qr.Encode(content, qr.LevelQ)
		if err != nil {
			t.Fatal(err)
		}
		const scale = 4
		img := s.Image(scale)
		g := image.NewGray(img.Bounds())
		draw.Draw(g, g.Rect, img, image.Point{}, draw.Src)
		at := corner.Mul((s.Size() - 7) * scale).Add(image.Pt(scale, scale).Mul(qr.QuietZone))
		stain := image.Rect(0, 0, 7*scale, 7*scale).Add(at)
		draw.Draw(g, stain, image.NewUniform(color.Gray{Y: uint8(60 * i)}), image.Point{}, draw.Src)
		expect(t, sheettest.Damage{Skew: 2, Blur: 0.7}.Apply(g), []string{content})
	}
}

// What covers a code may take more of it than is corrected where it is not known where that
// is: level Q does for a quarter of the codewords.
func TestScanCovered(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	for _, shade := range []uint8{0, 40, 255} {
		content := text(random, 86) // version 7
		s, err := qr.Encode(content, qr.LevelQ)
		if err != nil {
			t.Fatal(err)
		}
		const scale = 4
		img := s.Image(scale)
		g := image.NewGray(img.Bounds())
		draw.Draw(g, g.Rect, img, image.Point{}, draw.Src)
		cover := image.Rect(12, 9, 24, s.Size()).Add(image.Pt(qr.QuietZone, qr.QuietZone))
		pixels := image.Rectangle{cover.Min.Mul(scale), cover.Max.Mul(scale)}
		draw.Draw(g, pixels, image.NewUniform(color.Gray{Y: shade}), image.Point{}, draw.Src)
		expect(t, sheettest.Damage{Skew: 2, Blur: 0.7}.Apply(g), []string{content})
	}
}

// A code without a margin stands on a dark page, and its finder patterns run into it.
func TestScanWithoutAMargin(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 1))
	for _, scale := range []int{3, 5, 16} {
		for _, ground := range []uint8{0, 30} {
			for _, length := range []int{11, 46, 200} {
				content := text(random, length)
				s, err := qr.Encode(content, qr.LevelM)
				if err != nil {
					t.Fatal(err)
				}
				g := image.NewGray(image.Rect(0, 0, 600+s.Size()*scale, 400+s.Size()*scale))
				draw.Draw(g, g.Rect, image.NewUniform(color.Gray{Y: ground}), image.Point{}, draw.Src)
				img, margin := s.Image(scale), qr.QuietZone*scale
				at := image.Rect(0, 0, s.Size()*scale, s.Size()*scale).Add(image.Pt(301, 203))
				draw.Draw(g, at, img, image.Pt(margin, margin), draw.Src)
				expect(t, g, []string{content})
			}
		}
	}
}

func TestScanFromBehind(t *testing.T) {
	texts := mixedTexts(1)
	page := sheettest.Page(texts, 100).(*image.Gray)
	for y := range page.Rect.Dy() {
		slices.Reverse(page.Pix[y*page.Stride:][:page.Rect.Dx()])
	}
	expect(t, page, texts)
}

// A fax has twice as many dots across as down, and no grey.
func TestScanFax(t *testing.T) {
	texts := mixedTexts(6)
	page := sheettest.Page(texts, 204).(*image.Gray)
	for _, across := range []int{1, 2} {
		down := 3 - across
		fax := image.NewGray(image.Rect(0, 0, page.Rect.Dx()/across, page.Rect.Dy()/down))
		for i := range fax.Pix {
			if page.GrayAt(i%fax.Stride*across, i/fax.Stride*down).Y > 0x80 {
				fax.Pix[i] = 0xff
			}
		}
		expect(t, fax, texts)
	}
}

// What is around a page in a photograph is neither white nor without contrast.
func TestScanOnATable(t *testing.T) {
	texts := mixedTexts(2)
	page := sheettest.Page(texts, 100)
	table := image.NewGray(image.Rect(0, 0, 1400, 1700))
	for i := range table.Pix {
		table.Pix[i] = uint8(40 + i%table.Stride%97/3 + i/table.Stride%31)
	}
	draw.Draw(table, page.Bounds().Add(image.Pt(300, 250)), page, image.Point{}, draw.Src)
	expect(t, sheettest.Damage{Skew: 6, Blur: 0.8, Grain: 8, JPEG: 60}.Apply(table), texts)
}

// A part of a picture keeps the rows of the whole.
func TestScanPartOfAPicture(t *testing.T) {
	texts := mixedTexts(3)
	page := sheettest.Page(texts, 100).(*image.Gray)
	whole := image.NewGray(image.Rect(0, 0, 1000, 1300))
	draw.Draw(whole, page.Rect.Add(image.Pt(50, 50)), page, image.Point{}, draw.Src)
	expect(t, whole.SubImage(page.Rect.Add(image.Pt(50, 50))), texts)
}

func TestScanFindsNothing(t *testing.T) {
	for _, size := range []image.Point{{0, 0}, {0, 5}, {5, 0}, {1, 1}, {2, 2}, {1, 9000}, {9000, 1}, {300, 300}} {
		g := image.NewGray(image.Rectangle{Max: size})
		if texts := page.Scan(g); len(texts) > 0 {
			t.Errorf("%v: %q", size, texts)
		}
	}
	onlyNoise := sheettest.Damage{Noise: 1}.Apply(image.NewGray(image.Rect(0, 0, 500, 500)))
	expect(t, onlyNoise, nil)
}

// finderField returns a picture full of finder patterns, whose modules are so many
// pixels wide, in rows and columns that are so many apart.
func finderField(side, unit, pitch int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, side, side))
	draw.Draw(g, g.Rect, image.White, image.Point{}, draw.Src)
	for y := unit; y < side; y += pitch {
		for x := unit; x < side; x += pitch {
			for i, c := range []color.Color{color.Black, color.White, color.Black} {
				square := image.Rect(0, 0, 7*unit, 7*unit).Inset(i * unit).Add(image.Pt(x, y))
				draw.Draw(g, square, image.NewUniform(c), image.Point{}, draw.Src)
			}
		}
	}
	return g
}

// Finder patterns in rows and columns form more corners than there is time to try:
// three of 62,500 can be chosen in 40 million million ways.
func TestScanGivesUp(t *testing.T) {
	const limit, slack = 2 << 20, 1 << 18 // of samples; a symbol of version 40 has 200,000
	for _, field := range [][3]int{{1000, 3, 27}, {2000, 1, 8}, {2000, 1, 12}, {2000, 4, 33}} {
		g := finderField(field[0], field[1], field[2])
		if got := page.Samples(g, limit); got < limit || got > limit+slack {
			t.Errorf("%v: %d samples are taken, and %d may be", field, got, limit)
		}
	}
	expect(t, finderField(1000, 3, 27), nil)
}

// What is within the bounds is far more than a page takes.
func TestScanSamples(t *testing.T) {
	noise := sheettest.Damage{Noise: 1}.Apply(image.NewGray(image.Rect(0, 0, 500, 500)))
	for name, tt := range map[string]struct {
		img  image.Image
		most int
	}{
		"a poor page": {sheettest.Poor(1).Apply(sheettest.Page(mixedTexts(1), 100)), 8 << 20},
		"a page":      {sheettest.Page(mixedTexts(1), 150), 16 << 20},
		"noise":       {noise, 8 << 20},
		"nothing":     {image.NewGray(image.Rect(0, 0, 500, 500)), 0},
	} {
		if got := page.Samples(tt.img.(*image.Gray), page.MaxSamples); got > tt.most {
			t.Errorf("%s: %d samples are taken, want %d at most", name, got, tt.most)
		}
	}
}

// One page with the codes of two, more than a page has.
func TestScanManyCodes(t *testing.T) {
	var texts []string
	for i := range 60 {
		texts = append(texts, fmt.Sprintf("otpauth://totp/Example:user%02d?secret=%s", i, strings.Repeat("A", 16)))
	}
	expect(t, sheettest.Page(texts, 75), texts)
}
