package page

import (
	"cmp"
	"math"
	"slices"
)

// A finder is a finder pattern: a square of three modules in a ring of one module
// of the other colour, in a ring of its own.
type finder struct {
	point
	unit    float64 // the width of a module along rows and columns, in pixels
	sign    float64 // 1 if it is dark on light, -1 if light on dark
	clarity float64 // how much it looks like one: 1 at most
}

const (
	// maxFinders bounds the search for symbols; twenty have sixty.
	maxFinders = 400

	// leastFinderClarity separates finder patterns from chance. Measured at 100 dpi,
	// those that a blur of 1.6 pixels leaves have 0.55 at the least, and one in a
	// hundred things that only look like one to their row and column has 0.4.
	leastFinderClarity = 0.35
)

// A finderSearch collects the finder patterns of a plane and of views of it.
type finderSearch struct {
	found []finder
	taken [2][]bool // cells on those: dark on light, light on dark
	wide  int       // cells in a row
}

// cell is how many pixels cells have on a side.
const cell = 2

// clearer returns the finder patterns that are at least so clear, of those with the
// clearest first.
func clearer(finders []finder, least float64) []finder {
	faint := func(f finder) bool { return f.clarity < least }
	if i := slices.IndexFunc(finders, faint); i >= 0 {
		return finders[:i]
	}
	return finders
}

// plainFinders returns the finder patterns that a plane shows as it is, the clearest
// first.
func plainFinders(p *plane) []finder {
	s := newFinderSearch(p)
	s.search(p)
	return s.clearest()
}

// findFinders returns the finder patterns of a plane, the clearest first. Smoothing
// finds some in noise, and sharpening some that are blurred.
func findFinders(p *plane) []finder {
	s := newFinderSearch(p)
	s.search(p)
	view := p.copy()
	view.smooth()
	s.search(view)
	view.smooth()
	view.sharpen(p)
	s.search(view)
	p.left = view.left
	return s.clearest()
}

func newFinderSearch(p *plane) *finderSearch {
	wide, cells := p.w/cell+1, (p.w/cell+1)*(p.h/cell+1)
	return &finderSearch{taken: [2][]bool{make([]bool, cells), make([]bool, cells)}, wide: wide}
}

func (s *finderSearch) clearest() []finder {
	slices.SortStableFunc(s.found, func(a, b finder) int { return cmp.Compare(b.clarity, a.clarity) })
	return s.found[:min(len(s.found), maxFinders)]
}

// search looks at every other row: the middle of a finder pattern is at least three
// high. A line through the centre of a finder pattern crosses its
// modules in the ratio 1:1:3:1:1 (ISO/IEC 18004, "Finder pattern").
func (s *finderSearch) search(p *plane) {
	var edges []float64
	for y := 0; y < p.h; y += 2 {
		var sign float64
		edges, sign = p.edges(y, edges[:0])
		for i := 0; i+6 <= len(edges); i++ {
			six := [6]float64(edges[i:])
			if unit, ok := p.inRatio(&six); ok && p.left > 0 {
				middle := point{(edges[i+2] + edges[i+3]) / 2, float64(y) + 0.5}
				s.add(p, finder{point: middle, unit: unit, sign: sign})
			}
			sign = -sign
		}
	}
}

// add adds a finder pattern that a row shows, unless it is known already, or its
// column and the rest of it do not look like one.
func (s *finderSearch) add(p *plane, f finder) {
	taken := s.taken[0]
	if f.sign < 0 {
		taken = s.taken[1]
	}
	if taken[int(f.y)/cell*s.wide+int(f.x)/cell] {
		return
	}
	dy, high, ok := p.measure(f, p.w)
	if !ok {
		return
	}
	f.y += dy
	dx, wide, ok := p.measure(f, 1)
	if !ok {
		return
	}
	f.x += dx
	f.unit = (wide + high) / 2
	if f.clarity = f.clearest(p, wide, high); f.clarity < leastFinderClarity {
		return
	}
	s.found = append(s.found, f)
	for y := max(0, int(f.y-2*f.unit)); y <= min(p.h-1, int(f.y+2*f.unit)); y += cell {
		for x := max(0, int(f.x-2*f.unit)); x <= min(p.w-1, int(f.x+2*f.unit)); x += cell {
			taken[y/cell*s.wide+x/cell] = true
		}
	}
}

// clearest returns how much the pattern looks like one, at the turn at which it
// does most. A module is so wide along its row, and so high along its column.
func (f *finder) clearest(p *plane, wide, high float64) float64 {
	clarity, marks := -1.0, finderMarks()
	for _, degrees := range [6]float64{-45, -15, 15, -30, 0, 30} {
		if degrees == -30 && clarity < leastFinderClarity/2 {
			break // it does not look like one at the turn next to any
		}
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		right, below := point{cos * wide, sin * high}, point{-sin * wide, cos * high}
		sum := 0.0
		for _, m := range marks {
			at := right.times(float64(m.x) * cos).plus(below.times(float64(m.y) * cos))
			sum -= m.dark * p.at(f.plus(at))
		}
		clarity = max(clarity, sum*f.sign/127/float64(len(marks)))
	}
	return clarity
}

// distinct is how far from 0 a line must come to have changed its colour. Noise
// comes less far.
const distinct = 24

// edges appends the places where a row changes colour. Those where it begins and
// ends count, too, as a symbol may be cut out to its edge. It also returns the sign
// of a finder pattern whose first edge is the first of them.
func (p *plane) edges(y int, edges []float64) ([]float64, float64) {
	row := p.v[y*p.w:][:p.w]
	var colour int8
	var crossed, sign float64
	for _, s := range p.spans[y/blockSide] {
		last := row[s.from]
		for x := s.from; x < s.to; x++ {
			v := row[x]
			if colour < 0 && v < 0 || colour > 0 && v > 0 {
				last = v
				continue
			}
			if (last < 0) != (v < 0) {
				crossed = float64(x) - 0.5 + zero(last, v)
			}
			last = v
			if v < distinct && v > -distinct {
				continue
			}
			if colour == 0 {
				sign = math.Copysign(1, -float64(v))
				crossed = 0
			}
			edges = append(edges, crossed)
			colour = v
		}
	}
	return append(edges, float64(p.w)), sign
}

// zero returns where a line is 0, from 0 to 1, that is a at the one end and b,
// whose sign is different, at the other.
func zero(a, b int8) float64 {
	return float64(a) / (float64(a) - float64(b))
}

// inRatio reports whether edges are about in the ratio 1:1:3:1:1, and how wide one
// is. What is doubtful is looked at more closely. In an open plane, the longer of the
// outer two is cut to what it should be.
func (p *plane) inRatio(edges *[6]float64) (unit float64, ok bool) {
	if unit = (edges[4] - edges[1]) / 5; p.open && edges[1]-edges[0] > edges[5]-edges[4] {
		edges[0] = max(edges[0], edges[1]-unit)
	} else if p.open {
		edges[5] = min(edges[5], edges[4]+unit)
	}
	unit = (edges[5] - edges[0]) / 7
	for i, modules := range [5]float64{1, 1, 3, 1, 1} {
		slack := 0.7 + 0.2*modules
		if math.Abs(edges[i+1]-edges[i]-modules*unit) > slack*unit {
			return 0, false
		}
	}
	return unit, unit >= 1
}

// measure looks at the row or the column through the middle of a finder pattern,
// whose pixels are so many apart, and returns how far off the centre the middle
// is, and how wide modules are.
func (p *plane) measure(f finder, apart int) (offset, width float64, ok bool) {
	x, y := int(f.x), int(f.y)
	place, size, middle := x, p.w, f.x
	if apart != 1 {
		place, size, middle = y, p.h, f.y
	}
	reach := int(6 * f.unit)
	before, ok := p.outward(y*p.w+x, -apart, reach, place, f.sign)
	if !ok {
		return 0, 0, false
	}
	after, ok := p.outward(y*p.w+x, apart, reach, size-1-place, f.sign)
	if !ok {
		return 0, 0, false
	}
	edges := [6]float64{-before[2], -before[1], -before[0], after[0], after[1], after[2]}
	const most = 1.6 // between the width of a module along the row and along the column
	if width, ok = p.inRatio(&edges); !ok || width*most < f.unit || width > f.unit*most {
		return 0, 0, false
	}
	centre := 0.0
	for _, edge := range edges {
		centre += edge / 6
	}
	return float64(place) + 0.5 + centre - middle, width, true
}

// outward returns how far from a pixel in the middle of a finder pattern the first
// three changes of colour are, if they are within reach. The last may be the edge of
// the picture, so many pixels away, and anywhere in an open plane.
func (p *plane) outward(from, apart, reach, rest int, sign float64) (edges [3]float64, ok bool) {
	n, crossed, last, dark := 0, 0.0, p.v[from], sign > 0
	for d := 1; d <= min(reach, rest); d++ {
		v := p.v[from+d*apart]
		if (last < 0) != (v < 0) {
			crossed = float64(d-1) + zero(last, v)
		}
		last = v
		if v < distinct && v > -distinct || (v < 0) == dark {
			continue
		}
		edges[n] = crossed
		dark = !dark
		if n++; n == len(edges) {
			return edges, true
		}
	}
	edges[2] = float64(min(rest, reach)) + 0.5
	return edges, n == 2 && (rest < reach || p.open)
}
