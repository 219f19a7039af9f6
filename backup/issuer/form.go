package issuer

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"
)

// A Form is how a set of codes looks.
type Form struct {
	Count     int      // codes in the set, 1 to 100
	Alphabet  Alphabet // what they are made of
	Groups    int      // of characters in a code
	GroupSize int      // characters in a group; 64 in all at most
	Separator string   // between groups: spaces, dashes, or nothing
}

// DefaultForm is ten codes of 50 bits, as in K7MPQ-3X9TW. With ten of them there to
// be hit, one guess in 2^46.7 succeeds. It is enough beside a password; codes that
// recover an account by themselves have 64 bits (NIST SP 800-63B-4, section
// 4.2.1.1), which a third group gives.
var DefaultForm = Form{Count: 10, Alphabet: Crockford, Groups: 2, GroupSize: 5, Separator: "-"}

const (
	// minEntropy is what NIST SP 800-63B-3 asks of a look-up secret, in bits (section
	// 5.1.2.1). SP 800-63B-4 asks for six decimal digits, 19.9 bits (section 3.1.2.1).
	minEntropy = 20

	maxCount  = 100 // far more than anybody prints
	maxLength = 64  // longer codes are mistyped, and say no more
)

func (f Form) length() int { return f.Groups * f.GroupSize }

// Entropy returns how many bits are in one code: a guess at this very code
// succeeds once in 2^Entropy.
func (f Form) Entropy() float64 {
	return float64(f.length()) * math.Log2(float64(len(f.Alphabet)))
}

// Validate returns an ErrForm if no codes can have this form, an ErrWeak if they
// would have less than 20 bits.
func (f Form) Validate() error {
	if err := f.Alphabet.validate(); err != nil {
		return err
	}
	switch {
	case f.Count < 1 || f.Count > maxCount:
		return fmt.Errorf("%w: a set has 1 to %d codes, not %d", ErrForm, maxCount, f.Count)
	case f.Groups < 1 || f.GroupSize < 1 || f.Groups > maxLength || f.GroupSize > maxLength || f.length() > maxLength:
		return fmt.Errorf("%w: a code has 1 to %d characters, not %d x %d", ErrForm, maxLength, f.Groups, f.GroupSize)
	case len(f.Separator) > 8 || strings.ContainsFunc(f.Separator, func(c rune) bool { return !isFiller(c) }):
		return fmt.Errorf("%w: %q does not separate", ErrForm, f.Separator)
	case f.Entropy() < minEntropy:
		return fmt.Errorf("%w: %.1f bits, and %d are the least", ErrWeak, f.Entropy(), minEntropy)
	}
	return nil
}

// Generate returns codes of a form, no two alike, each as likely as any other. It
// returns what Validate does, or an error of the random source.
func Generate(f Form, random io.Reader) ([]string, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	source := sampler{random: random}
	seen := make(map[string]bool)
	codes := make([]string, 0, f.Count)
	for tries := 0; len(codes) < f.Count; tries++ {
		if tries == 10*maxCount { // a fair source repeats once in millions
			return nil, errNotRandom
		}
		code, err := source.text(f.Alphabet, f.length())
		if err != nil {
			return nil, err
		}
		if !seen[code] {
			seen[code] = true
			codes = append(codes, f.show(code))
		}
	}
	return codes, nil
}

// show parts a code into its groups.
func (f Form) show(code string) string {
	groups := make([]string, f.Groups)
	for i := range groups {
		groups[i] = code[i*f.GroupSize : (i+1)*f.GroupSize]
	}
	return strings.Join(groups, f.Separator)
}

// errNotRandom says that randomness is not: it would make Generate run for ever.
var errNotRandom = errors.New("the source of randomness repeats itself")

// A sampler draws characters.
type sampler struct {
	random io.Reader
	buffer [64]byte
	unread []byte
}

func (s *sampler) byte() (byte, error) {
	if len(s.unread) == 0 {
		if _, err := io.ReadFull(s.random, s.buffer[:]); err != nil {
			return 0, fmt.Errorf("drawing a code: %w", err)
		}
		s.unread = s.buffer[:]
	}
	b := s.unread[0]
	s.unread = s.unread[1:]
	return b, nil
}

// below returns a number less than n, which is 256 at most. A byte modulo n would
// favour the small ones unless n divides 256, so bytes of the last, partial round
// are thrown away.
func (s *sampler) below(n int) (int, error) {
	for range 1000 { // half of the bytes are good, at least
		b, err := s.byte()
		if err != nil {
			return 0, err
		}
		if int(b) < 256-256%n {
			return int(b) % n, nil
		}
	}
	return 0, errNotRandom
}

func (s *sampler) text(a Alphabet, length int) (string, error) {
	text := make([]byte, length)
	for i := range text {
		n, err := s.below(len(a))
		if err != nil {
			return "", err
		}
		text[i] = a[n]
	}
	return string(text), nil
}

// An Alphabet is the characters that codes are made of: ASCII letters and digits,
// each once. Codes are shown as it writes them. If its letters are all of one case,
// they may be typed in either.
type Alphabet string

const (
	// Crockford has no I, L, O and U: those look like others, or spell words
	// (Douglas Crockford, "Base 32").
	Crockford Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

	// Digits can be typed on a telephone.
	Digits Alphabet = "0123456789"

	// Hex is in lower case.
	Hex Alphabet = "0123456789abcdef"
)

// lookAlikes are characters that people take for each other, on paper above all.
var lookAlikes = []string{"0Oo", "1IiLl", "2Zz", "5Ss", "8Bb", "UuVv"}

func (a Alphabet) validate() error {
	if len(a) < 2 {
		return fmt.Errorf("%w: an alphabet has two characters at least", ErrForm)
	}
	for i, c := range a {
		if c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return fmt.Errorf("%w: %q in the alphabet is not an ASCII letter or digit", ErrForm, c)
		}
		if strings.ContainsRune(string(a[:i]), c) {
			return fmt.Errorf("%w: %q is in the alphabet twice", ErrForm, c)
		}
	}
	return nil
}

// normalize returns what a person typed as the code that was meant. It reports
// whether that is a code of the alphabet, of any length.
func (a Alphabet) normalize(typed string) (string, bool) {
	var code strings.Builder
	for _, c := range typed {
		if isFiller(c) {
			continue
		}
		meant, found := a.meant(narrow(c))
		if !found {
			return "", false
		}
		code.WriteRune(meant)
	}
	return code.String(), true
}

// meant returns the character of the alphabet that another one stands for: itself,
// itself in the other case, or the only one there that looks like it. With both 0
// and O in the alphabet, neither stands for the other.
func (a Alphabet) meant(c rune) (rune, bool) {
	c = a.fold(c)
	if strings.ContainsRune(string(a), c) {
		return c, true
	}
	for _, alike := range lookAlikes {
		if strings.ContainsRune(alike, c) {
			return a.onlyOneOf(alike)
		}
	}
	return 0, false
}

func (a Alphabet) onlyOneOf(alike string) (only rune, found bool) {
	for _, c := range alike {
		if !strings.ContainsRune(string(a), c) {
			continue
		}
		if found {
			return 0, false
		}
		only, found = c, true
	}
	return only, found
}

// fold returns a letter in the case of the alphabet, if that has but one.
func (a Alphabet) fold(c rune) rune {
	upper, lower := strings.ContainsFunc(string(a), unicode.IsUpper), strings.ContainsFunc(string(a), unicode.IsLower)
	switch {
	case upper && !lower:
		return unicode.ToUpper(c)
	case lower && !upper:
		return unicode.ToLower(c)
	}
	return c
}

// isFiller reports whether a character is there for the eye alone: spaces, dashes
// of every script, what does not show, and what a keyboard has beside the dash.
func isFiller(c rune) bool {
	return unicode.IsSpace(c) || unicode.In(c, unicode.Pd, unicode.Cf) || strings.ContainsRune("._\u2212\u30fc\uff0e", c)
}

// narrow returns the ASCII character for a full-width one, which keyboards of East
// Asia type (Unicode, "Halfwidth and Fullwidth Forms").
func narrow(c rune) rune {
	if c >= '\uff01' && c <= '\uff5e' {
		return c - '\uff01' + '!'
	}
	return c
}
