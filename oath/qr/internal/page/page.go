// Package page finds and reads all QR codes of a picture: of a page that was scanned
// or photographed, small, blurred, noisy, skewed and in perspective; and of a
// screenshot.
//
// Other readers decide for each pixel whether it is dark before they look for
// codes. This one stays in shades of grey. It finds finder patterns, looks which
// three of them have the timing patterns of a symbol between them, moves a grid
// until all patterns that are the same in every symbol show as clearly as they can, or
// has it follow paper that is not flat, and only then decides for each module, by what
// these patterns show of the blur. What is covered is corrected as erased. Which
// codewords the modules stand for is looked up in the plans that rsc.io/qr draws by.
package page

import (
	"image"
	"slices"
)

// Scan returns the texts of all QR codes in a picture, each once, in no order; nil
// if there are none. The codes may be at any turn, seen from behind, dark on light,
// light on dark, cut out to their edge, and without a margin on a dark page. Their
// modules must be some two pixels wide, or one if the picture is sharp. The paper may
// be curled and crumpled. A page takes about ten times its pixels in memory.
//
// It gives up on a picture with hundreds of things that look like codes and are
// none.
func Scan(g *image.Gray) []string {
	s := scanner{left: maxSamples}
	s.scanClosely(g)
	return s.texts()
}

// Glance is Scan for the codes that are plain to see, in a tenth of the time: it may
// miss what is small, blurred, or without a margin.
func Glance(g *image.Gray) []string {
	s := scanner{left: maxSamples}
	s.glance(g)
	return s.texts()
}

// A scanner collects the symbols of a picture.
type scanner struct {
	scale   float64 // of the plane: pixels of the picture to one of its own
	symbols []symbol
	left    int // samples that may still be taken
}

// texts returns what the symbols hold, each text once.
func (s *scanner) texts() (texts []string) {
	for _, symbol := range s.symbols {
		if !slices.Contains(texts, symbol.text) {
			texts = append(texts, symbol.text)
		}
	}
	return texts
}

// A symbol is a QR code that was read.
type symbol struct {
	text    string
	outline [4]point // clockwise, in the picture
}

// Samples of brightness bound the search, some 20 ns each: a picture made for it may
// show millions of ways to choose three finder patterns. A page of eleven codes takes
// three million and one of noise four for each pixel. A step may take but a part of
// what a picture may, so that what is in one size of it does not hide what is in the
// next.
const (
	maxSamples        = 256 << 20
	maxStepSamples    = 8 << 20
	maxFindersSamples = 8 // for each pixel
)

// step runs a step of the search in a plane, which may take so many samples.
func (s *scanner) step(p *plane, samples int, run func()) {
	samples = min(samples, s.left)
	p.left = samples
	run()
	s.left -= samples - p.left
}

// scanClosely reads every symbol that it can. Where there is none, there may be one in a
// picture whose dots are not square: a fax has half as many down as across (ITU-T T.4).
func (s *scanner) scanClosely(g *image.Gray) {
	s.glance(g)
	s.scanSizes(g)
	for _, by := range []image.Point{{2, 1}, {1, 2}} {
		if len(s.symbols) > 0 {
			return
		}
		square := shrink(g, by)
		if s.glance(square); len(s.symbols) > 0 {
			s.scanSizes(square)
		}
	}
}

// leastSide is how many pixels the smallest symbol has on a side.
const leastSide = 21

// glance reads the symbols that are plain to see, from the smallest size of the picture
// on. It ends where some were read and no more are in sight, or else with the size of a
// page at 200 dpi, in which it also reads those that lack a finder pattern.
func (s *scanner) glance(g *image.Gray) {
	const most, doubtful = 4 << 20, 0.45 // pixels; the clarity of what may be a finder pattern
	if min(g.Rect.Dx(), g.Rect.Dy()) < leastSide {
		return
	}
	for i, g := range slices.Backward(halves(g)) {
		s.scale = float64(int(1) << i)
		p := newPlane(g, s.hides)
		rest := s.scan(p, plainFinders, flatCorners, bentCorners)
		if len(s.symbols) > 0 && len(clearer(rest, doubtful)) == 0 {
			return
		}
		if i == 0 || 4*len(g.Pix) > most {
			s.scan(p, func(*plane) []finder { return rest }, brokenCorners)
			return
		}
	}
}

// scanSizes reads the symbols of the picture without its noise, and before that at
// half, a quarter and so on of its size. Large modules are read where they are
// small: that is fast, and noise averages out. Modules of one pixel look like noise:
// if nothing else is found, they are looked for in the picture as it is. What has no
// margin, on a ground of its own colour, comes last.
func (s *scanner) scanSizes(g *image.Gray) {
	const most = 1 << 24 // pixels
	if min(g.Rect.Dx(), g.Rect.Dy()) < leastSide {
		return
	}
	for g.Rect.Dx()*g.Rect.Dy() > most {
		g = halve(g)
	}
	sizes := halves(despeckle(g))
	planes := make([]*plane, len(sizes))
	for i, g := range slices.Backward(sizes) {
		s.scale = float64(int(1) << i)
		planes[i] = newPlane(g, s.hides)
		s.scanAll(planes[i])
	}
	if len(s.symbols) == 0 {
		s.scanAll(newPlane(g, s.hides))
	}
	for i, p := range slices.Backward(planes) {
		if len(s.symbols) == 0 {
			s.scale, p.open = float64(int(1)<<i), true
			s.scanAll(p)
		}
	}
}

// scanAll reads the symbols of a plane, first those that are plain to see.
func (s *scanner) scanAll(p *plane) {
	s.scan(p, findFinders, flatCorners, warpedCorners, bentCorners, brokenCorners)
}

// scan looks for finder patterns, and then in several ways for the corners that they
// form, and reads what is there. It returns the finder patterns that are left.
func (s *scanner) scan(p *plane, find func(*plane) []finder, searches ...func(*plane, []finder) []corner) (finders []finder) {
	s.step(p, maxFindersSamples*len(p.v), func() { finders = s.unread(find(p)) })
	for _, search := range searches {
		var corners []corner
		s.step(p, maxStepSamples, func() { corners = search(p, finders) })
		s.step(p, maxStepSamples, func() {
			for _, c := range corners {
				s.try(p, c)
			}
		})
		finders = s.unread(finders)
	}
	return finders
}

// try reads the symbol at a corner, if it is one, and was not read before.
func (s *scanner) try(p *plane, c corner) {
	if s.covers(c.at) || s.covers(c.right) || s.covers(c.below) || p.left <= 0 {
		return
	}
	known := marks(c.grid.size)
	if c.grid.clarity(p, known) < leastGridClarity {
		return
	}
	bent := *c.grid
	c.grid.fit(p, known)
	text, ok, flat := c.grid.read(p, known)
	if !ok {
		c.grid = &bent
		c.grid.follow(p, known)
		var followed []*modules
		text, ok, followed = c.grid.read(p, known)
		for _, m := range append(flat, followed...) {
			if !ok {
				text, ok = m.decode(allDoubts)
			}
		}
	}
	if ok {
		s.symbols = append(s.symbols, symbol{text, c.grid.outline(s.scale)})
	}
}

// unread returns the finder patterns that are on no symbol that was read.
func (s *scanner) unread(finders []finder) []finder {
	return slices.DeleteFunc(finders, s.covers)
}

// hides reports whether a place on a plane is within a symbol that was read.
func (s *scanner) hides(at point) bool {
	at = at.times(s.scale)
	return slices.ContainsFunc(s.symbols, func(symbol symbol) bool { return symbol.covers(at) })
}

func (s *scanner) covers(f finder) bool { return s.hides(f.point) }

func (s *symbol) covers(at point) bool {
	for i, corner := range s.outline {
		next := s.outline[(i+1)%4]
		if next.minus(corner).cross(at.minus(corner)) < 0 {
			return false
		}
	}
	return true
}
