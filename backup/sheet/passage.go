package sheet

import (
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strings"
)

// A passage is lines that belong together: one with a keyword, those that go on
// with it, and the letters after it.
type passage struct {
	keyword     string
	text        string
	letters     string
	mark        line.Mark
	first, last int // lines
}

// passages puts the lines of a pad together. Lines that go on with one that is
// missing are left out: they are read again when that one is there.
func (p *pad) passages() (all []passage) {
	for _, n := range p.numbers() {
		one := p.lines[n]
		var before *passage
		if len(all) > 0 && all[len(all)-1].last == n-1 {
			before = &all[len(all)-1]
		}
		switch {
		case before != nil && before.takes(one):
			before.last = n
		case one.Keyword != "" && one.Keyword != line.AndKeyword && one.Keyword != line.MoreKeyword:
			all = append(all, passage{one.Keyword, one.Text, "", one.Mark, n, n})
		}
	}
	return all
}

// maxPassage is more than any passage has, in bytes.
const maxPassage = 4096

// takes adds a line that goes on with the passage.
func (p *passage) takes(one line.Typed) bool {
	switch {
	case len(p.text)+len(p.letters) > maxPassage:
		return false
	case one.Keyword == line.AndKeyword && p.goesOn():
		p.text = strings.TrimSuffix(p.text, line.GoesOn) + " " + one.Text
	case one.Keyword == line.MoreKeyword && p.goesOn():
		p.text = strings.TrimSuffix(p.text, line.GoesOn) + one.Text
	case one.Keyword == line.KeyKeyword && p.keyword == line.KeyKeyword && !strings.HasPrefix(one.Text, line.IdentityPrefix):
		p.text += one.Text
	case one.Keyword == "" && p.hasLetters():
		p.letters += one.Text
	default:
		return false
	}
	return true
}

// goesOn reports whether the line that continues the text is missing yet.
func (p *passage) goesOn() bool { return strings.HasSuffix(p.text, line.GoesOn) }

func (p *passage) hasLetters() bool {
	switch p.keyword {
	case AccountKeyword, partKeyword, shareKeyword, commitmentKeyword:
		return true
	}
	return false
}
