package layout

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// The Go fonts are in the program, so that a sheet looks the same on every
// machine. Their letters were drawn to be distinguished, 0 from O and 1 from l from I
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

// glyphs returns the characters that every font in the program has a picture of.
var glyphs = sync.OnceValue(func() map[rune]bool {
	count := make(map[rune]int)
	var buffer sfnt.Buffer
	for _, f := range fonts {
		font, err := sfnt.Parse(f.ttf)
		if err != nil {
			panic(err) // part of the program
		}
		for r := rune(0); r <= lastOfBMP; r++ {
			if glyph, err := font.GlyphIndex(&buffer, r); err == nil && glyph != 0 {
				count[r]++
			}
		}
	}
	all := make(map[rune]bool)
	for r, n := range count {
		if n == len(fonts) {
			all[r] = true
		}
	}
	return all
})

// printable reports whether a character shows as itself in the fonts in the program.
// Marks do not: they stand beside their letters there, or on top of the wrong ones.
func printable(r rune) bool {
	return r == ' ' || visible(string(r)) && !unicode.IsMark(r) && glyphs()[r]
}

// A Font has characters that the fonts in the program lack.
type Font struct{ parsed *font.Font }

// ParseFont reads a font with outlines, TrueType's or those of CFF, from an OpenType
// file. Of a collection it reads the font of an index, from 0.
func ParseFont(file []byte, index int) (f *Font, err error) {
	defer func() { // the parser trusts some of what files say
		if broken := recover(); broken != nil {
			f, err = nil, fmt.Errorf("a broken font: %v", broken)
		}
	}()
	if err := checkTables(file); err != nil {
		return nil, err
	}
	loaders, err := opentype.NewLoaders(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("reading a font: %w", err)
	}
	if index < 0 || index >= len(loaders) {
		return nil, fmt.Errorf("reading font %d of %d", index, len(loaders))
	}
	parsed, err := font.NewFont(loaders[index])
	if err != nil {
		return nil, fmt.Errorf("reading a font: %w", err)
	}
	return &Font{parsed}, nil
}

// checkTables refuses fonts whose tables are not in the file, since the parser makes room
// for a table before it reads it (OpenType, "Organization of an OpenType Font").
func checkTables(file []byte) error {
	const header, record = 12, 16
	outside := errors.New("reading a font: it is cut short")
	number := func(at int64) int64 { return int64(binary.BigEndian.Uint32(file[at:])) }
	size := int64(len(file))
	if size < header {
		return outside
	}
	starts := []int64{0}
	if string(file[:4]) == "ttcf" {
		fonts := number(8)
		if fonts > (size-header)/4 {
			return outside
		}
		starts = starts[:0]
		for i := range fonts {
			starts = append(starts, number(header+4*i))
		}
	}
	for _, start := range starts {
		if start > size-header {
			return outside
		}
		if kind := string(file[start : start+4]); kind != "\x00\x01\x00\x00" && kind != "OTTO" && kind != "true" {
			return fmt.Errorf("reading a font: unknown kind %q", kind)
		}
		tables := int64(binary.BigEndian.Uint16(file[start+4:]))
		if tables > (size-header-start)/record {
			return outside
		}
		for i := range tables {
			at := start + header + record*i
			if offset, length := number(at+8), number(at+12); offset > size || length > size-offset {
				return outside
			}
		}
	}
	return nil
}

// Lacking returns those of the characters that the font does not show.
func (f *Font) Lacking(runes []rune) []rune {
	t := newTypesetter([]*Font{f})
	return slices.DeleteFunc(slices.Clone(runes), func(r rune) bool { return t.has(0, []rune{r}) })
}

// Lacking returns the characters of the document that the fonts in the program cannot
// print, and those that marks stand on, in the order of their numbers. Those that would
// show in no font, such as U+202E, are not among them.
func (d Document) Lacking() []rune {
	lacking := make(map[rune]bool)
	d.spell(func(text string) bool {
		runes := []rune(text)
		if !visible(text) {
			return false
		}
		if len(runes) > 1 || !printable(runes[0]) {
			for _, r := range runes {
				lacking[r] = true
			}
		}
		return true
	})
	return slices.Sorted(maps.Keys(lacking))
}
