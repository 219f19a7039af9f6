package line

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// readings returns what a typed text may mean in the ASCII of a sheet's lines. The
// first takes characters that look alike for each other; where characters are left
// that a sheet escapes, they are escaped.
func readings(text string) []string {
	if IsASCII(text) {
		return []string{text}
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

func escapeRest(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if text[i] > '~' {
			b.WriteString(EscapeByte(text[i]))
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// isPlain reports whether a text is printable ASCII, as most are.
func IsASCII(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
