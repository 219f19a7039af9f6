package otpauth

import (
	"image"
	"image/color"
	"io"

	"github.com/tokenctl/tokenctl/internal/qrpage"
)

// ReadPage returns the texts of all QR codes of a page that was scanned or
// photographed, each once and in no order. It reads PNG, JPEG, TIFF, of which it
// takes every page, WebP, GIF and BMP. It returns ErrNoQR if it finds none, and
// another error if the picture cannot be decoded or has more than 64 million
// pixels.
//
// It takes its time, a second for a page of 300 dpi, and finds far more than
// ReadQR: dozens of codes, blurred, noisy, skewed, in perspective, their modules
// some three pixels wide, as a scanner shows a recovery sheet at 100 dpi.
func ReadPage(r io.Reader) ([]string, error) {
	img, err := decodePicture(r)
	if err != nil {
		return nil, err
	}
	texts := ScanPage(img)
	if len(texts) == 0 {
		return nil, ErrNoQR
	}
	return texts, nil
}

// ScanPage is ReadPage for a picture that is decoded already. It returns nothing
// where it finds nothing.
func ScanPage(img image.Image) []string {
	const margin = 16
	g := grayscale(img, color.Gray{Y: 0xff}, margin)
	if texts := qrpage.Scan(g); len(texts) > 0 {
		return texts
	}
	texts, err := FindQR(img) // reads modules of one pixel, and light codes on nothing
	if err != nil {
		return nil
	}
	return texts
}
