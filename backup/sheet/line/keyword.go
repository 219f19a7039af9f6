package line

import "strings"

// The keywords that lines have of themselves. All others are their users'.
const (
	KeyKeyword  = "key"  // an age identity
	AndKeyword  = "and"  // what the line before had no room for, after a space
	MoreKeyword = "more" // the same, in the middle of a word
)

// identityPrefix begins every age identity (age-encryption.org/v1, "The X25519
// recipient type").
const IdentityPrefix = "AGE-SECRET-KEY-1"

// cutKeyword takes the keyword off a line of words: what stands before its first
// colon, in lower case, with one space between letters and digits.
func cutKeyword(content string) (keyword, rest string, ok bool) {
	before, rest, found := strings.Cut(content, ":")
	if !found || before == "" {
		return "", "", false
	}
	var b strings.Builder
	for i := range len(before) {
		c := before[i]
		if c == ' ' {
			continue
		}
		if i > 0 && b.Len() > 0 && IsDigit(c) != IsDigit(last(b.String())) {
			b.WriteByte(' ')
		}
		b.WriteByte(c)
	}
	return strings.ToLower(b.String()), rest, true
}

func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

func last(text string) byte { return text[len(text)-1] }
