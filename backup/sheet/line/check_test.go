package line

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// alphabets are what lines are made of.
var alphabets = map[string]string{
	"base32": alphabet,
	"bech32": "qpzry9x8gf2tvdw0s3jn54khce6mua7l",
	"digits": "0123456789",
	"ASCII":  printableASCII(),
}

func printableASCII() string {
	var b strings.Builder
	for c := ' '; c <= '~'; c++ {
		b.WriteRune(c)
	}
	return b.String()
}

func randomText(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// longest is more than any line has.
const longest = 64

func replaced(text string, i int, c byte) string {
	return text[:i] + string([]byte{c}) + text[i+1:]
}

func swapped(text string, i, j int) string {
	b := []byte(text)
	b[i], b[j] = b[j], b[i]
	return string(b)
}

// forTexts calls f with texts of every length and alphabet.
func forTexts(t *testing.T, f func(t *testing.T, r *rand.Rand, number int, text, letters string)) {
	for name, letters := range alphabets {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for n := range longest + 1 {
				f(t, r, 1+r.IntN(20000), randomText(r, letters, n), letters)
			}
		})
	}
}

// Any wrong character is found, in the text and in the check.
func TestOneWrongCharacterIsFound(t *testing.T) {
	forTexts(t, func(t *testing.T, _ *rand.Rand, number int, text, letters string) {
		line := text + checkOf(number, text)
		for i := range line {
			choice := letters
			if i >= len(text) {
				choice = alphabet
			}
			for _, c := range []byte(choice) {
				wrong := replaced(line, i, c)
				if ok := checks(number, wrong[:len(text)], wrong[len(text):]); ok != (wrong == line) {
					t.Fatalf("%d %q, %q: checks = %v", number, line, wrong, ok)
				}
			}
		}
	})
}

// Any two characters that change places are found, next to each other or not, in
// the text and in the check.
func TestTwoSwappedCharactersAreFound(t *testing.T) {
	forTexts(t, func(t *testing.T, _ *rand.Rand, number int, text, _ string) {
		line := text + checkOf(number, text)
		for i := range line {
			for j := range i {
				wrong := swapped(line, i, j)
				if ok := checks(number, wrong[:len(text)], wrong[len(text):]); ok != (wrong == line) {
					t.Fatalf("%d %q, %q: checks = %v", number, line, wrong, ok)
				}
			}
		}
	})
}

// Any two wrong characters are found. Since the code is linear in the inverses,
// what the text was before does not matter: what counts is their difference.
func TestTwoWrongCharactersAreFound(t *testing.T) {
	zero := strings.Repeat("\x00", longest)
	right := parityOf(0, zero)
	for i := range longest {
		for j := range i {
			for d := 1; d < 256; d++ {
				// c0 is unchanged by equal differences alone.
				wrong := parityOf(0, replaced(replaced(zero, i, byte(d)), j, byte(d)))
				if wrong.c0 != right.c0 || wrong.c1 == right.c1 {
					t.Fatalf("bytes %d and %d changed by %d: %v, %v", i, j, d, right, wrong)
				}
			}
		}
	}
}

// One wrong character changes both symbols of the check, and no letter of the
// check has bits of both. So one wrong letter there does not make up for it.
func TestTextAndCheckDoNotMakeUpForEachOther(t *testing.T) {
	forTexts(t, func(t *testing.T, r *rand.Rand, number int, text, letters string) {
		right := checkOf(number, text)
		for i := range text {
			for _, c := range []byte(letters) {
				if wrong := checkOf(number, replaced(text, i, c)); c != text[i] && differInOne(wrong, right) {
					t.Fatalf("%q with %q at %d: %s, %s", text, c, i, right, wrong)
				}
			}
		}
	})
}

func TestMissingAndExtraCharactersAreFound(t *testing.T) {
	forTexts(t, func(t *testing.T, r *rand.Rand, number int, text, letters string) {
		check := checkOf(number, text)
		for i := range text {
			for n := 1; i+n <= len(text) && n < 16; n++ {
				if checks(number, text[:i]+text[i+n:], check) {
					t.Fatalf("%q checks without %d characters at %d", text, n, i)
				}
			}
			for n := range 15 {
				if checks(number, text[:i]+randomText(r, letters, n+1)+text[i:], check) {
					t.Fatalf("%q checks with %d more characters at %d", text, n+1, i)
				}
			}
		}
	})
}

// A line typed in at another's number does not check, nor does the same text stand
// on two lines with the same check.
func TestOtherNumbersAreFound(t *testing.T) {
	text := "JBSWY3DPEHPK3PXPJBSW"
	seen := make(map[parity]int, 1<<16)
	for number := 1; number < 1<<16; number++ {
		p := parityOf(number, text)
		if other, ok := seen[p]; ok {
			t.Fatalf("lines %d and %d have the same check", number, other)
		}
		seen[p] = number
	}
}

// What no promise covers passes once in 65536 times, even if nothing but the length
// is right.
func TestAnythingElseIsFoundNearlyAlways(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const tries = 1 << 20
	hits := 0
	right := parityOf(9, randomText(r, alphabet, 20))
	buffer := make([]byte, 20)
	for range tries {
		for i := range buffer {
			buffer[i] = alphabet[r.IntN(32)]
		}
		if p := parityOf(9, string(buffer)); p == right {
			hits++
		}
	}
	if expected := tries >> 16; hits < expected/4 || hits > expected*3 {
		t.Errorf("%d of %d texts share a check", hits, tries)
	}
}

func TestParityReadsBack(t *testing.T) {
	forTexts(t, func(t *testing.T, _ *rand.Rand, number int, text, _ string) {
		is := parityOf(number, text)
		if got, ok := parseParity(is.String()); !ok || got != is {
			t.Fatalf("%v is read as %v", is, got)
		}
	})
	for _, bad := range []string{"", "ABC", "ABCDE", "ABC1", "abcd", "ABC "} {
		if _, ok := parseParity(bad); ok {
			t.Errorf("%q is read", bad)
		}
	}
}

// The check is a format: paper that was printed must stay readable. These were
// computed apart, by multiplying polynomials bit by bit.
func TestCheckIsTheFormat(t *testing.T) {
	for _, c := range []struct {
		number int
		text   string
	}{{1, ""}, {7, "JBSWY3DPEHPK3PXPJBSW"}, {300, "account: GitHub:alice"}, {70000, "code 3: 1234-5678"}} {
		if got, want := checkOf(c.number, c.text), slowCheck(c.number, c.text); got != want {
			t.Errorf("check of %d %q is %s, want %s", c.number, c.text, got, want)
		}
	}
	if got := checkOf(7, "JBSWY3DPEHPK3PXPJBSW"); got != "TJWY" {
		t.Errorf("the format changed: %s", got)
	}
}

// slowCheck is the comment of checkLength, literally.
func slowCheck(number int, text string) string {
	m := append([]byte{byte(number >> 16), byte(number >> 8), byte(number)}, text...)
	var c0, c1, power int = 0, 0, 1
	for _, b := range m {
		b = slowInverse(b)
		c0 ^= int(b)
		c1 ^= slowProduct(int(b), power)
		power = slowProduct(power, 2)
	}
	n := len(text) % 16
	bits := c0<<12 | (n>>2)<<10 | c1<<2 | n&3
	letters := make([]byte, 4)
	for i := range letters {
		letters[i] = alphabet[bits>>(15-5*i)&31]
	}
	return string(letters)
}

func slowInverse(b byte) byte {
	for c := range 256 {
		if slowProduct(int(b), c) == 1 {
			return byte(c)
		}
	}
	return 0
}

func slowProduct(a, b int) (product int) {
	for bit := range 8 {
		if b>>bit&1 == 1 {
			product ^= a << bit
		}
	}
	for bit := 15; bit >= 8; bit-- {
		if product>>bit&1 == 1 {
			product ^= 0x11d << (bit - 8)
		}
	}
	return product
}
