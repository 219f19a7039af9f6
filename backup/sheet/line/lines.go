package line

import (
	"strings"
)

// Two kinds of lines can be typed in.
//
// Lines of letters hold base32, in groups of four: a secret, or the bytes of
// something sealed. Case and spaces do not count.
//
// Lines of words begin with a keyword and a colon: "account: GitHub:alice". They
// hold printable ASCII; any other byte, and '%', is written as '%' and two
// hexadecimal digits. Case counts, and so does one space or none; but after "key:"
// neither counts. What is too long for a line ends in " ..." there, and goes on in
// a line that begins with "and:", before which there is a space, or "more:", before
// which there is none.
const (
	groupLength   = 4
	groupsPerLine = 5
	LettersWide   = groupLength * groupsPerLine
	WordsWide     = 44 // columns of a line of words, its check aside
)

// A composer numbers the lines of a sheet.
type Writer struct{ Last int }

func (c *Writer) line(groups []string, text string) Line {
	c.Last++
	return Line{Number: c.Last, Groups: groups, Check: checkOf(c.Last, text)}
}

// letters returns lines of base32.
func (c *Writer) Letters(text string) (lines []Line) {
	for _, piece := range CutEvery(text, LettersWide) {
		lines = append(lines, c.line(CutEvery(piece, groupLength), piece))
	}
	return lines
}

// words returns a line with a keyword, and as many more as the text needs.
func (c *Writer) Words(keyword, text string) (lines []Line) {
	for {
		piece, next, rest := cutWords(text, WordsWide-len(keyword)-len(": "))
		if next != "" {
			piece += GoesOn
		}
		lines = append(lines, c.line(wordGroups(keyword, piece), wordText(keyword, piece)))
		if next == "" {
			return lines
		}
		keyword, text = next, rest
	}
}

// goesOn ends a line of words that the next one continues. Without it, a text that
// was cut short could not be told from a whole one.
const GoesOn = " ..."

// wordText is what the check of a line of words is over.
func wordText(keyword, text string) string {
	if text == "" {
		return keyword + ":"
	}
	return keyword + ": " + text
}

func wordGroups(keyword, text string) []string {
	return append([]string{keyword + ":"}, strings.Fields(text)...)
}

// key returns the lines of an age identity.
func (c *Writer) Key(identity string) (lines []Line) {
	data := strings.TrimPrefix(identity, IdentityPrefix)
	for i, piece := range CutEvery(data, LettersWide) {
		groups := CutEvery(piece, groupLength)
		if i == 0 {
			groups = append([]string{IdentityPrefix}, groups...)
		}
		text := strings.Join(groups, "")
		lines = append(lines, c.line(append([]string{KeyKeyword + ":"}, groups...), keyText(text)))
	}
	return lines
}

func keyText(text string) string { return KeyKeyword + ":" + text }

// cutEvery cuts a text into pieces of n bytes, the last being shorter.
func CutEvery(text string, n int) (pieces []string) {
	for len(text) > n {
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	if text != "" {
		pieces = append(pieces, text)
	}
	return pieces
}

// cutWords cuts a text at the last space that leaves n characters or less, or else
// within its first word. Next is the keyword under which the rest follows.
func cutWords(text string, n int) (piece, next, rest string) {
	if len(text) <= n {
		return text, "", ""
	}
	n -= len(GoesOn)
	if space := strings.LastIndexByte(text[:n+1], ' '); space > 0 {
		return text[:space], AndKeyword, text[space+1:]
	}
	return text[:n], MoreKeyword, text[n:]
}

// escapeWords writes a text as lines of words have it, with those further
// characters escaped that are given.
func Escape(text, further string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		single := c == ' ' && i > 0 && i < len(text)-1 && text[i-1] != ' '
		if single || c > ' ' && c <= '~' && c != '%' && strings.IndexByte(further, c) < 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString(EscapeByte(c))
	}
	escaped := b.String()
	if strings.HasSuffix(" "+escaped, GoesOn) {
		return escaped[:len(escaped)-1] + EscapeByte('.')
	}
	return escaped
}

func EscapeByte(c byte) string {
	const hex = "0123456789ABCDEF"
	return string([]byte{'%', hex[c>>4], hex[c&15]})
}
