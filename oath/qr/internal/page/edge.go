package page

import "math"

// distinct is how far from 0 a line must come to have changed its colour. Noise
// comes less far.
const distinct = 24

// edges appends the places where a row changes colour. It also returns the sign of
// a finder pattern whose first edge is the first of them.
func (p *plane) edges(y int, edges []float64) ([]float64, float64) {
	row := p.v[y*p.w:][:p.w]
	var sign, colour int8
	var crossed float64
	last := row[0]
	for x, v := range row {
		if (last < 0) != (v < 0) {
			crossed = float64(x) - 0.5 + zero(last, v)
		}
		last = v
		if v < distinct && v > -distinct || colour < 0 && v < 0 || colour > 0 && v > 0 {
			continue
		}
		if colour == 0 {
			sign = v
		} else {
			edges = append(edges, crossed)
		}
		colour = v
	}
	return edges, math.Copysign(1, float64(sign))
}

// zero returns where a line is 0, from 0 to 1, that is a at the one end and b,
// whose sign is different, at the other.
func zero(a, b int8) float64 {
	return float64(a) / (float64(a) - float64(b))
}

// inRatio reports whether edges are about in the ratio 1:1:3:1:1, and how wide one
// is. What is doubtful is looked at more closely.
func inRatio(edges []float64) (unit float64, ok bool) {
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
	if x < 0 || y < 0 || x >= p.w || y >= p.h {
		return 0, 0, false
	}
	place, size, middle := x, p.w, f.x
	if apart != 1 {
		place, size, middle = y, p.h, f.y
	}
	limit := int(6 * f.unit)
	before, ok := p.outward(y*p.w+x, -apart, min(limit, place), f.sign)
	if !ok {
		return 0, 0, false
	}
	after, ok := p.outward(y*p.w+x, apart, min(limit, size-1-place), f.sign)
	if !ok {
		return 0, 0, false
	}
	edges := [6]float64{-before[2], -before[1], -before[0], after[0], after[1], after[2]}
	const most = 1.6 // between the width of a module along the row and along the column
	if width, ok = inRatio(edges[:]); !ok || width*most < f.unit || width > f.unit*most {
		return 0, 0, false
	}
	centre := 0.0
	for _, edge := range edges {
		centre += edge / 6
	}
	return float64(place) + 0.5 + centre - middle, width, true
}

// outward returns how far from a pixel in the middle of a finder pattern the first
// three changes of colour are, if they are within the limit.
func (p *plane) outward(from, apart, limit int, sign float64) (edges [3]float64, ok bool) {
	n, crossed, last, dark := 0, 0.0, p.v[from], sign > 0
	for d := 1; d <= limit; d++ {
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
	return edges, false
}
