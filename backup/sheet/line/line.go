// Package line is the typed line of a recovery sheet: its number, its text, and the
// check by which a mistake in typing is found and named.
//
// A Paragraph is what lines say together. A Writer makes lines of paragraphs, each
// with a number and a check; Read reads one line as it was typed, and Paragraphs
// puts lines together again. In a QR code the same paragraphs stand without numbers
// and checks: Join and Split.
package line

import (
	"fmt"
	"strconv"
	"strings"
)

// A Line is printed to be typed in again, should the QR codes not be readable.
// Lines are numbered through the whole sheet.
type Line struct {
	Number int
	Groups []string // as they are printed, apart from each other
	Check  string   // over number and groups, printed as the last group
	Tick   bool     // a one-time code: a box to tick and room for a date
	Used   string   // the date of its use, if it is ticked already
}

// String returns the line with a bar behind its number, as a sheet in plain text has
// it: "  12| [ ] code 1: abc  ABCD".
func (l Line) String() string {
	box, used := "", ""
	if l.Tick {
		box = map[bool]string{false: "[ ] ", true: "[x] "}[l.Used != ""]
	}
	if l.Used != "" {
		used = " " + usedWord + " " + l.Used
	}
	return fmt.Sprintf("%4d| %s%s  %s%s", l.Number, box, strings.Join(l.Groups, " "), l.Check, used)
}

// IsBarred reports whether a text begins with a number and a bar, as String does.
func IsBarred(text string) bool {
	text = strings.TrimLeft(text, " ")
	rest := strings.TrimLeft(text, "0123456789")
	return rest != text && strings.HasPrefix(rest, "|")
}

// A Paragraph is lines that belong together. There are three kinds of lines.
//
// Words: a keyword, a colon, and printable ASCII; see Escape. Case counts, and so
// does one space or none. What is too long for a line ends in " ..." there, and goes
// on in a line with the keyword "and", before which there is a space, or "more",
// before which there is none.
//
// Letters: base32 in groups of four, without a keyword. They follow words that end
// in letters=COUNT. Case and spaces do not count.
//
// The vault's key: the keyword "key" and an age identity in groups of four. Case and
// spaces do not count.
type Paragraph struct {
	Keyword string
	Text    string // after the keyword, without letters=COUNT
	Letters string // base32 without padding
	Mark    Mark   // of the first line

	First, Last int  // lines that were read
	Missing     Span // lines without which it is incomplete; zero if it is complete
}

// A Span is a run of numbers. It is empty if To is less than From.
type Span struct{ From, To int }

// KeyKeyword begins lines with an age identity.
const KeyKeyword = "key"

const (
	andKeyword  = "and"  // what the line before had no room for, after a space
	moreKeyword = "more" // the same, in the middle of a word
	goesOn      = " ..." // ends a line that the next one continues: one cut short is not a whole one
	lettersWord = "letters="

	groupLength = 4
	lineLetters = 5 * groupLength
	lineColumns = 58 // of a line of words, without its check

	identityPrefix = "AGE-SECRET-KEY-1" // of every age identity (age-encryption.org/v1, "The X25519 recipient type")
	identityLength = len(identityPrefix) + 58
)

// A Writer numbers the lines of a sheet.
type Writer struct{ Last int } // the number of the last line

// Write returns a paragraph's lines. Their order is that of reading.
func (w *Writer) Write(p Paragraph) []Line {
	if p.Keyword == KeyKeyword {
		return w.key(p.Text)
	}
	text := p.Text
	if p.Letters != "" {
		text = strings.TrimLeft(text+" "+lettersWord+strconv.Itoa(len(p.Letters)), " ")
	}
	return append(w.words(p.Keyword, text), w.letters(p.Letters)...)
}

func (w *Writer) letters(text string) (lines []Line) {
	for _, piece := range CutEvery(text, lineLetters) {
		lines = append(lines, w.line(CutEvery(piece, groupLength), piece))
	}
	return lines
}

func (w *Writer) line(groups []string, text string) Line {
	w.Last++
	return Line{Number: w.Last, Groups: groups, Check: checkOf(w.Last, text)}
}

// words returns a line with a keyword, and as many more as the text needs: it is cut
// at the last space that leaves room for goesOn, or else within its first word.
func (w *Writer) words(keyword, text string) (lines []Line) {
	for {
		piece, next, rest := text, "", ""
		if room := lineColumns - len(keyword) - len(": "); len(text) > room {
			room -= len(goesOn)
			next, piece, rest = moreKeyword, text[:room], text[room:]
			if space := strings.LastIndexByte(text[:room+1], ' '); space > 0 {
				next, piece, rest = andKeyword, text[:space], text[space+1:]
			}
			piece += goesOn
		}
		groups := append([]string{keyword + ":"}, strings.Fields(piece)...)
		lines = append(lines, w.line(groups, wordText(keyword, piece)))
		if next == "" {
			return lines
		}
		keyword, text = next, rest
	}
}

// wordText is what the check of a line of words is over.
func wordText(keyword, text string) string {
	if text == "" {
		return keyword + ":"
	}
	return keyword + ": " + text
}

func (w *Writer) key(identity string) (lines []Line) {
	for i, piece := range CutEvery(strings.TrimPrefix(identity, identityPrefix), lineLetters) {
		groups := CutEvery(piece, groupLength)
		if i == 0 {
			groups = append([]string{identityPrefix}, groups...)
		}
		lines = append(lines, w.line(append([]string{KeyKeyword + ":"}, groups...), keyText(strings.Join(groups, ""))))
	}
	return lines
}

func keyText(text string) string { return KeyKeyword + ":" + text }

// CutEvery cuts a text into pieces of n bytes, the last being shorter.
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
