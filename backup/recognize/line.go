package recognize

import (
	"regexp"
	"strings"
	"unicode"
)

// A textReader takes texts apart, line by line, for codes to be chosen from them.
type textReader struct {
	form *regexp.Regexp // may be nil

	// tries is how often the form was tried on several words at once.
	tries int
}

// A textLine is what a line may have in it.
type textLine struct {
	number int
	text   string
	items  []*item
	prose  bool // it has something in it that is part of no code
	about  bool // it speaks of codes or keys
	other  bool // it has a label that speaks of something else
	taken  bool // a code is from it, or goes on in it
}

// An item is what is in one place of a line, such as a column: one code, be it
// in groups, or several.
type item struct {
	number int // 0 if there is none
	words  []string
	used   bool
	led    bool // a word for codes stood in front, and is cut off
	loose  bool // a usual space is between some of its words, at which codes may end

	// star and remark may mean that the code was used: if others have none.
	star, remark bool
}

func (r *textReader) lines(text string) []*textLine {
	var lines []*textLine
	var t table
	pam := pamOf(text)
	for i, s := range strings.Split(text, "\n") {
		line := &textLine{number: i + 1, text: strings.TrimSpace(s), about: isAboutCodes(s)}
		lines = append(lines, line)
		if pam.skips(line.text) {
			line.prose = true
			continue
		}
		if t.isHead(line.text) || t.row(line) {
			continue
		}
		r.read(line, withoutTags(s))
	}
	handOnNumbers(lines)
	return lines
}

// handOnNumbers gives the number of a line that has nothing but that to the line
// below, as when a list is copied from a PDF.
func handOnNumbers(lines []*textLine) {
	number := 0
	for _, l := range lines {
		if l.prose || len(l.items) == 0 {
			continue
		}
		if first := l.items[0]; first.number == 0 && len(first.words) > 0 {
			first.number = number
		}
		number = 0
		if only := l.items[0]; len(l.items) == 1 && len(only.words) == 0 {
			number = only.number
			l.taken = number > 0
		}
	}
}

// read takes a line apart.
func (r *textReader) read(line *textLine, text string) {
	p := lineParser{reader: r, line: line}
	for _, f := range fieldsOf(text) {
		if f.apart {
			p.begin(0)
		}
		p.glued = f.glued
		p.field(f.text)
	}
	p.end()
	var parts []*item
	for i, it := range line.items {
		it.cutLabel()
		if n := len(parts); i == 1 && parts[0].isBareNumber() {
			it.number = numberOf(parts[0].words[0])
			parts = parts[:n-1]
		}
		parts = append(parts, it.atBareNumbers()...)
	}
	line.items = parts
}

// isBareNumber reports whether there is but a number, as in the first column of a
// table.
func (it *item) isBareNumber() bool {
	return it.number == 0 && len(it.words) == 1 && numberOf(it.words[0]) > 0
}

// cutLabel takes words off the front that lead to a code: "Backup code 1234 5678",
// "Your code is 12345678".
func (it *item) cutLabel() {
	for i, word := range it.words {
		if strings.ContainsAny(word, "0123456789") {
			if before := strings.ToLower(strings.Join(it.words[:i], " ")); isLeading(before) {
				it.words, it.led = it.words[i:], true
			}
			return
		}
	}
}

// isLeading reports whether words end in one that speaks of codes.
func isLeading(words string) bool {
	words = strings.TrimSuffix(words, " is")
	return isAboutCodes(words[strings.LastIndexByte(words, ' ')+1:])
}

// atBareNumbers parts an item where a number stands in front of a code without any
// sign: "1 abcd-efgh 2 ijkl-mnop".
func (it *item) atBareNumbers() []*item {
	parts := []*item{it}
	words := it.words
	it.words = nil
	for i, word := range words {
		last := parts[len(parts)-1]
		number := numberOf(word)
		if number == 0 || len(word) > 2 || i+1 == len(words) || len(words[i+1]) < 4 {
			last.words = append(last.words, word)
			continue
		}
		if len(last.words) == 0 && last.number == 0 {
			last.number = number
		} else {
			parts = append(parts, &item{number: number, loose: it.loose})
		}
	}
	return parts
}

// A field is what has no space in it.
type field struct {
	text  string
	apart bool // by more than a space from the one before
	glued bool // by one that does not break a line, or is narrow: a group of the same code
}

// fieldsOf parts a line at spaces. A tab, two spaces, and some signs keep apart
// what is in different places.
func fieldsOf(line string) []field {
	var fields []field
	var current strings.Builder
	spaces, apart, glued := 0, true, false
	flush := func() {
		if current.Len() > 0 {
			fields = append(fields, field{current.String(), apart, glued})
			current.Reset()
			spaces, apart, glued = 0, false, true
		}
	}
	for _, r := range line {
		switch {
		case isInvisible(r):
		case strings.ContainsRune("\t,;|•·", r):
			flush()
			apart = true
		case unicode.IsSpace(r):
			flush()
			spaces++
			apart = apart || spaces > 1
			glued = glued && r != ' '
		default:
			current.WriteRune(plainRune(r))
		}
	}
	flush()
	return fields
}
