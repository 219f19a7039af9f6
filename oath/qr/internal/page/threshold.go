package page

import "image"

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
	t.middle, t.half = make([]float32, t.w*t.h), make([]float32, t.w*t.h)
	histograms := t.count(g)
	for y := range t.h {
		for x := range t.w {
			window := t.window(histograms, x, y)
			t.middle[y*t.w+x], t.half[y*t.w+x] = split(&window)
		}
	}
	return t
}

// count returns the histogram of each block.
func (t *thresholds) count(g *image.Gray) [][bins]uint8 {
	histograms := make([][bins]uint8, t.w*t.h)
	for y := range g.Rect.Dy() {
		blocks := histograms[y/blockSide*t.w:]
		for x, v := range line(g, y) {
			blocks[x/blockSide][int(v)*bins/256]++
		}
	}
	return histograms
}

// window returns the histogram of the blocks around one.
func (t *thresholds) window(histograms [][bins]uint8, x, y int) (window [bins]int) {
	for by := max(0, y-windowReach); by <= min(t.h-1, y+windowReach); by++ {
		for bx := max(0, x-windowReach); bx <= min(t.w-1, x+windowReach); bx++ {
			for i, n := range &histograms[by*t.w+bx] {
				window[i] += int(n)
			}
		}
	}
	return window
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
// a pixel, and how near it is to the latter: from 0 to 1.
func blocksAt(pixel, blocks int) (before, after int, nearness float32) {
	at := (float32(pixel)+0.5)/blockSide - 0.5
	before = int(max(0, at))
	if at <= 0 || before >= blocks-1 {
		return before, before, 0
	}
	return before, before + 1, at - float32(before)
}
