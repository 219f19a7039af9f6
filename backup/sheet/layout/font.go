package layout

import (
	"bytes"
	"sync"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// The Go fonts are in the program, so that a sheet looks the same on every
// machine. Their letters were drawn to be told apart, 0 from O and 1 from l from I
// (go.dev/blog/go-fonts).
const (
	regular  = "regular"
	bold     = "bold"
	mono     = "mono"
	monoBold = "monobold"
)

var fonts = []struct {
	family string
	ttf    []byte
}{
	{regular, goregular.TTF},
	{bold, gobold.TTF},
	{mono, gomono.TTF},
	{monoBold, gomonobold.TTF},
}

// addFonts makes the fonts known to a PDF, which embeds what it uses of them.
func addFonts(pdf *fpdf.Fpdf) {
	for _, f := range fonts {
		// fpdf writes into the bytes when it cuts a font.
		pdf.AddUTF8FontFromBytes(f.family, "", bytes.Clone(f.ttf))
	}
}

// lastOfBMP is the last character that fpdf can print: of the others it prints
// half of their UTF-16.
const lastOfBMP = 0xffff

// glyphs returns the characters that every font has a picture of.
var glyphs = sync.OnceValue(func() map[rune]bool {
	var parsed []*sfnt.Font
	for _, f := range fonts {
		font, err := sfnt.Parse(f.ttf)
		if err != nil {
			panic(err) // part of the program
		}
		parsed = append(parsed, font)
	}
	all := make(map[rune]bool)
	var buffer sfnt.Buffer
	for r := rune(0); r <= lastOfBMP; r++ {
		if inEach(parsed, &buffer, r) {
			all[r] = true
		}
	}
	return all
})

func inEach(fonts []*sfnt.Font, buffer *sfnt.Buffer, r rune) bool {
	for _, f := range fonts {
		if glyph, err := f.GlyphIndex(buffer, r); err != nil || glyph == 0 {
			return false
		}
	}
	return true
}
