package layout

import (
	"errors"
	"image"
	"os/exec"
	"slices"
	"strings"
	"testing"

	zxing "github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/multi/qrcode"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/qr"
)

func TestPDFSymbolsAreRead(t *testing.T) {
	oathtest.RequireTool(t, "pdftoppm", "zbarimg")
	for _, paper := range bothPapers {
		d := sample(50)
		checkSymbols(t, d, rasterise(t, printPDF(t, d, paper), 150))
	}
}

// The squares of a QR code are large, and its margin is free.
func TestSymbolsHaveRoom(t *testing.T) {
	oathtest.RequireTool(t, "pdftoppm")
	d, want := sample(12), 0
	for _, b := range d.Body {
		want += len(b.Symbols)
	}
	seen := 0
	for _, picture := range rasterise(t, printPDF(t, d, Letter), 254) { // ten pixels a millimetre
		img := readPGM(t, picture)
		for _, s := range findSymbols(t, img) {
			seen++
			if s.module < 7.5 {
				t.Errorf("a square of %.2f mm", s.module/10)
			}
			if ink := inkAround(img, s.bounds, int(4*s.module)-1); ink {
				t.Errorf("there is ink in the margin of the QR code at %v", s.bounds)
			}
		}
	}
	if seen != want {
		t.Errorf("%d QR codes, want %d", seen, want)
	}
}

// found is where a QR code is in a picture.
type found struct {
	bounds image.Rectangle
	module float64 // in pixels
}

// findSymbols computes where QR codes are by the middles of their three corners,
// 3.5 squares from each side.
func findSymbols(t *testing.T, img *image.Gray) (all []found) {
	t.Helper()
	for _, r := range decodeAll(t, img) {
		p := r.GetResultPoints()
		left, bottom, top, right := p[1].GetX(), p[0].GetY(), p[1].GetY(), p[2].GetX()
		s, err := qr.Encode(r.GetText(), qr.LevelQ)
		if err != nil {
			t.Fatal(err)
		}
		module := (right - left) / float64(s.Size()-7)
		rim := 3.5 * module
		all = append(all, found{image.Rect(int(left-rim), int(top-rim), int(right+rim), int(bottom+rim)), module})
	}
	return all
}

// inkAround reports whether there is ink around a rectangle, but for a pixel at
// its edge.
func inkAround(img *image.Gray, inner image.Rectangle, width int) bool {
	inner = inner.Inset(-2)
	outer := inner.Inset(3 - width)
	for y := outer.Min.Y; y < outer.Max.Y; y++ {
		for x := outer.Min.X; x < outer.Max.X; x++ {
			if p := image.Pt(x, y); !p.In(inner) && p.In(img.Rect) && img.GrayAt(x, y).Y < 0x80 {
				return true
			}
		}
	}
	return false
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

// zbarimg returns the texts of the QR codes in pictures.
func zbarimg(t *testing.T, pictures []string) []string {
	t.Helper()
	args := append([]string{"--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"}, pictures...)
	out, err := exec.Command("zbarimg", args...).Output()
	const noCode = 4 // in one of the pictures
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != noCode) {
		t.Fatalf("zbarimg: %v", err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
}

// gozxing returns the texts of the QR codes that gozxing reads in a picture.
func gozxing(t *testing.T, img *image.Gray) (texts []string) {
	t.Helper()
	for _, r := range decodeAll(t, img) {
		texts = append(texts, r.GetText())
	}
	return texts
}

// decodeAll has gozxing look at a picture once.
func decodeAll(t *testing.T, img *image.Gray) []*zxing.Result {
	t.Helper()
	size := img.Rect.Size()
	source, err := zxing.NewPlanarYUVLuminanceSource(img.Pix, size.X, size.Y, 0, 0, size.X, size.Y, false)
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := zxing.NewBinaryBitmap(zxing.NewHybridBinarizer(source))
	if err != nil {
		t.Fatal(err)
	}
	results, err := qrcode.NewQRCodeMultiReader().DecodeMultiple(bitmap, nil)
	if _, none := err.(zxing.NotFoundException); err != nil && !none {
		t.Fatalf("gozxing: %v", err)
	}
	return results
}
