package qr

import (
	"bytes"
	"errors"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"rsc.io/qr/coding"

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

// No text is one that a code can hold; a level that does not exist has no code.
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

// runs, finders, blocks and imbalance are the four features as ISO/IEC 18004 words them,
// module by module.
func runs(line string) (total int) {
	for start, i := 0, 1; i <= len(line); i++ {
		if i == len(line) || line[i] != line[start] {
			if length := i - start; length >= 5 {
				total += length - 2
			}
			start = i
		}
	}
	return total
}

func finders(line string) (total int) {
	for i := range line {
		for _, like := range []string{"#.###.#....", "....#.###.#"} {
			if strings.HasPrefix(line[i:], like) {
				total += 40
			}
		}
	}
	return total
}

func slowPenalty(rows []string) (total int) {
	dark, n := 0, len(rows)
	for y, row := range rows {
		column := ""
		for x := range rows {
			column += rows[x][y : y+1]
			if x+1 < n && y+1 < n && strings.Count(row[x:x+2]+rows[y+1][x:x+2], row[x:x+1]) == 4 {
				total += 3
			}
		}
		dark += strings.Count(row, "#")
		total += runs(row) + finders(row) + runs(column) + finders(column)
	}
	percent := dark * 100 / (n * n)
	return total + max(50-percent, percent-50)/5*10
}

func TestPenalty(t *testing.T) {
	for text, want := range map[string]int{"####....": 0, "#####...": 3, ".######": 4, "##########.....": 8 + 3} {
		if got := runs(text); got != want {
			t.Errorf("runs of %s count %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]int{
		"#.###.#....": 40, "....#.###.#": 40, "....#.###.#....": 80, "#.###.#...": 0, "#.###.#.###": 0,
	} {
		if got := finders(text); got != want {
			t.Errorf("finders of %s count %d, want %d", text, got, want)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{21, 25, 57, 65, 77, 129, 177} {
		for _, dark := range []float64{0, 0.04, 0.3, 0.5, 0.55, 0.9, 1} {
			s := &Symbol{size, make([]row, size)}
			lines := make([]string, size)
			for y := range size {
				for x := range size {
					isDark := random.Float64() < dark
					if x > 0 && random.IntN(3) == 0 { // in runs
						isDark = s.Dark(x-1, y)
					}
					if isDark {
						s.rows[y][x/64] |= 1 << (x % 64)
					}
					lines[y] += string(".#"[map[bool]int{true: 1}[isDark]])
				}
			}
			if got, want := penalty(s.rows, columnsOf(s.rows), math.MaxInt), slowPenalty(lines); got != want {
				t.Errorf("%d modules, %g of them dark, count %d, want %d", size, dark, got, want)
			}
		}
	}
}

// All that a symbol is made of is what rsc.io/qr makes under the same mask, and no other
// mask is easier to read.
func TestLeastPenalty(t *testing.T) {
	for _, length := range []int{1, 40, 120, 400, 1200} {
		for _, level := range []Level{LevelL, LevelQ} {
			text := strings.Repeat("otpauth://Ab1%", 100)[:length]
			s, err := Encode(text, level)
			if err != nil {
				t.Fatal(err)
			}
			version, least, found := coding.Version((s.size-17)/4), math.MaxInt, false
			for mask := range 8 {
				plan, err := coding.NewPlan(version, coding.Level(level), coding.Mask(mask))
				if err != nil {
					t.Fatal(err)
				}
				code, err := plan.Encode(segmentsOf(text)...)
				if err != nil {
					t.Fatal(err)
				}
				other := rowsOf(code)
				least = min(least, penalty(other, columnsOf(other), math.MaxInt))
				found = found || slices.Equal(other, s.rows)
			}
			if got := penalty(s.rows, columnsOf(s.rows), math.MaxInt); !found || got != least {
				t.Errorf("level %d, %d bytes: a penalty of %d, not %d; under one of the masks: %v", level, length, got, least, found)
			}
		}
	}
}

// Texts that change between the modes are read by others.
func TestSegments(t *testing.T) {
	oathtest.RequireTool(t, "zbarimg")
	const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	for _, tt := range []struct {
		text     string
		segments int
	}{
		{"0123456789", 1}, {"A", 1}, {"a", 1}, {"AAAAAAAAAAAAAAa", 1}, {"AAAAAAAAAAAAAAAa", 2}, {"aAAAAAAAAAAAAAAAa", 3},
		{"otpauth://totp/GitHub:alice?secret=" + secret + "&issuer=GitHub", 3},
		{"tokenctl:2 7 KQ3ZT7AB|part: 03/12 passphrase|" + secret, 2},
		{secret + "|" + secret, 3},
	} {
		if got := len(segmentsOf(tt.text)); got != tt.segments {
			t.Errorf("%q is in %d segments, want %d", tt.text, got, tt.segments)
		}
		s, err := Encode(tt.text, LevelQ)
		if err != nil {
			t.Fatal(err)
		}
		var picture bytes.Buffer
		if err := s.WritePNG(&picture, 3); err != nil {
			t.Fatal(err)
		}
		if got := zbarimg(t, picture.Bytes()); got != tt.text {
			t.Errorf("zbarimg reads %q, not %q", got, tt.text)
		}
		if got, err := Read(&picture); err != nil || len(got) != 1 || got[0] != tt.text {
			t.Errorf("%q is read as %q: %v", tt.text, got, err)
		}
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
