package recognize

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
)

// collect makes a list of what was chosen.
func collect(lines []*textLine, chosen []candidate) (Found, error) {
	var f Found
	seen := make(map[string]int)
	used := whichAreUsed(chosen)
	for i, c := range chosen {
		c.line.taken = true
		code := FoundCode{Text: c.text, Line: c.line.number, Used: used[i]}
		if c.first {
			code.Number = c.item.number
		}
		key := strings.Join(strings.FieldsFunc(c.text, isSeparator), "")
		if at, found := seen[key]; found {
			f.Codes[at].Used = f.Codes[at].Used || code.Used
			f.Repeated = append(f.Repeated, code)
			continue
		}
		seen[key] = len(f.Codes)
		if len(f.Codes) == backup.MaxCodes {
			return Found{}, fmt.Errorf("%w: more than %d codes", backup.ErrTooLarge, backup.MaxCodes)
		}
		f.Codes = append(f.Codes, code)
	}
	f.number()
	f.ignore(lines)
	return f, nil
}

// whichAreUsed reports of each code whether it was marked as used. An asterisk or
// a remark on each of them means nothing.
func whichAreUsed(chosen []candidate) []bool {
	stars, remarks := 0, 0
	for _, c := range chosen {
		if c.item.star {
			stars++
		}
		if c.item.remark {
			remarks++
		}
	}
	used := make([]bool, len(chosen))
	for i, c := range chosen {
		used[i] = c.item.used || c.item.star && stars < len(chosen) || c.item.remark && remarks < len(chosen)
	}
	return used
}

// number keeps the text's numbers, if each code has one of its own, and counts
// otherwise.
func (f *Found) number() {
	taken := make(map[int]bool)
	for _, c := range f.Codes {
		if c.Number > 0 {
			taken[c.Number] = true
		}
	}
	f.Numbered = len(taken) == len(f.Codes)
	if f.Numbered {
		slices.SortStableFunc(f.Codes, func(a, b FoundCode) int { return a.Number - b.Number })
		return
	}
	for i := range f.Codes {
		f.Codes[i].Number = i + 1
	}
	for i := range f.Repeated {
		f.Repeated[i].Number = 0
	}
}

// ignore lists the lines that no code was taken from, but for those that are mere
// ornament.
func (f *Found) ignore(lines []*textLine) {
	for _, l := range lines {
		if !l.taken && strings.ContainsFunc(l.text, isNoOrnament) {
			f.Ignored = append(f.Ignored, Line{l.number, withoutSecret(l.text)})
		}
	}
}
