package recognize

import (
	"strconv"
	"strings"
)

// The numbers of letters and digits from which on something may be a code by its
// looks: PlayStation's and Steam's have six. In a list of nothing else, fewer do.
const (
	shortest       = 6
	shortestInList = 4
)

// The sizes of groups that are too short to be codes of their own, and how many of
// them one code may have: Tuta's has sixteen groups of four.
const (
	smallestGroup = 3
	largestGroup  = 5
	mostGroups    = 32
)

// A candidate is what may be a code.
type candidate struct {
	text  string
	look  look
	item  *item
	line  *textLine
	first bool // in its item, so that the item's number is this code's
}

// A look is what the codes of a list have in common.
type look struct {
	shape         string // the lengths of its groups, and what is between them
	digits        bool
	lower, upper  bool
	strong, title bool // too many digits for words; like a word that begins a sentence
}

// codesOf parts the words of an item into what may be codes: words that are long
// enough by themselves, or groups of one code. It returns nil if they are neither.
func codesOf(words []string) []string {
	long, groups := true, len(words) > 1 && len(words) <= mostGroups
	for i, word := range words {
		n := letters(word)
		long = long && n >= shortest
		isLast := i == len(words)-1 && n < len(words[0])
		groups = groups && n == len(word) && (n == len(words[0]) || isLast) &&
			(smallestGroup <= n || isLast) && n <= largestGroup
	}
	switch {
	case len(words) == 0:
		return nil
	case long:
		return words
	case groups && letters(strings.Join(words, "")) >= shortest:
		return []string{strings.Join(words, " ")}
	}
	return nil
}

// letters returns how many letters and digits there are, without dashes.
func letters(word string) int {
	return len(word) - strings.Count(word, "-") - strings.Count(word, "_")
}

func isSeparator(r rune) bool { return r == ' ' || r == '-' || r == '_' }

func lookOf(text string) look {
	var l look
	var shape strings.Builder
	group, uppers := 0, 0
	for _, r := range text {
		switch {
		case isSeparator(r):
			shape.WriteString(strconv.Itoa(group))
			shape.WriteRune(r)
			group = -1
		case '0' <= r && r <= '9':
			l.digits = true
		case 'A' <= r && r <= 'Z':
			uppers++
		default:
			l.lower = true
		}
		group++
	}
	shape.WriteString(strconv.Itoa(group))
	l.shape, l.upper, l.strong = shape.String(), uppers > 0, isStrong(text)
	l.title = uppers == 1 && 'A' <= text[0] && text[0] <= 'Z' && l.lower && !l.digits
	return l
}

// covers reports whether codes of this look may have one of that look among them.
func (l look) covers(other look) bool {
	return l.shape == other.shape && !other.title && (l.lower || !other.lower) && (l.upper || !other.upper)
}

// with returns what two codes of the same shape have in common.
func (l look) with(other look) look {
	l.shape = other.shape
	l.digits = l.digits || other.digits
	l.lower = l.lower || other.lower
	l.upper = l.upper || other.upper
	return l
}

// isStrong reports whether there are digits where words have none: somewhere, or if
// there are spaces in it, in half of the groups, and in both of two.
func isStrong(text string) bool {
	groups := strings.Split(text, " ")
	with := 0
	for _, group := range groups {
		if strings.ContainsAny(group, "0123456789") {
			with++
		}
	}
	if len(groups) <= 2 {
		return with == len(groups)
	}
	return 2*with >= len(groups)
}

// isNoWord reports whether a text can hardly be a word: four consonants follow each
// other, as in most codes of eight letters and more.
func isNoWord(text string) bool {
	run := 0
	for _, r := range strings.ToLower(text) {
		run++
		if strings.ContainsRune("aeiou-_ ", r) {
			run = 0
		}
		if run == 4 {
			return true
		}
	}
	return false
}
