package issuer

import (
	"fmt"
	"strings"
	"unicode"
)

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
			return fmt.Errorf("%w: %q in the alphabet is no ASCII letter or digit", ErrForm, c)
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
