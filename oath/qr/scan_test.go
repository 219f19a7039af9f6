package qr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

func testURI(account int) string {
	return fmt.Sprintf("otpauth://totp/Example:user%d@example.com?secret=%s&issuer=Example&algorithm=SHA1&digits=6&period=30", account, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
}

// symbolImage returns the code of an account, each module a square of scale
// pixels.
func symbolImage(t *testing.T, account, scale int) image.Image {
	t.Helper()
	s, err := Encode(testURI(account), LevelM)
	if err != nil {
		t.Fatal(err)
	}
	return s.Image(scale)
}

func onWhite(img image.Image) *image.Gray { return grayscale(img, color.White) }

func invert(g *image.Gray) *image.Gray {
	inverted := image.NewGray(g.Rect)
	for i, v := range g.Pix {
		inverted.Pix[i] = ^v
	}
	return inverted
}

// turn returns the picture turned clockwise on a white ground, as a camera that
// is held at an angle takes it.
func turn(g *image.Gray, degrees float64) *image.Gray {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
	W, H := math.Abs(w*cos)+math.Abs(h*sin), math.Abs(w*sin)+math.Abs(h*cos)
	turned := image.NewGray(image.Rect(0, 0, int(W)+1, int(H)+1))
	at := func(x, y int) float64 {
		if !(image.Point{x, y}).In(g.Rect) {
			return 0xff
		}
		return float64(g.GrayAt(x, y).Y)
	}
	for y := range turned.Rect.Dy() {
		for x := range turned.Rect.Dx() {
			dx, dy := float64(x)-W/2, float64(y)-H/2
			sx, sy := dx*cos+dy*sin+w/2, dy*cos-dx*sin+h/2
			x0, y0 := int(math.Floor(sx)), int(math.Floor(sy))
			fx, fy := sx-float64(x0), sy-float64(y0)
			upper := at(x0, y0)*(1-fx) + at(x0+1, y0)*fx
			lower := at(x0, y0+1)*(1-fx) + at(x0+1, y0+1)*fx
			turned.SetGray(x, y, color.Gray{Y: uint8(upper*(1-fy) + lower*fy)})
		}
	}
	return turned
}

// photograph returns the picture with the contrast, the shadow and the noise of
// a photograph taken in the evening.
func photograph(g *image.Gray, noise float64) *image.Gray {
	random := rand.New(rand.NewPCG(1, 2))
	photo := image.NewGray(g.Rect)
	for i, v := range g.Pix {
		shadow := float64(i%g.Stride) / float64(g.Stride) * 60
		value := 50 + float64(v)*0.4 + shadow + random.NormFloat64()*noise
		photo.Pix[i] = uint8(max(0, min(255, value)))
	}
	return photo
}

// asJPEG returns the picture as it comes out of compression.
func asJPEG(t *testing.T, img image.Image, quality int) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	out, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// transparent returns the picture with one of its colours taken out.
func transparent(img image.Image, drop, keep color.Color) image.Image {
	out := image.NewNRGBA(img.Bounds())
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if color.GrayModel.Convert(img.At(x, y)) != color.GrayModel.Convert(drop) {
				out.Set(x, y, keep)
			}
		}
	}
	return out
}

// screenshot returns a picture of the size of a screen, with text-like marks all
// over it and the codes on their white ground among them.
func screenshot(size image.Point, ground uint8, codes ...image.Image) *image.Gray {
	random := rand.New(rand.NewPCG(3, 4))
	shot := image.NewGray(image.Rectangle{Max: size})
	draw.Draw(shot, shot.Rect, image.NewUniform(color.Gray{Y: ground}), image.Point{}, draw.Src)
	for range 1500 {
		mark := image.Rect(0, 0, 1+random.IntN(9), 1+random.IntN(9)).Add(image.Pt(random.IntN(size.X), random.IntN(size.Y)))
		draw.Draw(shot, mark, image.NewUniform(color.Gray{Y: ^ground}), image.Point{}, draw.Src)
	}
	at := size.Div(8)
	for _, code := range codes {
		draw.Draw(shot, code.Bounds().Add(at), code, image.Point{}, draw.Src)
		at = at.Add(image.Pt(code.Bounds().Dx()+20, 30))
	}
	return shot
}

func TestScan(t *testing.T) {
	black, white := color.Gray{}, color.Gray{Y: 0xff}
	plain := func(scale int) func(*testing.T) image.Image {
		return func(t *testing.T) image.Image { return symbolImage(t, 0, scale) }
	}
	turned := func(degrees float64) func(*testing.T) image.Image {
		return func(t *testing.T) image.Image { return turn(onWhite(symbolImage(t, 0, 4)), degrees) }
	}
	tests := []struct {
		name  string
		codes int // 1 if zero
		image func(t *testing.T) image.Image
	}{
		{name: "a module a pixel", image: plain(1)},
		{name: "two pixels", image: plain(2)},
		{name: "three pixels", image: plain(3)},
		{name: "eight pixels", image: plain(8)},
		{name: "forty pixels", image: plain(40)},
		{name: "turned by 7", image: turned(7)},
		{name: "turned by 30", image: turned(30)},
		{name: "turned by 45", image: turned(45)},
		{name: "turned by 90", image: turned(90)},
		{name: "upside down", image: turned(180)},
		{name: "turned by 217", image: turned(217)},
		{name: "mirrored", image: func(t *testing.T) image.Image {
			g := onWhite(symbolImage(t, 0, 4))
			for y := range g.Rect.Dy() {
				slices.Reverse(g.Pix[y*g.Stride : y*g.Stride+g.Rect.Dx()])
			}
			return g
		}},
		{name: "JPEG of quality 40", image: func(t *testing.T) image.Image {
			return asJPEG(t, turn(onWhite(symbolImage(t, 0, 4)), 11), 40)
		}},
		{name: "JPEG of quality 10", image: func(t *testing.T) image.Image {
			return asJPEG(t, symbolImage(t, 0, 3), 10)
		}},
		{name: "light on dark", image: func(t *testing.T) image.Image {
			return invert(onWhite(symbolImage(t, 0, 4)))
		}},
		{name: "light on dark, turned, JPEG", image: func(t *testing.T) image.Image {
			return asJPEG(t, invert(turn(onWhite(symbolImage(t, 0, 4)), 20)), 50)
		}},
		{name: "cut out to the edge", image: func(t *testing.T) image.Image {
			img := symbolImage(t, 0, 4).(*image.Paletted)
			return img.SubImage(img.Rect.Inset(4 * QuietZone))
		}},
		{name: "light on dark, cut out to the edge", image: func(t *testing.T) image.Image {
			img := invert(onWhite(symbolImage(t, 0, 4)))
			return img.SubImage(img.Rect.Inset(4 * QuietZone))
		}},
		{name: "black on nothing", image: func(t *testing.T) image.Image {
			return transparent(symbolImage(t, 0, 4), white, black)
		}},
		{name: "white on nothing", image: func(t *testing.T) image.Image {
			return transparent(symbolImage(t, 0, 4), black, white)
		}},
		{name: "white on nothing, light on dark", image: func(t *testing.T) image.Image {
			return transparent(symbolImage(t, 0, 4), white, white)
		}},
		{name: "in colour", image: func(t *testing.T) image.Image {
			img := symbolImage(t, 0, 4).(*image.Paletted)
			img.Palette = color.Palette{color.RGBA{0xff, 0xf0, 0xc0, 0xff}, color.RGBA{0x10, 0x30, 0x90, 0xff}}
			return img
		}},
		{name: "photograph in the evening", image: func(t *testing.T) image.Image {
			return photograph(turn(onWhite(symbolImage(t, 0, 5)), 8), 20)
		}},
		{name: "large photograph", image: func(t *testing.T) image.Image {
			page := screenshot(image.Pt(2400, 1800), 0xff, symbolImage(t, 0, 16))
			return asJPEG(t, photograph(page, 12), 70)
		}},
		{name: "screenshot", image: func(t *testing.T) image.Image {
			return screenshot(image.Pt(1920, 1080), 0xf0, symbolImage(t, 0, 4))
		}},
		{name: "dark screenshot", image: func(t *testing.T) image.Image {
			return screenshot(image.Pt(1920, 1080), 0x18, symbolImage(t, 0, 4))
		}},
		{name: "two on a large screenshot", codes: 2, image: func(t *testing.T) image.Image {
			return screenshot(image.Pt(3840, 2160), 0xf0, symbolImage(t, 0, 3), symbolImage(t, 1, 6))
		}},
		{name: "four of different sizes", codes: 4, image: func(t *testing.T) image.Image {
			return screenshot(image.Pt(1600, 900), 0xff,
				symbolImage(t, 0, 4), symbolImage(t, 1, 5), symbolImage(t, 2, 3), turn(onWhite(symbolImage(t, 3, 4)), 15))
		}},
		{name: "sheet of twelve", codes: 12, image: func(t *testing.T) image.Image {
			sheet := image.NewGray(image.Rect(0, 0, 4*200, 3*200))
			for i := range 12 {
				code := symbolImage(t, i, 3)
				draw.Draw(sheet, code.Bounds().Add(image.Pt(i%4*200, i/4*200)), code, image.Point{}, draw.Src)
			}
			return sheet
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			for i := range max(1, tt.codes) {
				want = append(want, testURI(i))
			}
			got := Scan(tt.image(t))
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// qrencode makes the codes here, in the encodings that it has.
func TestScanOfQrencode(t *testing.T) {
	oathtest.RequireTool(t, "qrencode")
	tests := []struct {
		name    string
		text    string
		options []string
	}{
		{"usual", testURI(0), nil},
		{"level H", testURI(0), []string{"-l", "H"}},
		{"version 20", testURI(0), []string{"-v", "20"}},
		{"no margin", testURI(0), []string{"-m", "0", "-s", "2"}},
		{"capitals", "STEAM://" + "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", nil},
		{"digits", strings.Repeat("0123456789", 20), nil},
		{"UTF-8", "otpauth://totp/Büro Zürich:ålice ☃?secret=" + "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", []string{"-8"}},
		{"Latin-1", "otpauth://totp/B\xfcro:alice?secret=" + "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", []string{"-8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Scan(qrencode(t, tt.text, tt.options...))
			want := strings.ReplaceAll(tt.text, "\xfc", "ü")
			if len(got) != 1 || got[0] != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestScanOfOddSizes(t *testing.T) {
	for _, size := range []image.Point{{0, 0}, {1, 1}, {3000, 1}, {1, 50000}, {90000, 3}} {
		if texts := Scan(image.NewGray(image.Rectangle{Max: size})); texts != nil {
			t.Errorf("%v: %q", size, texts)
		}
	}
}

func TestRead(t *testing.T) {
	code := symbolImage(t, 0, 3)
	encoders := map[string]func(*bytes.Buffer, image.Image) error{
		"PNG":  func(b *bytes.Buffer, img image.Image) error { return png.Encode(b, img) },
		"JPEG": func(b *bytes.Buffer, img image.Image) error { return jpeg.Encode(b, img, nil) },
	}
	for name, encode := range encoders {
		var b bytes.Buffer
		if err := encode(&b, code); err != nil {
			t.Fatal(err)
		}
		whole := bytes.Clone(b.Bytes())
		texts, err := Read(&b)
		if err != nil || len(texts) != 1 || texts[0] != testURI(0) {
			t.Errorf("%s: %q, %v", name, texts, err)
		}
		if _, err := Read(bytes.NewReader(whole[:len(whole)/2])); err == nil || errors.Is(err, ErrNoQR) {
			t.Errorf("half of a %s: %v", name, err)
		}
		b.Reset()
		if err := encode(&b, image.NewGray(image.Rect(0, 0, 50, 50))); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&b); !errors.Is(err, ErrNoQR) {
			t.Errorf("empty %s: %v", name, err)
		}
	}
	if _, err := Read(strings.NewReader("%PDF-1.7")); !errors.Is(err, ErrFormat) {
		t.Errorf("a PDF: %v", err)
	}
}

// A header is enough to refuse a picture that would fill the memory.
func TestReadRefusesLargePictures(t *testing.T) {
	for _, size := range []image.Point{{30000, 20000}, {64_000_000, 1}, {1, 64_000_000}, {40000, 1}} {
		ihdr := []byte("IHDR\x00\x00\x00\x00\x00\x00\x00\x00\x08\x06\x00\x00\x00")
		binary.BigEndian.PutUint32(ihdr[4:], uint32(size.X))
		binary.BigEndian.PutUint32(ihdr[8:], uint32(size.Y))
		header := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), ihdr...)
		header = binary.BigEndian.AppendUint32(header, crc32.ChecksumIEEE(ihdr))
		_, err := Read(bytes.NewReader(header))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d by %d", size.X, size.Y)) {
			t.Errorf("%v: the error is %v", size, err)
		}
	}
}

// progressive returns a gray JPEG of nothing, in so many scans (ITU-T T.81, G.1): one for
// the means of its blocks, and then one after the other that adds nothing to them.
func progressive(width, height, scans int) []byte {
	segment := func(marker byte, content ...byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(content))), content...)
	}
	codes := func(class byte, symbols ...byte) []byte { // of eight bits each
		counts := make([]byte, 16)
		counts[7] = byte(len(symbols))
		return segment(0xc4, slices.Concat([]byte{class}, counts, symbols)...)
	}
	size := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{8}, uint16(height)), uint16(width))
	blocks := (width + 7) / 8 * ((height + 7) / 8)
	file := slices.Concat([]byte{0xff, 0xd8},
		segment(0xdb, slices.Concat([]byte{0}, bytes.Repeat([]byte{1}, 64))...),
		segment(0xc2, append(size, 1, 1, 0x11, 0)...),
		codes(0x00, 0), codes(0x10, 0xe0), // no change of the mean; a run of 1<<14 and more blocks
		segment(0xda, 1, 1, 0, 0, 0, 0), make([]byte, blocks))
	for range scans - 1 {
		const perRun = 22 // bits: a code, and how many more blocks
		file = append(file, segment(0xda, 1, 1, 0, 1, 63, 0x10)...)
		file = append(file, make([]byte, (blocks>>14+1)*perRun/8+1)...)
	}
	return append(file, 0xff, 0xd9)
}

// A JPEG that goes over the whole picture again and again takes the time of as many
// pictures. What encoders make has some ten scans.
func TestReadRefusesManyScans(t *testing.T) {
	for _, test := range []struct {
		width, height, scans int
		refused              bool
	}{
		{4000, 4000, 10, false}, {8000, 8000, 21, true}, {8000, 8000, 5000, true}, {1000, 1000, 100, false}, {64, 64, 100_000, false},
		{64, 64, 400_000, true},
	} {
		file := progressive(test.width, test.height, test.scans)
		if n := countScans(file); n != test.scans {
			t.Fatalf("%d scans, not %d", n, test.scans)
		}
		_, err := decodePicture(file)
		if refused := err != nil && strings.Contains(err.Error(), "scans"); refused != test.refused || !refused && err != nil {
			t.Errorf("%d by %d pixels in %d scans, %d bytes: %v", test.width, test.height, test.scans, len(file), err)
		}
	}
}

// A part of a TIFF that is JPEG has a size of its own, which can be any.
func TestReadRefusesLargeParts(t *testing.T) {
	for _, part := range [][]byte{progressive(8000, 8000, 1), progressive(8000, 8000, 5000), progressive(65535, 65535, 1)[:1<<12]} {
		_, err := Read(bytes.NewReader(tiffWith(part)))
		if !errors.Is(err, ErrTIFF) {
			t.Errorf("%d bytes: %v", len(part), err)
		}
	}
}

// tiffWith returns a TIFF of 8 by 8 pixels whose one strip is a JPEG (TIFF 6.0).
func tiffWith(part []byte) []byte {
	order := binary.LittleEndian
	fields := [][2]uint32{{256, 8}, {257, 8}, {258, 8}, {259, 7}, {262, 1}, {273, 0}, {277, 1}, {278, 8}, {279, uint32(len(part))}}
	fields[5][1] = uint32(8 + 2 + 12*len(fields) + 4)
	file := order.AppendUint32([]byte("II*\x00"), 8)
	file = order.AppendUint16(file, uint16(len(fields)))
	for _, f := range fields {
		file = order.AppendUint16(order.AppendUint16(file, uint16(f[0])), 4)
		file = order.AppendUint32(order.AppendUint32(file, 1), f[1])
	}
	return append(order.AppendUint32(file, 0), part...)
}

// No picture makes the reader panic.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"a", testURI(0)} {
		s, err := Encode(text, LevelL)
		if err != nil {
			f.Fatal(err)
		}
		g := onWhite(s.Image(2))
		f.Add(g.Pix, g.Stride)
	}
	f.Fuzz(func(t *testing.T, pixels []byte, width int) {
		if width < 1 || len(pixels) < width || len(pixels) > 1<<15 {
			t.Skip()
		}
		g := &image.Gray{Pix: pixels, Stride: width, Rect: image.Rect(0, 0, width, len(pixels)/width)}
		var b bytes.Buffer
		if err := png.Encode(&b, g); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&b); err != nil && !errors.Is(err, ErrNoQR) {
			t.Error(err)
		}
	})
}

// qrencode returns the picture that qrencode makes of a text.
func qrencode(t *testing.T, text string, options ...string) image.Image {
	t.Helper()
	cmd := exec.Command("qrencode", append(options, "-o", "-")...)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// zbarimg returns the texts that zbarimg reads in a picture, one per line.
func zbarimg(t *testing.T, picture []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(name, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("zbarimg", "--quiet", "--raw", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(out), "\n")
}
