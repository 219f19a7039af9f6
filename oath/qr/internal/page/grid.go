package page

import (
	"cmp"
	"math"
	"slices"
)

// A grid says where the modules of a symbol are, in perspective.
type grid struct {
	size   int     // modules on a side
	sign   float64 // 1 if it is dark on light, -1 if light on dark
	corner [3]point
	weight [2]float64
	// The corners are the centres of the finder patterns: upper left, upper right,
	// lower left. The weights say how much nearer to the camera the second and the
	// third are than the first.

	mesh *mesh // nil if the paper is flat
}

// How far the centres of the finder patterns, and of the last alignment pattern,
// are from the edge of the symbol, in modules.
const (
	inset     = 3.5
	lastInset = 6.5
)

// place returns where a place is that is given in modules from the upper left
// corner of the symbol.
func (g *grid) place(x, y float64) point {
	var shift point
	if g.mesh != nil {
		shift = g.mesh.shift(x, y)
	}
	x, y = (x-inset)/g.side(), (y-inset)/g.side()
	// The place is the mean of the corners, weighed.
	u, v, w := 1-x-y, x*g.weight[0], y*g.weight[1]
	a, b, c := &g.corner[0], &g.corner[1], &g.corner[2]
	sum := u + v + w
	return point{(a.x*u+b.x*v+c.x*w)/sum + shift.x, (a.y*u+b.y*v+c.y*w)/sum + shift.y}
}

// side is how many modules finder patterns are from each other.
func (g *grid) side() float64 { return float64(g.size) - 2*inset }

// pitch is how many pixels modules are from each other.
func (g *grid) pitch() float64 { return g.corner[0].distance(g.corner[1]) / g.side() }

// dark returns how dark a module is in its middle, between -1 and 1.
func (g *grid) dark(p *plane, x, y int) float64 {
	return -g.sign / 127 * p.at(g.place(float64(x)+0.5, float64(y)+0.5))
}

// clarity returns how clearly marks show: 1 is without fault, 0 is chance.
func (g *grid) clarity(p *plane, marks []mark) (clarity float64) {
	for _, m := range marks {
		clarity += m.dark * g.dark(p, m.x, m.y)
	}
	return clarity / float64(len(marks))
}

// outline returns the corners of the symbol, clockwise, with lengths scaled.
func (g *grid) outline(scale float64) [4]point {
	size := float64(g.size)
	return [4]point{
		g.place(0, 0).times(scale), g.place(size, 0).times(scale),
		g.place(size, size).times(scale), g.place(0, size).times(scale),
	}
}

// bend chooses the perspective in which the centre of the last alignment pattern
// is at a place.
func (g *grid) bend(last point) {
	r := (float64(g.size) - lastInset - inset) / g.side()
	b, c := g.corner[1].minus(last).times(r), g.corner[2].minus(last).times(r)
	rest := last.minus(g.corner[0]).times(1 - 2*r)
	if area := b.cross(c); area != 0 {
		g.weight = [2]float64{rest.cross(c) / area, b.cross(rest) / area}
	}
}

// leastGridClarity is that of a grid that is worth fitting. Of symbols it is above
// 0.4 even before, and of other things below 0.2.
const leastGridClarity = 0.25

// fit moves a grid to where the marks of its size show the clearest.
func (g *grid) fit(p *plane, known []mark) {
	best, clarity := *g, g.clarity(p, known)
	for _, last := range g.findLast(p) {
		try := *g
		try.bend(last)
		if c := try.clarity(p, known); c > clarity {
			best, clarity = try, c
		}
	}
	*g = best
	g.climb(p, known)
}

// findLast returns where the last alignment pattern may be. Perspective moves it
// the further, the larger the symbol is. The smallest has none.
func (g *grid) findLast(p *plane) (best []point) {
	if g.size == 21 {
		return nil
	}
	const step = 0.5
	type place struct {
		point
		clarity float64
	}
	var places []place
	middle, reach := float64(g.size)-lastInset, 1.5+float64(g.size)*0.08
	for y := middle - reach; y <= middle+reach; y += step {
		for x := middle - reach; x <= middle+reach; x += step {
			clarity := 0.0
			for _, m := range alignmentMarks() {
				clarity -= g.sign * m.dark * p.at(g.place(x+float64(m.x), y+float64(m.y)))
			}
			places = append(places, place{g.place(x, y), clarity})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(b.clarity, a.clarity) })
	for _, c := range places {
		near := func(b point) bool { return b.distance(c.point) < 1.2*g.pitch() }
		if !slices.ContainsFunc(best, near) {
			best = append(best, c.point)
		}
		if len(best) == 4 {
			break
		}
	}
	return best
}

// climb moves one corner after the other, and changes the perspective, by ever
// smaller steps, as long as that helps. A weight's step moves the corner that has no
// finder pattern by as much.
func (g *grid) climb(p *plane, known []mark) {
	const rounds = 8
	clarity, pitch := g.clarity(p, known), g.pitch()
	for _, step := range []float64{0.8, 0.4, 0.2, 0.1} { // modules
		better := true
		move := func(change func(*grid)) {
			try := *g
			change(&try)
			if c := try.clarity(p, known); c > clarity {
				*g, clarity, better = try, c, true
			}
		}
		for round := 0; better && round < rounds && p.left > 0; round++ {
			better = false
			for i := range g.corner {
				for _, to := range []point{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
					move(func(g *grid) { g.corner[i] = g.corner[i].plus(to.times(step * pitch)) })
				}
			}
			for i := range g.weight {
				for _, by := range []float64{1, -1} {
					move(func(g *grid) { g.weight[i] += by * step / float64(g.size) })
				}
			}
		}
	}
}

// A point is a place on a plane, or the way from one to another.
type point struct{ x, y float64 }

func (p point) plus(q point) point       { return point{p.x + q.x, p.y + q.y} }
func (p point) minus(q point) point      { return point{p.x - q.x, p.y - q.y} }
func (p point) times(f float64) point    { return point{p.x * f, p.y * f} }
func (p point) length() float64          { return math.Hypot(p.x, p.y) }
func (p point) distance(q point) float64 { return p.minus(q).length() }
func (p point) dot(q point) float64      { return p.x*q.x + p.y*q.y }

// cross is positive if q is clockwise of p, and the area that the two span.
func (p point) cross(q point) float64 { return p.x*q.y - p.y*q.x }
