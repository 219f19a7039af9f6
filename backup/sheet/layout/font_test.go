package layout

import (
	"bytes"
	"slices"
	"testing"
)

func TestGlyphs(t *testing.T) {
	for r := ' '; r <= '~'; r++ {
		if !glyphs()[r] {
			t.Errorf("no font has %q", r)
		}
	}
	for _, r := range "ÅåÉéßŁłŽžΑαΩωАаЯяЁё–—…€№" {
		if !printable(r) {
			t.Errorf("%q does not print", r)
		}
	}
	for _, r := range "日한אعहไ😀\u0308\u202e\u200b\u00ad\u00a0\ufffe\U0001d7d9" {
		if printable(r) {
			t.Errorf("%U prints", r)
		}
	}
}

// The next PDF gets the font that this one got.
func TestFontsStayAsTheyAre(t *testing.T) {
	var before [][]byte
	for _, f := range fonts {
		before = append(before, slices.Clone(f.ttf))
	}
	pdfOf(t, sample(5), A4)
	for i, f := range fonts {
		if !bytes.Equal(before[i], f.ttf) {
			t.Errorf("%s was written to", f.family)
		}
	}
}

// Typed lines are set in a font whose characters are equally wide: their groups
// stand below each other.
func TestTypedWidth(t *testing.T) {
	pen := newPages(A4)
	for r := range glyphs() {
		if w := pen.textWidth(typedStyle, string(r)); visible(r) && w != pen.textWidth(typedStyle, "0") {
			t.Errorf("%q is %g mm wide, not %g", r, w, pen.textWidth(typedStyle, "0"))
		}
	}
}
