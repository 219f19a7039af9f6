package main

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// minPassphrase is in characters. Scrypt makes each guess cost about a second
	// of a computer's time, which makes up for a passphrase that is not random.
	minPassphrase = 12

	// minDistinct is how many different characters a passphrase should have.
	minDistinct = 6
)

// weaknessOf tells what makes a passphrase easy to guess, and nothing if it is not
// seen to be. It knows no dictionary: it catches what is plainly too little.
func weaknessOf(passphrase string) string {
	characters := []rune(strings.TrimSpace(passphrase))
	distinct := slices.Clone(characters)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	switch {
	case len(characters) == 0:
		return "it is empty"
	case len(characters) < minPassphrase:
		return fmt.Sprintf("it has %d characters, and should have %d or more", len(characters), minPassphrase)
	case len(distinct) < minDistinct:
		return fmt.Sprintf("it has only %d different characters", len(distinct))
	case isRun(characters):
		return "its characters follow each other in the alphabet"
	}
	return ""
}

// isRun reports whether most characters are neighbours of the one before, as in
// "abcdefgh" and "98765432".
func isRun(characters []rune) bool {
	steps := 0
	for i := 1; i < len(characters); i++ {
		if d := characters[i] - characters[i-1]; d >= -1 && d <= 1 {
			steps++
		}
	}
	return steps*4 >= len(characters)*3
}
