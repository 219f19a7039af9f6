package recognize

import (
	"strings"
	"unicode"
)

// A lineParser sorts the fields of a line into items.
type lineParser struct {
	reader *textReader
	line   *textLine
	fresh  *item // begun, and without anything in it yet

	// remarking says that a mark in words was read, and what follows belongs to
	// it: "used on 24 Nov 2026".
	remarking bool
	negated   bool // "not", for the next word
	glued     bool // the field that is read

	words  []string // of the line, behind its label
	digits bool     // there are some in them
}

// begin begins an item, in a column of its own or with a number, unless the one
// before has but a number or a mark so far.
func (p *lineParser) begin(number int) {
	p.remarking, p.negated = false, false
	if last := p.last(); last != nil && len(last.words) == 0 && (number == 0 || last.number == 0) {
		last.number = max(last.number, number)
		return
	}
	p.fresh = &item{number: number}
	if number > 0 {
		p.item()
	}
}

// last returns the item that has something in it already; nil if there is none.
func (p *lineParser) last() *item {
	if p.fresh != nil || len(p.line.items) == 0 {
		return nil
	}
	return p.line.items[len(p.line.items)-1]
}

// end gives a mark that stands behind the last code, in a column of its own, to
// that code.
func (p *lineParser) end() {
	n := len(p.line.items)
	if n < 2 {
		return
	}
	last, before := p.line.items[n-1], p.line.items[n-2]
	if len(last.words) == 0 && last.number == 0 {
		before.used = before.used || last.used
		before.star = before.star || last.star
		before.remark = before.remark || last.remark
		p.line.items = p.line.items[:n-1]
	}
}

// item returns the item that is being read.
func (p *lineParser) item() *item {
	if p.fresh != nil {
		p.line.items = append(p.line.items, p.fresh)
		p.fresh = nil
	}
	return p.line.items[len(p.line.items)-1]
}

func (p *lineParser) field(text string) {
	if len(text) > longestField {
		p.line.prose = true
	}
	if len(text) > longestField || isTime(text) && !p.reader.fits(text) {
		return
	}
	bare := p.signs(text)
	if number, rest := cutNumbering(strings.TrimLeft(text, "*`'\"_>"+usedSigns)); number > 0 && isRest(rest) {
		if p.onlyAbout() { // "Code 1: ..."
			p.restart()
		}
		p.begin(number)
		bare = p.signs(rest)
	}
	if p.remarking || bare == "" || p.label(bare) {
		return
	}
	inParentheses := strings.HasPrefix(bare, "(")
	isLettered := len(bare) == 2 && (bare[1] == '.' || bare[1] == ')') // "a)"
	bare = strings.TrimRight(strings.TrimLeft(bare, "("), closeQuotes)
	if bare == "" || isLettered || p.mark(strings.ToLower(bare), inParentheses) {
		return
	}
	p.word(bare)
}

// isRest reports whether what stands behind a number leaves it one.
func isRest(rest string) bool {
	rest = strings.TrimFunc(rest, func(r rune) bool { return !isNoOrnament(r) })
	return rest == "" || isCandidate(rest)
}

// label takes what ends in a colon, together with all before it, for a label. What
// stands behind one is a code only if the label says so.
func (p *lineParser) label(text string) bool {
	name, rest, found := strings.Cut(text, ":")
	if before, after, hasEquals := strings.Cut(text, "="); hasEquals && isAboutCodes(before) {
		name, rest, found = before, after, true
	}
	if !found || !isLabel(name) || strings.HasPrefix(rest, "//") || p.digits {
		return false
	}
	if kind, isMark := markOf(strings.ToLower(name)); isMark && kind == markUsed {
		return false
	}
	p.line.other = !isAboutCodes(strings.Join(p.words, " ") + " " + name)
	p.restart()
	p.line.prose = false
	p.begin(0)
	if rest != "" {
		p.field(rest)
	}
	return true
}

// isLabel reports whether a word may stand before a colon: "Codes", "code1".
func isLabel(name string) bool {
	isNoLetter := func(r rune) bool { return !unicode.IsLetter(r) && r != '-' && r != ')' }
	return strings.IndexFunc(name, isNoLetter) < 0 || isAboutCodes(name) && isCandidate(name)
}

// onlyAbout reports whether the line so far has nothing but a few words that speak
// of codes, such as "Backup code".
func (p *lineParser) onlyAbout() bool {
	few := 1 <= len(p.words) && len(p.words) <= 6
	return few && !p.digits && !p.line.prose && isAboutCodes(strings.Join(p.words, " "))
}

// restart forgets what was read so far.
func (p *lineParser) restart() {
	p.line.items, p.fresh, p.words, p.digits = nil, nil, nil, false
}

// mark takes words that say whether a code was used.
func (p *lineParser) mark(word string, inParentheses bool) bool {
	kind, isMark := markOf(word)
	negated := p.negated
	p.negated = isMark && kind == markNot
	switch {
	case isMark && kind == markUsed && !negated:
		p.item().used = true
		p.remarking = len(p.item().words) > 0
	case isMark:
	case inParentheses && strings.IndexFunc(word, unicode.IsDigit) < 0 && p.fresh == nil && len(p.item().words) > 0:
		p.item().remark = true
		p.remarking = true
	default:
		return false
	}
	return true
}

// word adds a word to the item if it may be a code or a part of one.
func (p *lineParser) word(word string) {
	if !isCandidate(word) && !p.reader.fits(word) {
		p.line.prose = true
		return
	}
	it := p.item()
	it.loose = it.loose || len(it.words) > 0 && !p.glued
	it.words = append(it.words, word)
	p.words = append(p.words, word)
	p.digits = p.digits || strings.ContainsAny(word, "0123456789")
}

// isCandidate reports whether a word is made like a code or a group of one:
// letters and digits of ASCII, and single dashes or underscores between them.
func isCandidate(word string) bool {
	if len(word) > longestWord {
		return false
	}
	before := '-'
	for _, r := range word {
		isSign := r == '-' || r == '_'
		isOther := !isSign && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
		if isOther || isSign && (before == '-' || before == '_') {
			return false
		}
		before = r
	}
	return before != '-' && before != '_'
}

// The lengths, in bytes, up to which a word may be a code, and with signs around
// it.
const (
	longestWord  = 128
	longestField = 4 * longestWord
)
