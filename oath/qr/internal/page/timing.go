package page

// A timing returns how clear the timing patterns of a grid are, between -1 and 1.
type timing func(g *grid, p *plane) float64

// flat takes the grid as it is.
func flat(g *grid, p *plane) float64 {
	return (g.rightTiming(p) + g.belowTiming(p)) / 2
}

// warped tries perspectives, and leaves the grid in the one that shows the timing
// patterns the clearest.
func warped(g *grid, p *plane) float64 {
	const most = 0.3 // nearer or farther at the other end
	// A step moves the middle of a side by 0.4 modules.
	step := 1.6 / float64(g.size)
	best, clarity := [2]float64{1, 1}, [2]float64{-1, -1}
	for by := -most; by <= most; by += step {
		g.weight = [2]float64{1 + by, 1}
		if c := g.rightTiming(p); c > clarity[0] {
			best[0], clarity[0] = 1+by, c
		}
		g.weight = [2]float64{1, 1 + by}
		if c := g.belowTiming(p); c > clarity[1] {
			best[1], clarity[1] = 1+by, c
		}
	}
	g.weight = best
	return (clarity[0] + clarity[1]) / 2
}

// rightTiming returns how clearly modules alternate between the upper finder
// patterns.
func (g *grid) rightTiming(p *plane) (clarity float64) {
	for i := 8; i < g.size-8; i++ {
		clarity += alternate(i) * g.dark(p, i, 6)
	}
	return clarity / float64(g.size-16)
}

// belowTiming returns how clearly they do between the left ones.
func (g *grid) belowTiming(p *plane) (clarity float64) {
	for i := 8; i < g.size-8; i++ {
		clarity += alternate(i) * g.dark(p, 6, i)
	}
	return clarity / float64(g.size-16)
}
