package page

import (
	"cmp"
	"math"
	"slices"
)

// A corner is three finder patterns that may be of one symbol: the upper left one
// and those to its right and below.
type corner struct {
	at, right, below finder
	grid             *grid
	clarity          float64 // of the timing patterns: 1 at most
}

// leastTimingClarity is that of timing patterns which deserve a closer look. Of
// modules that are none, as many are wrong as are right: the mean is 0.
const leastTimingClarity = 0.2

// flatCorners returns the corners of symbols that are seen from straight above,
// the clearest first.
func flatCorners(p *plane, finders []finder) []corner { return corners(p, finders, flat) }

// warpedCorners returns the corners of symbols that are seen in perspective.
func warpedCorners(p *plane, finders []finder) []corner { return corners(p, finders, warped) }

// bentCorners returns the corners of symbols on paper that is not flat. There is more to
// follow than to look at: only plain finder patterns have any.
func bentCorners(p *plane, finders []finder) []corner {
	const plain = 0.55
	return corners(p, clearer(finders, plain), bent)
}

func corners(p *plane, finders []finder, timing timing) (found []corner) {
	for _, a := range finders {
		near := a.near(p, finders)
		for _, b := range near {
			for _, c := range near {
				found = addCorner(found, p, finders, corner{at: a, right: b, below: c}, timing)
			}
		}
	}
	return clearestFirst(found)
}

// brokenCorners returns the corners that lack a finder pattern, such as under a
// stain.
func brokenCorners(p *plane, finders []finder) (found []corner) {
	for _, a := range finders {
		for _, b := range a.near(p, finders) {
			side := b.minus(a.point)
			turned := point{-side.y, side.x}
			hidden := func(at point) finder {
				return finder{at, (a.unit + b.unit) / 2, a.sign, min(a.clarity, b.clarity)}
			}
			for _, c := range []corner{
				{at: a, right: b, below: hidden(a.plus(turned))},
				{at: a, right: hidden(a.minus(turned)), below: b},
				{at: hidden(a.plus(side.plus(turned).times(0.5))), right: a, below: b},
			} {
				found = addCorner(found, p, finders, c, flat)
			}
		}
	}
	return clearestFirst(found)
}

func clearestFirst(found []corner) []corner {
	slices.SortStableFunc(found, func(a, b corner) int { return cmp.Compare(b.clarity, a.clarity) })
	return found
}

// near returns the other finder patterns that may be of the same symbol, nearest
// first. Around one of version 20 there are some fifty of smaller symbols.
func (f *finder) near(p *plane, finders []finder) (near []finder) {
	const most = 64
	if p.left <= 0 {
		return nil
	}
	p.left -= len(finders)
	for _, other := range finders {
		if other.point != f.point && alike(*f, other) {
			near = append(near, other)
		}
	}
	slices.SortStableFunc(near, func(a, b finder) int {
		return cmp.Compare(a.distance(f.point), b.distance(f.point))
	})
	return near[:min(len(near), most)]
}

// addCorner adds a corner that has the shape and the timing patterns of one.
func addCorner(found []corner, p *plane, finders []finder, c corner, timing timing) []corner {
	if p.left <= 0 {
		return found
	}
	if p.left--; !c.square() {
		return found
	}
	p.left -= len(finders) / 8 // to look at as many takes as long as a sample
	if c.crowded(finders) {
		return found
	}
	if c.measure(p, timing); c.clarity < leastTimingClarity {
		return found
	}
	return append(found, c)
}

// alike reports whether finder patterns have the same colours and about the same
// size.
func alike(a, b finder) bool {
	const most = 1.5
	return a.sign == b.sign && a.unit < b.unit*most && b.unit < a.unit*most
}

func (c *corner) sides() (right, below point) {
	return c.right.minus(c.at.point), c.below.minus(c.at.point)
}

// square reports whether the sides are about as long, and about at a right angle,
// as far as perspective allows, and the right one clockwise before the one below.
func (c *corner) square() bool {
	const most = 1.6
	right, below := c.sides()
	a, b := right.length(), below.length()
	return a < b*most && b < a*most && right.cross(below) > 0.8*a*b
}

// crowded reports whether there is another finder pattern between the three, as
// there is none in a symbol.
func (c *corner) crowded(finders []finder) bool {
	right, below := c.sides()
	area := right.cross(below)
	clear := 0.95 * min(c.at.clarity, c.right.clarity, c.below.clarity)
	for _, f := range finders {
		own := f.point == c.at.point || f.point == c.right.point || f.point == c.below.point
		if own || f.clarity < clear {
			continue
		}
		from := f.minus(c.at.point)
		x, y := from.cross(below)/area, right.cross(from)/area
		if x > 0 && y > 0 && x < 1 && y < 1 {
			return true
		}
	}
	return false
}

// measure finds the size at which the timing patterns are the clearest.
func (c *corner) measure(p *plane, timing timing) {
	right, below := c.sides()
	modules := (modulesAlong(right, c.at, c.right) + modulesAlong(below, c.at, c.below)) / 2
	version := int(math.Round((modules + 2*inset - 17) / 4))
	slack := 1 + version/10
	for v := max(1, version-slack); v <= min(40, version+slack); v++ {
		g := &grid{
			size:   17 + 4*v,
			sign:   c.at.sign,
			corner: [3]point{c.at.point, c.right.point, c.below.point},
			weight: [2]float64{1, 1},
		}
		if clarity := timing(g, p); clarity > c.clarity {
			c.grid, c.clarity = g, clarity
		}
	}
}

// modulesAlong returns how many modules there are between finder patterns.
func modulesAlong(side point, a, b finder) float64 {
	length := side.length()
	upright := max(math.Abs(side.x), math.Abs(side.y)) / length // cosine to row or column
	return length / ((a.unit + b.unit) / 2 * upright)
}

// bent counts the modules of the timing patterns, one by one, wherever the paper takes
// them, and leaves the grid with the size that both show.
func bent(g *grid, p *plane) float64 {
	across, acrossClarity := g.count(p, g.corner[1], g.corner[2])
	g.size = across
	down, downClarity := g.count(p, g.corner[2], g.corner[1])
	if down != across {
		return 0
	}
	return (acrossClarity + downClarity) / 2
}

// count follows the timing pattern from the upper left finder pattern to another one, and
// returns the size of the symbol whose pattern that is, and how clearly it shows. The
// pattern continues the outer ring of the finder patterns, on the side of the third.
func (g *grid) count(p *plane, to, third point) (size int, clarity float64) {
	const (
		first = 6    // the module that is where it begins, from the edge of the symbol
		most  = 200  // modules
		reach = 2    // steps in each direction
		step  = 0.14 // modules
		pull  = 0.5  // towards where the modules before lead to
		trust = 0.3  // in what one module says of how far it is to the next
	)
	side, aside := to.minus(g.corner[0]), third.minus(g.corner[0]).times(1/g.side())
	next := side.times(1 / g.side())
	at := g.corner[0].plus(next.plus(aside).times(first + 0.5 - inset))
	end := side.length() - next.length()*inset
	last := first
	for ; at.minus(g.corner[0]).dot(side)/side.length() < end && last < most; last++ {
		at = at.plus(next)
		best, clearest := point{}, math.Inf(-1)
		for j := -reach; j <= reach; j++ {
			for i := -reach; i <= reach; i++ {
				by := next.times(float64(i) * step).plus(aside.times(float64(j) * step))
				clear := -pull * float64(i*i+j*j) * step * step
				for k := -1; k <= 2; k++ {
					clear -= alternate(last+1+k) * g.sign / 127 / 4 * p.at(at.plus(by).plus(next.times(float64(k))))
				}
				if clear > clearest {
					best, clearest = by, clear
				}
			}
		}
		at, next = at.plus(best), next.plus(best.times(trust))
		clarity -= alternate(last+1) * g.sign / 127 * p.at(at)
	}
	// The pattern ends as it began. One module more or less is where the end is in doubt.
	version := (last + first + 1 - 17 + 2) / 4
	return 17 + 4*min(max(version, 1), 40), clarity / float64(max(1, last-first))
}

// A timing returns how clear the timing patterns of a grid are, between -1 and 1.
type timing func(g *grid, p *plane) float64

// flat takes the grid as it is.
func flat(g *grid, p *plane) float64 {
	return (g.timing(p, 1, 0) + g.timing(p, 0, 1)) / 2
}

// warped tries perspectives, and leaves the grid in the one that shows the timing
// patterns the clearest.
func warped(g *grid, p *plane) float64 {
	const most = 0.3 // nearer or farther at the other end
	// A step moves the middle of a side by 0.4 modules.
	step := 1.6 / float64(g.size)
	best, clarity := [2]float64{1, 1}, [2]float64{-1, -1}
	for by := -most; by <= most; by += step {
		for i := range best {
			g.weight = [2]float64{1, 1}
			g.weight[i] += by
			if c := g.timing(p, 1-i, i); c > clarity[i] {
				best[i], clarity[i] = 1+by, c
			}
		}
	}
	g.weight = best
	return (clarity[0] + clarity[1]) / 2
}

// timing returns how clearly modules alternate between the upper finder patterns,
// to the right, or between the left ones, downwards.
func (g *grid) timing(p *plane, right, down int) (clarity float64) {
	const first, few = 8, 6 // modules, by which most of what is no pattern shows
	for i := first; i < g.size-8; i++ {
		if i == first+few && clarity < 0 {
			return 0
		}
		clarity += alternate(i) * g.dark(p, 6*down+i*right, 6*right+i*down)
	}
	return clarity / float64(g.size-16)
}
