package page

import "image"

// halves returns the picture, at its own size, half of it, and so on.
func halves(g *image.Gray) []*image.Gray {
	const least = 50 // pixels on a side
	sizes := []*image.Gray{g}
	for min(g.Rect.Dx(), g.Rect.Dy()) >= 2*least {
		g = halve(g)
		sizes = append(sizes, g)
	}
	return sizes
}

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
			v, lighter, darker := row[x], 0, 0
			if v == row[x-1] && v == row[x+1] { // as on paper that was never scanned
				continue
			}
			for _, u := range [4]uint8{row[x-1], row[x+1], above[x], below[x]} {
				if u >= v {
					lighter++
				}
				if u <= v {
					darker++
				}
			}
			if lighter > 1 && darker > 1 { // as of most pixels
				continue
			}
			var flip, most, second uint8
			if darker <= 1 {
				flip = 0xff // a dark speck is a light one of the negative
			}
			for _, u := range [8]uint8{above[x-1], above[x], above[x+1], row[x-1], row[x+1], below[x-1], below[x], below[x+1]} {
				u ^= flip
				second = max(second, min(most, u))
				most = max(most, u)
			}
			out[x] = min(v^flip, second) ^ flip
		}
	}
	return clean
}

// line returns a row of pixels.
func line(g *image.Gray, y int) []uint8 {
	return g.Pix[y*g.Stride:][:g.Rect.Dx()]
}

// shrink returns the picture with so many pixels across and down made one.
func shrink(g *image.Gray, by image.Point) *image.Gray {
	small := image.NewGray(image.Rect(0, 0, g.Rect.Dx()/by.X, g.Rect.Dy()/by.Y))
	for y := range small.Rect.Dy() {
		out := line(small, y)
		for x := range out {
			sum := 0
			for dy := range by.Y {
				for _, v := range line(g, y*by.Y+dy)[x*by.X:][:by.X] {
					sum += int(v)
				}
			}
			out[x] = uint8(sum / (by.X * by.Y))
		}
	}
	return small
}

// halve returns the picture at half its width and height, as shrink would, and quickly.
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
