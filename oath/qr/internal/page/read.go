package page

import (
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// read returns the text of the symbol on a grid, if there is one that its error
// correction accepts.
func (g *grid) read(p *plane, known []mark) (text string, ok bool) {
	m := g.sample(p)
	sharp := m.sharpen(known)
	// Once more, with what was learned from the whole symbol.
	for _, try := range []*modules{sharp, m.sharpen(append(known, sharp.certain()...)), m} {
		if text, ok := try.decode(); ok {
			return text, true
		}
	}
	return "", false
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

// sample looks at nine places of each module, of which the middle counts the most.
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

// decode returns the text of a symbol, which may be seen from behind.
func (m *modules) decode() (text string, ok bool) {
	bits, err := gozxing.NewSquareBitMatrix(m.size)
	if err != nil {
		return "", false
	}
	for y := range m.size {
		for x := range m.size {
			if *m.at(x, y) > 0 {
				bits.Set(x, y)
			}
		}
	}
	result, err := decoder.NewDecoder().Decode(bits, nil)
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}
