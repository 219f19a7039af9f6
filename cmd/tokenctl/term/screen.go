package term

import (
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// LineWidth is how many columns a terminal has that does not say so.
const LineWidth = 80

// widthOf returns how many columns a stream has if it leads to a terminal, or 0.
func widthOf(w io.Writer) int {
	if !isTerminal(w) {
		return 0
	}
	if columns, _, err := term.GetSize(int(w.(*os.File).Fd())); err == nil && columns > 0 {
		return columns
	}
	return LineWidth
}

// Width returns how many columns the terminal has that results go to, or 0.
func (c *Console) Width() int { return widthOf(c.Out) }

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Columns returns how many columns a terminal needs for a text: two for a wide character
// (Unicode Standard Annex 11), none for one that combines with the character before.
func Columns(text string) (n int) {
	for _, r := range text {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Wrap breaks each line of a text between words, so that it has so many columns at most,
// and indents what follows as the line is. A word that is longer stays whole, and so does
// a command of tokenctl's that fits a line: they are there to be copied. Where the width
// is 0, nothing is broken.
func Wrap(text string, width int) string {
	if width == 0 {
		return text
	}
	var wrapped []string
	for line := range strings.SplitSeq(text, "\n") {
		if Columns(line) <= width {
			wrapped = append(wrapped, line)
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		begun := indent
		for _, phrase := range phrases(line, width-len(indent)) {
			switch {
			case begun == indent:
				begun += phrase
			case Columns(begun)+1+Columns(phrase) <= width:
				begun += " " + phrase
			default:
				wrapped = append(wrapped, begun)
				begun = indent + phrase
			}
		}
		wrapped = append(wrapped, begun)
	}
	return strings.Join(wrapped, "\n")
}

// phrases returns the words of a line; the words of a command are one, up to a punctuation
// mark, unless that has too many columns.
func phrases(line string, most int) (list []string) {
	words := strings.Fields(line)
	for len(words) > 0 {
		n := 1
		if strings.TrimLeft(words[0], `"(`) == "tokenctl" {
			for n < len(words) && !strings.ContainsAny(words[n-1][len(words[n-1])-1:], `.,;:)"`) {
				n++
			}
			if phrase := strings.Join(words[:n], " "); Columns(phrase) > most {
				n = 1
			}
		}
		list = append(list, strings.Join(words[:n], " "))
		words = words[n:]
	}
	return list
}

// A Style is how a terminal shows a text: parameters of SGR, ISO 6429.
type Style string

const (
	Plain  Style = ""
	Bold   Style = "1"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
)

// Paint shows a text in a style, if the stream that it goes to has any: it is a terminal
// that can, unless NO_COLOR (no-color.org), CLICOLOR=0 or CLICOLOR_FORCE
// (bixense.com/clicolors) say otherwise.
func Paint(w io.Writer, style Style, text string) string {
	forced := os.Getenv("CLICOLOR_FORCE")
	able := isTerminal(w) && os.Getenv("TERM") != "" && os.Getenv("TERM") != "dumb" && os.Getenv("CLICOLOR") != "0"
	if style == Plain || text == "" || os.Getenv("NO_COLOR") != "" || !able && (forced == "" || forced == "0") {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}
