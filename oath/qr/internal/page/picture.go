package page

import "image"

// despeckle returns the picture without the specks of noise: no pixel is lighter,
// or darker, than all but one of its neighbours.
func despeckle(g *image.Gray) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	clean := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		row, out := line(g, y), line(clean, y)
		copy(out, row)
		if y == 0 || y == h-1 {
			continue
		}
		above, below := line(g, y-1), line(g, y+1)
		for x := 1; x < w-1; x++ {
			v := row[x]
			// Between its neighbours both ways, it has two on either side.
			if (row[x-1] <= v) == (v <= row[x+1]) && (above[x] <= v) == (v <= below[x]) {
				continue
			}
			low, high := secondExtremes([8]uint8{above[x-1], above[x], above[x+1], row[x-1], row[x+1], below[x-1], below[x], below[x+1]})
			out[x] = max(low, min(high, v))
		}
	}
	return clean
}

// line returns a row of pixels.
func line(g *image.Gray, y int) []uint8 {
	return g.Pix[y*g.Stride:][:g.Rect.Dx()]
}

// secondExtremes returns the second smallest and the second largest.
func secondExtremes(values [8]uint8) (low, high uint8) {
	least, low, high, most := uint8(0xff), uint8(0xff), uint8(0), uint8(0)
	for _, v := range values {
		low = min(low, max(least, v))
		least = min(least, v)
		high = max(high, min(most, v))
		most = max(most, v)
	}
	return low, high
}

// halve returns the picture at half its width and height.
func halve(g *image.Gray) *image.Gray {
	small := image.NewGray(image.Rect(0, 0, g.Rect.Dx()/2, g.Rect.Dy()/2))
	for y := range small.Rect.Dy() {
		upper, lower, out := line(g, 2*y), line(g, 2*y+1), line(small, y)
		for x := range out {
			sum := int(upper[2*x]) + int(upper[2*x+1]) + int(lower[2*x]) + int(lower[2*x+1])
			out[x] = uint8((sum + 2) / 4)
		}
	}
	return small
}
