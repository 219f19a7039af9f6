package page

// A grid says where the modules of a symbol are, in perspective.
type grid struct {
	size   int     // modules on a side
	sign   float64 // 1 if it is dark on light, -1 if light on dark
	corner [3]point
	weight [2]float64
	// The corners are the centres of the finder patterns: upper left, upper right,
	// lower left. The weights say how much nearer to the camera the second and the
	// third are than the first.
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
	x, y = (x-inset)/g.side(), (y-inset)/g.side()
	// The place is the mean of the corners, weighed.
	u, v, w := 1-x-y, x*g.weight[0], y*g.weight[1]
	a, b, c := &g.corner[0], &g.corner[1], &g.corner[2]
	sum := u + v + w
	return point{(a.x*u + b.x*v + c.x*w) / sum, (a.y*u + b.y*v + c.y*w) / sum}
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
// is where it is said to be.
func (g *grid) bend(last point) {
	r := (float64(g.size) - lastInset - inset) / g.side()
	b, c := g.corner[1].minus(last).times(r), g.corner[2].minus(last).times(r)
	rest := last.minus(g.corner[0]).times(1 - 2*r)
	if area := b.cross(c); area != 0 {
		g.weight = [2]float64{rest.cross(c) / area, b.cross(rest) / area}
	}
}
