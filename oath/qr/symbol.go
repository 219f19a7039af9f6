package qr

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"

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
	rows []row
}

// QuietZone is the width of the margin around a symbol, in modules (ISO/IEC
// 18004).
const QuietZone = 4

// ErrLevel is returned for a Level that does not exist.
var ErrLevel = errors.New("no such level of a QR code")

// ErrTooLong is returned for a text that no QR code of the level can hold.
var ErrTooLong = errors.New("the text is too long for a QR code")

// Encode returns the smallest symbol that holds the text. It returns ErrTooLong
// if there is none: beyond 2953 bytes at LevelL, 1273 at LevelH; and ErrLevel.
func Encode(text string, level Level) (*Symbol, error) {
	segments := segmentsOf(text)
	version, err := smallest(segments, coding.Level(level))
	if err != nil {
		return nil, err
	}
	return leastPenalty(version, coding.Level(level), segments)
}

// SizeOf returns the Size of the symbol that Encode makes of a text, without making it.
func SizeOf(text string, level Level) (int, error) {
	version, err := smallest(segmentsOf(text), coding.Level(level))
	return 17 + 4*int(version), err
}

// smallest returns the lowest version that holds the segments.
func smallest(segments []coding.Encoding, level coding.Level) (coding.Version, error) {
	if level > coding.H {
		return 0, ErrLevel
	}
	for version := coding.Version(coding.MinVersion); version <= coding.MaxVersion; version++ {
		bits := 0
		for _, s := range segments {
			bits += s.Bits(version)
		}
		if bits <= version.DataBytes(level)*8 {
			return version, nil
		}
	}
	return 0, ErrTooLong
}

// alphanumeric has the characters of the alphanumeric mode (ISO/IEC 18004, "Encoding and
// decoding character sets").
const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// shortestAlpha is how many characters of the alphanumeric mode a run needs to be
// shorter in that mode than in bytes, where changing the mode and back takes 37 bits at
// most (ISO/IEC 18004, "Mode indicator", "Character count indicator").
const shortestAlpha = 15

// segmentsOf returns a text in dense encodings, one after the other.
func segmentsOf(text string) (segments []coding.Encoding) {
	if coding.Num(text).Check() == nil {
		return []coding.Encoding{coding.Num(text)}
	}
	start := 0 // of what has no segment yet
	for i := 0; i < len(text); i++ {
		first := i
		for i < len(text) && strings.IndexByte(alphanumeric, text[i]) >= 0 {
			i++
		}
		if i-first < shortestAlpha && (first > 0 || i < len(text)) {
			continue
		}
		if first > start {
			segments = append(segments, coding.String(text[start:first]))
		}
		segments = append(segments, coding.Alpha(text[first:i]))
		start = i
	}
	if start < len(text) {
		segments = append(segments, coding.String(text[start:]))
	}
	return segments
}

// A pattern is how a version looks at a level: the plan of its first mask, and what
// the others change of any symbol, in the mask's modules and in those that name it.
type pattern struct {
	plan  *coding.Plan
	masks [8]struct{ rows, columns []row }
}

// patterns keeps each that was drawn, by version and level: drawing one takes a
// hundred times as long as a symbol that follows it.
var patterns sync.Map

func patternOf(version coding.Version, level coding.Level) (*pattern, error) {
	type look struct {
		coding.Version
		coding.Level
	}
	if p, ok := patterns.Load(look{version, level}); ok {
		return p.(*pattern), nil
	}
	var p pattern
	var first []row // of a symbol without text
	for mask := range p.masks {
		plan, err := coding.NewPlan(version, level, coding.Mask(mask))
		if err != nil {
			return nil, err
		}
		empty, err := plan.Encode()
		if err != nil {
			return nil, err
		}
		rows := rowsOf(empty)
		if mask == 0 {
			p.plan, first = plan, slices.Clone(rows)
		}
		combine(rows, rows, first)
		p.masks[mask].rows, p.masks[mask].columns = rows, columnsOf(rows)
	}
	patterns.Store(look{version, level}, &p)
	return &p, nil
}

// leastPenalty returns the symbol under the mask that readers find easiest.
func leastPenalty(version coding.Version, level coding.Level, segments []coding.Encoding) (*Symbol, error) {
	pattern, err := patternOf(version, level)
	if err != nil {
		return nil, err
	}
	code, err := pattern.plan.Encode(segments...)
	if err != nil {
		return nil, err
	}
	plain := rowsOf(code)
	plainColumns := columnsOf(plain)
	rows, columns := make([]row, code.Size), make([]row, code.Size)
	best, least := 0, math.MaxInt
	for i, mask := range pattern.masks {
		combine(rows, plain, mask.rows)
		combine(columns, plainColumns, mask.columns)
		if penalty := penalty(rows, columns, least); penalty < least {
			best, least = i, penalty
		}
	}
	combine(rows, plain, pattern.masks[best].rows)
	return &Symbol{code.Size, rows}, nil
}

// Size returns how many modules the symbol has on each side: 21 to 177.
func (s *Symbol) Size() int { return s.size }

// Dark reports whether the module in column x and row y, from the upper left
// corner, is dark. Those outside of the symbol are light.
func (s *Symbol) Dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < s.size && y < s.size && s.rows[y][x/64]>>(x%64)&1 == 1
}
