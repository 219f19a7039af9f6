package sheettest_test

import (
	"fmt"
	"image"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/tokenctl/tokenctl/backup/sheet/sheettest"
	"github.com/tokenctl/tokenctl/oath/qr"
)

func texts(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("otpauth://totp/Example:user%d?secret=JBSWY3DPEHPK3PXP&issuer=Example", i)
	}
	return all
}

func TestPage(t *testing.T) {
	page := sheettest.Page(texts(9), 150)
	if size := page.Bounds().Size(); size != image.Pt(1240, 1754) {
		t.Errorf("A4 at 150 dpi has %v pixels", size)
	}
	got := qr.Scan(page)
	slices.Sort(got)
	if want := texts(9); !slices.Equal(got, want) {
		t.Errorf("read %d of %d codes", len(got), len(want))
	}
	if length := sheettest.Page(texts(60), 50).Bounds().Dy(); length < 600 {
		t.Errorf("60 codes are on %d pixels of paper", length)
	}
}

func TestApply(t *testing.T) {
	page := sheettest.Page(texts(1), 50)
	whole := page.Bounds().Size()
	tests := map[string]struct {
		damage sheettest.Damage
		check  func(before, after *image.Gray) bool
	}{
		"none": {sheettest.Damage{}, func(before, after *image.Gray) bool { return reflect.DeepEqual(before, after) }},
		"turn": {sheettest.Damage{Turn: 1}, func(before, after *image.Gray) bool {
			w := after.Rect.Dx()
			return after.Rect.Max == image.Pt(whole.Y, whole.X) && after.GrayAt(w-1-50, 60) == before.GrayAt(60, 50)
		}},
		"turn and skew": {sheettest.Damage{Turn: 3, Skew: 3}, func(_, after *image.Gray) bool {
			return after.Rect.Dx() > whole.Y && after.Rect.Dy() > whole.X
		}},
		"perspective": {sheettest.Damage{Perspective: 0.2}, func(before, after *image.Gray) bool {
			return after.Rect == before.Rect && darkness(after) < darkness(before)
		}},
		"curl": {sheettest.Damage{Curl: 0.03}, func(before, after *image.Gray) bool {
			return firstInk(after, whole.X/5) < firstInk(before, whole.X/5)-3
		}},
		"crumple": {sheettest.Damage{Crumple: 0.01}, func(before, after *image.Gray) bool {
			tops := map[int]bool{}
			for x := whole.X / 5; x < whole.X/3; x++ {
				tops[firstInk(after, x)-firstInk(before, x)] = true
			}
			return len(tops) > 2
		}},
		"motion": {sheettest.Damage{Motion: 5}, func(before, after *image.Gray) bool {
			return math.Abs(darkness(after)-darkness(before)) < 0.01 && changed(before, after) > 0.01
		}},
		"blur": {sheettest.Damage{Blur: 2}, func(before, after *image.Gray) bool {
			return math.Abs(darkness(after)-darkness(before)) < 0.002 && slices.Min(after.Pix) > slices.Min(before.Pix)
		}},
		"shadow": {sheettest.Damage{Shadow: 0.5}, func(_, after *image.Gray) bool {
			return after.Pix[0] == 0xff && after.Pix[len(after.Pix)-1] == 0x80
		}},
		"contrast": {sheettest.Damage{Contrast: 0.5}, func(_, after *image.Gray) bool {
			return slices.Min(after.Pix) == 0x40 && slices.Max(after.Pix) == 0xc0
		}},
		"inverted": {sheettest.Damage{Inverted: true}, func(before, after *image.Gray) bool {
			return math.Abs(darkness(after)+darkness(before)-1) < 0.001
		}},
		"noise": {sheettest.Damage{Noise: 0.05}, func(before, after *image.Gray) bool {
			share := changed(before, after)
			return share > 0.04 && share < 0.06
		}},
		"grain": {sheettest.Damage{Grain: 20}, func(before, after *image.Gray) bool { return changed(before, after) > 0.4 }},
		"JPEG":  {sheettest.Damage{JPEG: 30}, func(before, after *image.Gray) bool { return changed(before, after) > 0.02 }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := page.(*image.Gray)
			if !tt.check(before, tt.damage.Apply(page).(*image.Gray)) {
				t.Errorf("%+v does not do what it says", tt.damage)
			}
		})
	}
}

// Tests that fail must fail again.
func TestApplyIsDeterministic(t *testing.T) {
	page := sheettest.Page(texts(1), 50)
	damage := sheettest.Poor(1)
	if !reflect.DeepEqual(damage.Apply(page), damage.Apply(page)) {
		t.Error("the same seed gives different pictures")
	}
	if reflect.DeepEqual(damage.Apply(page), sheettest.Poor(2).Apply(page)) {
		t.Error("different seeds give the same picture")
	}
}

// firstInk is how far from the top a column has ink.
func firstInk(g *image.Gray, x int) int {
	for y := range g.Rect.Dy() {
		if g.GrayAt(x, y).Y < 0x80 {
			return y
		}
	}
	return g.Rect.Dy()
}

// darkness is the share of black in a picture.
func darkness(g *image.Gray) float64 {
	sum := 0.0
	for _, v := range g.Pix {
		sum += 1 - float64(v)/0xff
	}
	return sum / float64(len(g.Pix))
}

// changed is the share of pixels that differ.
func changed(a, b *image.Gray) float64 {
	n := 0
	for i := range a.Pix {
		if a.Pix[i] != b.Pix[i] {
			n++
		}
	}
	return float64(n) / float64(len(a.Pix))
}
