package page

import (
	"sync"

	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// A mark is a module whose colour is the same in every symbol of a size.
type mark struct {
	x, y int
	dark float64 // 1 if it is dark, -1 if light
}

// finderMarks are those of a finder pattern and the light ring around it, from its
// centre.
var finderMarks = sync.OnceValue(func() []mark { return square(4, []float64{1, 1, -1, 1, -1}) })

// alignmentMarks are those of an alignment pattern, from its centre.
var alignmentMarks = sync.OnceValue(func() []mark { return square(2, []float64{1, -1, 1}) })

// square returns rings around a centre, each of one colour.
func square(reach int, rings []float64) (marks []mark) {
	for y := -reach; y <= reach; y++ {
		for x := -reach; x <= reach; x++ {
			marks = append(marks, mark{x, y, rings[max(x, -x, y, -y)]})
		}
	}
	return marks
}

// marks returns the function patterns of a size (ISO/IEC 18004, "Function
// patterns"): finder, timing and alignment patterns. The ring around the finder
// patterns is in part outside of the symbol.
func marks(size int) (all []mark) {
	add := func(marks []mark, x, y int) {
		for _, m := range marks {
			all = append(all, mark{x + m.x, y + m.y, m.dark})
		}
	}
	add(finderMarks(), 3, 3)
	add(finderMarks(), size-4, 3)
	add(finderMarks(), 3, size-4)
	for i := 8; i < size-8; i++ {
		all = append(all, mark{i, 6, alternate(i)}, mark{6, i, alternate(i)})
	}
	for _, centre := range alignments(size) {
		add(alignmentMarks(), centre[0], centre[1])
	}
	return all
}

// alternate returns the colour of a module of the timing patterns.
func alternate(i int) float64 { return float64(1 - i%2*2) }

// alignments returns the columns and rows of a size's alignment patterns.
func alignments(size int) (centres [][2]int) {
	version, err := decoder.Version_GetVersionForNumber((size - 17) / 4)
	if err != nil {
		return nil
	}
	at := version.GetAlignmentPatternCenters()
	first, last := 6, size-7
	for _, y := range at {
		for _, x := range at {
			finder := x == first && y == first || x == last && y == first || x == first && y == last
			if !finder {
				centres = append(centres, [2]int{x, y})
			}
		}
	}
	return centres
}
