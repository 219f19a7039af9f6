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

	// leastFinderClarity tells finder patterns from chance. Measured at 100 dpi,
	// those that a blur of 1.6 pixels leaves have 0.55 at the least, and one in a
	// hundred things that only look like one to their row and column has 0.4.
	leastFinderClarity = 0.35
)

// findFinders returns the finder patterns of a plane, the clearest first. Smoothing
// finds some in noise, and sharpening some that are blurred.
func findFinders(p *plane) (found []finder) {
	for _, view := range []*plane{p, p.smooth(), p.sharpen()} {
		found = view.addFinders(found)
	}
	slices.SortStableFunc(found, func(a, b finder) int { return cmp.Compare(b.clarity, a.clarity) })
	return found[:min(len(found), maxFinders)]
}

// addFinders searches row by row. A line through the centre of a finder pattern
// crosses its modules in the ratio 1:1:3:1:1 (ISO/IEC 18004, "Finder pattern").
func (p *plane) addFinders(found []finder) []finder {
	var edges []float64
	for y := range p.h {
		var sign float64
		edges, sign = p.edges(y, edges[:0])
		for i := 0; i+6 <= len(edges); i++ {
			if unit, ok := inRatio(edges[i : i+6]); ok {
				middle := point{(edges[i+2] + edges[i+3]) / 2, float64(y) + 0.5}
				found = p.add(found, finder{point: middle, unit: unit, sign: sign})
			}
			sign = -sign
		}
	}
	return found
}

// add adds a finder pattern that a row shows, unless it is known already, or its
// column and the rest of it do not look like one.
func (p *plane) add(found []finder, f finder) []finder {
	for _, known := range slices.Backward(found) {
		if known.sign == f.sign && max(math.Abs(known.x-f.x), math.Abs(known.y-f.y)) < 2*known.unit {
			return found
		}
	}
	dy, high, ok := p.measure(f, p.w)
	if !ok {
		return found
	}
	f.y += dy
	dx, wide, ok := p.measure(f, 1)
	if !ok {
		return found
	}
	f.x += dx
	f.unit = (wide + high) / 2
	if f.clarity = f.clearest(p, wide, high); f.clarity < leastFinderClarity {
		return found
	}
	return append(found, f)
}

// clearest returns how much the pattern looks like one, at the turn at which it
// does most. A module is so wide along its row, and so high along its column.
func (f *finder) clearest(p *plane, wide, high float64) float64 {
	clarity, marks := -1.0, finderMarks()
	for degrees := -45.0; degrees < 45; degrees += 15 {
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
