// Package sheettest makes pages of QR codes for tests, and does to them what
// printers, scanners and cameras do.
package sheettest

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/tokenctl/tokenctl/oath/qr"
)

// Lengths in millimetres. The module is what a sheet prints.
const (
	module   = 0.75
	paper    = 210.0 // the width of A4
	height   = 297.0
	margin   = 12.0
	gap      = 4.0 // between blocks
	caption  = 9.0 // the height of the text below a code
	typeSize = 2.8
)

// Page returns a page of A4 paper at a resolution: each text as a QR code of
// level Q with modules of 0.75 mm, in a box with lines of type below it. Where the
// codes need more than a page of A4, the paper is longer. It panics if a text is
// too long for a QR code.
func Page(texts []string, dpi int) image.Image {
	symbols := make([]*qr.Symbol, len(texts))
	for i, text := range texts {
		s, err := qr.Encode(text, qr.LevelQ)
		if err != nil {
			panic(err)
		}
		symbols[i] = s
	}
	corners, length := arrange(symbols)
	c := newCanvas(dpi, max(height, length))
	c.write(margin, margin, "Recovery sheet 7 of 2026-11-23. Keep it where no thief looks and no flood comes.")
	for i, s := range symbols {
		c.block(i+1, s, corners[i])
	}
	return c.page
}

// A corner is the upper left one of a block.
type corner struct{ x, y float64 }

// arrange fills rows from the top, and returns where each block goes and how long
// the paper must be.
func arrange(symbols []*qr.Symbol) (corners []corner, length float64) {
	x, y, row := margin, margin+gap, 0.0
	for _, s := range symbols {
		side := sideOf(s)
		if x > margin && x+side > paper-margin {
			x, y, row = margin, y+row+gap, 0
		}
		corners = append(corners, corner{x, y})
		x += side + gap
		row = max(row, side+caption)
	}
	return corners, y + row + margin
}

// sideOf is the width of a symbol with its quiet zone.
func sideOf(s *qr.Symbol) float64 {
	return float64(s.Size()+2*qr.QuietZone) * module
}

type canvas struct {
	page  *image.Gray
	scale float64 // pixels a millimetre
	face  font.Face
}

func newCanvas(dpi int, length float64) *canvas {
	scale := float64(dpi) / 25.4
	page := image.NewGray(image.Rect(0, 0, int(math.Round(paper*scale)), int(math.Round(length*scale))))
	draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
	mono, err := opentype.Parse(gomono.TTF)
	if err != nil {
		panic(err)
	}
	face, err := opentype.NewFace(mono, &opentype.FaceOptions{Size: typeSize * scale, DPI: 72})
	if err != nil {
		panic(err)
	}
	return &canvas{page, scale, face}
}

// block draws a symbol, the box around it, and what would be typed in.
func (c *canvas) block(number int, s *qr.Symbol, at corner) {
	side := sideOf(s)
	c.frame(at.x, at.y, side, side+caption)
	for y := range s.Size() {
		for x := range s.Size() {
			if s.Dark(x, y) {
				c.fill(at.x+float64(x+qr.QuietZone)*module, at.y+float64(y+qr.QuietZone)*module, module, module)
			}
		}
	}
	c.write(at.x+1, at.y+side+2, fmt.Sprintf("%d JBSW Y3DP", number))
	c.write(at.x+1, at.y+side+6, "EHPK 3PXP 7F2Q")
}

// frame draws the outline of a box with lines of 0.2 mm.
func (c *canvas) frame(x, y, w, h float64) {
	const line = 0.2
	c.fill(x, y, w, line)
	c.fill(x, y+h-line, w, line)
	c.fill(x, y+line, line, h-2*line)
	c.fill(x+w-line, y+line, line, h-2*line)
}

// fill blackens a rectangle. A pixel that is covered in part becomes as dark as
// that part, which is how programs show PDF.
func (c *canvas) fill(x, y, w, h float64) {
	left, right, top, bottom := x*c.scale, (x+w)*c.scale, y*c.scale, (y+h)*c.scale
	for py := int(top); float64(py) < bottom; py++ {
		for px := int(left); float64(px) < right; px++ {
			covered := within(px, left, right) * within(py, top, bottom)
			v := float64(c.page.GrayAt(px, py).Y) - covered*0xff
			c.page.SetGray(px, py, color.Gray{Y: uint8(max(0, v) + 0.5)})
		}
	}
}

// within returns how much of a pixel lies between two edges.
func within(pixel int, from, to float64) float64 {
	return max(0, min(float64(pixel)+1, to)-max(float64(pixel), from))
}

// write sets a line of type with its base line at y.
func (c *canvas) write(x, y float64, text string) {
	at := fixed.Point26_6{X: fixed.Int26_6(x * c.scale * 64), Y: fixed.Int26_6(y * c.scale * 64)}
	d := font.Drawer{Dst: c.page, Src: image.Black, Face: c.face, Dot: at}
	d.DrawString(text)
}
