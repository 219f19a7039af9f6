package recognize

import "strings"

// A markKind is what a word says of a code.
type markKind byte

const (
	markUnused markKind = iota
	markUsed
	markNot
)

// markOf returns what a word in lower case says of the code beside it.
func markOf(word string) (kind markKind, isMark bool) {
	switch word {
	case "used", "redeemed", "consumed", "spent", "burned", "x":
		return markUsed, true
	case "not", "never", "yet":
		return markNot, true
	case "unused", "available", "valid", "active", "unspent", "true", "false", "yes", "no", "null", "already", "and", "or", "o":
		return markUnused, true
	}
	return 0, false
}

// isAboutCodes reports whether a text has a word for codes in it, in one of the
// languages in which most services write.
func isAboutCodes(text string) bool {
	text = strings.ToLower(text)
	for _, word := range [...]string{
		"code", "códig", "codig", "codice", "kod", "kód", "код", "κωδικ", "key", "schlüssel", "token", "passphrase", "otp",
		"コード", "代码", "代碼", "验证码", "驗證碼", "코드", "رمز", "קוד",
	} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// withoutTags takes HTML's tags out of a line. What is struck through gets the sign
// that Markdown has for it; other tags, but those inside of a text, part it.
func withoutTags(line string) string {
	if !strings.Contains(line, "</") && !strings.Contains(line, "/>") && !strings.Contains(line, "<li>") {
		return line
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(line, "<")
		tag, after, closed := strings.Cut(rest, ">")
		if !found || !closed {
			b.WriteString(line)
			return b.String()
		}
		b.WriteString(before)
		name, _, _ := strings.Cut(tag, " ")
		switch strings.ToLower(strings.Trim(name, "/")) {
		case "s", "del", "strike":
			b.WriteString("~~")
		case "b", "i", "u", "em", "strong", "code", "span", "kbd", "tt", "samp", "font":
		default:
			b.WriteByte('\t')
		}
		line = after
	}
}
