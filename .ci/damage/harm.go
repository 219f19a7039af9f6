package main

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
)

// A paper is a page that something happens to, in a drawer or in a hand. Lengths are in
// millimetres.
type paper struct {
	*image.Gray
	*rand.Rand
	scale float64 // pixels in a millimetre
}

// harms are what happens to pages before they are scanned, or in place of that.
var harms = map[string]func(p *paper){
	"": func(*paper) {},

	"torn": func(p *paper) {
		wide, high := p.between(30, 60), p.between(30, 60)
		p.shade(func(x, y, v float64) float64 {
			if ragged := 1.5 * math.Sin(x*1.7) * math.Cos(y*2.3); x/wide+y/high < 1+ragged/wide {
				return 70 // the table
			}
			return v
		})
	},
	"coffee": func(p *paper) {
		for range 3 {
			cx, cy, radius := p.between(10, 70), p.between(30, 270), p.between(33, 40)
			p.shade(func(x, y, v float64) float64 {
				off := math.Abs(math.Hypot(x-cx, y-cy) - radius)
				return v * (1 - 0.6*math.Exp(-off*off/2))
			})
		}
	},
	"pen": func(p *paper) {
		for range 8 {
			p.stroke(p.between(5, 70), p.between(15, 280), p.between(5, 90), p.between(15, 280), 0.8, 50)
		}
	},
	"marker": func(p *paper) {
		for range 4 {
			y := p.between(15, 280)
			p.stroke(p.between(5, 30), y, p.between(40, 90), y+p.between(-20, 20), 4, 20)
		}
	},
	"holes": func(p *paper) {
		for range 8 {
			p.stroke(p.between(10, 60), p.between(15, 280), 0, 0, 6, 60)
		}
	},
	"staple": func(p *paper) {
		for range 6 {
			x, y := p.between(12, 50), p.between(15, 280)
			dx, dy := p.between(-12, 12), p.between(-5, 5)
			p.stroke(x+0.5, y+0.8, x+dx+0.5, y+dy+0.8, 0.8, 110) // its shadow
			p.stroke(x, y, x+dx, y+dy, 0.7, 220)
		}
	},
	"fold": func(p *paper) {
		const across, down = 35, 148.5
		p.move(func(x, y float64) (float64, float64) { // what is behind a fold leans away
			return x + 0.03*max(x-across, 0), y + 0.04*max(y-down, 0)
		})
		p.shade(func(x, y, v float64) float64 {
			for _, off := range []float64{x - across, y - down} {
				if off > 0 {
					v *= 1 - 0.3*math.Exp(-off/15)
				}
				if math.Abs(off) < 0.4+0.3*math.Sin(x+y) {
					v = max(v, 215) // the toner comes off
				}
			}
			return v
		})
	},
	"hand": func(p *paper) {
		x, y := p.between(20, 50), p.between(60, 160)
		p.shade(func(px, py, v float64) float64 {
			near := math.Hypot(px-x-40, py-y-110) - 50
			for finger := range 4 {
				tip := float64(finger)*18 - 20
				near = min(near, toLine(px, py, x+tip, y+8*math.Abs(float64(finger)-1.5), x+40+tip/3, y+90)-8)
			}
			return v * (0.35 + 0.65/(1+math.Exp(-near/2.5)))
		})
	},
	"fax": func(p *paper) {
		const across, down, inch = 204, 98, 25.4 // dots in an inch (ITU-T T.4)
		p.sampled(across/inch, down/inch)
	},
	"sharpened": func(p *paper) {
		const radius, strength = 3, 2.5
		soft := p.blurred(1)
		softer := soft.blurred(radius)
		for i, v := range soft.Pix {
			p.Pix[i] = uint8(min(max(float64(v)+strength*(float64(v)-float64(softer.Pix[i])), 0), 255))
		}
	},
}

// twoPages returns a picture of two pages that lie on a table, the second one in part
// on the first.
func twoPages(a, b *image.Gray) *image.Gray {
	w, h := a.Rect.Dx(), a.Rect.Dy()
	g := image.NewGray(image.Rect(0, 0, w*2, h*5/4))
	draw.Draw(g, g.Rect, image.NewUniform(color.Gray{Y: 90}), image.Point{}, draw.Src)
	for i, page := range []*image.Gray{a, b} {
		sin, cos := math.Sincos([]float64{-0.06, 0.09}[i])
		left, top := w/20+i*w*9/10, h/12
		for y := range g.Rect.Dy() {
			for x := range g.Rect.Dx() {
				dx, dy := float64(x-left-w/2), float64(y-top-h/2)
				from := image.Pt(int(dx*cos+dy*sin)+w/2, int(dy*cos-dx*sin)+h/2)
				if from.In(page.Rect) {
					g.SetGray(x, y, page.GrayAt(from.X, from.Y))
				}
			}
		}
	}
	return g
}

func (p *paper) between(least, most float64) float64 { return least + p.Float64()*(most-least) }

// shade gives each place on the paper the brightness that change makes of its own.
func (p *paper) shade(change func(x, y, v float64) float64) {
	for i, v := range p.Pix {
		x, y := float64(i%p.Stride)/p.scale, float64(i/p.Stride)/p.scale
		p.Pix[i] = uint8(min(max(change(x, y, float64(v)), 0), 255))
	}
}

// stroke draws a line of a width and a brightness.
func (p *paper) stroke(x1, y1, x2, y2, width, brightness float64) {
	if x2 == 0 {
		x2, y2 = x1, y1
	}
	p.shade(func(x, y, v float64) float64 {
		covered := min(max((width/2-toLine(x, y, x1, y1, x2, y2))*p.scale+0.5, 0), 1)
		return v*(1-covered) + brightness*covered
	})
}

// toLine returns how far a place is from a line.
func toLine(x, y, x1, y1, x2, y2 float64) float64 {
	dx, dy := x2-x1, y2-y1
	along := 0.0
	if square := dx*dx + dy*dy; square > 0 {
		along = min(max(((x-x1)*dx+(y-y1)*dy)/square, 0), 1)
	}
	return math.Hypot(x-x1-along*dx, y-y1-along*dy)
}

// move takes each place from where the function says.
func (p *paper) move(from func(x, y float64) (float64, float64)) {
	before := append([]uint8(nil), p.Pix...)
	for i := range p.Pix {
		x, y := from(float64(i%p.Stride)/p.scale, float64(i/p.Stride)/p.scale)
		at := image.Pt(int(x*p.scale), int(y*p.scale))
		p.Pix[i] = 255
		if at.In(p.Rect) {
			p.Pix[i] = before[at.Y*p.Stride+at.X]
		}
	}
}

// sampled leaves so many dots in a millimetre, each black or white, and each one pixel.
func (p *paper) sampled(across, down float64) {
	w, h := float64(p.Rect.Dx())/p.scale, float64(p.Rect.Dy())/p.scale
	fax := image.NewGray(image.Rect(0, 0, int(w*across), int(h*down)))
	sums, pixels := make([]int, len(fax.Pix)), make([]int, len(fax.Pix))
	for i, v := range p.Pix {
		at := image.Pt(int(float64(i%p.Stride)/p.scale*across), int(float64(i/p.Stride)/p.scale*down))
		if at.In(fax.Rect) {
			sums[fax.PixOffset(at.X, at.Y)] += int(v)
			pixels[fax.PixOffset(at.X, at.Y)]++
		}
	}
	for i, sum := range sums {
		switch {
		case pixels[i] == 0: // the page has fewer of them
			fax.Pix[i] = fax.Pix[max(i-1, 0)]
		case sum > 128*pixels[i]:
			fax.Pix[i] = 255
		}
	}
	p.Gray = fax
}

// blurred returns the page as a lens shows it that is out of focus by so many pixels.
func (p *paper) blurred(radius int) *paper {
	b := &paper{image.NewGray(p.Rect), p.Rand, p.scale}
	for i := range p.Pix {
		sum, n := 0, 0
		for dy := -radius; dy <= radius; dy++ {
			for dx := -radius; dx <= radius; dx++ {
				if x, y := i%p.Stride+dx, i/p.Stride+dy; (image.Point{x, y}).In(p.Rect) {
					sum += int(p.Pix[y*p.Stride+x])
					n++
				}
			}
		}
		b.Pix[i] = uint8(sum / n)
	}
	return b
}
