package page

import "math"

// sharpen takes from each module what others have blurred into it. How much that
// is, marks tell, whose colours are known: it is chosen such that these come out
// right, by least squares.
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

// certain returns the modules of which there is little doubt.
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
