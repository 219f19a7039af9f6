package sheet

import (
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
)

// A gap is what is missing of something of which lines were typed.
type gap struct {
	thing string // what it would be, see haul.got; "" if that is not known
	spans []span
}

// A span is a run of lines.
type span struct{ from, to int }

// What a gap would be, so that it is not told where the thing was read in another
// way.
const keyThing = "key"

func accountThing(id oath.ID) string       { return "account " + string(id) }
func codesThing(id oath.ID) string         { return "codes " + string(id) }
func partThing(part int) string            { return fmt.Sprint("part ", part) }
func shareThing(share int) string          { return fmt.Sprint("share ", share) }
func commitmentThing(digest string) string { return "commitment " + digest }

// lettersGap returns the lines that are missing behind a passage that has not all
// of its letters.
func (p *passage) lettersGap(letters int) []span {
	missing := (letters - len(p.letters) + line.LettersWide - 1) / line.LettersWide
	return []span{{p.last + 1, p.last + max(missing, 1)}}
}

// clipped returns the lines of a span before the next one that was typed. There may
// be none.
func (p *pad) clipped(s span, numbers []int) span {
	i, _ := slices.BinarySearch(numbers, s.from)
	if i < len(numbers) {
		s.to = min(s.to, numbers[i]-1)
	}
	if p.known {
		s.to = min(s.to, p.whole.lines)
	}
	return s
}

// missingOf returns the runs of numbers from 1 to last that are not among those
// given, which are in order.
func missingOf(numbers []int, last int) (missing []span) {
	next := 1
	for _, n := range numbers {
		if n > next {
			missing = append(missing, span{next, n - 1})
		}
		next = n + 1
	}
	if next <= last {
		missing = append(missing, span{next, last})
	}
	return missing
}

// joinSpans returns runs in order, those that touch being one. Empty ones are left
// out.
func joinSpans(runs []span) (joined []span) {
	slices.SortFunc(runs, func(a, b span) int { return a.from - b.from })
	for _, s := range runs {
		n := len(joined)
		switch {
		case s.from > s.to:
		case n > 0 && s.from <= joined[n-1].to+1:
			joined[n-1].to = max(joined[n-1].to, s.to)
		default:
			joined = append(joined, s)
		}
	}
	return joined
}
