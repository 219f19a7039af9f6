package qr

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
)

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
// The error is the writer's.
func (s *Symbol) WritePNG(w io.Writer, scale int) error {
	return png.Encode(w, s.Image(scale))
}

// svgScale is how many pixels a module has in an SVG that is not made larger.
const svgScale = 8

// WriteSVG writes the symbol with its margin as an SVG, black on white: a module is one
// unit of its viewBox, and eight pixels unless it is made larger.
// The error is the writer's.
func (s *Symbol) WriteSVG(w io.Writer) error {
	b := bufio.NewWriter(w)
	side := s.size + 2*QuietZone
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[1]d" viewBox="0 0 %[2]d %[2]d" shape-rendering="crispEdges">`+"\n"+
		`<path fill="#fff" d="M0 0h%[2]dv%[2]dH0z"/>`+"\n"+`<path d="`, side*svgScale, side)
	for y := range s.size {
		for x := 0; x < s.size; x++ {
			run := 0
			for s.Dark(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(b, "M%d %dh%dv1h-%dz", x+QuietZone, y+QuietZone, run, run)
				x += run
			}
		}
	}
	b.WriteString("\"/>\n</svg>\n")
	return b.Flush()
}

// WriteTerminal writes the symbol with its margin for a terminal, two modules to a
// character. It is black on white on any terminal, dark or light: the colours are 16 and
// 231 of the 256 (ISO 8613-6, SGR 38;5 and 48;5), which themes leave alone. It takes 29
// to 185 columns, and half as many lines.
// The error is the writer's.
func (s *Symbol) WriteTerminal(w io.Writer) error {
	return s.writeBlocks(w, "\x1b[38;5;16;48;5;231m", "\x1b[0m", [4]string{" ", "▄", "▀", "█"})
}

// WriteText writes the symbol as WriteTerminal does, without colours: its light modules
// and its margin are characters, its dark ones are the ground. So it must be shown light
// on dark; on a light ground it is its own negative, which many readers do not take.
// The error is the writer's.
func (s *Symbol) WriteText(w io.Writer) error {
	return s.writeBlocks(w, "", "", [4]string{"█", "▀", "▄", " "})
}

// writeBlocks writes a character for two modules, one above the other: for none that is
// dark, the lower, the upper, and both.
func (s *Symbol) writeBlocks(w io.Writer, before, after string, blocks [4]string) error {
	b := bufio.NewWriter(w)
	for y := -QuietZone; y < s.size+QuietZone; y += 2 {
		b.WriteString(before)
		for x := -QuietZone; x < s.size+QuietZone; x++ {
			i := 0
			if s.Dark(x, y) {
				i += 2
			}
			if s.Dark(x, y+1) {
				i++
			}
			b.WriteString(blocks[i])
		}
		b.WriteString(after + "\n")
	}
	return b.Flush()
}
