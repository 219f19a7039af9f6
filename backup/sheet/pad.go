package sheet

import (
	"errors"
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"slices"
	"strings"
	"time"
)

// A pad is what was typed of one sheet, or of one copy of a split one.
type pad struct {
	whole whole // what its first or last one tells
	known bool  // whether one of these was read
	lines map[int]line.Typed
	last  int // the number of the one that was read last
}

// A whole is what the first line of a sheet tells, and the last one again.
type whole struct {
	stamp
	copy  int // which copy of a split sheet; 0 if it is not split
	date  time.Time
	lines int // how many there are
}

// errOtherLine says that a line was read before, with another text.
var errOtherLine = errors.New("a line of that number was read before, with another text: if it is of another sheet, type that sheet's first line before")

func (p *pad) put(one line.Typed) error {
	p.last = one.Number
	before, ok := p.lines[one.Number]
	if ok && (before.Keyword != one.Keyword || before.Text != one.Text) {
		return errOtherLine
	}
	if !ok || one.Mark.Ticked {
		p.lines[one.Number] = one
	}
	return nil
}

// numbers returns those of the lines, in order.
func (p *pad) numbers() []int {
	numbers := make([]int, 0, len(p.lines))
	for n := range p.lines {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers
}

// total returns how many lines there are, as far as that is known.
func (p *pad) total() int {
	if p.known {
		return p.whole.lines
	}
	last := 0
	for n := range p.lines {
		last = max(last, n)
	}
	return last
}

// isKeyword reports whether lines may begin with it; "" stands for letters.
func isKeyword(keyword string) bool {
	switch keyword {
	case "", sheetKeyword, endKeyword, addsKeyword, line.KeyKeyword, AccountKeyword, codesKeyword,
		partKeyword, shareKeyword, commitmentKeyword, line.AndKeyword, line.MoreKeyword:
		return true
	}
	_, ok := parseCodeKeyword(keyword)
	return ok
}

// parseWhole reads "7 KQ3ZT7AB 2026-11-23 lines=212"; the ID of a copy of a split
// sheet has a slash and its number behind it.
func parseWhole(text string) (w whole, err error) {
	name, f := cutSettings(text)
	words := strings.Fields(name)
	if len(words) != 3 {
		return w, fmt.Errorf("%w: it does not name a sheet", ErrDamaged)
	}
	id, copy, _ := strings.Cut(words[1], "/")
	f = append(f, field{"sheet", words[0]}, field{"id", id}, field{"date", words[2]}, field{"copy", copy})
	if w.stamp, err = parseStamp(f); err != nil {
		return w, err
	}
	if w.copy, err = f.whole("copy", 0, 0); err != nil {
		return w, err
	}
	if w.date, err = f.day("date"); err != nil {
		return w, err
	}
	w.lines, err = f.whole("lines", 1, 0)
	return w, err
}
