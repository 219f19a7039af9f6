package qr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // register the formats that are read
	_ "image/jpeg"
	_ "image/png"
	"io"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// ErrFormat is returned for what is no picture, or one in a format that is not
// read.
var ErrFormat = errors.New("the picture must be PNG, JPEG, TIFF, WebP, GIF or BMP")

// maxPixels bounds the memory that a picture may take: a file of a few bytes can
// claim any size. Photographs have 12 to 50 million.
const maxPixels = 64e6

// decodePicture reads a picture; of a TIFF or a GIF, the first.
func decodePicture(r io.Reader) (image.Image, error) {
	var head bytes.Buffer
	config, _, err := image.DecodeConfig(io.TeeReader(r, &head))
	if errors.Is(err, image.ErrFormat) {
		return nil, formatError(head.Bytes())
	}
	if err != nil {
		return nil, fmt.Errorf("reading the picture: %w", err)
	}
	if int64(config.Width)*int64(config.Height) > maxPixels {
		return nil, fmt.Errorf("the picture has %d by %d pixels, and may have %.0f million; make it smaller, or crop it to the QR code",
			config.Width, config.Height, maxPixels/1e6)
	}
	img, _, err := image.Decode(io.MultiReader(&head, r))
	if err != nil {
		return nil, fmt.Errorf("reading the picture: %w", err)
	}
	return img, nil
}

// formatError names the format that telephones take pictures in. Such files begin
// with a box of type ftyp, and its brand (ISO/IEC 14496-12; 23008-12, Annex B).
func formatError(head []byte) error {
	brands := map[string]string{
		"heic": "HEIC", "heix": "HEIC", "hevc": "HEIC", "mif1": "HEIC", "msf1": "HEIC", "avif": "AVIF",
	}
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		if name, ok := brands[string(head[8:12])]; ok {
			return fmt.Errorf("%w, not %s", ErrFormat, name)
		}
	}
	return ErrFormat
}

// grayscale returns the picture's brightness, with its transparent parts filled
// with the ground and a margin of it all around: a QR code cut out to its very
// edge is not found otherwise.
func grayscale(img image.Image, ground color.Gray, margin int) *image.Gray {
	size := img.Bounds().Size()
	gray := image.NewGray(image.Rect(0, 0, size.X+2*margin, size.Y+2*margin))
	draw.Draw(gray, gray.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	inner := gray.Bounds().Inset(margin)
	switch img := img.(type) {
	case *image.Gray:
		copyRows(gray, inner, img.Pix[img.PixOffset(img.Rect.Min.X, img.Rect.Min.Y):], img.Stride)
	case *image.YCbCr: // its Y is the brightness (JFIF)
		copyRows(gray, inner, img.Y[img.YOffset(img.Rect.Min.X, img.Rect.Min.Y):], img.YStride)
	default:
		draw.Draw(gray, inner, img, img.Bounds().Min, draw.Over)
	}
	return gray
}

// copyRows is draw.Draw for brightness, many times as fast.
func copyRows(to *image.Gray, box image.Rectangle, rows []uint8, stride int) {
	for y := range box.Dy() {
		copy(to.Pix[to.PixOffset(box.Min.X, box.Min.Y+y):][:box.Dx()], rows[y*stride:])
	}
}

// shrink returns the picture at a factor of its width and height, each pixel the
// mean of those it stands for.
func shrink(g *image.Gray, factor int) *image.Gray {
	size := g.Bounds().Size().Div(factor)
	small := image.NewGray(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			sum := 0
			for dy := range factor {
				row := g.Pix[(y*factor+dy)*g.Stride+x*factor:]
				for dx := range factor {
					sum += int(row[dx])
				}
			}
			small.Pix[y*small.Stride+x] = uint8(sum / (factor * factor))
		}
	}
	return small
}

// enlarge returns the picture with each pixel as a square.
func enlarge(g *image.Gray, factor int) *image.Gray {
	size := g.Bounds().Size().Mul(factor)
	large := image.NewGray(image.Rectangle{Max: size})
	for y := range size.Y {
		row := g.Pix[y/factor*g.Stride:]
		for x := range size.X {
			large.Pix[y*large.Stride+x] = row[x/factor]
		}
	}
	return large
}

func invert(g *image.Gray) *image.Gray {
	inverted := image.NewGray(g.Rect)
	for i, v := range g.Pix {
		inverted.Pix[i] = ^v
	}
	return inverted
}

// smooth returns the picture with each pixel the mean of its neighbourhood.
func smooth(g *image.Gray) *image.Gray {
	smoothed := image.NewGray(g.Rect)
	copy(smoothed.Pix, g.Pix)
	for y := 1; y < g.Rect.Dy()-1; y++ {
		for x := 1; x < g.Rect.Dx()-1; x++ {
			sum := 0
			for dy := -1; dy <= 1; dy++ {
				i := (y+dy)*g.Stride + x
				sum += int(g.Pix[i-1]) + int(g.Pix[i]) + int(g.Pix[i+1])
			}
			smoothed.Pix[y*g.Stride+x] = uint8(sum / 9)
		}
	}
	return smoothed
}
