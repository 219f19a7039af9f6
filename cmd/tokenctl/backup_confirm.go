package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tokenctl/tokenctl/backup/recognize"
)

// confirmAddition tells what was found, and asks whether that is what was meant.
func (p *program) confirmAddition(r *records, a addition, s codesSource, o backupAddOptions) error {
	if !a.onPaper() {
		for _, hint := range a.service.Check(s.found.Texts()) {
			p.note("%s", printable(hint))
		}
	}
	if p.terminal == nil || o.yes {
		return nil
	}
	label := printable(labelOf(a.id))
	if a.onPaper() {
		return p.terminal.confirm(false, "Record for %s that %s on your paper%s?", label, are(len(a.codes)), a.effect(r))
	}
	p.terminal.tell("%s", describeFound(s.found))
	return p.terminal.confirm(false, "Record %s for %s%s?", itOrThem(len(a.codes)), label, a.effect(r))
}

// effect tells what becomes of the codes before, as far as the ledger knows them.
func (a addition) effect(r *records) string {
	record := r.ledger.Known(a.id).Record
	if record.Left() == 0 && a.replaces == 0 {
		return ""
	}
	switch way, number := a.wayInto(&record); way {
	case replaces:
		return fmt.Sprintf(", in the place of number %d", number)
	case appends:
		return fmt.Sprintf(", beside the %d before", record.Left())
	}
	return fmt.Sprintf(", in the place of the %d before", record.Left())
}

func itOrThem(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// maxIgnored is the number of lines that were not taken for codes, and are shown.
const maxIgnored = 5

// describeFound tells what a text was taken for, on the terminal alone: the
// beginning of a code, and lines that may be codes, belong nowhere else.
func describeFound(f recognize.Found) string {
	var b strings.Builder
	b.WriteString(howMany(len(f.Codes), "code"))
	if f.Numbered {
		b.WriteString(", numbered")
	}
	fmt.Fprintf(&b, ", like %s", beginning(f.Codes[0].Text))
	if n := len(f.Repeated); n > 0 {
		fmt.Fprintf(&b, "; %d more came twice", n)
	}
	if used := countUsed(f); used > 0 {
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
		fmt.Fprintf(&b, "\n  line %d: %s", line.Number, printable(line.Text))
	}
	return b.String()
}

func countUsed(f recognize.Found) int {
	used := 0
	for _, c := range f.Codes {
		if c.Used {
			used++
		}
	}
	return used
}

// beginning returns a third of a code.
func beginning(code string) string {
	n := (utf8.RuneCountInString(code) + 2) / 3
	return printable(string([]rune(code)[:n])) + "…"
}
