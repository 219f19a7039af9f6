package page

import "slices"

// A field has the powers of 2, and the exponents of its elements, in the field of 256
// elements that QR codes are corrected in: that of x^8 + x^4 + x^3 + x^2 + 1 (ISO/IEC
// 18004, "Generating the error correction codewords").
type field struct {
	power    [2 * 255]byte
	exponent [256]int
}

var gf = newField()

func newField() (f field) {
	const polynomial = 0x11d
	x := 1
	for i := range 255 {
		f.power[i], f.power[i+255] = byte(x), byte(x)
		f.exponent[x] = i
		if x <<= 1; x > 255 {
			x ^= polynomial
		}
	}
	return f
}

func (f *field) times(a, b byte) byte {
	if a == 0 || b == 0 {
		return 0
	}
	return f.power[f.exponent[a]+f.exponent[b]]
}

// over divides by what is not 0.
func (f *field) over(a, b byte) byte {
	if a == 0 {
		return 0
	}
	return f.power[f.exponent[a]+255-f.exponent[b]]
}

// at returns the value of a polynomial, its constant first, at a power of 2.
func (f *field) at(polynomial []byte, exponent int) (sum byte) {
	x := f.power[exponent%255]
	for _, c := range slices.Backward(polynomial) {
		sum = f.times(sum, x) ^ c
	}
	return sum
}

// correct corrects errors in a block of codewords, so many of which are parity. Those that are erased
// may be anything: each takes one of parity, and any other that is wrong takes two. So
// much of it as spare must be left, as a proof that the block is what it is taken for.
// Otherwise the block stays as it is, and correct returns false.
//
// It finds the places by the algorithm of Berlekamp and Massey, beginning with those
// that are erased, and the values by Forney's (Blahut, "Algebraic Codes for Data
// Transmission", 7.3 and 7.4).
func correct(block []byte, parity int, erased []int, spare int) bool {
	if len(erased) > parity-spare {
		return false
	}
	syndromes, clean := syndromesOf(block, parity)
	if clean {
		return true
	}
	last := len(block) - 1
	locator := make([]byte, parity+1) // a polynomial that is 0 at the inverse of each place
	locator[0] = 1
	for i, at := range erased {
		x := gf.power[last-at]
		for j := i + 1; j > 0; j-- {
			locator[j] ^= gf.times(locator[j-1], x)
		}
	}
	before, next := slices.Clone(locator), make([]byte, parity+1)
	count := len(erased)
	for k := count; k < parity; k++ {
		var off byte
		for i := 0; i <= k; i++ {
			off ^= gf.times(locator[i], syndromes[k-i])
		}
		copy(before[1:], before[:parity])
		before[0] = 0
		if off == 0 {
			continue
		}
		for i := range next {
			next[i] = locator[i] ^ gf.times(off, before[i])
		}
		if 2*count <= k+len(erased) {
			count = k + 1 + len(erased) - count
			for i := range before {
				before[i] = gf.over(locator[i], off)
			}
		}
		locator, next = next, locator
	}
	if 2*count-len(erased) > parity-spare {
		return false
	}
	values := make([]byte, parity) // syndromes times locator
	for i := range values {
		for j := 0; j <= i; j++ {
			values[i] ^= gf.times(locator[j], syndromes[i-j])
		}
	}
	slope := make([]byte, parity) // of the locator: in this field, only odd powers have one
	for i := 1; i <= parity; i += 2 {
		slope[i-1] = locator[i]
	}
	corrected, found := slices.Clone(block), 0
	for at := range block {
		place := last - at
		if gf.at(locator, 255-place) != 0 {
			continue
		}
		steep := gf.at(slope, 255-place)
		if found++; steep == 0 {
			return false
		}
		corrected[at] ^= gf.times(gf.power[place], gf.over(gf.at(values, 255-place), steep))
	}
	if _, clean := syndromesOf(corrected, parity); !clean || found != count {
		return false
	}
	copy(block, corrected)
	return true
}

// syndromesOf returns what a block is at the first powers of 2, and whether that is 0
// everywhere, as it is without errors.
func syndromesOf(block []byte, parity int) (syndromes []byte, clean bool) {
	syndromes, clean = make([]byte, parity), true
	for i := range syndromes {
		for _, c := range block {
			syndromes[i] = gf.times(syndromes[i], gf.power[i]) ^ c
		}
		clean = clean && syndromes[i] == 0
	}
	return syndromes, clean
}
