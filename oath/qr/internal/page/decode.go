package page

import (
	"fmt"
	"math"
	"math/bits"
	"sync"

	"rsc.io/qr/coding"
)

// A doubt returns the modules whose colours are not to be trusted, row by row.
type doubt func(m *modules) []bool

// allDoubts are in the order in which they are had: what covers a symbol, as ink, a hole
// or a flash of light does, first alone and then with its edge and what is faint.
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
	plan, mask, ok := m.format()
	if !ok {
		return "", false
	}
	codewords := make([]byte, plan.DataBytes+plan.CheckBytes)
	eachBit(plan, func(x, y, bit int) {
		if *m.at(x, y) > 0 != mask.Invert(y, x) {
			codewords[bit/8] |= 0x80 >> (bit % 8)
		}
	})
	parity := plan.CheckBytes / plan.Blocks
	var inDoubt [][]bool // codewords, by each of the doubts
	var data []byte
	for _, places := range blocks(plan) {
		block := make([]byte, len(places))
		for i, place := range places {
			block[i] = codewords[place]
		}
		corrected := correct(block, parity, nil, 0)
		for i := 0; !corrected && i < len(doubts); i++ {
			if i == len(inDoubt) {
				doubtful, in := doubts[i](m), make([]bool, len(codewords))
				eachBit(plan, func(x, y, bit int) { in[bit/8] = in[bit/8] || doubtful[y*m.size+x] })
				inDoubt = append(inDoubt, in)
			}
			var erased []int
			for at, place := range places {
				if inDoubt[i][place] {
					erased = append(erased, at)
				}
			}
			const spare = 4 // codewords: what is no symbol passes once in 2^32
			corrected = correct(block, parity, erased, spare)
		}
		if !corrected {
			return "", false
		}
		data = append(data, block[:len(block)-parity]...)
	}
	return textOf(data, plan.Version)
}

// format returns the plan of a symbol but for its mask, and that, by what is nearest to one
// of the two places that say it.
func (m *modules) format() (plan *coding.Plan, mask coding.Mask, ok bool) {
	any, err := planOf(m.size, coding.L)
	if err != nil {
		return nil, 0, false
	}
	var said [2]uint
	for y, row := range any.Pixel {
		for x, pixel := range row {
			if pixel.Role() == coding.Format && *m.at(x, y) > 0 {
				place := 0
				if x > 8 || y > 8 { // not beside the first finder pattern
					place = 1
				}
				said[place] |= 1 << pixel.Offset()
			}
		}
	}
	const most = 3 // bits that may be wrong: any two formats differ in seven
	nearest, level := most+1, coding.L
	for i := range 32 {
		l, k := coding.Level(i/8), coding.Mask(i%8)
		for _, s := range said {
			if wrong := bits.OnesCount(s ^ formatBits(l, k)); wrong < nearest {
				nearest, level, mask = wrong, l, k
			}
		}
	}
	if nearest > most {
		return nil, 0, false
	}
	plan, err = planOf(m.size, level)
	return plan, mask, err == nil
}

// formatBits returns how a symbol says its level and mask (ISO/IEC 18004, "Format
// information").
func formatBits(level coding.Level, mask coding.Mask) uint {
	const polynomial, inverted = 0x537, 0x5412
	said := uint(level^1)<<13 | uint(mask)<<10
	rest := said
	for i := 14; i >= 10; i-- {
		if rest>>i&1 == 1 {
			rest ^= polynomial << (i - 10)
		}
	}
	return (said | rest) ^ inverted
}

// plans keeps each that was made: to make one takes as long as to read some symbols.
var plans sync.Map

// planOf returns which bit each module of a size stands for, apart from the mask. It is
// shared, and not to be changed.
func planOf(size int, level coding.Level) (*coding.Plan, error) {
	key := [2]int{size, int(level)}
	if p, ok := plans.Load(key); ok {
		return p.(*coding.Plan), nil
	}
	version := (size - 17) / 4
	if size != 17+4*version || version < coding.MinVersion || version > coding.MaxVersion {
		return nil, fmt.Errorf("no symbol has %d modules a side", size)
	}
	p, err := coding.NewPlan(coding.Version(version), level, 0)
	if err == nil {
		plans.Store(key, p)
	}
	return p, err
}

// eachBit calls a function with each module that is part of a codeword, and which bit of
// them all it is.
func eachBit(p *coding.Plan, do func(x, y, bit int)) {
	for y, row := range p.Pixel {
		for x, pixel := range row {
			if role := pixel.Role(); role == coding.Data || role == coding.Check {
				do(x, y, int(pixel.Offset()))
			}
		}
	}
}

// blocks returns the codewords of each block, those of data first. The last blocks have one
// more of these, where they are not all alike.
func blocks(p *coding.Plan) [][]int {
	all := make([][]int, p.Blocks)
	data, check := 0, p.DataBytes
	for i := range all {
		for range (p.DataBytes + i) / p.Blocks {
			all[i] = append(all[i], data)
			data++
		}
		for range p.CheckBytes / p.Blocks {
			all[i] = append(all[i], check)
			check++
		}
	}
	return all
}
