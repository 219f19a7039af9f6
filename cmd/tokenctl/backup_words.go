package main

import (
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/recognize"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
)

// maxIgnored is the number of lines that were not taken for codes, and are shown.
const maxIgnored = 5

// describeFound says what a text was taken for, on the terminal alone: the
// beginning of a code, and lines that may be codes, belong nowhere else.
func describeFound(f recognize.Found) string {
	var b strings.Builder
	b.WriteString(term.Count(len(f.Codes), "code"))
	if f.Numbered {
		b.WriteString(", numbered")
	}
	first := []rune(f.Codes[0].Text)
	fmt.Fprintf(&b, ", like %s…", term.Printable(string(first[:(len(first)+2)/3])))
	if n := len(f.Repeated); n > 0 {
		fmt.Fprintf(&b, "; %d more came twice", n)
	}
	used := 0
	for _, c := range f.Codes {
		if c.Used {
			used++
		}
	}
	if used > 0 {
		fmt.Fprintf(&b, "; %d marked as used", used)
	}
	if len(f.Ignored) > 0 {
		fmt.Fprintf(&b, "; not taken for codes:")
	}
	for i, line := range f.Ignored {
		if i == maxIgnored {
			fmt.Fprintf(&b, "\n  and %d more", len(f.Ignored)-i)
			break
		}
		fmt.Fprintf(&b, "\n  line %d: %s", line.Number, term.Printable(line.Text))
	}
	return b.String()
}

// outcomeOf says what recording codes came to.
func outcomeOf(a store.Added, record backup.Record) string {
	recorded := term.Are(a.Codes, "code") + " recorded"
	switch {
	case a.Mode == store.Replaces:
		return fmt.Sprintf("number %d has its new code.", a.Number)
	case a.Mode == store.Appends:
		return fmt.Sprintf("%s, in addition to the previous ones: %s.", recorded, backup.LeftInWords(a.Before+a.Codes))
	case a.Before > 0:
		return recorded + ". The previous ones are superseded."
	}
	return recorded + "."
}
