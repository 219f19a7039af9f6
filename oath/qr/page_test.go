package qr_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/tokenctl/tokenctl/backup/sheet/sheettest"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/qr"
)

func uris(from, to int) (texts []string) {
	for i := from; i < to; i++ {
		texts = append(texts, fmt.Sprintf("otpauth://totp/Example:user%02d?secret=JBSWY3DPEHPK3PXP&issuer=Example", i))
	}
	return texts
}

// readAll checks that a file has these codes.
func readAll(t *testing.T, file []byte, want []string) {
	t.Helper()
	got, err := qr.Read(bytes.NewReader(file))
	if err != nil {
		t.Error(err)
		return
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("read %d codes, want %d", len(got), len(want))
	}
}

func TestReadPage(t *testing.T) {
	want := uris(0, 9)
	page := sheettest.Poor(1).Apply(sheettest.Page(want, 100))
	encoders := map[string]func(*bytes.Buffer) error{
		"PNG":           func(b *bytes.Buffer) error { return png.Encode(b, page) },
		"JPEG":          func(b *bytes.Buffer) error { return jpeg.Encode(b, page, nil) },
		"JPEG, colours": func(b *bytes.Buffer) error { return jpeg.Encode(b, yellowed(page), &jpeg.Options{Quality: 90}) },
		"GIF":           func(b *bytes.Buffer) error { return gif.Encode(b, page, &gif.Options{NumColors: 16}) },
		"BMP":           func(b *bytes.Buffer) error { return bmp.Encode(b, page) },
		"TIFF":          func(b *bytes.Buffer) error { return tiff.Encode(b, page, nil) },
		"TIFF, deflate": func(b *bytes.Buffer) error {
			return tiff.Encode(b, page, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		},
	}
	for name, encode := range encoders {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := encode(&b); err != nil {
				t.Fatal(err)
			}
			readAll(t, b.Bytes(), want)
		})
	}
}

// yellowed returns the picture on the paper of an old sheet.
func yellowed(img image.Image) image.Image {
	old := image.NewRGBA(img.Bounds())
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			v := img.(*image.Gray).GrayAt(x, y).Y
			old.SetRGBA(x, y, color.RGBA{v, v - v/8, v - v/3, 0xff})
		}
	}
	return old
}

// Chromium made these, with libwebp: canvas.toDataURL("image/webp").
func TestReadWebP(t *testing.T) {
	for _, name := range []string{"lossy.webp", "lossless.webp"} {
		file, err := os.ReadFile(filepath.Join("testdata", "webp", name))
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, file, []string{"otpauth://totp/Example:alice@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example"})
	}
}

// Scanners with a feeder put all pages into one TIFF. Ghostscript makes them here,
// in the compressions that are usual.
func TestReadTIFFWithPages(t *testing.T) {
	oathtest.RequireTool(t, "gs")
	want := uris(0, 3)
	var source strings.Builder
	for _, uri := range want {
		postscript(t, &source, uri)
	}
	for _, device := range []string{"tiffg4", "tifflzw", "tiffpack", "tiffgray", "tiff24nc"} {
		t.Run(device, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "pages.tif")
			cmd := exec.Command("gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-r100", "-g400x400", "-sDEVICE="+device, "-sOutputFile="+name, "-")
			cmd.Stdin = strings.NewReader(source.String())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			readAll(t, file, want)
		})
	}
}

// postscript writes a page with a code, of modules 0.75 mm wide.
func postscript(t *testing.T, b *strings.Builder, text string) {
	t.Helper()
	s, err := qr.Encode(text, qr.LevelQ)
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("gsave 30 250 translate 2.126 -2.126 scale\n")
	for y := range s.Size() {
		for x := range s.Size() {
			if s.Dark(x, y) {
				fmt.Fprintf(b, "%d %d 1 1 rectfill\n", x, y)
			}
		}
	}
	b.WriteString("grestore showpage\n")
}

func TestReadErrors(t *testing.T) {
	var blank bytes.Buffer
	if err := png.Encode(&blank, image.NewGray(image.Rect(0, 0, 60, 60))); err != nil {
		t.Fatal(err)
	}
	heic := "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
	tests := map[string]struct {
		file string
		is   error
		says string
	}{
		"nothing":        {"", qr.ErrFormat, "PNG"},
		"a PDF":          {"%PDF-1.7\n", qr.ErrFormat, "PNG"},
		"HEIC":           {heic, qr.ErrFormat, "HEIC"},
		"AVIF":           {strings.ReplaceAll(heic, "heic", "avif"), qr.ErrFormat, "AVIF"},
		"no code":        {blank.String(), qr.ErrNoQR, ""},
		"half a picture": {blank.String()[:50], nil, "not enough pixel data"},
		"TIFF, no pages": {"II*\x00\x00\x00\x00\x00", nil, "reading the picture"},
		"TIFF, far page": {"II*\x00\xff\xff\xff\xff", nil, "EOF"},
		"TIFF, in loop":  {"MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x08", nil, "page 1"},
		"huge TIFF":      {hugeTIFF(), nil, "40000 by 50000"},
	}
	for name, tt := range tests {
		_, err := qr.Read(strings.NewReader(tt.file))
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hugeTIFF is a header that claims 2000 million pixels.
func hugeTIFF() string {
	entry := func(tag, value byte, high byte) string {
		return string([]byte{tag, 1, 4, 0, 1, 0, 0, 0, value, high, 0, 0})
	}
	return "II*\x00\x08\x00\x00\x00\x03\x00" + entry(0, 40000&0xff, 40000>>8) + entry(1, 50000&0xff, 50000>>8) +
		entry(6, 1, 0) + "\x00\x00\x00\x00"
}

// qrencode makes the codes here.
func TestScanPageOfQrencode(t *testing.T) {
	oathtest.RequireTool(t, "qrencode")
	page := image.NewGray(image.Rect(0, 0, 900, 900))
	draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
	want := uris(0, 12)
	for i, text := range want {
		level, version := "LMQH"[i%4:][:1], fmt.Sprint(6+i%3*2)
		out, err := exec.Command("qrencode", "-s", "3", "-l", level, "-v", version, "-o", "-", text).Output()
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		draw.Draw(page, img.Bounds().Add(image.Pt(i%4*220, i/4*280)), img, image.Point{}, draw.Src)
	}
	got := qr.Scan(sheettest.Damage{Turn: 1, Skew: 3, Blur: 0.8, Noise: 0.05, Seed: 1}.Apply(page))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("read %d of %d codes", len(got), len(want))
	}
}

func TestScanNothing(t *testing.T) {
	if got := qr.Scan(image.NewGray(image.Rect(0, 0, 200, 200))); got != nil {
		t.Errorf("read %q", got)
	}
}

// A poor page is read as well as a picture whose modules are a pixel wide.
func TestScanPoorAndSmall(t *testing.T) {
	want := uris(0, 1)
	s, err := qr.Encode(want[0], qr.LevelM)
	if err != nil {
		t.Fatal(err)
	}
	if got := qr.Scan(s.Image(1)); !slices.Equal(got, want) {
		t.Errorf("of a module a pixel: %q", got)
	}
	if got := qr.Scan(sheettest.Poor(1).Apply(sheettest.Page(want, 100))); !slices.Equal(got, want) {
		t.Errorf("of a poor page: %q", got)
	}
}

// A picture in whatever format is handed to Read, which reads it or names the
// formats that it reads.
func TestIsPicture(t *testing.T) {
	tests := map[string]struct {
		file string
		want bool
	}{
		"nothing":             {"", false},
		"PNG":                 {"\x89PNG\r\n\x1a\n", true},
		"JPEG":                {"\xff\xd8\xff", true},
		"GIF":                 {"GIF89a", true},
		"BMP":                 {"BM....\x00\x00\x00\x00", true},
		"TIFF":                {"II*\x00\x08\x00\x00\x00", true},
		"TIFF, big endian":    {"MM\x00*\x00\x00\x00\x08", true},
		"WebP":                {"RIFF....WEBPVP8L", true},
		"HEIC":                {"\x00\x00\x00\x18ftypheic", true},
		"AVIF":                {"\x00\x00\x00\x18ftypavif", true},
		"a URI":               {"otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", false},
		"words":               {"BMW and GIFs, MM and II", false},
		"a PDF":               {"%PDF-1.7\n", false},
		"a sound, RIFF":       {"RIFF....WAVEfmt ", false},
		"a type, and no more": {"\x00\x00\x00\x18fty", false},
	}
	for name, tt := range tests {
		if got := qr.IsPicture([]byte(tt.file)); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
		_, err := qr.Read(strings.NewReader(tt.file))
		if err == nil || errors.Is(err, qr.ErrFormat) == (tt.want && !strings.Contains(tt.file, "ftyp")) {
			t.Errorf("%s: Read says %v", name, err)
		}
	}
}
