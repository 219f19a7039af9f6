package qr

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
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
// margin of QuietZone modules that readers want around it.
type Symbol struct {
	size int
	dark []bool // row by row
}

// QuietZone is the width of the margin around a symbol, in modules (ISO/IEC
// 18004).
const QuietZone = 4

// ErrTooLong is returned for a text that no QR code of the level can hold.
var ErrTooLong = errors.New("the text is too long for a QR code")

// Encode returns the smallest symbol that holds the text. It returns ErrTooLong
// if there is none: beyond 2953 bytes at LevelL, 1273 at LevelH.
func Encode(text string, level Level) (*Symbol, error) {
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
		s := newSymbol(code)
		if penalty := s.penalty(); penalty < least {
			best, least = s, penalty
		}
	}
	return best, nil
}

func newSymbol(code *coding.Code) *Symbol {
	s := &Symbol{size: code.Size, dark: make([]bool, code.Size*code.Size)}
	for i := range s.dark {
		s.dark[i] = code.Black(i%code.Size, i/code.Size)
	}
	return s
}

// Size returns how many modules the symbol has on each side: 21 to 177.
func (s *Symbol) Size() int { return s.size }

// Dark reports whether the module in column x and row y, from the upper left
// corner, is dark. Those outside of the symbol are light.
func (s *Symbol) Dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < s.size && y < s.size && s.dark[y*s.size+x]
}

// Image returns the symbol as a picture with its margin, each module a square of
// scale pixels.
func (s *Symbol) Image(scale int) image.Image {
	side := (s.size + 2*QuietZone) * scale
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if s.Dark(x/scale-QuietZone, y/scale-QuietZone) {
				img.Pix[y*img.Stride+x] = 1
			}
		}
	}
	return img
}

// WritePNG writes the symbol's Image as a PNG.
func (s *Symbol) WritePNG(w io.Writer, scale int) error {
	return png.Encode(w, s.Image(scale))
}
