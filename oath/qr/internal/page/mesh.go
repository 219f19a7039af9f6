package page

import (
	"cmp"
	"math"
	"slices"
)

// A mesh bends a grid with the paper. Its nodes are on every fourth module, or
// nearly, and say how far the paper is moved there from where the grid has it, in
// pixels.
type mesh struct {
	side  int     // nodes on a side
	step  float64 // modules between them
	nodes []node
}

type node struct {
	x, y  float64 // modules from the upper left corner of the symbol
	shift point
	known bool // looked for
}

func newMesh(size int) *mesh {
	const about = 4 // modules
	m := &mesh{side: size/about + 1}
	m.step = float64(size) / float64(m.side-1)
	for i := range m.side * m.side {
		m.nodes = append(m.nodes, node{x: float64(i%m.side) * m.step, y: float64(i/m.side) * m.step})
	}
	return m
}

// shift returns how far a place is moved, between nodes or beyond them.
func (m *mesh) shift(x, y float64) point {
	x, y = x/m.step, y/m.step
	left, top := min(max(int(x), 0), m.side-2), min(max(int(y), 0), m.side-2)
	x, y = x-float64(left), y-float64(top)
	upper := m.nodes[top*m.side+left:]
	lower := upper[m.side:]
	return upper[0].shift.times((1 - x) * (1 - y)).plus(upper[1].shift.times(x * (1 - y))).
		plus(lower[0].shift.times((1 - x) * y)).plus(lower[1].shift.times(x * y))
}

// follow bends the grid with the paper. It begins at the finder patterns and goes on
// from there, each node near where those before it lead to: there, to where modules
// show the clearest, which is in their middle, and those of known colour in theirs.
// It needs no pattern for that, but goes by those that there are.
func (g *grid) follow(p *plane, known []mark) {
	const passes = 2
	flat := *g
	flat.mesh = nil
	m := newMesh(g.size)
	far := float64(g.size) - inset
	distance := func(n *node) float64 {
		return min(math.Hypot(n.x-inset, n.y-inset), math.Hypot(n.x-far, n.y-inset), math.Hypot(n.x-inset, n.y-far))
	}
	order := make([]*node, len(m.nodes))
	for i := range order {
		order[i] = &m.nodes[i]
	}
	slices.SortStableFunc(order, func(a, b *node) int { return cmp.Compare(distance(a), distance(b)) })
	colours := g.colours(known)
	for range passes {
		for _, n := range order {
			if p.left <= 0 {
				return
			}
			m.place(n, &flat, p, colours)
		}
	}
	g.mesh = m
}

// colours returns what is known of each module: 1 if it is dark, -1 if light, 0 if
// that may be either.
func (g *grid) colours(known []mark) *modules {
	m := newModules(g.size)
	for _, k := range known {
		*m.at(k.x, k.y) = k.dark
	}
	return m
}

// place moves a node to where the modules around it show the clearest.
func (m *mesh) place(n *node, flat *grid, p *plane, colours *modules) {
	const (
		reach   = 3   // modules around it
		pull    = 0.1 // towards where other nodes lead to
		certain = 2   // how much more a module of known colour counts
	)
	shift, slopeX, slopeY := m.predict(n)
	type module struct {
		at     point
		colour float64
	}
	var around []module
	for y := max(int(n.y)-reach, -1); y < min(int(n.y)+reach, flat.size+1); y++ {
		for x := max(int(n.x)-reach, -1); x < min(int(n.x)+reach, flat.size+1); x++ {
			dx, dy := float64(x)+0.5-n.x, float64(y)+0.5-n.y
			at := flat.place(float64(x)+0.5, float64(y)+0.5).plus(slopeX.times(dx)).plus(slopeY.times(dy))
			around = append(around, module{at, *colours.at(x, y)})
		}
	}
	right := flat.place(n.x+0.5, n.y).minus(flat.place(n.x-0.5, n.y))
	below := flat.place(n.x, n.y+0.5).minus(flat.place(n.x, n.y-0.5))
	clarity := func(by point) float64 {
		sum := 0.0
		for _, module := range around {
			v := p.at(module.at.plus(shift).plus(by)) / 127
			if module.colour != 0 {
				sum -= certain * flat.sign * module.colour * v
			} else {
				sum += math.Abs(v)
			}
		}
		return sum / float64(len(around))
	}
	// First a wide and coarse look, then a close one.
	best, most := point{}, math.Inf(-1)
	for _, look := range []struct {
		steps int     // in each direction
		step  float64 // modules
	}{{2, 0.24}, {1, 0.12}} {
		centre := best
		for j := -look.steps; j <= look.steps; j++ {
			for i := -look.steps; i <= look.steps; i++ {
				x, y := centre.x+float64(i)*look.step, centre.y+float64(j)*look.step
				c := clarity(right.times(x).plus(below.times(y))) - pull*(x*x+y*y)
				if c > most {
					best, most = point{x, y}, c
				}
			}
		}
	}
	n.shift, n.known = shift.plus(right.times(best.x)).plus(below.times(best.y)), true
}

// predict returns the shift that other nodes lead to, and how it changes from one
// module to the next, to the right and down: the plane that is nearest to those
// around, which count for less the farther they are, and to one that is level.
func (m *mesh) predict(n *node) (shift, slopeX, slopeY point) {
	const (
		reach = 2.5  // steps
		level = 0.05 // the weight of that, in nodes that are a step away
	)
	var weight, sx, sy, xx, xy, yy float64
	var s, sxs, sys point
	for i := range m.nodes {
		o := &m.nodes[i]
		x, y := (o.x-n.x)/m.step, (o.y-n.y)/m.step
		square := x*x + y*y
		if !o.known || o == n || square > reach*reach {
			continue
		}
		w := 1 / square
		weight, sx, sy = weight+w, sx+w*x, sy+w*y
		xx, xy, yy = xx+w*x*x, xy+w*x*y, yy+w*y*y
		s, sxs, sys = s.plus(o.shift.times(w)), sxs.plus(o.shift.times(w*x)), sys.plus(o.shift.times(w*y))
	}
	if weight == 0 {
		return point{}, point{}, point{}
	}
	xx, xy, yy = xx-sx*sx/weight+level, xy-sx*sy/weight, yy-sy*sy/weight+level
	sxs, sys = sxs.minus(s.times(sx/weight)), sys.minus(s.times(sy/weight))
	determinant := xx*yy - xy*xy
	slopeX = sxs.times(yy).minus(sys.times(xy)).times(1 / determinant)
	slopeY = sys.times(xx).minus(sxs.times(xy)).times(1 / determinant)
	shift = s.minus(slopeX.times(sx)).minus(slopeY.times(sy)).times(1 / weight)
	return shift, slopeX.times(1 / m.step), slopeY.times(1 / m.step)
}
