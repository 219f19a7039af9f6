package page

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/encoder"
	"rsc.io/qr/coding"
)

// symbolOf returns a symbol as gozxing makes it.
func symbolOf(t *testing.T, text, charset string, version int, level decoder.ErrorCorrectionLevel) *modules {
	t.Helper()
	hints := map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_QR_VERSION: version}
	if charset != "" {
		hints[gozxing.EncodeHintType_CHARACTER_SET] = charset
	}
	code, err := encoder.Encoder_encode(text, level, hints)
	if err != nil {
		t.Fatal(err)
	}
	matrix := code.GetMatrix()
	m := newModules(matrix.GetWidth())
	for y := range m.size {
		for x := range m.size {
			*m.at(x, y) = float64(2*int(matrix.Get(x, y)) - 1)
		}
	}
	return m
}

func TestDecodeEveryVersion(t *testing.T) {
	levels := []decoder.ErrorCorrectionLevel{decoder.ErrorCorrectionLevel_L, decoder.ErrorCorrectionLevel_M, decoder.ErrorCorrectionLevel_Q, decoder.ErrorCorrectionLevel_H}
	contents := []struct{ unit, charset string }{
		{"0123456789", ""}, {"7", ""}, {"HTTPS://A.B/ 1$%*+-.", ""}, {"otpauth://totp/a?secret=", ""},
		{"é", ""}, {"é", "UTF-8"}, {"Ж", "UTF-8"}, {"点茗", "Shift_JIS"}, {"ｱ点", "Shift_JIS"},
	}
	for version := coding.MinVersion; version <= coding.MaxVersion; version++ {
		for i, level := range levels {
			content := contents[(version*len(levels)+i)%len(contents)]
			room := coding.Version(version).DataBytes(coding.Level(i))
			text := string([]rune(strings.Repeat(content.unit, room))[:(room-5)/2])
			m := symbolOf(t, text, content.charset, version, level)
			if got, ok := m.decode(nil); !ok || got != text {
				t.Errorf("version %d, level %v, %q in %q: %q, %v", version, level, content.unit, content.charset, got, ok)
			}
		}
	}
}

func TestAlignmentsAreThoseOfGozxing(t *testing.T) {
	for number := coding.MinVersion; number <= coding.MaxVersion; number++ {
		version, err := decoder.Version_GetVersionForNumber(number)
		if err != nil {
			t.Fatal(err)
		}
		size := version.GetDimensionForVersion()
		first, last := 6, size-7
		var want [][2]int
		for _, y := range version.GetAlignmentPatternCenters() {
			for _, x := range version.GetAlignmentPatternCenters() {
				if !(x == first && y == first || x == last && y == first || x == first && y == last) {
					want = append(want, [2]int{x, y})
				}
			}
		}
		if got := alignments(size); !slices.Equal(got, want) {
			t.Errorf("version %d: %v, want %v", number, got, want)
		}
	}
}

// A format is read with three bits wrong in one place and the other beyond repair.
func TestFormatIsReadWithErrors(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		m := symbolOf(t, fmt.Sprint("otpauth", i), "", 7, decoder.ErrorCorrectionLevel_Q)
		plan, mask, ok := m.format()
		if !ok {
			t.Fatal("no format")
		}
		var places [2][][2]int
		for y, row := range plan.Pixel {
			for x, p := range row {
				if p.Role() == coding.Format {
					far := 0
					if x > 8 || y > 8 {
						far = 1
					}
					places[far] = append(places[far], [2]int{x, y})
				}
			}
		}
		for _, k := range random.Perm(15)[:3] {
			at := places[i%2][k]
			*m.at(at[0], at[1]) *= -1
		}
		for _, at := range places[1-i%2] {
			*m.at(at[0], at[1]) = -1
		}
		if got, k, ok := m.format(); !ok || got.Level != plan.Level || k != mask {
			t.Fatalf("symbol %d: level %v, mask %d, %v; want level %v, mask %d", i, got.Level, k, ok, plan.Level, mask)
		}
	}
}

// What both gozxing and this make of data is the same, but for how each guesses at names of
// characters that are not given.
func FuzzTextOf(f *testing.F) {
	for _, seed := range []string{"\x41\x36\x10", "\x10\x0c\x30\x40", "\x20\x12\x34\x56\x78", "\x71\xa4\x02\xc3\xa9\x00", "\x80\x20\x6c\xf0", "\x30\x12\x34\x56\x70\x00"} {
		f.Add([]byte(seed), 1)
	}
	f.Fuzz(func(t *testing.T, data []byte, number int) {
		version, err := decoder.Version_GetVersionForNumber(number)
		if err != nil || len(data) > 3000 {
			return
		}
		text, ok := textOf(data, coding.Version(number))
		if !ok {
			return
		}
		result, err := decoder.DecodedBitStreamParser_Decode(slices.Clone(data), version, decoder.ErrorCorrectionLevel_L, nil)
		isASCII := !slices.ContainsFunc([]byte(text), func(c byte) bool { return c >= 0x80 })
		if err == nil && isASCII && result.GetText() != text {
			t.Fatalf("%q; by gozxing %q", text, result.GetText())
		}
	})
}
