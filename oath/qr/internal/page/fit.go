package page

import (
	"cmp"
	"slices"
)

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
			places = append(places, place{g.place(x, y), g.alignmentClarity(p, x, y)})
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

// alignmentClarity returns how clearly an alignment pattern shows at a place.
func (g *grid) alignmentClarity(p *plane, x, y float64) (clarity float64) {
	for _, m := range alignmentMarks() {
		clarity -= g.sign * m.dark * p.at(g.place(x+float64(m.x), y+float64(m.y)))
	}
	return clarity
}

// climb moves one corner after the other, and changes the perspective, by ever
// smaller steps, as long as that helps.
func (g *grid) climb(p *plane, known []mark) {
	const rounds = 8
	clarity, pitch := g.clarity(p, known), g.pitch()
	for _, step := range []float64{0.8, 0.4, 0.2, 0.1} { // modules
		better := true
		for round := 0; better && round < rounds; round++ {
			better = false
			for try := range g.neighbours(step, pitch) {
				if c := try.clarity(p, known); c > clarity {
					*g, clarity, better = try, c, true
				}
			}
		}
	}
}

// neighbours yields the grids of which one corner is a step away from the grid's,
// which may change in between. A weight's step moves the corner that is in none of
// the finder patterns by as much.
func (g *grid) neighbours(step, pitch float64) func(yield func(grid) bool) {
	return func(yield func(grid) bool) {
		for i := range g.corner {
			for _, way := range []point{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
				try := *g
				try.corner[i] = try.corner[i].plus(way.times(step * pitch))
				if !yield(try) {
					return
				}
			}
		}
		for i := range g.weight {
			for _, way := range []float64{1, -1} {
				try := *g
				try.weight[i] += way * step / float64(g.size)
				if !yield(try) {
					return
				}
			}
		}
	}
}
