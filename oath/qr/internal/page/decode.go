package page

import (
	"math"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// A doubt returns the modules whose colours are not to be trusted, row by row.
type doubt func(m *modules) []bool

// allDoubts are in the order in which they are had: what covers a symbol, as ink, a hole
// or a flash of light does, first by itself and then with its edge and what is faint.
var allDoubts = []doubt{
	func(m *modules) []bool { return m.doubtful(0, 0) },
	func(m *modules) []bool { return m.doubtful(1, 0.2) },
	func(m *modules) []bool { return m.doubtful(1, 0.4) },
}

// doubtful returns the modules that are covered, or so near to such, and those that are
// neither dark nor light enough. Squares of one colour are covered that are larger than
// masks leave any (ISO/IEC 18004, "Data masking").
func (m *modules) doubtful(near int, least float64) []bool {
	const side = 4 // modules: a symbol of version 10 has one by chance in 20
	all := make([]bool, m.size*m.size)
	for y := range m.size {
		for x := range m.size {
			if math.Abs(*m.at(x, y)) < least {
				all[y*m.size+x] = true
			}
			dark, light := true, true
			for i := 0; (dark || light) && i < side*side; i++ {
				v := *m.at(min(x+i%side, m.size-1), min(y+i/side, m.size-1))
				dark, light = dark && v > 0, light && v <= 0
			}
			if !dark && !light {
				continue
			}
			for y2 := max(y-near, 0); y2 < min(y+side+near, m.size); y2++ {
				for x2 := max(x-near, 0); x2 < min(x+side+near, m.size); x2++ {
					all[y2*m.size+x2] = true
				}
			}
		}
	}
	return all
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
	doubtful := make([]bool, m.size*m.size)
	if doubt != nil {
		doubtful = doubt(m)
	}
	for y := range m.size {
		for x := range m.size {
			if *m.at(x, y) > 0 != (doubtful[y*m.size+x] && m.isData(x, y)) {
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
