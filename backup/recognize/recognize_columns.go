package recognize

import "strings"

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
	shapes := make(map[string]int)
	for _, c := range chosen {
		shapes[c.look.shape]++
	}
	isOdd := func(c candidate) bool {
		return c.item.number == 0 && shapes[c.look.shape] == 1 && len(shapes) <= 3
	}
	if isOdd(chosen[0]) {
		chosen = chosen[1:]
	}
	if isOdd(chosen[len(chosen)-1]) {
		chosen = chosen[:len(chosen)-1]
	}
	return chosen
}
