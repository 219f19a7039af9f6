package recognize

import "strings"

// isInvisible reports whether a character is one that word processors and web
// pages leave in a text where nothing is seen.
func isInvisible(r rune) bool {
	return strings.ContainsRune("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", r)
}

// plainRune returns the dash or quotation mark on the keyboard for those that word
// processors put in its place.
func plainRune(r rune) rune {
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
