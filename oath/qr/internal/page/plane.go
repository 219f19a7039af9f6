package page

import "image"

// A plane is a picture that is freed of its shadows: 127 is as light as it gets
// around there, -127 as dark, and 0 is halfway. Places on it are given in pixels
// from the upper left corner of the first one.
type plane struct {
	w, h int
	v    []int8
}

// newPlane levels a picture: what is dark there depends on what is around.
func newPlane(g *image.Gray) *plane {
	p := &plane{w: g.Rect.Dx(), h: g.Rect.Dy()}
	p.v = make([]int8, p.w*p.h)
	t := newThresholds(g)
	for y := range p.h {
		t.level(y, line(g, y), p.v[y*p.w:][:p.w])
	}
	return p
}

// at returns the brightness at a place, by bilinear interpolation; outside of the
// picture that is 0.
func (p *plane) at(at point) float64 {
	x, y := at.x-0.5, at.y-0.5
	if !(x >= 0 && y >= 0 && x < float64(p.w-1) && y < float64(p.h-1)) {
		return 0
	}
	left, top := int(x), int(y)
	dx, dy := x-float64(left), y-float64(top)
	upper := p.v[top*p.w+left:]
	lower := upper[p.w:]
	return (float64(upper[0])*(1-dx)+float64(upper[1])*dx)*(1-dy) +
		(float64(lower[0])*(1-dx)+float64(lower[1])*dx)*dy
}

// smooth returns the plane with each pixel the mean of its neighbourhood, in which
// the nearer ones count for more.
func (p *plane) smooth() *plane {
	across := make([]int16, len(p.v))
	for i := 1; i < len(p.v)-1; i++ {
		across[i] = int16(p.v[i-1]) + 2*int16(p.v[i]) + int16(p.v[i+1])
	}
	out := &plane{p.w, p.h, make([]int8, len(p.v))}
	for i := p.w; i < len(p.v)-p.w; i++ {
		out.v[i] = int8((across[i-p.w] + 2*across[i] + across[i+p.w]) / 16)
	}
	return out
}

// sharpen returns the plane with what sets a pixel apart from its neighbourhood
// many times as strong. That brings out the finder patterns' light rings where a
// blur of half a module has filled them.
func (p *plane) sharpen() *plane {
	const strength = 8
	out := p.smooth().smooth()
	for i, v := range p.v {
		apart := int16(v) - int16(out.v[i])
		out.v[i] = int8(max(-127, min(127, int16(v)+strength*apart)))
	}
	return out
}
