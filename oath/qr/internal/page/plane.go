package page

import "image"

// A plane is a picture that is freed of its shadows: 127 is as light as it gets
// around there, -127 as dark, and 0 is halfway. Places on it are given in pixels
// from the upper left corner of the first one.
type plane struct {
	w, h int
	v    []int8
	left int // samples that may still be taken in a step of the search

	// open is for symbols without a margin on a ground of their own colour, into which
	// the outer rings of finder patterns run.
	open bool
}

// newPlane levels a picture: what is dark there depends on what is around.
func newPlane(g *image.Gray) *plane {
	p := &plane{w: g.Rect.Dx(), h: g.Rect.Dy()}
	p.v = make([]int8, p.w*p.h)
	t := newThresholds(g)
	for y := range p.h {
		t.level(y, line(g, y), p.v[y*p.w:][:p.w])
	}
	return p
}

// at returns the brightness at a place, by bilinear interpolation; outside of the
// picture that is 0.
func (p *plane) at(at point) float64 {
	p.left--
	x, y := at.x-0.5, at.y-0.5
	if !(x >= -0.5 && y >= -0.5 && x <= float64(p.w)-0.5 && y <= float64(p.h)-0.5) {
		return 0
	}
	// Half a pixel from the edge, there is nothing to interpolate with.
	left, top := min(int(x), p.w-2), min(int(y), p.h-2)
	dx, dy := min(max(x-float64(left), 0), 1), min(max(y-float64(top), 0), 1)
	upper := p.v[top*p.w+left:]
	lower := upper[p.w:]
	return (float64(upper[0])*(1-dx)+float64(upper[1])*dx)*(1-dy) +
		(float64(lower[0])*(1-dx)+float64(lower[1])*dx)*dy
}

// smooth returns the plane with each pixel the mean of its neighbourhood, in which
// the nearer ones count for more.
func (p *plane) smooth() *plane {
	across := make([]int16, len(p.v))
	for i := 1; i < len(p.v)-1; i++ {
		across[i] = int16(p.v[i-1]) + 2*int16(p.v[i]) + int16(p.v[i+1])
	}
	out := &plane{w: p.w, h: p.h, v: make([]int8, len(p.v))}
	for i := p.w; i < len(p.v)-p.w; i++ {
		out.v[i] = int8((across[i-p.w] + 2*across[i] + across[i+p.w]) / 16)
	}
	return out
}

// sharpen returns the plane with what sets a pixel apart from its neighbourhood
// many times as strong. That brings out the finder patterns' light rings where a
// blur of half a module has filled them.
func (p *plane) sharpen() *plane {
	const strength = 8
	out := p.smooth().smooth()
	for i, v := range p.v {
		apart := int16(v) - int16(out.v[i])
		out.v[i] = int8(max(-127, min(127, int16(v)+strength*apart)))
	}
	return out
}

// A block of the picture is so many pixels wide and high. What is dark there is
// decided in a window of blocks around it, which is wide enough for a finder
// pattern whose modules have 5 pixels: larger ones are found at half the size.
const (
	blockSide   = 8
	windowReach = 2 // blocks on each side of the middle one
)

// thresholds has for each block what is halfway between dark and light, and how
// far both are from there.
type thresholds struct {
	w, h         int // in blocks
	middle, half []float32
}

// A histogram says how many pixels there are of each eighth brightness.
const bins = 32

func newThresholds(g *image.Gray) *thresholds {
	t := &thresholds{w: (g.Rect.Dx() + blockSide - 1) / blockSide, h: (g.Rect.Dy() + blockSide - 1) / blockSide}
	histograms := make([][bins]uint8, t.w*t.h)
	for y := range g.Rect.Dy() {
		blocks := histograms[y/blockSide*t.w:]
		for x, v := range line(g, y) {
			blocks[x/blockSide][int(v)*bins/256]++
		}
	}
	t.middle, t.half = make([]float32, t.w*t.h), make([]float32, t.w*t.h)
	for y := range t.h {
		for x := range t.w {
			var window [bins]int
			for by := max(0, y-windowReach); by <= min(t.h-1, y+windowReach); by++ {
				for bx := max(0, x-windowReach); bx <= min(t.w-1, x+windowReach); bx++ {
					for i, n := range &histograms[by*t.w+bx] {
						window[i] += int(n)
					}
				}
			}
			t.middle[y*t.w+x], t.half[y*t.w+x] = split(&window)
		}
	}
	return t
}

// leastHalf is half the least contrast between dark and light, in 255ths. It keeps
// the grain of blank paper from being taken for either.
const leastHalf = 8

// split returns what is halfway between dark and light, and how far both are from
// there, such that the two are as different as they can be: Otsu's method ("A
// threshold selection method from gray-level histograms", 1979).
func split(histogram *[bins]int) (middle, half float32) {
	const width = 256 / bins
	var count, sum, dark, darkSum, most float32
	for i, n := range histogram {
		count += float32(n)
		sum += float32(n * i)
	}
	middle = sum / count
	for i, n := range histogram {
		dark += float32(n)
		darkSum += float32(n * i)
		if dark == 0 || dark == count {
			continue
		}
		low, high := darkSum/dark, (sum-darkSum)/(count-dark)
		if difference := dark * (count - dark) * (high - low) * (high - low); difference > most {
			most, middle, half = difference, (low+high)/2, (high-low)/2
		}
	}
	return middle*width + width/2, max(half*width, leastHalf)
}

// level writes a row of a plane. Thresholds hold in the middle of their block, and
// are interpolated from there.
func (t *thresholds) level(y int, row []uint8, out []int8) {
	above, below, dy := blocksAt(y, t.h)
	for x, v := range row {
		left, right, dx := blocksAt(x, t.w)
		mix := func(of []float32) float32 {
			upper := of[above*t.w+left]*(1-dx) + of[above*t.w+right]*dx
			lower := of[below*t.w+left]*(1-dx) + of[below*t.w+right]*dx
			return upper*(1-dy) + lower*dy
		}
		out[x] = int8(max(-127, min(127, (float32(v)-mix(t.middle))*127/mix(t.half))))
	}
}

// blocksAt returns the blocks, out of so many, whose middles are before and after
// a pixel, and how near it is to the second: from 0 to 1.
func blocksAt(pixel, blocks int) (before, after int, nearness float32) {
	at := (float32(pixel)+0.5)/blockSide - 0.5
	before = int(max(0, at))
	if at <= 0 || before >= blocks-1 {
		return before, before, 0
	}
	return before, before + 1, at - float32(before)
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
