package qr

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
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

// zbarimg reads what is drawn for a terminal, and as an SVG.
func TestDrawnForOthers(t *testing.T) {
	oathtest.RequireTool(t, "zbarimg", "rsvg-convert")
	for _, length := range []int{10, 60, 150, 400, 1000} {
		text := strings.Repeat("otpauth://Ab1%", 100)[:length]
		s, err := Encode(text, LevelL)
		if err != nil {
			t.Fatal(err)
		}
		var blocks, svg, photo bytes.Buffer
		if err := s.WriteTerminal(&blocks); err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(&photo, onScreen(t, blocks.String())); err != nil {
			t.Fatal(err)
		}
		if got := zbarimg(t, photo.Bytes()); got != text {
			t.Errorf("%d bytes: zbarimg reads %q from the terminal", length, got)
		}
		if err := s.WriteSVG(&svg); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("rsvg-convert")
		c.Stdin = &svg
		picture, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := zbarimg(t, picture); got != text {
			t.Errorf("%d bytes: zbarimg reads %q from the SVG", length, got)
		}
	}
}

// onScreen shows lines of half blocks, dark on light, as a terminal does with characters
// of 4 by 8 pixels.
func onScreen(t *testing.T, text string) image.Image {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var img *image.Gray
	for y, line := range lines {
		line, isBegun := strings.CutPrefix(line, "\x1b[38;5;16;48;5;231m")
		line, isEnded := strings.CutSuffix(line, "\x1b[0m")
		cells := []rune(line)
		if img == nil {
			img = image.NewGray(image.Rect(0, 0, 4*len(cells), 8*len(lines)))
		}
		if !isBegun || !isEnded || len(cells) != img.Rect.Dx()/4 {
			t.Fatalf("line %d is %q", y, line)
		}
		for x, cell := range cells {
			upper, lower := color.White, color.White
			switch cell {
			case '▀':
				upper = color.Black
			case '▄':
				lower = color.Black
			case '█':
				upper, lower = color.Black, color.Black
			case ' ':
			default:
				t.Fatalf("line %d has %q", y, cell)
			}
			draw.Draw(img, image.Rect(4*x, 8*y, 4*x+4, 8*y+4), image.NewUniform(upper), image.Point{}, draw.Src)
			draw.Draw(img, image.Rect(4*x, 8*y+4, 4*x+4, 8*y+8), image.NewUniform(lower), image.Point{}, draw.Src)
		}
	}
	return img
}
