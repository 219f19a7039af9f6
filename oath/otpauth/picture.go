package otpauth

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // register the formats that ReadQR takes
	_ "image/png"
	"io"
)

// maxPixels bounds the memory that a picture may take: a file of a few bytes can
// claim any size. Photographs have 12 to 50 million.
const maxPixels = 64e6

// decodePicture reads a PNG or JPEG.
func decodePicture(r io.Reader) (image.Image, error) {
	var head bytes.Buffer
	config, _, err := image.DecodeConfig(io.TeeReader(r, &head))
	if err != nil {
		return nil, fmt.Errorf("reading the picture, which must be a PNG or a JPEG: %w", err)
	}
	if int64(config.Width)*int64(config.Height) > maxPixels {
		return nil, fmt.Errorf("the picture has %d by %d pixels, and may have %.0f million; crop it to the QR code",
			config.Width, config.Height, maxPixels/1e6)
	}
	img, _, err := image.Decode(io.MultiReader(&head, r))
	if err != nil {
		return nil, fmt.Errorf("reading the picture: %w", err)
	}
	return img, nil
}

// grayscale returns the picture's brightness, with its transparent parts filled
// with the ground and a margin of it all around: a QR code cut out to its very
// edge is not found otherwise.
func grayscale(img image.Image, ground color.Gray, margin int) *image.Gray {
	size := img.Bounds().Size()
	gray := image.NewGray(image.Rect(0, 0, size.X+2*margin, size.Y+2*margin))
	draw.Draw(gray, gray.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	inner := gray.Bounds().Inset(margin)
	draw.Draw(gray, inner, img, img.Bounds().Min, draw.Over)
	return gray
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
