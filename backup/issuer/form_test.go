package issuer

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// seeded returns the same random bytes in every run.
func seeded(seed byte) io.Reader { return mathrand.NewChaCha8([32]byte{seed}) }

func TestEntropy(t *testing.T) {
	for _, test := range []struct {
		form Form
		want float64
	}{
		{DefaultForm, 50},
		{Form{10, Digits, 2, 4, " "}, 26.5754},
		{Form{10, Hex, 1, 16, ""}, 64},
	} {
		if got := test.form.Entropy(); math.Abs(got-test.want) > 0.0001 {
			t.Errorf("%+v has %f bits, want %f", test.form, got, test.want)
		}
	}
}

func TestForms(t *testing.T) {
	good := DefaultForm
	for _, test := range []struct {
		name   string
		change func(*Form)
		want   error
	}{
		{"as it is", func(f *Form) {}, nil},
		{"one code", func(f *Form) { f.Count = 1 }, nil},
		{"no code", func(f *Form) { f.Count = 0 }, ErrForm},
		{"too many", func(f *Form) { f.Count = 101 }, ErrForm},
		{"no alphabet", func(f *Form) { f.Alphabet = "" }, ErrForm},
		{"one character", func(f *Form) { f.Alphabet = "A" }, ErrForm},
		{"a character twice", func(f *Form) { f.Alphabet = "ABCA" }, ErrForm},
		{"a dash", func(f *Form) { f.Alphabet = "ABC-" }, ErrForm},
		{"not ASCII", func(f *Form) { f.Alphabet = "ABCÄ" }, ErrForm},
		{"not UTF-8", func(f *Form) { f.Alphabet = "ABC\xff" }, ErrForm},
		{"no groups", func(f *Form) { f.Groups = 0 }, ErrForm},
		{"negative", func(f *Form) { f.Groups, f.GroupSize = -2, -5 }, ErrForm},
		{"huge", func(f *Form) { f.Groups, f.GroupSize = math.MaxInt, math.MaxInt }, ErrForm},
		{"64 characters", func(f *Form) { f.Groups, f.GroupSize = 8, 8 }, nil},
		{"65 characters", func(f *Form) { f.Groups, f.GroupSize = 13, 5 }, ErrForm},
		{"a separator that counts", func(f *Form) { f.Separator = "A" }, ErrForm},
		{"a long dash", func(f *Form) { f.Separator = " – " }, nil},
		{"6 digits, 19.9 bits", func(f *Form) { f.Alphabet, f.Groups, f.GroupSize = Digits, 1, 6 }, ErrWeak},
		{"7 digits, 23.3 bits", func(f *Form) { f.Alphabet, f.Groups, f.GroupSize = Digits, 1, 7 }, nil},
		{"20 bits", func(f *Form) { f.Alphabet, f.Groups, f.GroupSize = "01", 4, 5 }, nil},
		{"4 of Crockford's, 20 bits", func(f *Form) { f.Groups, f.GroupSize = 1, 4 }, nil},
	} {
		form := good
		test.change(&form)
		err := form.Validate()
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if codes, err := Generate(form, rand.Reader); !errors.Is(err, test.want) || err != nil && codes != nil {
			t.Errorf("%s: generated %q, %v", test.name, codes, err)
		}
	}
}

func TestGenerate(t *testing.T) {
	form := Form{Count: 100, Alphabet: "01", Groups: 4, GroupSize: 5, Separator: " "}
	codes, err := Generate(form, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, code := range codes {
		if len(code) != 23 || strings.Trim(code, "01 ") != "" || code[5] != ' ' || seen[code] {
			t.Errorf("%q is not of the form, or there twice", code)
		}
		seen[code] = true
	}
	if len(seen) != 100 {
		t.Errorf("there are %d codes", len(seen))
	}
}

// repeated returns the same byte again and again.
type repeated byte

func (r repeated) Read(b []byte) (int, error) {
	copy(b, bytes.Repeat([]byte{byte(r)}, len(b)))
	return len(b), nil
}

// A source that is broken is found out, rather than waited for.
func TestBrokenRandomness(t *testing.T) {
	for _, b := range []byte{0, 7, 0xff} {
		if codes, err := Generate(Form{10, Digits, 2, 4, ""}, repeated(b)); !errors.Is(err, errNotRandom) {
			t.Errorf("of %#x were made %q, %v", b, codes, err)
		}
	}
	failure := errors.New("no randomness")
	if codes, err := Generate(DefaultForm, iotest.ErrReader(failure)); !errors.Is(err, failure) {
		t.Errorf("of nothing were made %q, %v", codes, err)
	}
	if codes, err := Generate(DefaultForm, bytes.NewReader(make([]byte, 40))); err == nil {
		t.Errorf("of too little were made %q", codes)
	}
}

// chiSquare returns how far counts are from being alike, in standard deviations of
// the chi-square distribution (Wilson and Hilferty's approximation).
func chiSquare(counts []int) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	expected, sum := float64(total)/float64(len(counts)), 0.0
	for _, n := range counts {
		sum += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	freedom := float64(len(counts) - 1)
	spread := 2 / (9 * freedom)
	return (math.Cbrt(sum/freedom) - (1 - spread)) / math.Sqrt(spread)
}

// counted draws characters and counts them.
func counted(n, drawn int, draw func() int) []int {
	counts := make([]int, n)
	for range drawn {
		counts[draw()]++
	}
	return counts
}

// Each character is as likely as any other, in alphabets that do not divide 256. The
// bias of taking a byte modulo their size is found by the same measure.
func TestNoModuloBias(t *testing.T) {
	const drawn = 400_000
	for _, n := range []int{3, 10, 24, 31, 58, 62} {
		fair := sampler{random: seeded(byte(n))}
		counts := counted(n, drawn, func() int {
			c, err := fair.below(n)
			if err != nil {
				t.Fatal(err)
			}
			return c
		})
		if off := chiSquare(counts); math.Abs(off) > 4 {
			t.Errorf("%d characters are drawn %.1f standard deviations off: %v", n, off, counts)
		}
		biased := sampler{random: seeded(byte(n))}
		counts = counted(n, drawn, func() int {
			b, _ := biased.byte()
			return int(b) % n
		})
		// Of 3, one is drawn 86 times in 256 and the others 85 times.
		if off := chiSquare(counts); n > 3 && off < 4 {
			t.Errorf("of %d characters a byte modulo %d is not found to be biased: %.1f", n, n, off)
		}
	}
}

// The same for whole codes: each place, and each pair of neighbours.
func TestCodesAreUniform(t *testing.T) {
	form := Form{Count: 100, Alphabet: Digits, Groups: 1, GroupSize: 8}
	random := seeded(5)
	places, pairs := make([][]int, 8), make([]int, 100)
	for p := range places {
		places[p] = make([]int, 10)
	}
	for range 400 {
		codes, err := Generate(form, random)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codes {
			for p := range places {
				places[p][code[p]-'0']++
				if p > 0 {
					pairs[int(code[p-1]-'0')*10+int(code[p]-'0')]++
				}
			}
		}
	}
	for p, counts := range append(places, pairs) {
		if off := chiSquare(counts); math.Abs(off) > 4 {
			t.Errorf("%d: %.1f standard deviations off: %v", p, off, counts)
		}
	}
}

func TestNormalize(t *testing.T) {
	const base58 Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	const letters Alphabet = "abcdefghijklmnopqrstuvwxyz"
	for _, test := range []struct {
		alphabet    Alphabet
		typed, want string // "!" for what is no code
	}{
		{Crockford, "K7MPQ-3X9TW", "K7MPQ3X9TW"},
		{Crockford, "k7mpq 3x9tw", "K7MPQ3X9TW"},
		{Crockford, " K7mpQ\t—3x9 TW\r\n", "K7MPQ3X9TW"},
		{Crockford, "K7MPQ\u00a03X9TW\u200b", "K7MPQ3X9TW"},
		{Crockford, "\ufeffK7MPQ\u00ad3X9TW", "K7MPQ3X9TW"},
		{Crockford, "Ｋ７ＭＰＱ－３ｘ９ｔｗ", "K7MPQ3X9TW"},
		{Crockford, "oO0-iIlL1-uUvV", "0001111" + "1VVVV"},
		{Crockford, "K7MPQ+3X9TW", "!"},
		{Crockford, "K7MPQ/3X9TW", "!"},
		{Crockford, "ЖЖЖЖЖ", "!"},
		{Crockford, "K7MPQ\xff", "!"},
		{Crockford, "\x00", "!"},
		{Crockford, "", ""},
		{Digits, "1234 5678", "12345678"},
		{Digits, "l234 S67B", "12345678"[:4] + "5678"},
		{Digits, "OoZz", "0022"},
		{Digits, "1234a", "!"},
		{Hex, "DEAD BEEF", "deadbeef"},
		{Hex, "dead8eef", "dead8eef"}, // 8 and b are both there
		{Hex, "Oo", "00"},
		{Hex, "g", "!"},
		{letters, "0", "o"},
		{letters, "1", "!"}, // i or l?
		{letters, "ABC", "abc"},
		{base58, "Aa", "Aa"},
		{base58, "0O", "oo"}, // of the three it has o alone
		{base58, "l", "!"},   // 1, i or L?
		{"ABCDEFGH", "abcdefgh", "ABCDEFGH"},
	} {
		got, ok := test.alphabet.normalize(test.typed)
		if !ok {
			got = "!"
		}
		if got != test.want {
			t.Errorf("%q in %s is %q, want %q", test.typed, test.alphabet, got, test.want)
		}
	}
}

// Every code is itself, however it is written.
func TestCodesNormalizeToThemselves(t *testing.T) {
	for _, alphabet := range []Alphabet{Crockford, Digits, Hex, "abcdefghijkmnpqrstuvwxyz23456789"} {
		form := Form{Count: 20, Alphabet: alphabet, Groups: 3, GroupSize: 4, Separator: "-"}
		codes, err := Generate(form, seeded(9))
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codes {
			plain := strings.ReplaceAll(code, "-", "")
			for _, typed := range []string{
				code, plain, strings.ToLower(code), strings.ToUpper(plain),
				strings.Join(strings.Split(plain, ""), " "), fmt.Sprintf("  %s\n", strings.ReplaceAll(code, "-", "–")),
			} {
				if got, ok := alphabet.normalize(typed); !ok || got != plain {
					t.Errorf("%q is %q, want %q", typed, got, plain)
				}
			}
		}
	}
}
