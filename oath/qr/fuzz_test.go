package qr

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"testing"
)

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
