package line

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Escape writes a text as lines of words have it: '%' and two hexadecimal digits
// stand for '%', any byte that is not printable ASCII, and those further characters
// that are given; and where a line would read as another, for a space that is the
// first, the last, or follows another, for the last dot of a text that ends in
// " ...", and for the '=' of a last word that begins with "letters=".
func Escape(text, further string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		outer := c == ' ' && (i == 0 || i == len(text)-1 || text[i-1] == ' ')
		if outer || !isPrintable(c) || c == '%' || strings.IndexByte(further, c) >= 0 {
			b.WriteString(escapeByte(c))
			continue
		}
		b.WriteByte(c)
	}
	escaped := b.String()
	if strings.HasSuffix(" "+escaped, goesOn) {
		return escaped[:len(escaped)-1] + escapeByte('.')
	}
	last := strings.LastIndexByte(escaped, ' ') + 1
	if count, ok := strings.CutPrefix(escaped[last:], lettersWord); ok {
		return escaped[:last] + strings.Replace(lettersWord, "=", escapeByte('='), 1) + count
	}
	return escaped
}

// escapeByte returns '%' and two hexadecimal digits.
func escapeByte(c byte) string {
	const hex = "0123456789ABCDEF"
	return string([]byte{'%', hex[c>>4], hex[c&15]})
}

// Unescape replaces every %XX by its byte. It does not quote the text in an error.
func Unescape(text string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		n, err := strconv.ParseUint(text[i+1:min(i+3, len(text))], 16, 8)
		if err != nil || i+3 > len(text) {
			return "", fmt.Errorf("two hexadecimal digits must follow the %% at byte %d", i)
		}
		b.WriteByte(byte(n))
		i += len("XX")
	}
	return b.String(), nil
}

// IsASCII reports whether a text is printable ASCII.
func IsASCII(text string) bool {
	for i := range len(text) {
		if !isPrintable(text[i]) {
			return false
		}
	}
	return true
}

func isPrintable(c byte) bool { return ' ' <= c && c <= '~' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// IsLetter reports whether a byte is a letter of base32.
func IsLetter(c byte) bool {
	_, ok := valueOf(c)
	return ok
}

// readings returns what a typed text may mean in the ASCII of a sheet's lines. The
// first takes characters that look alike for each other; where characters are left
// that a sheet escapes, they are escaped.
func readings(text string) []string {
	if IsASCII(text) {
		return []string{text}
	}
	escapeRest := func(text string) string {
		var b strings.Builder
		for i := range len(text) {
			if text[i] > '~' {
				b.WriteString(escapeByte(text[i]))
				continue
			}
			b.WriteByte(text[i])
		}
		return b.String()
	}
	dots := strings.ReplaceAll(text, "…", "...") // as phones write them
	all := []string{escapeRest(strings.Map(fold, dots))}
	for _, other := range []string{norm.NFC.String(text), norm.NFD.String(text)} {
		all = append(all, escapeRest(strings.Map(foldSpace, other)))
	}
	return all
}

// fold returns the character of ASCII that another looks like or stands for; -1
// for those that do not show.
func fold(r rune) rune {
	switch {
	case r >= '！' && r <= '～': // full width
		return r - '！' + '!'
	case r >= '\u0660' && r <= '\u0669': // Arabic-Indic digits
		return r - '\u0660' + '0'
	case r >= '\u06f0' && r <= '\u06f9': // extended
		return r - '\u06f0' + '0'
	case unicode.Is(unicode.Pd, r), r == '\u2212', r == '\u00ad':
		return '-'
	case strings.ContainsRune("‘’‚‛′´", r):
		return '\''
	case strings.ContainsRune("“”„‟″", r):
		return '"'
	case r == '\u2236', r == '\ua789':
		return ':'
	}
	return foldSpace(r)
}

func foldSpace(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Cf, r), unicode.IsControl(r):
		return -1
	}
	return r
}

// dropSpacing leaves out what people put between groups of letters, and writes the
// rest in upper case.
func dropSpacing(text string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -=", r) {
			return -1
		}
		return r
	}, text))
}

// maxOnes is how many 1s of a line are tried as I and as L.
const maxOnes = 6

// likelyLetters returns the base32 letters that a text in upper case may stand
// for. Base32 has no 0, 1 and 8, which leaves O and B for two of them; 1 looks
// like I as well as L.
func likelyLetters(text string) []string {
	likely := []string{letterLike.Replace(text)}
	for i := range len(text) {
		if text[i] != '1' {
			continue
		}
		for _, l := range likely {
			if len(likely) < 1<<maxOnes {
				likely = append(likely, l[:i]+"L"+l[i+1:])
			}
		}
	}
	return likely
}

var letterLike = strings.NewReplacer("0", "O", "8", "B", "1", "I")

// bech32Like is the same for Bech32 (BIP 173), which has no 1, B, I and O after its
// prefix.
var bech32Like = strings.NewReplacer("O", "0", "B", "8", "I", "L", "1", "L")

// likelyIdentity returns the piece of an age identity that a text in upper case and
// without dashes may stand for, and its prefix if it begins with that.
func likelyIdentity(text string) (prefix, data string) {
	const bare = "AGESECRETKEY" // and a 1, which looks like I and L
	rest, ok := strings.CutPrefix(letterLike.Replace(text), bare)
	if !ok || rest == "" || rest[0] != 'I' && rest[0] != 'L' {
		return "", bech32Like.Replace(text)
	}
	return identityPrefix, bech32Like.Replace(text[len(bare)+1:])
}

// cutKeyword takes the keyword off a line of words: what stands before its first
// colon, in lower case, with one space between letters and digits.
func cutKeyword(content string) (keyword, rest string, ok bool) {
	before, rest, found := strings.Cut(content, ":")
	if !found || before == "" {
		return "", "", false
	}
	var b []byte
	for i := range len(before) {
		c := before[i]
		if c == ' ' {
			continue
		}
		if len(b) > 0 && isDigit(c) != isDigit(b[len(b)-1]) {
			b = append(b, ' ')
		}
		b = append(b, c)
	}
	return strings.ToLower(string(b)), rest, true
}
