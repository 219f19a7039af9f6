package sheet

import "strings"

// The keywords of lines of words.
const (
	sheetKeyword      = "sheet"      // number, ID, date, lines=COUNT: the first line
	endKeyword        = "end"        // the same again: the last line
	addsKeyword       = "adds"       // the number of the sheet that this one belongs with
	keyKeyword        = "key"        // an age identity, the vault's key
	accountKeyword    = "account"    // label, settings that are not the usual ones, letters=COUNT; letters follow
	codesKeyword      = "codes"      // an account's ID and settings of its codes, which follow
	codeKeyword       = "code"       // with its number
	partKeyword       = "part"       // number/count, seal=..., letters=COUNT; letters follow
	shareKeyword      = "share"      // number/count, need=COUNT, commitment=..., letters=COUNT; letters follow
	commitmentKeyword = "commitment" // digest, letters=COUNT; letters follow
	andKeyword        = "and"        // what the line before had no room for, after a space
	moreKeyword       = "more"       // the same, in the middle of a word
)

// identityPrefix begins every age identity (age-encryption.org/v1, "The X25519
// recipient type").
const identityPrefix = "AGE-SECRET-KEY-1"

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
		if i > 0 && b.Len() > 0 && isDigit(c) != isDigit(last(b.String())) {
			b.WriteByte(' ')
		}
		b.WriteByte(c)
	}
	return strings.ToLower(b.String()), rest, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func last(text string) byte { return text[len(text)-1] }
