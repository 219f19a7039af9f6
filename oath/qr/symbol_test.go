package qr

import (
	"bytes"
	"errors"
	"image/color"
	"image/png"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// The capacities are those of ISO/IEC 18004, table 7, version 40.
func TestEncodeQRCapacity(t *testing.T) {
	for level, capacity := range map[Level]int{LevelL: 2953, LevelM: 2331, LevelQ: 1663, LevelH: 1273} {
		s, err := Encode(strings.Repeat("a", capacity), level)
		if err != nil || s.Size() != 177 {
			t.Errorf("level %d does not hold %d bytes in version 40: %v", level, capacity, err)
		}
		if _, err := Encode(strings.Repeat("a", capacity+1), level); !errors.Is(err, ErrTooLong) {
			t.Errorf("level %d with a byte too many: %v", level, err)
		}
	}
}

// No text is one that a code can hold; a level that there is none of has no code.
func TestEncodeQREdges(t *testing.T) {
	if s, err := Encode("", LevelL); err != nil || s.Size() != 21 {
		t.Errorf("no text: %v", err)
	}
	if _, err := Encode("", Level(9)); !errors.Is(err, ErrLevel) {
		t.Errorf("level 9: %v", err)
	}
	var none Symbol
	if err := none.WriteSVG(io.Discard); err != nil || none.Dark(0, 0) || none.Image(1).Bounds().Dx() != 2*QuietZone {
		t.Errorf("the zero symbol: %v", err)
	}
}

// Texts of digits, and of capitals as well, take fewer modules.
func TestEncodeQRSize(t *testing.T) {
	tests := []struct {
		text string
		size int // ISO/IEC 18004, table 7, level L
	}{
		{strings.Repeat("7", 41), 21},
		{strings.Repeat("7", 42), 25},
		{strings.Repeat("A", 25), 21},
		{strings.Repeat("A", 26), 25},
		{strings.Repeat("a", 17), 21},
		{strings.Repeat("a", 18), 25},
	}
	for _, tt := range tests {
		s, err := Encode(tt.text, LevelL)
		if err != nil {
			t.Fatal(err)
		}
		if s.Size() != tt.size {
			t.Errorf("%d times %q has %d modules, want %d", len(tt.text), tt.text[:1], s.Size(), tt.size)
		}
	}
}

func TestSymbolImage(t *testing.T) {
	s, err := Encode("otpauth://", LevelM)
	if err != nil {
		t.Fatal(err)
	}
	img := s.Image(3)
	if want := (s.Size() + 2*QuietZone) * 3; img.Bounds().Dx() != want || img.Bounds().Dy() != want {
		t.Errorf("the picture is %v, want %d on each side", img.Bounds(), want)
	}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			dark := color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y == 0
			if want := s.Dark(x/3-QuietZone, y/3-QuietZone); dark != want {
				t.Fatalf("pixel %d, %d: dark is %v, want %v", x, y, dark, want)
			}
		}
	}
	// A finder pattern's outer corner, its light ring and its heart.
	if !s.Dark(0, 0) || s.Dark(1, 1) || !s.Dark(3, 3) || s.Dark(-1, 0) || s.Dark(0, s.Size()) {
		t.Error("the upper left finder pattern is not where it belongs")
	}
}

// zbarimg reads what is written, at every level and at sizes with one and with
// several alignment patterns and blocks.
func TestWritePNGForOthers(t *testing.T) {
	oathtest.RequireTool(t, "zbarimg")
	for _, level := range []Level{LevelL, LevelM, LevelQ, LevelH} {
		for _, length := range []int{10, 60, 150, 400, 1000} {
			text := strings.Repeat("otpauth://Ab1%", 100)[:length]
			s, err := Encode(text, level)
			if err != nil {
				t.Fatal(err)
			}
			var picture bytes.Buffer
			if err := s.WritePNG(&picture, 3); err != nil {
				t.Fatal(err)
			}
			if got := zbarimg(t, picture.Bytes()); got != text {
				t.Errorf("level %d, %d bytes: zbarimg reads %q", level, length, got)
			}
		}
	}
}

func TestPenalty(t *testing.T) {
	line := func(s string) []bool {
		var l []bool
		for _, c := range s {
			l = append(l, c == '#')
		}
		return l
	}
	for text, want := range map[string]int{"####....": 0, "#####...": 3, ".######": 4, "##########.....": 8 + 3} {
		if got := runs(line(text)); got != want {
			t.Errorf("runs of %s count %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]int{
		"#.###.#....": 40, "....#.###.#": 40, "....#.###.#....": 80, "#.###.#...": 0, "#.###.#.###": 0,
	} {
		if got := finders(line(text)); got != want {
			t.Errorf("finders of %s count %d, want %d", text, got, want)
		}
	}
	square := &Symbol{size: 3, dark: line("##.##....")}
	if got := square.blocks(); got != 3 {
		t.Errorf("blocks count %d, want 3", got)
	}
	if got := square.imbalance(); got != 10 { // 44 % dark
		t.Errorf("imbalance counts %d, want 10", got)
	}
}

// rsvg-convert draws an SVG as browsers do, and zbarimg reads it.
func TestWriteSVGForOthers(t *testing.T) {
	oathtest.RequireTool(t, "rsvg-convert", "zbarimg")
	for _, length := range []int{10, 150, 1000} {
		text := strings.Repeat("otpauth://Ab1%", 100)[:length]
		s, err := Encode(text, LevelM)
		if err != nil {
			t.Fatal(err)
		}
		var drawing bytes.Buffer
		if err := s.WriteSVG(&drawing); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("rsvg-convert")
		c.Stdin = &drawing
		picture, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := zbarimg(t, picture); got != text {
			t.Errorf("%d bytes: zbarimg reads %q", length, got)
		}
		drawn, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		same := func(a, b color.Color) bool {
			return color.GrayModel.Convert(a) == color.GrayModel.Convert(b)
		}
		want := s.Image(svgScale)
		for at := range want.Bounds().Dx() {
			if drawn.Bounds() != want.Bounds() || !same(drawn.At(at, 8*svgScale), want.At(at, 8*svgScale)) {
				t.Fatalf("it differs from the PNG, %v, in column %d: %v", want.Bounds(), at, drawn.Bounds())
			}
		}
	}
}

// Read back by their definition, the characters are the modules; the terminal's own
// picture of them is looked at in cmd/tokenctl/capture.
func TestWriteTerminal(t *testing.T) {
	s, err := Encode("otpauth://", LevelM)
	if err != nil {
		t.Fatal(err)
	}
	var colours, plain bytes.Buffer
	if err := errors.Join(s.WriteTerminal(&colours), s.WriteText(&plain)); err != nil {
		t.Fatal(err)
	}
	const begin, end = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
	side := s.Size() + 2*QuietZone
	lines := [2][]string{strings.Split(colours.String(), "\n"), strings.Split(plain.String(), "\n")}
	if len(lines[0]) != side/2+2 || len(lines[1]) != side/2+2 {
		t.Fatalf("%d and %d lines for %d modules", len(lines[0])-1, len(lines[1])-1, side)
	}
	for i := range side/2 + 1 {
		line, ok := strings.CutPrefix(lines[0][i], begin)
		line, ok2 := strings.CutSuffix(line, end)
		dark, light := []rune(line), []rune(lines[1][i])
		if !ok || !ok2 || len(dark) != side || len(light) != side {
			t.Fatalf("line %d: %q, %q", i, lines[0][i], lines[1][i])
		}
		for x := range side {
			upper, lower := s.Dark(x-QuietZone, 2*i-QuietZone), s.Dark(x-QuietZone, 2*i+1-QuietZone)
			is := func(r rune) [2]bool { return [2]bool{r == '▀' || r == '█', r == '▄' || r == '█'} }
			if is(dark[x]) != [2]bool{upper, lower} || is(light[x]) != [2]bool{!upper, !lower} {
				t.Fatalf("line %d, column %d: %c, %c", i, x, dark[x], light[x])
			}
		}
	}
}
