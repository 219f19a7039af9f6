// Package shell has what completes command lines in shells.
//
// The accounts' names that are offered come from pictures and other people's files, and so
// may be written to do harm. Cobra's own scripts hand the line to eval, and bash inserts
// the common beginning of several names without quotes. These scripts run nothing of
// what is typed or inserted.
package shell

import (
	_ "embed"
	"strings"
)

// The scripts, for the shells that they are named after.
var (
	//go:embed bash
	Bash string
	//go:embed zsh
	Zsh string
	//go:embed fish
	Fish string
	//go:embed powershell
	PowerShell string
)

// A Line is a command line of bash, up to the cursor.
type Line struct {
	Words []string // those that are finished, without quotes
	Word  string   // the one at the cursor, without quotes

	quote byte // ', " or 0: the one that is open there
	kept  int  // bytes of Word that readline leaves alone, which replaces the rest
}

// ParseLine takes a line apart as bash does, but expands nothing. Readline takes for
// words of their own what the characters of breaks part, which is bash's
// $COMP_WORDBREAKS.
func ParseLine(line, breaks string) Line {
	var l Line
	var word []byte
	inWord := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case l.quote == c:
			l.quote, l.kept = 0, len(word)
		case l.quote == '\'':
			word = append(word, c)
		case c == '\\' && i+1 < len(line):
			next := line[i+1]
			if l.quote == '"' && !strings.ContainsRune("$`\"\\", rune(next)) {
				word = append(word, c)
			}
			word, inWord = append(word, next), true
			i++
		case c == '\\': // the character that it is for is not typed yet
			inWord = true
		case l.quote == '"':
			word = append(word, c)
		case c == '\'' || c == '"':
			l.quote, l.kept, inWord = c, len(word), true
		case c == ' ' || c == '\t' || c == '\n':
			if inWord {
				l.Words = append(l.Words, string(word))
			}
			word, l.kept, inWord = word[:0], 0, false
		default:
			word, inWord = append(word, c), true
			if strings.IndexByte(breaks, c) >= 0 {
				l.kept = len(word)
			}
		}
	}
	l.Word = string(word)
	return l
}

// Insert returns what readline must replace the last part of the word, so
// that bash reads it as a name. It returns false if the name does not begin like the word,
// or cannot stand within the quote that is open.
func (l Line) Insert(name string) (text string, fits bool) {
	if !strings.HasPrefix(name, l.Word) {
		return "", false
	}
	rest := name[l.kept:]
	switch l.quote {
	case '\'':
		return rest, !strings.Contains(rest, "'")
	case '"': // where ! may stand for an earlier line, and a backslash would be kept
		return escape(rest, func(c byte) bool { return strings.IndexByte("$`\"\\", c) >= 0 }), !strings.Contains(rest, "!")
	}
	return escape(rest, func(c byte) bool {
		const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+:,./_-="
		return c < 0x80 && strings.IndexByte(plain, c) < 0
	}), true
}

// escape puts a backslash before characters.
func escape(text string, special func(byte) bool) string {
	var b strings.Builder
	for i := range len(text) {
		if special(text[i]) {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
