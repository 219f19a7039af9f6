package page

import (
	"math"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// A doubt reports whether the colour of a module is not to be trusted.
type doubt func(m *modules, x, y int) bool

// allDoubts are in the order in which they are had: what covers a symbol, as ink, a hole
// or a flash of light does, first by itself and then with its edge and what is faint.
var allDoubts = []doubt{
	func(m *modules, x, y int) bool { return m.covered(x, y, 0) },
	func(m *modules, x, y int) bool { return m.covered(x, y, 1) || m.faint(x, y, 0.2) },
	func(m *modules, x, y int) bool { return m.covered(x, y, 1) || m.faint(x, y, 0.4) },
	func(m *modules, x, y int) bool { return m.faint(x, y, 0.3) },
}

func (m *modules) faint(x, y int, least float64) bool { return math.Abs(*m.at(x, y)) < least }

// covered reports whether a module is in a square of one colour, or so near to one, that
// is larger than masks leave any (ISO/IEC 18004, "Data masking").
func (m *modules) covered(x, y, near int) bool {
	const side = 4 // modules: a symbol of version 10 has one by chance in 20
	for top := max(0, y-side+1-near); top <= min(y+near, m.size-side); top++ {
		for left := max(0, x-side+1-near); left <= min(x+near, m.size-side); left++ {
			dark := 0
			for i := range side * side {
				if *m.at(left+i%side, top+i/side) > 0 {
					dark++
				}
			}
			if dark == 0 || dark == side*side {
				return true
			}
		}
	}
	return false
}

// decode returns the text of a symbol, which may be seen from behind.
func (m *modules) decode(doubts []doubt) (text string, ok bool) {
	if text, ok = m.decodeFront(doubts); ok {
		return text, true
	}
	behind := newModules(m.size)
	for y := range m.size {
		for x := range m.size {
			*behind.at(x, y) = *m.at(y, x)
		}
	}
	return behind.decodeFront(doubts)
}

// decodeFront corrects each block of codewords with the first of the doubts with which that
// can be done.
func (m *modules) decodeFront(doubts []doubt) (text string, ok bool) {
	whole, err := m.codewords(nil)
	if err != nil {
		return "", false
	}
	mended := make([]bool, len(whole.blocks))
	mend := func(erased func(block int) []int, spare int) {
		for i, block := range whole.blocks {
			codewords := block.GetCodewords()
			mended[i] = mended[i] || correct(codewords, len(codewords)-block.GetNumDataCodewords(), erased(i), spare)
		}
	}
	mend(func(int) []int { return nil }, 0)
	for _, doubt := range doubts {
		const spare = 4 // codewords: what is no symbol passes once in 2^32
		// Codewords that change with the modules in doubt are those that hold them.
		before, _ := m.codewords(nil)
		after, err := m.codewords(doubt)
		if err != nil {
			return "", false
		}
		mend(func(i int) (erased []int) {
			now := after.blocks[i].GetCodewords()
			for at, c := range before.blocks[i].GetCodewords() {
				if c != now[at] {
					erased = append(erased, at)
				}
			}
			return erased
		}, spare)
	}
	var data []byte
	for i, block := range whole.blocks {
		if !mended[i] {
			return "", false
		}
		data = append(data, block.GetCodewords()[:block.GetNumDataCodewords()]...)
	}
	result, err := decoder.DecodedBitStreamParser_Decode(data, whole.version, whole.level, nil)
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}

// codewords are what the modules of a symbol stand for.
type codewords struct {
	version *decoder.Version
	level   decoder.ErrorCorrectionLevel
	blocks  []*decoder.DataBlock
}

// codewords returns those of a symbol whose data has the other colour where it is in
// doubt.
func (m *modules) codewords(doubt doubt) (c codewords, err error) {
	bits, err := gozxing.NewSquareBitMatrix(m.size)
	if err != nil {
		return c, err
	}
	for y := range m.size {
		for x := range m.size {
			if *m.at(x, y) > 0 != (doubt != nil && m.isData(x, y) && doubt(m, x, y)) {
				bits.Set(x, y)
			}
		}
	}
	parser, err := decoder.NewBitMatrixParser(bits)
	if err != nil {
		return c, err
	}
	if c.version, err = parser.ReadVersion(); err != nil {
		return c, err
	}
	format, err := parser.ReadFormatInformation()
	if err != nil {
		return c, err
	}
	raw, err := parser.ReadCodewords()
	if err != nil {
		return c, err
	}
	c.level = format.GetErrorCorrectionLevel()
	c.blocks, err = decoder.DataBlock_GetDataBlocks(raw, c.version, c.level)
	return c, err
}

// isData reports whether a module is no part of what says how to read the symbol: beside
// the finder patterns, its format, and from size 45 on its version (ISO/IEC 18004, "Format
// information" and "Version information").
func (m *modules) isData(x, y int) bool {
	const format, version, least = 9, 11, 45
	farX, farY := m.size-x, m.size-y
	switch {
	case x < format && y < format, farX < format && y < format, x < format && farY < format:
		return false
	}
	return m.size < least || (farX > version || y > 5) && (farY > version || x > 5)
}
