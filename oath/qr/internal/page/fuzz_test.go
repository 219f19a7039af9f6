package page_test

import (
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/tokenctl/tokenctl/oath/qr"
	"github.com/tokenctl/tokenctl/oath/qr/internal/page"
)

// Whatever is painted over two codes, the reader neither panics nor reads what was
// not there. Each five bytes are a rectangle and its grey.
func FuzzScan(f *testing.F) {
	const first, second = "otpauth://totp/a?secret=AA", "steam://BBBBBBBB"
	sheet := image.NewGray(image.Rect(0, 0, 220, 110))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for i, text := range []string{first, second} {
		s, err := qr.Encode(text, qr.LevelL)
		if err != nil {
			f.Fatal(err)
		}
		img := s.Image(3)
		draw.Draw(sheet, img.Bounds().Add(image.Pt(i*110, 0)), img, image.Point{}, draw.Src)
	}
	f.Add([]byte{}, uint8(220))
	f.Add([]byte{30, 30, 5, 5, 0, 200, 20, 40, 3, 255}, uint8(220))
	f.Add([]byte{12, 12, 21, 21, 255}, uint8(100))
	f.Add([]byte{0, 0, 255, 255, 128}, uint8(1))
	f.Fuzz(func(t *testing.T, rectangles []byte, width uint8) {
		g := image.NewGray(sheet.Rect)
		copy(g.Pix, sheet.Pix)
		for ; len(rectangles) >= 5; rectangles = rectangles[5:] {
			r := rectangles
			box := image.Rect(0, 0, int(r[2]), int(r[3])).Add(image.Pt(int(r[0]), int(r[1])))
			draw.Draw(g, box, image.NewUniform(color.Gray{Y: r[4]}), image.Point{}, draw.Src)
		}
		cut := g.SubImage(image.Rect(0, 0, int(width), 110)).(*image.Gray)
		for _, text := range page.Scan(cut) {
			if text != first && text != second {
				t.Errorf("read %q", text)
			}
		}
	})
}
