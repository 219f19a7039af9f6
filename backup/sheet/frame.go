package sheet

import (
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strconv"
)

// composer returns one that leaves room for the lines of the contents.
func (s Sheet) composer() *line.Writer {
	c := &line.Writer{Last: 1}
	if s.adds() != 0 {
		c.Last++
	}
	return c
}

// document puts the contents before the blocks, and again behind them: a reader
// must not depend on one page. The name is the sheet's ID, or tells which copy of
// it this is.
func (s Sheet) document(c *line.Writer, name string, body []layout.Block, contents []string, steps []layout.Steps) layout.Document {
	first, last := s.contentsBlock("Contents", contents), s.contentsBlock("Contents, once more", contents)
	whole := fmt.Sprintf("%d %s %s lines=%d", s.Number, name, formatDay(s.Date), c.Last+1)
	last.Lines = c.Words(endKeyword, whole)
	head := &line.Writer{}
	first.Lines = head.Words(sheetKeyword, whole)
	if s.adds() != 0 {
		first.Lines = append(first.Lines, head.Words(addsKeyword, strconv.Itoa(s.adds()))...)
	}
	all := append([]layout.Block{first}, body...)
	return layout.Document{
		Title: fmt.Sprintf("Recovery sheet %d", s.Number),
		Facts: s.facts(),
		Steps: steps,
		Body:  append(all, last),
		Foot:  fmt.Sprintf("Recovery sheet %d, %s, %s", s.Number, formatDay(s.Date), s.ID),
	}
}

// facts tell on the first page what the sheet is.
func (s Sheet) facts() []layout.Fact {
	facts := []layout.Fact{{Name: "Date", Value: formatDay(s.Date)}, {Name: "Holds", Value: s.holds()}}
	switch {
	case s.Partial && s.Supersedes != 0:
		facts = append(facts, layout.Fact{Name: "Keep it with", Value: fmt.Sprintf("sheet %d. This one holds only a part of what there is.", s.Supersedes)})
	case s.Partial:
		facts = append(facts, layout.Fact{Name: "Note", Value: "This sheet holds only a part of what there is."})
	case s.Supersedes != 0:
		facts = append(facts, layout.Fact{Name: "Supersedes", Value: fmt.Sprintf("sheet %d, and those kept with it. Destroy them once this one is checked.", s.Supersedes)})
	}
	if secrets, sets := s.count(); secrets == 0 && sets > 0 && s.VaultKey == "" {
		facts = append(facts, layout.Fact{Name: "Note", Value: "This sheet has backup codes alone. It cannot bring accounts back."})
	}
	return facts
}

// contentsBlock returns the list of contents, for a machine to read.
func (s Sheet) contentsBlock(heading string, contents []string) layout.Block {
	b := layout.Block{Heading: heading, Facts: []layout.Fact{{Name: "Sheet ID", Value: s.ID}}}
	for i, text := range contents {
		b.Symbols = append(b.Symbols, layout.Symbol{Caption: numbered("For tokenctl, to see whether anything is missing", i, len(contents)), Text: text})
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
