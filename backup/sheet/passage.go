package sheet

import "strings"

// A passage is lines that belong together: one with a keyword, those that go on
// with it, and the letters after it.
type passage struct {
	keyword     string
	text        string
	letters     string
	mark        mark
	first, last int // lines
}

// passages puts the lines of a pad together. Lines that go on with one that is
// missing are left out: they are read again when that one is there.
func (p *pad) passages() (all []passage) {
	for _, n := range p.numbers() {
		line := p.lines[n]
		var before *passage
		if len(all) > 0 && all[len(all)-1].last == n-1 {
			before = &all[len(all)-1]
		}
		switch {
		case before != nil && before.takes(line):
			before.last = n
		case line.keyword != "" && line.keyword != andKeyword && line.keyword != moreKeyword:
			all = append(all, passage{line.keyword, line.text, "", line.mark, n, n})
		}
	}
	return all
}

// maxPassage is more than any passage has, in bytes.
const maxPassage = 4096

// takes adds a line that goes on with the passage.
func (p *passage) takes(line typedLine) bool {
	switch {
	case len(p.text)+len(p.letters) > maxPassage:
		return false
	case line.keyword == andKeyword && p.goesOn():
		p.text = strings.TrimSuffix(p.text, goesOn) + " " + line.text
	case line.keyword == moreKeyword && p.goesOn():
		p.text = strings.TrimSuffix(p.text, goesOn) + line.text
	case line.keyword == keyKeyword && p.keyword == keyKeyword && !strings.HasPrefix(line.text, identityPrefix):
		p.text += line.text
	case line.keyword == "" && p.hasLetters():
		p.letters += line.text
	default:
		return false
	}
	return true
}

// goesOn reports whether the line that continues the text is missing yet.
func (p *passage) goesOn() bool { return strings.HasSuffix(p.text, goesOn) }

func (p *passage) hasLetters() bool {
	switch p.keyword {
	case accountKeyword, partKeyword, shareKeyword, commitmentKeyword:
		return true
	}
	return false
}
