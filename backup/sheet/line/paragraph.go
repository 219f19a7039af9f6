package line

import (
	"errors"
	"strconv"
	"strings"
)

// maxParagraph is more than any paragraph of typed lines has, in bytes.
const maxParagraph = 4096

// Paragraphs puts lines together, which are in the order of their numbers. Lines
// that go on with one that is missing are left out.
func Paragraphs(lines []Typed) (all []Paragraph) {
	for _, l := range lines {
		n := len(all)
		switch {
		case n > 0 && all[n-1].Last == l.Number-1 && all[n-1].takes(l):
			all[n-1].Last = l.Number
		case l.Keyword != "" && l.Keyword != andKeyword && l.Keyword != moreKeyword:
			all = append(all, Paragraph{Keyword: l.Keyword, Text: l.Text, Mark: l.Mark, First: l.Number, Last: l.Number})
		}
	}
	for i := range all {
		all[i].complete()
	}
	return all
}

// takes adds a line that goes on with the paragraph.
func (p *Paragraph) takes(l Typed) bool {
	text, isCut := strings.CutSuffix(p.Text, goesOn)
	switch {
	case len(p.Text)+len(p.Letters) > maxParagraph:
		return false
	case l.Keyword == andKeyword && isCut:
		p.Text = text + " " + l.Text
	case l.Keyword == moreKeyword && isCut:
		p.Text = text + l.Text
	case l.Keyword == KeyKeyword && p.Keyword == KeyKeyword && !strings.HasPrefix(l.Text, identityPrefix):
		p.Text += l.Text
	case l.Keyword == "":
		p.Letters += l.Text
	default:
		return false
	}
	return true
}

// complete takes the number of letters off the text, and finds out which lines are
// missing.
func (p *Paragraph) complete() {
	lacks := func(n int) {
		if n > 0 {
			p.Missing = Span{p.Last + 1, p.Last + (n+lineLetters-1)/lineLetters}
		}
	}
	switch {
	case strings.HasSuffix(p.Text, goesOn):
		lacks(1)
	case p.Keyword == KeyKeyword && !strings.HasPrefix(p.Text, identityPrefix):
		p.Missing = Span{p.First - 1, p.First - 1}
	case p.Keyword == KeyKeyword:
		lacks(identityLength - len(p.Text))
	default:
		at := strings.LastIndexByte(p.Text, ' ') + 1
		count, ok := strings.CutPrefix(p.Text[at:], lettersWord)
		if n, err := strconv.Atoi(count); ok && err == nil && n <= maxLine {
			p.Text = p.Text[:max(at-1, 0)]
			lacks(n - len(p.Letters))
		}
	}
}

// IsCut reports whether the line that goes on with the text is missing.
func (p Paragraph) IsCut() bool { return strings.HasSuffix(p.Text, goesOn) }

// IsContinuation reports whether a keyword is that of a line which goes on with
// another.
func IsContinuation(keyword string) bool {
	return keyword == "" || keyword == andKeyword || keyword == moreKeyword
}

// bar stands between the lines of a QR code.
const bar = "|"

// Join writes paragraphs without numbers and checks, in one line of ASCII. A
// bar in a text is escaped, and letters are filled up with "=" as RFC 4648 has it.
func Join(paragraphs []Paragraph) string {
	var lines []string
	for _, p := range paragraphs {
		box := ""
		if !p.Mark.Day.IsZero() {
			box = "[" + p.Mark.Day.Format(dateFormat) + "] "
		}
		lines = append(lines, box+wordText(p.Keyword, strings.ReplaceAll(p.Text, bar, escapeByte(bar[0]))))
		if p.Letters != "" {
			lines = append(lines, p.Letters+strings.Repeat("=", -len(p.Letters)&7))
		}
	}
	return strings.Join(lines, bar)
}

// Split reads what Join wrote. It does not quote the text in an error.
func Split(text string) ([]Paragraph, error) {
	if !IsASCII(text) {
		return nil, errors.New("it is not printable ASCII")
	}
	var lines []Typed
	for piece := range strings.SplitSeq(text, bar) {
		l := Typed{Number: len(lines) + 1}
		piece, l.Mark = cutBox(piece)
		keyword, rest, ok := cutKeyword(piece)
		if l.Keyword, l.Text = keyword, strings.Join(strings.Fields(rest), " "); !ok {
			l.Text = dropSpacing(piece)
			for i := range len(l.Text) {
				if !IsLetter(l.Text[i]) {
					return nil, errors.New("it has no keyword and is not base32")
				}
			}
		}
		lines = append(lines, l)
	}
	return Paragraphs(lines), nil
}
