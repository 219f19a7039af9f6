package recognize

import (
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
)

// maxTries bounds how often a form is tried on several words at once, which
// otherwise takes time in a text of nothing but short words.
const maxTries = 50_000

// fits reports whether a text has the form that is known, if one is.
func (r *textReader) fits(text string) bool {
	return r.form != nil && len(text) <= longestWord && backup.Fits(r.form, text)
}

// fitting returns the longest runs of words that have the form, and whether nothing
// is left.
func (r *textReader) fitting(words []string) (texts []string, all bool) {
	all = true
	for len(words) > 0 {
		n := r.longestRun(words)
		if n == 0 {
			all = false
			words = words[1:]
			continue
		}
		texts = append(texts, strings.Join(words[:n], " "))
		words = words[n:]
	}
	return texts, all
}

func (r *textReader) longestRun(words []string) int {
	for n := min(len(words), mostGroups); n > 1 && r.tries < maxTries; n-- {
		r.tries++
		if r.fits(strings.Join(words[:n], " ")) {
			return n
		}
	}
	if len(words) > 0 && r.fits(words[0]) {
		return 1
	}
	return 0
}

// chooseFitting takes what has the form; and if there is any, what else has the
// same groups.
func (r *textReader) chooseFitting(lines []*textLine) []candidate {
	known := make(looks)
	all := make([][]candidate, len(lines))
	hasStrong := false
	for i, l := range lines {
		all[i] = r.fittingIn(l)
		for _, c := range all[i] {
			hasStrong = hasStrong || c.look.strong
		}
	}
	for _, line := range all {
		for _, c := range line {
			if c.look.strong || !hasStrong {
				known.add(c.look)
			}
		}
	}
	if len(known) == 0 {
		return r.wrapped(lines)
	}
	var chosen []candidate
	for i, line := range all {
		if len(line) == 0 {
			line = lines[i].candidates()
		}
		if areAll(line, func(l look) bool { return known[l.shape].covers(l) }) {
			chosen = append(chosen, line...)
		}
	}
	return chosen
}

// fittingIn returns what in a line has the form: all of it, or if the line is a
// sentence about codes, what has digits. Digits alone behind a label may be
// anything.
func (r *textReader) fittingIn(l *textLine) []candidate {
	var list []candidate
	pure := !l.prose
	for _, it := range l.items {
		texts, all := r.fitting(it.words)
		pure = pure && all
		list = append(list, l.candidatesOf(it, texts)...)
	}
	if pure && !l.other {
		return list
	}
	return slices.DeleteFunc(list, func(c candidate) bool {
		isNumber := !c.look.lower && !c.look.upper
		return !c.look.strong || l.other && isNumber || !l.other && !l.about
	})
}

// wrapped takes a single code whose groups stand on several lines.
func (r *textReader) wrapped(lines []*textLine) []candidate {
	var words []string
	var first candidate
	for _, l := range lines {
		for _, c := range l.candidates() {
			if words == nil {
				first = c
			}
			words = append(words, strings.Fields(c.text)...)
		}
	}
	text := strings.Join(words, " ")
	if len(words) < 2 || !r.fits(text) {
		return nil
	}
	for _, l := range lines {
		l.taken = l.candidates() != nil
	}
	return []candidate{{text, lookOf(text), first.item, first.line, true}}
}
