package recognize

import (
	"strings"
)

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

// isTime reports whether a field is a date or a time, as "2026-11-23", "23.11.26",
// "11/23/2026", "10:30:00", "2026-11-23T10:30:00Z" or "20261123T103000Z".
func isTime(text string) bool {
	text = strings.TrimRight(text, ".,)")
	if strings.Trim(text, "0123456789-./:TZ+") != "" {
		return false
	}
	compact, isUTC := strings.CutSuffix(text, "Z")
	if day, hour, found := strings.Cut(compact, "T"); found && isUTC && len(day) == 8 && len(hour) == 6 {
		return true
	}
	if strings.Contains(text, ":") {
		return isClock(text)
	}
	return isDate(text)
}

// isClock reports whether there are exactly two digits behind each colon.
func isClock(text string) bool {
	parts := strings.Split(text, ":")
	for _, part := range parts[1:] {
		digits := len(part) - len(strings.TrimLeft(part, "0123456789"))
		if digits != 2 {
			return false
		}
	}
	return parts[0] != ""
}

// isDate reports whether there are a day, a month and a year with signs between.
func isDate(text string) bool {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("-./", r) })
	if len(parts) != 3 {
		return false
	}
	day := func(s string) bool { return len(s) <= 2 && numberOf(s) <= 31 }
	year := func(s string) bool { return len(s) == 2 || len(s) == 4 && (s[:2] == "19" || s[:2] == "20") }
	return day(parts[1]) && (year(parts[0]) && day(parts[2]) || day(parts[0]) && year(parts[2]))
}

// isInvisible reports whether a character is one that word processors and web
// pages leave in a text where nothing is seen.
func isInvisible(r rune) bool {
	return strings.ContainsRune("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", r)
}

// plainRune returns the dash or quotation mark on the keyboard for those that word
// processors write instead, and ASCII for the wide characters of Chinese and Japanese
// keyboards (Unicode, "Halfwidth and Fullwidth Forms").
func plainRune(r rune) rune {
	if '\uff01' <= r && r <= '\uff5e' {
		return r - '\uff01' + '!'
	}
	switch r {
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2212':
		return '-'
	case '“', '”', '„', '«', '»':
		return '"'
	case '‘', '’', '‚':
		return '\''
	}
	return r
}

// Signs that stand before a code or behind it.
const (
	usedSigns   = "✓✔✅☑☒✗✘❌✕×\u0335\u0336\u0337\u0338" // the last ones strike a letter through
	otherSigns  = "\"'`[]{}<>=-+_.○●◦‣▪■□☐➤→#"
	closeQuotes = "\"'`.,;:!?)]}>_"
)

// isNoOrnament reports whether a character is more than a sign around a code, a
// frame or a line.
func isNoOrnament(r rune) bool {
	return !strings.ContainsRune(usedSigns, r) && !strings.ContainsRune(otherSigns, r) &&
		!strings.ContainsRune(closeQuotes, r) && !strings.ContainsRune("|*~ \t(/", r)
}

// signs takes the signs off both ends of a field, and any stroke out of it.
func (p *lineParser) signs(text string) string {
	if strings.ContainsAny(text, usedSigns) {
		p.item().used = true
		text = strings.Map(func(r rune) rune {
			if strings.ContainsRune(usedSigns, r) {
				return -1
			}
			return r
		}, text)
	}
	if strings.Contains(text, "~~") { // Markdown
		p.item().used = true
		text = strings.ReplaceAll(text, "~~", "")
	}
	bare := strings.ReplaceAll(text, "**", "") // Markdown
	if stripped := strings.Trim(bare, "*"); stripped != bare {
		p.item().star = true
		bare = stripped
	}
	return strings.TrimLeft(bare, otherSigns)
}

// numberOf reads a number of up to four digits; 0 if the text is none.
func numberOf(text string) int {
	if len(text) == 0 || len(text) > 4 {
		return 0
	}
	n := 0
	for _, r := range text {
		if r < '0' || r > '9' {
			return 0
		}
		n = 10*n + int(r-'0')
	}
	return n
}

// cutNumbering takes a number of up to three digits off a field, as in "1.", "1)",
// "(1)", "01:", "#1", "[1]" and "1.abcd".
func cutNumbering(text string) (number int, rest string) {
	hash := strings.HasPrefix(text, "#")
	open := strings.HasPrefix(text, "(") || strings.HasPrefix(text, "[")
	if hash || open {
		text = text[1:]
	}
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(text)
	}
	number, rest = numberOf(text[:end]), text[end:]
	closed := strings.TrimLeft(rest, ".):]")
	switch {
	case number == 0 || end > 3, len(rest) == len(closed) && (!hash || rest != ""):
		return 0, ""
	}
	return number, closed
}
