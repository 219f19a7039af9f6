package qr

import (
	"errors"
	"math"

	"rsc.io/qr/coding"
)

// A Level is how much damage a QR code bears (ISO/IEC 18004, "Error correction").
type Level byte

const (
	LevelL Level = iota // 7 % of it, for screens
	LevelM              // 15 %, the usual
	LevelQ              // 25 %
	LevelH              // 30 %, for paper that must last
)

// A Symbol is a QR code: a square of dark and light modules, without the light
// margin of QuietZone modules that readers want around it. It does not
// change, and is safe for concurrent use.
type Symbol struct {
	size int
	dark []bool // row by row
}

// QuietZone is the width of the margin around a symbol, in modules (ISO/IEC
// 18004).
const QuietZone = 4

// ErrLevel is returned for a Level that there is none of.
var ErrLevel = errors.New("no such level of a QR code")

// ErrTooLong is returned for a text that no QR code of the level can hold.
var ErrTooLong = errors.New("the text is too long for a QR code")

// Encode returns the smallest symbol that holds the text. It returns ErrTooLong
// if there is none: beyond 2953 bytes at LevelL, 1273 at LevelH; and ErrLevel.
func Encode(text string, level Level) (*Symbol, error) {
	if level > LevelH {
		return nil, ErrLevel
	}
	encoding := encodingOf(text)
	for version := coding.Version(coding.MinVersion); version <= coding.MaxVersion; version++ {
		if encoding.Bits(version) <= version.DataBytes(coding.Level(level))*8 {
			return leastPenalty(version, coding.Level(level), encoding)
		}
	}
	return nil, ErrTooLong
}

// encodingOf returns the densest encoding that can hold the text.
func encodingOf(text string) coding.Encoding {
	if coding.Num(text).Check() == nil {
		return coding.Num(text)
	}
	if coding.Alpha(text).Check() == nil {
		return coding.Alpha(text)
	}
	return coding.String(text)
}

// leastPenalty returns the symbol under the mask that readers find easiest.
func leastPenalty(version coding.Version, level coding.Level, encoding coding.Encoding) (*Symbol, error) {
	var best *Symbol
	least := math.MaxInt
	for mask := coding.Mask(0); mask < 8; mask++ {
		plan, err := coding.NewPlan(version, level, mask)
		if err != nil {
			return nil, err
		}
		code, err := plan.Encode(encoding)
		if err != nil {
			return nil, err
		}
		s := &Symbol{size: code.Size, dark: make([]bool, code.Size*code.Size)}
		for i := range s.dark {
			s.dark[i] = code.Black(i%code.Size, i/code.Size)
		}
		if penalty := s.penalty(); penalty < least {
			best, least = s, penalty
		}
	}
	return best, nil
}

// Size returns how many modules the symbol has on each side: 21 to 177.
func (s *Symbol) Size() int { return s.size }

// Dark reports whether the module in column x and row y, from the upper left
// corner, is dark. Those outside of the symbol are light.
func (s *Symbol) Dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < s.size && y < s.size && s.dark[y*s.size+x]
}

// penalty rates how hard a symbol is to read, by the four features of ISO/IEC
// 18004, "Evaluation of data masking results".
func (s *Symbol) penalty() int {
	total := s.blocks() + s.imbalance()
	column := make([]bool, s.size)
	for i := range s.size {
		row := s.dark[i*s.size : (i+1)*s.size]
		for y := range column {
			column[y] = s.dark[y*s.size+i]
		}
		total += runs(row) + runs(column) + finders(row) + finders(column)
	}
	return total
}

// runs counts 3 for each run of five modules of a colour, and 1 for each more.
func runs(line []bool) (total int) {
	for i, length := 0, 0; i < len(line); i++ {
		if i > 0 && line[i] == line[i-1] {
			length++
		} else {
			length = 1
		}
		if length == 5 {
			total += 3
		} else if length > 5 {
			total++
		}
	}
	return total
}

// blocks counts 3 for each two by two modules of a colour.
func (s *Symbol) blocks() (total int) {
	for y := range s.size - 1 {
		row, next := s.dark[y*s.size:(y+1)*s.size], s.dark[(y+1)*s.size:]
		for x := range s.size - 1 {
			if row[x+1] == row[x] && next[x] == row[x] && next[x+1] == row[x] {
				total += 3
			}
		}
	}
	return total
}

// finders counts 40 for what looks like a finder pattern, 1:1:3:1:1, with four
// light modules on one side of it.
func finders(line []bool) (total int) {
	const lightAfter, lightBefore, length = 0b1011101_0000, 0b0000_1011101, 11
	window := 0
	for i, dark := range line {
		window = window << 1 & (1<<length - 1)
		if dark {
			window |= 1
		}
		if i >= length-1 && (window == lightAfter || window == lightBefore) {
			total += 40
		}
	}
	return total
}

// imbalance counts 10 for each full 5 % by which the dark modules are more or
// less than half.
func (s *Symbol) imbalance() int {
	dark := 0
	for _, d := range s.dark {
		if d {
			dark++
		}
	}
	percent := dark * 100 / len(s.dark)
	return max(50-percent, percent-50) / 5 * 10
}
