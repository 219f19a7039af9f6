package sheet

import (
	"errors"
	"image"
	"os/exec"
	"slices"
	"strings"
	"testing"

	zxing "github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/multi/qrcode"
)

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

// gozxing returns the texts of the QR codes that gozxing reads in a picture at the
// first look.
func gozxing(t *testing.T, img *image.Gray) (texts []string) {
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
	for _, r := range results {
		texts = append(texts, r.GetText())
	}
	return texts
}
