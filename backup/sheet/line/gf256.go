package line

// order is how many powers of x there are in GF(2^8), taken modulo x^8 + x^4 + x^3
// + x^2 + 1, as in QR codes (ISO/IEC 18004, "Error correction").
const (
	order      = 255
	polynomial = 0x11d
)

// powers holds those of x, twice over; logarithms their exponents, that of 0 being
// of no meaning.
var powers, logarithms = func() (p [2 * order]byte, l [order + 1]byte) {
	x := 1
	for i := range order {
		p[i], p[i+order] = byte(x), byte(x)
		l[x] = byte(i)
		if x <<= 1; x > order {
			x ^= polynomial
		}
	}
	return p, l
}()

// timesPower returns b times the n-th power of x, n not being negative.
func timesPower(b byte, n int) byte {
	if b == 0 {
		return 0
	}
	return powers[int(logarithms[b])+n%order]
}

// power returns which power of x, from 0 to 254, takes a to b; neither is 0.
func power(a, b byte) int {
	return (int(logarithms[b]) - int(logarithms[a]) + order) % order
}

// inverse returns 1/b, and 0 for 0. It is its own inverse.
func inverse(b byte) byte {
	if b == 0 {
		return 0
	}
	return powers[order-int(logarithms[b])]
}
