package page

import (
	"math"
	"sync"

	"rsc.io/qr/coding"
)

// A mark is a module whose colour is the same in every symbol of a size.
type mark struct {
	x, y int
	dark float64 // 1 if it is dark, -1 if light
}

// finderMarks are those of a finder pattern and the light ring around it, from its
// centre.
var finderMarks = sync.OnceValue(func() []mark { return square(4, []float64{1, 1, -1, 1, -1}) })

// alignmentMarks are those of an alignment pattern, from its centre.
var alignmentMarks = sync.OnceValue(func() []mark { return square(2, []float64{1, -1, 1}) })

// square returns rings around a centre, each of one colour.
func square(reach int, rings []float64) (marks []mark) {
	for y := -reach; y <= reach; y++ {
		for x := -reach; x <= reach; x++ {
			marks = append(marks, mark{x, y, rings[max(x, -x, y, -y)]})
		}
	}
	return marks
}

// marks returns the function patterns of a size (ISO/IEC 18004, "Function
// patterns"): finder, timing and alignment patterns. The ring around the finder
// patterns is in part outside of the symbol.
func marks(size int) (all []mark) {
	add := func(marks []mark, x, y int) {
		for _, m := range marks {
			all = append(all, mark{x + m.x, y + m.y, m.dark})
		}
	}
	add(finderMarks(), 3, 3)
	add(finderMarks(), size-4, 3)
	add(finderMarks(), 3, size-4)
	for i := 8; i < size-8; i++ {
		all = append(all, mark{i, 6, alternate(i)}, mark{6, i, alternate(i)})
	}
	for _, centre := range alignments(size) {
		add(alignmentMarks(), centre[0], centre[1])
	}
	return all
}

// alternate returns the colour of a module of the timing patterns.
func alternate(i int) float64 { return float64(1 - i%2*2) }

// alignments returns the columns and rows of a size's alignment patterns.
func alignments(size int) (centres [][2]int) {
	plan, err := planOf(size, coding.L)
	if err != nil {
		return nil
	}
	isPart := func(x, y int) bool { return plan.Pixel[y][x].Role() == coding.Alignment }
	for y := 1; y < size; y++ {
		for x := 1; x < size; x++ {
			if isPart(x, y) && !isPart(x-1, y) && !isPart(x, y-1) { // its corner
				centres = append(centres, [2]int{x + 2, y + 2})
			}
		}
	}
	return centres
}

// read returns the text of the symbol on a grid, if there is one that its error
// correction accepts; and else the modules in which there was none.
func (g *grid) read(p *plane, known []mark) (text string, ok bool, tried []*modules) {
	m := g.sample(p)
	sharp := m.sharpen(known)
	for _, next := range []func() *modules{
		func() *modules { return sharp },
		func() *modules { return m.sharpen(append(known, sharp.certain()...)) }, // with what was learned from the whole symbol
		func() *modules { return m },
	} {
		tried = append(tried, next())
		if text, ok = tried[len(tried)-1].decode(nil); ok {
			return text, true, nil
		}
	}
	return "", false, tried
}

// modules says how dark the modules of a symbol are, those of a margin around it
// included: 1 is dark, -1 light.
type modules struct {
	size int
	dark []float64
}

// modulesMargin is as wide as sharpening reaches, from a mark outside of the
// symbol.
const modulesMargin = 3

func newModules(size int) *modules {
	side := size + 2*modulesMargin
	return &modules{size, make([]float64, side*side)}
}

func (m *modules) at(x, y int) *float64 {
	side := m.size + 2*modulesMargin
	return &m.dark[(y+modulesMargin)*side+x+modulesMargin]
}

// sample looks at nine places of each module; the middle counts the most.
func (g *grid) sample(p *plane) *modules {
	const apart = 0.25
	weights := [3]float64{0.25, 0.5, 0.25}
	m := newModules(g.size)
	for y := -modulesMargin; y < g.size+modulesMargin; y++ {
		for x := -modulesMargin; x < g.size+modulesMargin; x++ {
			sum := 0.0
			for i, wy := range weights {
				for j, wx := range weights {
					sum += wy * wx * p.at(g.place(float64(x)+0.5+float64(j-1)*apart, float64(y)+0.5+float64(i-1)*apart))
				}
			}
			*m.at(x, y) = -g.sign * sum / 127
		}
	}
	return m
}

// sharpen takes from each module what others have blurred into it. How much that
// is, is learned from marks, whose colours are known: these come out right, by least
// squares.
func (m *modules) sharpen(known []mark) *modules {
	weights := m.learn(known)
	sharp := newModules(m.size)
	for y := range m.size {
		for x := range m.size {
			for i, f := range m.rings(x, y) {
				*sharp.at(x, y) += f * weights[i]
			}
		}
	}
	return sharp
}

// certain returns the modules with little doubt.
func (m *modules) certain() (marks []mark) {
	const doubt = 0.2
	for y := range m.size {
		for x := range m.size {
			if dark := *m.at(x, y); math.Abs(dark) > doubt {
				marks = append(marks, mark{x, y, math.Copysign(1, dark)})
			}
		}
	}
	return marks
}

// terms is what goes into a module's colour: a constant, its own darkness, and
// that of four rings of modules around it, each equally far.
const terms = 6

// rings returns the terms of a module.
func (m *modules) rings(x, y int) (terms [terms]float64) {
	terms[0] = 1
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			// By the square of the distance; corners, at 8, are left out.
			if ring := [9]int{1, 2, 3, 0, 4, 5}[dx*dx+dy*dy]; ring > 0 {
				terms[ring] += *m.at(x+dx, y+dy)
			}
		}
	}
	return terms
}

// learn returns the weights of the terms by which modules come nearest to the
// colours they should have.
func (m *modules) learn(known []mark) [terms]float64 {
	var normal [terms][terms + 1]float64
	for _, k := range known {
		f := m.rings(k.x, k.y)
		for i := range f {
			for j := range f {
				normal[i][j] += f[i] * f[j]
			}
			normal[i][terms] += f[i] * k.dark
		}
	}
	for i := range terms {
		normal[i][i]++ // so that there is a solution, and weights are small
	}
	return solve(normal)
}

// solve solves linear equations by elimination. They must be positive definite, as
// those of least squares are.
func solve(a [terms][terms + 1]float64) (x [terms]float64) {
	for i := range terms {
		for j := i + 1; j < terms; j++ {
			factor := a[j][i] / a[i][i]
			for k := i; k <= terms; k++ {
				a[j][k] -= factor * a[i][k]
			}
		}
	}
	for i := terms - 1; i >= 0; i-- {
		x[i] = a[i][terms]
		for k := i + 1; k < terms; k++ {
			x[i] -= a[i][k] * x[k]
		}
		x[i] /= a[i][i]
	}
	return x
}
