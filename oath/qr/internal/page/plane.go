package page

import (
	"image"
	"slices"
)

// A plane is a picture that is freed of its shadows: 127 is as light as it gets
// around there, -127 as dark, and 0 is halfway. Places on it are given in pixels
// from the upper left corner of the first one.
type plane struct {
	w, h int
	v    []int8
	left int // samples that may still be taken in a step of the search

	// spans has for each row of blocks the pixels that are not bare paper.
	spans [][]span

	// open is for symbols without a margin on a ground of their own colour, into which
	// the outer rings of finder patterns run.
	open bool
}

// A span is a part of a row: pixels from the first to before the second.
type span struct{ from, to int }

// newPlane levels a picture: what is dark there depends on what is around. Where there
// is nothing but paper around, and on what is hidden, the plane stays 0.
func newPlane(g *image.Gray, hidden func(point) bool) *plane {
	p := &plane{w: g.Rect.Dx(), h: g.Rect.Dy()}
	p.v = make([]int8, p.w*p.h)
	t := newThresholds(g)
	p.spans = make([][]span, t.h)
	for y := range p.spans {
		p.spans[y] = t.spans(y, p.w, hidden)
	}
	for y := range p.h {
		t.level(y, line(g, y), p.v[y*p.w:][:p.w], p.spans[y/blockSide])
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

// copy returns a plane that may be changed.
func (p *plane) copy() *plane {
	c := *p
	c.v = slices.Clone(p.v)
	return &c
}

// smooth makes of each pixel the mean of its neighbourhood, in which the nearer ones
// count for more.
func (p *plane) smooth() {
	var across [3][]int16 // sums of the rows above, here and below
	for i := range across {
		across[i] = make([]int16, p.w)
	}
	sum := func(y int) {
		row, out := p.v[y*p.w:][:p.w], across[y%3]
		clear(out)
		for _, s := range p.spans[y/blockSide] {
			for x := max(s.from, 1); x < min(s.to, p.w-1); x++ {
				out[x] = int16(row[x-1]) + 2*int16(row[x]) + int16(row[x+1])
			}
		}
	}
	sum(0)
	sum(1)
	for y := 1; y < p.h-1; y++ {
		sum(y + 1)
		row, above, here, below := p.v[y*p.w:][:p.w], across[(y-1)%3], across[y%3], across[(y+1)%3]
		for _, s := range p.spans[y/blockSide] {
			for x := s.from; x < s.to; x++ {
				row[x] = int8((above[x] + 2*here[x] + below[x]) / 16)
			}
		}
	}
}

// sharpen makes of a smooth plane one in which what sets a pixel of the original apart
// from its neighbourhood is many times as strong. That brings out the finder patterns'
// light rings where a blur of half a module has filled them.
func (p *plane) sharpen(original *plane) {
	const strength = 8
	for y := range p.h {
		for _, s := range p.spans[y/blockSide] {
			row := p.v[y*p.w:][s.from:s.to]
			for i, v := range original.v[y*p.w:][s.from:s.to] {
				apart := int16(v) - int16(row[i])
				row[i] = int8(max(-127, min(127, int16(v)+strength*apart)))
			}
		}
	}
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
		row, blocks := line(g, y), histograms[y/blockSide*t.w:][:t.w]
		for i := range blocks {
			block := &blocks[i]
			for _, v := range row[i*blockSide : min((i+1)*blockSide, len(row))] {
				block[v/(256/bins)]++
			}
		}
	}
	t.middle, t.half = make([]float32, t.w*t.h), make([]float32, t.w*t.h)
	columns := make([][bins]int32, t.w) // sums of the blocks above each other in a window
	add := func(y int, sign int32) {
		if y < 0 || y >= t.h {
			return
		}
		for x := range columns {
			addTo(&columns[x], &histograms[y*t.w+x], sign)
		}
	}
	for y := range windowReach {
		add(y, 1)
	}
	for y := range t.h {
		add(y+windowReach, 1)
		add(y-windowReach-1, -1)
		var window [bins]int32
		for x := range min(windowReach, t.w) {
			addTo(&window, &columns[x], 1)
		}
		for x := range t.w {
			if x+windowReach < t.w {
				addTo(&window, &columns[x+windowReach], 1)
			}
			if x > windowReach {
				addTo(&window, &columns[x-windowReach-1], -1)
			}
			t.middle[y*t.w+x], t.half[y*t.w+x] = split(&window)
		}
	}
	return t
}

func addTo[T uint8 | int32](sum *[bins]int32, histogram *[bins]T, sign int32) {
	for i, n := range histogram {
		sum[i] += sign * int32(n)
	}
}

// spans returns the pixels of a row of blocks that have contrast around them, and are
// not hidden.
func (t *thresholds) spans(y, width int, hidden func(point) bool) (spans []span) {
	for x := range t.w {
		at := point{float64(x) + 0.5, float64(y) + 0.5}.times(blockSide)
		if t.half[y*t.w+x] == leastHalf || hidden(at) {
			continue
		}
		if last := len(spans) - 1; last >= 0 && spans[last].to == x*blockSide {
			spans[last].to = min(width, (x+1)*blockSide)
		} else {
			spans = append(spans, span{x * blockSide, min(width, (x+1)*blockSide)})
		}
	}
	return spans
}

// leastHalf is half the least contrast between dark and light, in 255ths. It keeps
// the grain of blank paper from being taken for either.
const leastHalf = 8

// split returns what is halfway between dark and light, and how far both are from
// there, such that the two are as different as they can be: Otsu's method ("A
// threshold selection method from gray-level histograms", 1979).
func split(histogram *[bins]int32) (middle, half float32) {
	const width = 256 / bins
	var count, sum, dark, darkSum, most float32
	for i, n := range histogram {
		count += float32(n)
		sum += float32(n) * float32(i)
	}
	middle = sum / count
	for i, n := range histogram {
		if n == 0 {
			continue
		}
		dark += float32(n)
		darkSum += float32(n) * float32(i)
		if dark == count {
			break
		}
		low, high := darkSum/dark, (sum-darkSum)/(count-dark)
		if difference := dark * (count - dark) * (high - low) * (high - low); difference > most {
			most, middle, half = difference, (low+high)/2, (high-low)/2
		}
	}
	return middle*width + width/2, max(half*width, leastHalf)
}

// level writes the spans of a row of a plane. Thresholds hold in the middle of their
// block, and are interpolated from there.
func (t *thresholds) level(y int, row []uint8, out []int8, spans []span) {
	above, below, dy := blocksAt(y, t.h)
	mix := func(of []float32, x int) float32 { return of[above*t.w+x]*(1-dy) + of[below*t.w+x]*dy }
	for _, s := range spans {
		for from := s.from; from < s.to; {
			// Between the middles of two blocks, both change evenly.
			left, right, dx := blocksAt(from, t.w)
			to := min(s.to, from/blockSide*blockSide+blockSide/2)
			if to <= from {
				to = min(s.to, to+blockSide)
			}
			middle, scale := mix(t.middle, left), 127/mix(t.half, left)
			slope, growth := mix(t.middle, right)-middle, 127/mix(t.half, right)-scale
			for x := from; x < to; x++ {
				out[x] = int8(max(-127, min(127, (float32(row[x])-middle-slope*dx)*(scale+growth*dx))))
				dx += 1.0 / blockSide
			}
			from = to
		}
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
