package page

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/makiuchi-d/gozxing/common/reedsolomon"
)

// randomBlock returns a block as gozxing makes it.
func randomBlock(t testing.TB, random *rand.Rand, data, parity int) []byte {
	t.Helper()
	ints := make([]int, data+parity)
	for i := range data {
		ints[i] = random.IntN(256)
	}
	encoder := reedsolomon.NewReedSolomonEncoder(reedsolomon.GenericGF_QR_CODE_FIELD_256)
	if err := encoder.Encode(ints, parity); err != nil {
		t.Fatal(err)
	}
	block := make([]byte, len(ints))
	for i, c := range ints {
		block[i] = byte(c)
	}
	return block
}

// Each erased codeword takes one of parity, and each other that is wrong two.
func TestCorrect(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, size := range [][2]int{{19, 7}, {13, 13}, {9, 17}, {24, 30}, {123, 30}, {225, 30}} {
		data, parity := size[0], size[1]
		for erasures := 0; erasures <= parity; erasures++ {
			for errors := 0; errors <= (parity-erasures)/2+1; errors++ {
				whole := randomBlock(t, random, data, parity)
				places := random.Perm(len(whole))[:min(erasures+errors, len(whole))]
				block := slices.Clone(whole)
				for i, at := range places {
					if i >= erasures || i%3 > 0 { // what is erased may be right
						block[at] ^= byte(1 + random.IntN(255))
					}
				}
				damaged := slices.Clone(block)
				ok := correct(block, parity, places[:erasures], 0)
				fits := erasures+2*errors <= parity
				if fits && (!ok || !slices.Equal(block, whole)) {
					t.Fatalf("%d+%d codewords, %d erased and %d wrong: not corrected", data, parity, erasures, errors)
				}
				if !ok && !slices.Equal(block, damaged) {
					t.Fatalf("%d+%d codewords, %d erased and %d wrong: changed without being corrected", data, parity, erasures, errors)
				}
				if left := parity - erasures - 2*errors; fits && random.IntN(4) == 0 && errors > 0 {
					if copy(block, damaged); correct(block, parity, places[:erasures], left+3) {
						t.Fatalf("%d+%d codewords, %d erased and %d wrong: corrected with less than %d spare", data, parity, erasures, errors, left+3)
					}
				}
			}
		}
	}
}

// Without erasures, what gozxing corrects is corrected alike, and nothing else.
func FuzzCorrect(f *testing.F) {
	f.Add([]byte("any block"), uint8(5), []byte{})
	f.Add([]byte{}, uint8(30), []byte{0, 1, 2})
	f.Add(make([]byte, 26), uint8(7), []byte{3})
	f.Add(randomBlock(f, rand.New(rand.NewPCG(2, 2)), 20, 10), uint8(10), []byte{29})
	f.Fuzz(func(t *testing.T, block []byte, parity uint8, erased []byte) {
		if parity == 0 || int(parity) >= len(block) || len(block) > 255 {
			t.Skip()
		}
		ints := make([]int, len(block))
		for i, c := range block {
			ints[i] = int(c)
		}
		err := reedsolomon.NewReedSolomonDecoder(reedsolomon.GenericGF_QR_CODE_FIELD_256).Decode(ints, int(parity))
		theirs := make([]byte, len(ints))
		for i, c := range ints {
			theirs[i] = byte(c)
		}
		// gozxing does not look whether what it corrected is right.
		_, right := syndromesOf(theirs, int(parity))
		right = right && err == nil
		own := slices.Clone(block)
		if ok := correct(own, int(parity), nil, 0); ok != right || right && !slices.Equal(own, theirs) {
			t.Fatalf("%v, corrected: %v; by gozxing %v, %v", own, ok, theirs, err)
		}
		var places []int
		for _, at := range erased {
			if int(at) < len(block) && !slices.Contains(places, int(at)) {
				places = append(places, int(at))
			}
		}
		own = slices.Clone(block)
		if correct(own, int(parity), places, 0) {
			if _, clean := syndromesOf(own, int(parity)); !clean {
				t.Error("what was corrected is not clean")
			}
		} else if !slices.Equal(own, block) {
			t.Error("what was not corrected was changed")
		}
	})
}
