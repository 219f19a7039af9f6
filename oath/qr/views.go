package qr

import (
	"image"
	"image/color"
	"image/draw"
	"slices"

	"github.com/makiuchi-d/gozxing"
	multi "github.com/makiuchi-d/gozxing/multi/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
)

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

// findSharp finds codes whose modules may be as small as a pixel.
func findSharp(img image.Image) []string {
	// The ground shows in the margin, and through what is transparent. Codes
	// that are light on dark want it dark.
	for _, ground := range []color.Gray{{Y: 0xff}, {Y: 0}} {
		if texts := find(grayscale(img, ground, 16)); len(texts) > 0 {
			return texts
		}
	}
	return nil
}

// find looks for codes in several views of a picture, since each shows codes that
// others hide. A large picture is searched further only if it shows none at first.
func find(g *image.Gray) (texts []string) {
	const large, huge = 1 << 20, 16 << 20
	if len(g.Pix) > huge {
		g = shrink(g, 2)
	}
	for _, views := range []func(*image.Gray) []*image.Gray{plainViews, smoothViews} {
		for _, view := range views(g) {
			for _, text := range scan(view) {
				if !slices.Contains(texts, text) {
					texts = append(texts, text)
				}
			}
		}
		if len(texts) > 0 && len(g.Pix) > large {
			break
		}
	}
	return texts
}

// viewSide is the longer side of a picture, in pixels, in which a code that fills
// much of a photograph is free of its noise, and the search is fast.
const viewSide = 1000

// plainViews show small codes, as on a screenshot, and large ones.
func plainViews(g *image.Gray) []*image.Gray {
	factor := max(g.Rect.Dx(), g.Rect.Dy()) / viewSide
	if factor < 2 {
		return []*image.Gray{g}
	}
	return []*image.Gray{g, shrink(g, factor)}
}

// smoothViews show codes through noise, and those whose modules are but a pixel
// or two wide.
func smoothViews(g *image.Gray) []*image.Gray {
	plain := plainViews(g)
	g = plain[len(plain)-1]
	return []*image.Gray{enlarge(g, 3), smooth(enlarge(g, 2)), smooth(smooth(g))}
}

// scan returns the texts of the codes in one view, dark on light and light on
// dark, and paints over them.
func scan(g *image.Gray) (texts []string) {
	for _, g := range []*image.Gray{g, invert(g)} {
		// The first copes with shadows, the second with blur.
		texts = append(texts, scanWith(gozxing.NewHybridBinarizer, g)...)
		texts = append(texts, scanWith(gozxing.NewGlobalHistgramBinarizer, g)...)
	}
	return texts
}

// scanWith returns the texts of the codes that are dark on light. It looks again
// where it has painted over some: finder patterns of different codes that happen
// to form a corner hide others.
func scanWith(binarizer func(gozxing.LuminanceSource) gozxing.Binarizer, g *image.Gray) (texts []string) {
	for more := true; more; {
		more = false
		for _, result := range decode(binarizer, g) {
			texts = append(texts, result.GetText())
			if paintOver(g, result) {
				more = true
			}
		}
	}
	return texts
}

// decode reads the codes in black and white. The reader of many misses some
// single ones.
func decode(binarizer func(gozxing.LuminanceSource) gozxing.Binarizer, g *image.Gray) []*gozxing.Result {
	size := g.Rect.Size()
	source, err := gozxing.NewPlanarYUVLuminanceSource(g.Pix, size.X, size.Y, 0, 0, size.X, size.Y, false)
	if err != nil {
		return nil
	}
	bitmap, err := gozxing.NewBinaryBitmap(binarizer(source))
	if err != nil {
		return nil
	}
	hints := map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_TRY_HARDER:                 true,
		gozxing.DecodeHintType_NEED_RESULT_POINT_CALLBACK: giveUpAfter(maxPatterns, bitmap),
	}
	results, err := multi.NewQRCodeMultiReader().DecodeMultiple(bitmap, hints)
	if err == nil && len(results) > 0 {
		return results
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return nil
	}
	return []*gozxing.Result{result}
}

// maxPatterns is how many finder patterns a view may show; a code has three.
// Readers try any three of them, which a picture made for it would turn into
// hours.
const maxPatterns = 128

// giveUpAfter wipes a bitmap as soon as a reader has found more than so many
// finder patterns in it.
func giveUpAfter(patterns int, bitmap *gozxing.BinaryBitmap) gozxing.ResultPointCallback {
	return func(gozxing.ResultPoint) {
		if patterns--; patterns >= 0 {
			return
		}
		if black, err := bitmap.GetBlackMatrix(); err == nil {
			black.Clear()
		}
	}
}

// paintOver hides the finder patterns of a code, and reports whether there was
// anything to hide. A pattern is 7 modules wide, and reaches 5 from its centre to
// its corner; the next code is at least 7 away.
func paintOver(g *image.Gray, result *gozxing.Result) (hidden bool) {
	for _, point := range result.GetResultPoints() {
		pattern, ok := point.(*detector.FinderPattern)
		if !ok {
			continue
		}
		x, y := int(pattern.GetX()), int(pattern.GetY())
		reach := int(pattern.GetEstimatedModuleSize()*5) + 1
		box := image.Rect(x-reach, y-reach, x+reach, y+reach)
		draw.Draw(g, box, image.White, image.Point{}, draw.Src)
		hidden = true
	}
	return hidden
}
