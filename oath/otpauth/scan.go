package otpauth

import (
	"errors"
	"image"
	"image/color"
	"io"
	"slices"

	"github.com/makiuchi-d/gozxing"
	multi "github.com/makiuchi-d/gozxing/multi/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// ErrNoQR is returned for a picture in which no QR code can be read.
var ErrNoQR = errors.New("no QR code can be read in the picture")

// ReadQR returns the texts of all QR codes in a PNG or JPEG, each once. It
// returns ErrNoQR if it finds none, and another error if the picture cannot be
// decoded or has more than 64 million pixels.
//
// The codes may be turned, light on dark, on a transparent ground, or cut out
// without a margin.
func ReadQR(r io.Reader) ([]string, error) {
	img, err := decodePicture(r)
	if err != nil {
		return nil, err
	}
	return FindQR(img)
}

// FindQR is ReadQR for a picture that is decoded already, such as a screenshot.
func FindQR(img image.Image) ([]string, error) {
	var texts []string
	for _, ground := range []color.Gray{{Y: 0xff}, {Y: 0}} {
		texts = appendQR(texts, grayscale(img, ground, 16))
		if len(texts) > 0 {
			return texts, nil
		}
	}
	return nil, ErrNoQR
}

func appendQR(texts []string, g *image.Gray) []string {
	for _, view := range views(g) {
		for _, text := range scan(view) {
			if !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// views returns the picture at the sizes in which codes are looked for, dark on
// light and light on dark.
func views(g *image.Gray) []*image.Gray {
	var sizes []*image.Gray
	side := max(g.Rect.Dx(), g.Rect.Dy())
	switch {
	case side <= 500:
		sizes = append(sizes, g, enlarge(g, 3))
	case side > 2000:
		sizes = append(sizes, shrink(g, side/1000), g)
	default:
		sizes = append(sizes, g, shrink(g, 2))
	}
	var all []*image.Gray
	for _, size := range sizes {
		all = append(all, size, invert(size))
	}
	return all
}

var scanHints = map[gozxing.DecodeHintType]any{
	gozxing.DecodeHintType_TRY_HARDER:    true,
	gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
}

// scan returns the texts of the codes in one view.
func scan(g *image.Gray) []string {
	size := g.Rect.Size()
	source, err := gozxing.NewPlanarYUVLuminanceSource(g.Pix, size.X, size.Y, 0, 0, size.X, size.Y, false)
	if err != nil {
		return nil
	}
	bitmap, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(source))
	if err != nil {
		return nil
	}
	var texts []string
	if results, err := multi.NewQRCodeMultiReader().DecodeMultiple(bitmap, scanHints); err == nil {
		for _, result := range results {
			texts = append(texts, result.GetText())
		}
	}
	if result, err := qrcode.NewQRCodeReader().Decode(bitmap, scanHints); err == nil {
		texts = append(texts, result.GetText())
	}
	return texts
}
