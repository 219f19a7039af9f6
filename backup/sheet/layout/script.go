package layout

import (
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	ubidi "github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/bidi"
)

// A typesetter sets texts in every script that its fonts have: it finds the font of
// each character, the order of reading, and the shapes of letters beside each other.
type typesetter struct {
	faces  []*font.Face // nil where one broke
	shaper shaping.HarfbuzzShaper
	homes  map[string]int // the face of a character and its marks, or nowhere
}

// nowhere is the face of what the fonts in the program show, and of what none does.
const nowhere = -1

// weight is that of a font that has several: some would be hairlines otherwise. 400 is
// regular (OpenType, "Registered design-variation axis tag: 'wght'").
var weight = opentype.MustNewTag("wght")

func newTypesetter(fonts []*Font) *typesetter {
	t := &typesetter{homes: make(map[string]int)}
	for i, f := range fonts {
		t.faces = append(t.faces, font.NewFace(f.parsed))
		t.guard(i, func(f *font.Face) { f.SetVariations([]font.Variation{{Tag: weight, Value: 400}}) })
	}
	return t
}

// A piece of a line is in one font and direction.
type piece struct {
	start, end int // of its characters in the line
	level      ubidi.Level
	face       int // or nowhere
	script     language.Script
	text       string  // where it is in the fonts in the program
	shapes     []shape // from left to right, where it is in a face
}

func (p piece) isRightToLeft() bool { return p.level%2 == 1 }

// visual returns characters of the piece from left to right.
func (p piece) visual(runes []rune) []rune {
	if p.isRightToLeft() {
		runes = slices.Clone(runes)
		slices.Reverse(runes)
	}
	return runes
}

// A shape is a character, or several that are drawn as one. Lengths are parts of the
// size of the text.
type shape struct {
	start, end int // of its characters in the line
	width      float64
	path       []byte  // PDF's operators, in units of the face
	unit       float64 // the length of one
}

// shows reports whether a character, with the marks on it, shows as itself.
func (t *typesetter) shows(text string) bool {
	r, size := utf8.DecodeRuneInString(text)
	return size == len(text) && printable(r) || t.home([]rune(text)) != nowhere
}

// maxMarks are on a character at most: more of them would stand in other lines.
const maxMarks = 4

// home returns the first face that shows a character and the marks on it.
func (t *typesetter) home(runes []rune) int {
	text := string(runes)
	home, known := t.homes[text]
	if known {
		return home
	}
	home = nowhere
	if visible(text) && !unicode.IsMark(runes[0]) && len(runes) <= 1+maxMarks {
		for i := 0; i < len(t.faces) && home == nowhere; i++ {
			if t.has(i, runes) {
				home = i
			}
		}
	}
	t.homes[text] = home
	return home
}

// has reports whether a face has an outline of each character. Fonts of coloured
// pictures have none.
func (t *typesetter) has(face int, runes []rune) bool {
	drawn := 0
	return t.guard(face, func(f *font.Face) {
		for _, r := range runes {
			if glyph, mapped := f.NominalGlyph(r); mapped {
				if outline, ok := f.GlyphDataOutline(glyph); ok && len(outline.Segments) > 0 {
					drawn++
				}
			}
		}
	}) && drawn == len(runes)
}

// guard works with a face, and drops one that panics: files of fonts say what they like.
func (t *typesetter) guard(face int, work func(*font.Face)) (fine bool) {
	if t.faces[face] == nil {
		return false
	}
	defer func() {
		if recover() != nil {
			t.faces[face], t.shaper, fine = nil, shaping.HarfbuzzShaper{}, false
			clear(t.homes)
		}
	}()
	work(t.faces[face])
	return true
}

// line returns the pieces of a line from left to right. A line without a letter that is
// read from left to right begins at its right end; in an English sheet, others begin at
// the left.
func (t *typesetter) line(runes []rune) []piece {
	base := ubidi.LeftToRight
	if slices.ContainsFunc(runes, isClass(bidi.R, bidi.AL)) && !slices.ContainsFunc(runes, isClass(bidi.L)) {
		base = ubidi.RightToLeft
	}
	var paragraph ubidi.Paragraph
	var pieces []piece
	runs := paragraph.Segment(runes, base)
	for i := range runs.NumRuns() {
		run := runs.Run(i)
		end := run.End
		if base == ubidi.LeftToRight && run.Level == 2 {
			end = run.Start + numbers(runes[run.Start:run.End])
		}
		pieces = t.divide(pieces, runes, piece{start: run.Start, end: end, level: run.Level})
		pieces = t.divide(pieces, runes, piece{start: end, end: run.End})
	}
	for i := range pieces {
		p := &pieces[i]
		if p.face != nowhere && t.shape(runes, p) {
			continue
		}
		p.face, p.text = nowhere, legible(string(runes[p.start:p.end]), isPlain)
	}
	reorder(pieces)
	return pieces
}

func isClass(classes ...bidi.Class) func(rune) bool {
	return func(r rune) bool {
		properties, _ := bidi.LookupRune(r)
		return slices.Contains(classes, properties.Class())
	}
}

// numbers returns how many characters belong to the numbers that a text begins with,
// which Paragraph does not distinguish from the words behind them.
func numbers(runes []rune) (end int) {
	isNumber, isUnit, isLetter := isClass(bidi.EN, bidi.AN), isClass(bidi.ET), isClass(bidi.L)
	for i, r := range runes {
		switch {
		case isLetter(r):
			return end
		case isNumber(r), isUnit(r) && i == end:
			end = i + 1
		}
	}
	return end
}

// divide appends the parts of a piece that are in one font and one script.
func (t *typesetter) divide(pieces []piece, runes []rune, whole piece) []piece {
	fresh := true
	for i := whole.start; i < whole.end; {
		end := i + 1
		for end < whole.end && unicode.IsMark(runes[end]) {
			end++
		}
		next := piece{start: i, end: end, level: whole.level, face: nowhere, script: language.LookupScript(runes[i])}
		if end > i+1 || !printable(runes[i]) {
			next.face = t.home(runes[i:end])
		}
		if last := len(pieces) - 1; !fresh && pieces[last].face == next.face &&
			(next.face == nowhere || next.script == pieces[last].script || !next.script.Strong()) {
			pieces[last].end = end
		} else {
			pieces, fresh = append(pieces, next), false
		}
		i = end
	}
	return pieces
}

// reorder puts pieces from their logical order into that from left to right (Unicode
// Standard Annex 9, rule L2).
func reorder(pieces []piece) {
	highest := ubidi.Level(0)
	for _, p := range pieces {
		highest = max(highest, p.level)
	}
	for level := highest; level > 0; level-- {
		for i := 0; i < len(pieces); i++ {
			start := i
			for i < len(pieces) && pieces[i].level >= level {
				i++
			}
			slices.Reverse(pieces[start:i])
		}
	}
}

// A line has this much room above its baseline and below it, in parts of the size.
const (
	roomAbove = 1.0
	roomBelow = 0.3
)

// shape finds the shapes of a piece in its face. It makes them smaller if they were to
// stand in other lines.
func (t *typesetter) shape(runes []rune, p *piece) bool {
	p.shapes = nil
	missing := false
	return t.guard(p.face, func(face *font.Face) {
		input := shaping.Input{
			Text: runes, RunStart: p.start, RunEnd: p.end, Face: face, Script: p.script,
			Direction: di.DirectionLTR, Size: fixed.I(int(face.Upem())),
		}
		if p.isRightToLeft() {
			input.Direction = di.DirectionRTL
		}
		const units = 64 // of fixed.Int26_6
		unit := 1 / float64(face.Upem())
		var above, below, x float64
		for _, g := range t.shaper.ShapeNoExtents(input).Glyphs {
			missing = missing || g.GlyphID == 0
			start := g.TextIndex()
			if last := len(p.shapes) - 1; last < 0 || p.shapes[last].start != start {
				p.shapes, x = append(p.shapes, shape{start: start, end: start + g.RunesCount(), unit: unit}), 0
			}
			s := &p.shapes[len(p.shapes)-1]
			outline, _ := face.GlyphDataOutline(g.GlyphID)
			high, low := s.draw(outline, x+float64(g.XOffset)/units, float64(g.YOffset)/units)
			above, below = max(above, high*unit), max(below, -low*unit)
			x += float64(g.Advance) / units
			s.width = x * unit
		}
		scale := min(1, roomAbove/max(above, roomAbove), roomBelow/max(below, roomBelow))
		for i := range p.shapes {
			p.shapes[i].width *= scale
			p.shapes[i].unit *= scale
		}
	}) && !missing
}

// draw adds an outline to the path of a shape, and returns how high and low it reaches.
func (s *shape) draw(outline font.GlyphOutline, x, y float64) (high, low float64) {
	var at [2]float64
	for _, segment := range outline.Segments {
		var points [][2]float64
		for _, arg := range segment.ArgsSlice() {
			point := [2]float64{x + float64(arg.X), y + float64(arg.Y)}
			points = append(points, point)
			high, low = max(high, point[1]), min(low, point[1])
		}
		operator := "l"
		switch segment.Op {
		case opentype.SegmentOpMoveTo:
			operator = "m"
		case opentype.SegmentOpQuadTo: // which PDF lacks
			operator = "c"
			control, to := points[0], points[1]
			points = [][2]float64{toward(at, control), toward(to, control), to}
		case opentype.SegmentOpCubeTo:
			operator = "c"
		}
		for _, point := range points {
			s.path = strconv.AppendFloat(s.path, point[0], 'f', 1, 64)
			s.path = append(s.path, ' ')
			s.path = strconv.AppendFloat(s.path, point[1], 'f', 1, 64)
			s.path = append(s.path, ' ')
		}
		s.path = append(s.path, operator+"\n"...)
		at = points[len(points)-1]
	}
	return high, low
}

// toward returns the point that is two thirds of the way to another.
func toward(from, to [2]float64) [2]float64 {
	return [2]float64{from[0] + (to[0]-from[0])*2/3, from[1] + (to[1]-from[1])*2/3}
}
