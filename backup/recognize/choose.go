package recognize

import (
	"strings"
)

// looks are the shapes of what certainly are codes, and what their letters are.
type looks map[string]look

func (s looks) add(l look) { s[l.shape] = s[l.shape].with(l) }

// take reports whether something is a code beside those.
func (s looks) take(l look) bool {
	known, found := s[l.shape]
	return l.strong || found && known.covers(l)
}

// choose decides what in the lines is a code.
func (r *textReader) choose(lines []*textLine) []candidate {
	if r.form != nil {
		if chosen := r.chooseFitting(lines); len(chosen) > 0 {
			return chosen
		}
	}
	for _, choose := range []func([]*textLine) []candidate{chooseLists, chooseLetters, chooseAlone, chooseShort, chooseFromProse} {
		if chosen := choose(lines); len(chosen) > 0 {
			return splitColumns(chosen)
		}
	}
	return nil
}

// candidates returns what may be codes in a line that has nothing else in it; nil
// if it has.
func (l *textLine) candidates() []candidate {
	if l.prose || l.other {
		return nil
	}
	var all []candidate
	for _, it := range l.items {
		texts := codesOf(it.words)
		if texts == nil && len(it.words) > 0 {
			return nil
		}
		all = append(all, l.candidatesOf(it, texts)...)
	}
	return all
}

func (l *textLine) candidatesOf(it *item, texts []string) []candidate {
	var all []candidate
	for i, text := range texts {
		look := lookOf(text)
		look.strong = look.strong || !it.loose && len(texts) == 1 && look.digits
		all = append(all, candidate{text, look, it, l, i == 0})
	}
	return all
}

// chooseLists takes the lines that are made of codes alone. Those with enough
// digits show what codes look like; then others are recognized that happen to be
// made of letters.
func chooseLists(lines []*textLine) []candidate {
	known := make(looks)
	all := make([][]candidate, len(lines))
	for i, l := range lines {
		all[i] = l.candidates()
		if areAll(all[i], func(l look) bool { return l.strong }) {
			for _, c := range all[i] {
				known.add(c.look)
			}
		}
	}
	var chosen []candidate
	for _, line := range all {
		if areAll(line, known.take) {
			chosen = append(chosen, line...)
		}
	}
	return withoutOddEnds(chosen)
}

func areAll(line []candidate, fits func(look) bool) bool {
	for _, c := range line {
		if !fits(c.look) {
			return false
		}
	}
	return true
}

// chooseLetters takes lists of codes that have no digit in them: three lines and
// more of the same look, half of which cannot be words.
func chooseLetters(lines []*textLine) []candidate {
	var most []candidate
	alike := make(map[look][]candidate)
	for _, l := range lines {
		line := l.candidates()
		if len(line) != 1 || strings.Contains(line[0].text, " ") || line[0].look.title {
			continue
		}
		look := line[0].look
		alike[look] = append(alike[look], line[0])
		if len(alike[look]) > max(len(most), 2) {
			most = alike[look]
		}
	}
	strange := 0
	for _, c := range most {
		if isNoWord(c.text) {
			strange++
		}
	}
	if 2*strange < len(most) {
		return nil
	}
	return most
}

// chooseAlone takes a text that is but one word: X shows one code of twelve letters
// and digits, and one in fifty of these has no digit.
func chooseAlone(lines []*textLine) []candidate {
	var alone []candidate
	for _, l := range lines {
		if l.text == "" {
			continue
		}
		line := l.candidates()
		if len(line) != 1 || len(alone) > 0 {
			return nil
		}
		alone = line
	}
	if len(alone) == 0 || letters(alone[0].text) < 8 || !isNoWord(alone[0].text) || alone[0].look.lower && alone[0].look.upper {
		return nil
	}
	return alone
}

// chooseShort takes a text that is nothing but short codes with digits, three lines
// and more of the same shape, as software that people run themselves may have.
func chooseShort(lines []*textLine) []candidate {
	var chosen []candidate
	for _, l := range lines {
		if l.text == "" {
			continue
		}
		if l.prose || l.other || len(l.items) != 1 || len(l.items[0].words) != 1 {
			return nil
		}
		word := l.items[0].words[0]
		c := candidate{word, lookOf(word), l.items[0], l, true}
		if letters(word) < shortestInList || !c.look.strong || len(chosen) > 0 && c.look.shape != chosen[0].look.shape {
			return nil
		}
		chosen = append(chosen, c)
	}
	if len(chosen) < 3 {
		return nil
	}
	return chosen
}

// chooseFromProse takes what has digits and stands behind a word for codes: "Use
// code R12345 for that".
func chooseFromProse(lines []*textLine) []candidate {
	var chosen []candidate
	for _, l := range lines {
		if !l.about || l.other {
			continue
		}
		for _, it := range l.items {
			for i, word := range it.words {
				isLed := i == 0 && it.led || isLeading(strings.ToLower(strings.Join(it.words[max(i-2, 0):i], " ")))
				if look := lookOf(word); isLed && letters(word) >= shortest && look.strong {
					chosen = append(chosen, candidate{word, look, it, l, false})
				}
			}
		}
	}
	return chosen
}

// splitColumns parts what is several codes beside each other with one space
// between all of their groups: if others have fewer groups of the same length, or
// if there are several of four times four digits, a form that no service has.
func splitColumns(chosen []candidate) []candidate {
	fewest := make(map[string]int) // groups of a shape's first group
	wide := 0
	for _, c := range chosen {
		n := strings.Count(c.text, " ") + 1
		group := firstGroup(c.look)
		if least, found := fewest[group]; n > 1 && (!found || n < least) {
			fewest[group] = n
		}
		if c.look.shape == "4 4 4 4" && !c.look.lower && !c.look.upper {
			wide++
		}
	}
	if wide == len(chosen) && wide > 1 {
		fewest["4"] = 2
	}
	var split []candidate
	for _, c := range chosen {
		words := strings.Split(c.text, " ")
		n := fewest[firstGroup(c.look)]
		if n < 2 || len(words)%n != 0 {
			split = append(split, c)
			continue
		}
		for i := 0; i < len(words); i += n {
			text := strings.Join(words[i:i+n], " ")
			split = append(split, candidate{text, lookOf(text), c.item, c.line, c.first && i == 0})
		}
	}
	return split
}

// firstGroup returns the length of a code's first group, of those with spaces
// between them.
func firstGroup(l look) string {
	before, _, _ := strings.Cut(l.shape, " ")
	return before
}

// withoutOddEnds leaves out what stands before or behind a list and is not made
// like any other of it, such as the name of a user: unless it has a number.
func withoutOddEnds(chosen []candidate) []candidate {
	if len(chosen) < 5 {
		return chosen
	}
	shapes, sizes := make(map[string]int), make(map[int]int)
	size := func(c candidate) int { return letters(c.text) - strings.Count(c.text, " ") }
	for _, c := range chosen {
		shapes[c.look.shape]++
		sizes[size(c)]++
	}
	isOdd := func(c candidate) bool {
		isSpaced := !c.item.loose && sizes[size(c)] > 1 // by a space that is part of it
		return c.item.number == 0 && shapes[c.look.shape] == 1 && len(shapes) <= 3 && !isSpaced
	}
	if isOdd(chosen[0]) {
		chosen = chosen[1:]
	}
	if isOdd(chosen[len(chosen)-1]) {
		chosen = chosen[:len(chosen)-1]
	}
	return chosen
}
