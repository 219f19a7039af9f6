package page_test

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup/sheet/sheettest"
	"github.com/tokenctl/tokenctl/oath/qr/internal/page"
)

// BenchmarkScan reports how many of the eleven codes on a page are read under which
// damage, and how many of them zbarimg reads.
func BenchmarkScan(b *testing.B) {
	const all = 20 // pages
	for _, c := range []struct {
		name  string
		dpi   int
		pages int
		sheettest.Damage
	}{
		{"poor", 100, all, sheettest.Poor(0)},
		{"poor, upside down, inverted", 100, all, sheettest.Damage{Turn: 2, Skew: -3, Blur: 1, Noise: 0.05, Inverted: true}},
		{"poor, shadow, contrast 50 %, JPEG 50", 100, all, sheettest.Damage{Turn: 1, Skew: 3, Blur: 1, Noise: 0.05, Shadow: 0.5, Contrast: 0.5, JPEG: 50}},
		{"clean", 150, 4, sheettest.Damage{}},
		{"clean", 100, 4, sheettest.Damage{}},
		{"clean", 75, 4, sheettest.Damage{}},
		{"clean", 65, 4, sheettest.Damage{}},
		{"skew 3°", 100, 4, sheettest.Damage{Skew: 3}},
		{"poor, skew 45°", 100, 4, sheettest.Damage{Skew: 45, Blur: 1, Noise: 0.05}},
		{"blur 1 px", 100, 4, sheettest.Damage{Skew: 3, Blur: 1}},
		{"blur 1.5 px, noise 5 %", 100, 4, sheettest.Damage{Skew: 3, Blur: 1.5, Noise: 0.05}},
		{"blur 1.7 px", 100, 4, sheettest.Damage{Skew: 3, Blur: 1.7}},
		{"noise 5 %", 100, 4, sheettest.Damage{Noise: 0.05}},
		{"blur 1 px, noise 15 %", 100, 4, sheettest.Damage{Skew: 3, Blur: 1, Noise: 0.15}},
		{"blur 1 px, noise 25 %", 100, 4, sheettest.Damage{Skew: 3, Blur: 1, Noise: 0.25}},
		{"blur 1 px, grain 30", 100, 4, sheettest.Damage{Skew: 3, Blur: 1, Grain: 30}},
		{"blur 1 px, grain 60", 100, 4, sheettest.Damage{Skew: 3, Blur: 1, Grain: 60}},
		{"perspective 20 %, shadow, JPEG 50", 150, 4, sheettest.Damage{Perspective: 0.2, Skew: 5, Blur: 1, Grain: 10, Shadow: 0.5, JPEG: 50}},
		{"perspective 40 %", 150, 4, sheettest.Damage{Perspective: 0.4, Blur: 1, Grain: 10}},
		{"curl 4 %", 150, 4, sheettest.Damage{Curl: 0.04, Blur: 1, Grain: 10}},
		{"curl 8 %", 150, 4, sheettest.Damage{Curl: 0.08, Blur: 1, Grain: 10}},
		{"blur 3 px, noise 5 %", 300, 4, sheettest.Damage{Skew: 3, Blur: 3, Noise: 0.05}},
	} {
		b.Run(fmt.Sprintf("%s at %d dpi", c.name, c.dpi), func(b *testing.B) {
			var pages []*image.Gray
			zbar := 0
			for seed := range c.pages {
				c.Seed = uint64(seed)
				img := c.Apply(sheettest.Page(mixedTexts(c.Seed), c.dpi)).(*image.Gray)
				pages = append(pages, img)
				zbar += readByZbar(b, img, mixedTexts(c.Seed))
			}
			read := 0
			for b.Loop() {
				read = 0
				for seed, img := range pages {
					read += count(page.Scan(img), mixedTexts(uint64(seed)))
				}
			}
			n := float64(len(pages))
			b.ReportMetric(float64(read)/n, "read/page")
			b.ReportMetric(float64(zbar)/n, "zbar/page")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/n, "ms/page")
		})
	}
}

// count returns how many of the texts were read.
func count(got, texts []string) (n int) {
	for _, text := range texts {
		if slices.Contains(got, text) {
			n++
		}
	}
	return n
}

func readByZbar(b *testing.B, img image.Image, texts []string) int {
	b.Helper()
	name := filepath.Join(b.TempDir(), "page.png")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	out, err := exec.Command("zbarimg", "--quiet", "--raw", name).Output()
	if err != nil && len(out) == 0 {
		return 0 // it finds nothing, or is not there
	}
	return count(strings.Split(string(out), "\n"), texts)
}
