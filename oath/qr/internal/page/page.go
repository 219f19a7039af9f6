// Package page finds and reads all QR codes of a page that was scanned or
// photographed: small ones at a low resolution, blurred, noisy, skewed and in
// perspective.
//
// Other readers decide for each pixel whether it is dark before they look for
// codes. This one stays in shades of grey. It finds finder patterns, looks which
// three of them have the timing patterns of a symbol between them, moves a grid
// until all patterns that are the same in every symbol show as clearly as they can,
// and only then decides for each module, by what these patterns tell of the blur.
// Correcting errors and making text of the modules is left to gozxing.
package page

import (
	"image"
	"slices"
)

// Scan returns the texts of all QR codes on a page, each once, in no order. The
// codes may be at any turn, seen from behind, dark on light and light on dark.
// Their modules must be some two pixels wide. A page of 300 dpi takes about a
// second, and six times its pixels in memory.
//
// It gives up on a picture with hundreds of things that look like codes and are
// none.
func Scan(g *image.Gray) (texts []string) {
	if g.Rect.Empty() {
		return nil
	}
	s := scanner{attempts: maxAttempts}
	sizes := halves(g)
	for i, g := range slices.Backward(sizes) {
		s.scale = float64(int(1) << i)
		s.scan(newPlane(g))
	}
	for _, symbol := range s.symbols {
		if !slices.Contains(texts, symbol.text) {
			texts = append(texts, symbol.text)
		}
	}
	return texts
}

// halves returns the picture without its noise, and then at half, a quarter and
// so on of its size. Large modules are read where they are small: that is fast, and
// noise averages out.
func halves(g *image.Gray) []*image.Gray {
	const least, most = 50, 1 << 24 // pixels on a side, and in all
	for g.Rect.Dx()*g.Rect.Dy() > most {
		g = halve(g)
	}
	sizes := []*image.Gray{despeckle(g)}
	for g := sizes[0]; g.Rect.Dx() >= 2*least && g.Rect.Dy() >= 2*least; {
		g = halve(g)
		sizes = append(sizes, g)
	}
	return sizes
}

// maxAttempts is how many corners are tried on a page, some milliseconds each, so
// that a picture made for it does not take hours. A page has one for each code,
// and few others.
const maxAttempts = 500

// A scanner collects the symbols of a page.
type scanner struct {
	scale    float64 // of the plane: pixels of the page to one of its own
	symbols  []symbol
	attempts int // that are left
}

// A symbol is a QR code that was read.
type symbol struct {
	text    string
	outline [4]point // clockwise, on the page
}

// scan reads the symbols of a plane, first those that are plain to see.
func (s *scanner) scan(p *plane) {
	finders := s.unread(findFinders(p))
	for _, search := range []func(*plane, []finder) []corner{flatCorners, warpedCorners, brokenCorners} {
		for _, c := range search(p, finders) {
			s.try(p, c)
		}
		finders = s.unread(finders)
	}
}

// try reads the symbol at a corner, if it is one, and was not read before.
func (s *scanner) try(p *plane, c corner) {
	if s.covers(c.at) || s.covers(c.right) || s.covers(c.below) {
		return
	}
	known := marks(c.grid.size)
	if s.attempts == 0 || c.grid.clarity(p, known) < leastGridClarity {
		return
	}
	s.attempts--
	c.grid.fit(p, known)
	if text, ok := c.grid.read(p, known); ok {
		s.symbols = append(s.symbols, symbol{text, c.grid.outline(s.scale)})
	}
}

// unread returns the finder patterns that are on no symbol that was read.
func (s *scanner) unread(finders []finder) []finder {
	return slices.DeleteFunc(finders, s.covers)
}

func (s *scanner) covers(f finder) bool {
	at := f.times(s.scale)
	return slices.ContainsFunc(s.symbols, func(symbol symbol) bool { return symbol.covers(at) })
}

func (s *symbol) covers(at point) bool {
	for i, corner := range s.outline {
		next := s.outline[(i+1)%4]
		if next.minus(corner).cross(at.minus(corner)) < 0 {
			return false
		}
	}
	return true
}
