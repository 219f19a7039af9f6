package sheet

import (
	"fmt"
	"strconv"
)

// composer returns one that leaves room for the lines of the contents.
func (s Sheet) composer() *composer {
	c := &composer{last: 1}
	if s.adds() != 0 {
		c.last++
	}
	return c
}

// document puts the contents before the blocks, and again behind them: a reader
// must not depend on one page. The name is the sheet's ID, or tells which copy of
// it this is.
func (s Sheet) document(c *composer, name string, body []Block, contents []string, steps []Steps) Document {
	first, last := s.contentsBlock("Contents", contents), s.contentsBlock("Contents, once more", contents)
	whole := fmt.Sprintf("%d %s %s lines=%d", s.Number, name, formatDay(s.Date), c.last+1)
	last.Lines = c.words(endKeyword, whole)
	head := &composer{}
	first.Lines = head.words(sheetKeyword, whole)
	if s.adds() != 0 {
		first.Lines = append(first.Lines, head.words(addsKeyword, strconv.Itoa(s.adds()))...)
	}
	all := append([]Block{first}, body...)
	return Document{
		Title: fmt.Sprintf("Recovery sheet %d", s.Number),
		Facts: s.facts(),
		Steps: steps,
		Body:  append(all, last),
		Foot:  fmt.Sprintf("Recovery sheet %d, %s, %s", s.Number, formatDay(s.Date), s.ID),
	}
}

// facts tell on the first page what the sheet is.
func (s Sheet) facts() []Fact {
	facts := []Fact{{"Date", formatDay(s.Date)}, {"Holds", s.holds()}}
	switch {
	case s.OnlyNew && s.Supersedes != 0:
		facts = append(facts, Fact{"Keep it with", fmt.Sprintf("sheet %d. This one holds only a part of what there is.", s.Supersedes)})
	case s.OnlyNew:
		facts = append(facts, Fact{"Note", "This sheet holds only a part of what there is."})
	case s.Supersedes != 0:
		facts = append(facts, Fact{"Supersedes", fmt.Sprintf("sheet %d, and those kept with it. Destroy them once this one is checked.", s.Supersedes)})
	}
	if secrets, sets := s.count(); secrets == 0 && sets > 0 && s.VaultKey == "" {
		facts = append(facts, Fact{"Note", "This sheet has backup codes alone. It cannot bring accounts back."})
	}
	return facts
}

// contentsBlock returns the list of contents, for a machine to read.
func (s Sheet) contentsBlock(heading string, contents []string) Block {
	b := Block{Heading: heading, Facts: []Fact{{"Sheet ID", s.ID}}}
	for i, text := range contents {
		b.Symbols = append(b.Symbols, Symbol{numbered("For tokenctl, to see whether anything is missing", i, len(contents)), text})
	}
	return b
}

// numbered tells one of several by its number.
func numbered(caption string, i, of int) string {
	if of == 1 {
		return caption
	}
	return fmt.Sprintf("%s (%d of %d)", caption, i+1, of)
}

// holds tells what there is on the sheet: "12 accounts, the backup codes of 5, the
// vault's key".
func (s Sheet) holds() string {
	secrets, sets := s.count()
	var parts []string
	if secrets > 0 {
		parts = append(parts, plural(secrets, "account"))
	}
	if sets > 0 {
		parts = append(parts, "the backup codes of "+plural(sets, "account"))
	}
	if s.VaultKey != "" {
		parts = append(parts, "the vault's key")
	}
	return enumerated(parts)
}

// count returns how many accounts have their secret on the sheet, and how many
// their backup codes.
func (s Sheet) count() (secrets, sets int) {
	for _, e := range s.Entries {
		if e.hasSecret() {
			secrets++
		}
		if e.hasCodes() {
			sets++
		}
	}
	return secrets, sets
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// enumerated returns "a", "a and b", "a, b and c"; "nothing" of none.
func enumerated(parts []string) string {
	switch n := len(parts); n {
	case 0:
		return "nothing"
	case 1:
		return parts[0]
	default:
		text := parts[0]
		for _, p := range parts[1 : n-1] {
			text += ", " + p
		}
		return text + " and " + parts[n-1]
	}
}
