package line

// The check of a typed line is four base32 letters, 20 bits. Sixteen of them are
// two check symbols of a Reed-Solomon code over GF(2^8), whose message is made of
// the line's number in three bytes, most significant first, and then the line's
// text in ASCII. Each of these bytes is replaced by its inverse in the field, and
// 0 by 0: so the few letters of an alphabet spread over all bits. With m[i] the
// message and a = x,
//
//	c0 = m[0] + m[1] + m[2] + ...
//	c1 = m[0] + a m[1] + a^2 m[2] + ...
//
// Two messages of the same length that share both symbols differ in three bytes
// or more. The other four bits are the length of the text, modulo 16. The letters
// are c0's upper five bits; its lower three and the length's upper two; c1's upper
// five; its lower three and the length's lower two. So no letter has bits of both
// symbols, and a wrong letter in the check never makes up for one in the text.
//
// Hence any one or two wrong characters are found, wherever they are, any two that
// changed places, up to fifteen that were left out or put in, and a line typed in
// under the number of another, if both are below 65536. Anything else passes once
// in 65536 times if the length is right, else never.
const checkLength = 4

// maxChecked is the longest text that the check's promises hold for: GF(2^8) has
// 255 powers of a, and the number takes three.
const maxChecked = 255 - numberBytes

const numberBytes = 3

// maxLine is the highest number of a line.
const maxLine = 1<<(8*numberBytes) - 1

// alphabet is that of base32 (RFC 4648, section 6).
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// A parity is what a check says.
type parity struct{ c0, c1, length byte }

func parityOf(number int, text string) parity {
	head := [numberBytes]byte{byte(number >> 16), byte(number >> 8), byte(number)}
	p := parity{length: byte(len(text)) & 15}
	for i, b := range []byte(string(head[:]) + text) {
		m := inverse(b)
		p.c0 ^= m
		p.c1 ^= timesPower(m, i)
	}
	return p
}

func (p parity) String() string {
	return string([]byte{
		alphabet[p.c0>>3], alphabet[p.c0&7<<2|p.length>>2],
		alphabet[p.c1>>3], alphabet[p.c1&7<<2|p.length&3],
	})
}

// parseParity reads four letters in upper case.
func parseParity(check string) (p parity, ok bool) {
	if len(check) != checkLength {
		return parity{}, false
	}
	var v [checkLength]byte
	for i := range v {
		if v[i], ok = valueOf(check[i]); !ok {
			return parity{}, false
		}
	}
	return parity{v[0]<<3 | v[1]>>2, v[2]<<3 | v[3]>>2, v[1]&3<<2 | v[3]&3}, true
}

// valueOf returns the five bits of a base32 letter.
func valueOf(letter byte) (byte, bool) {
	switch {
	case 'A' <= letter && letter <= 'Z':
		return letter - 'A', true
	case '2' <= letter && letter <= '7':
		return letter - '2' + 26, true
	}
	return 0, false
}

// checkOf returns the check of a line.
func checkOf(number int, text string) string { return parityOf(number, text).String() }

// checks reports whether a line and its check go together.
func checks(number int, text, check string) bool {
	return number > 0 && number <= maxLine && len(text) <= maxChecked && checkOf(number, text) == check
}

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
