package sheet

import (
	"compress/flate"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// A Kind is what something missing is called.
type Kind byte

const (
	Parts  Kind = iota + 1 // of a sealed sheet
	Shares                 // of a split sheet
	Lists                  // the QR codes that list a sheet's contents
	Blocks                 // of a plain sheet
	Sets                   // the QR codes of an account's backup codes
	Lines                  // typed ones
)

// A Missing is a run of things that were not read.
type Missing struct {
	Sheet int // its number; 0 if it is not known
	Kind  Kind

	// From and To are numbers as they stand on paper, from 1. Of Shares, both are
	// how many more are needed.
	From, To int

	// Of is how many there are; of Shares, how many are needed. It is 0 if that is
	// not known: of Parts, Shares and Lists, because there are none yet.
	Of int

	Label string // an account's, where it is known; of Blocks, that of each, or of the first
	Page  int    // of Blocks: on which they begin, or would; 0 if it is not known
}

// Unlisted reports whether it is a whole list of contents: what else is missing, if
// anything is, is not known then.
func (m Missing) Unlisted() bool { return m.Kind == Lists && m.Of == 0 }

// String returns "part 3 of 4", "lines 12 to 14", "GitHub:alice, page 3".
func (m Missing) String() string {
	run := func(noun string) string {
		text := fmt.Sprintf("%s %d", noun, m.From)
		if m.To > m.From {
			text = fmt.Sprintf("%ss %d to %d", noun, m.From, m.To)
		}
		if m.Of > 0 {
			text += fmt.Sprintf(" of %d", m.Of)
		}
		return text
	}
	label := ""
	if m.Label != "" {
		label = " (" + m.Label + ")"
	}
	switch {
	case m.Kind == Parts && m.Of == 0:
		return "the sealed parts"
	case m.Kind == Parts:
		return run("part")
	case m.Kind == Shares && m.Of == 0:
		return "the shares"
	case m.Kind == Shares:
		return fmt.Sprintf("%d more of the %d shares that are needed", m.From, m.Of)
	case m.Unlisted() && m.Sheet > 0:
		return fmt.Sprintf("the list of contents of sheet %d, so that what else is missing is not known", m.Sheet)
	case m.Unlisted():
		return "the list of contents, so that what else is missing is not known"
	case m.Kind == Lists:
		return run("QR code") + " of the list of contents"
	case m.Kind == Blocks:
		what := m.Label
		if what == "" {
			what = run("block")
		}
		if m.Page > 0 {
			what += fmt.Sprintf(", page %d", m.Page)
		}
		return what
	case m.Kind == Sets:
		return run("QR code") + " of the backup codes" + label
	}
	return run("line") + label
}

// missing returns all that is missing, sheet by sheet.
func (r *readResult) missing() (all []Missing) {
	add := func(m Missing, runs []line.Span) {
		for _, s := range runs {
			m.From, m.To = s.From, s.To
			all = append(all, m)
		}
	}
	for _, p := range r.ordered() {
		number := p.sheet
		add(Missing{Sheet: number, Kind: Parts, Of: p.sealed.of}, p.sealed.missing())
		if p.sealed.of == 0 && len(p.shares) > 0 {
			all = append(all, Missing{Sheet: number, Kind: Parts, From: 1, To: 1})
		}
		if c := p.combine(); (p.seal == byShares || len(p.shares) > 0) && (c.more > 0 || c.need == 0) {
			all = append(all, Missing{Sheet: number, Kind: Shares, From: max(c.more, 1), To: max(c.more, 1), Of: c.need})
		}
		add(Missing{Sheet: number, Kind: Lists, Of: p.list.of}, p.list.missing())
		all = append(all, r.missingBlocks(p)...)
		for _, c := range p.codeSets() {
			if !c.complete() {
				add(Missing{Sheet: number, Kind: Sets, Of: c.parts.of, Label: labelOf(c.account)}, c.parts.missing())
			}
		}
	}
	for _, t := range r.typed {
		add(Missing{Sheet: t.head.sheet, Kind: Lines}, r.missingLines(t))
	}
	return append(all, r.missingLists()...)
}

// missingLists returns the lists of contents without which it is not known what is
// missing: of sheets, or else of what was scanned and is on none of them. Lines need no
// list where all of a sheet's were typed, or those that were not are missing.
func (r *readResult) missingLists() (all []Missing) {
	if !r.scanned {
		return nil
	}
	for _, p := range r.ordered() {
		if p.id != "" && p.list.of+p.sealed.of+len(p.shares) == 0 && !p.typed {
			all = append(all, Missing{Sheet: p.sheet, Kind: Lists, From: 1, To: 1})
		}
	}
	listed := r.ranks()
	for d := range r.have {
		if len(all) == 0 && listed[d] == 0 && !r.lined[d] {
			all = append(all, Missing{Kind: Lists, From: 1, To: 1})
		}
	}
	return all
}

// missingBlocks compares what was read with the list of a sheet's contents. Blocks that
// follow each other on a page are missing together.
func (r *readResult) missingBlocks(p *sheetParts) (all []Missing) {
	used := make(map[string]int)
	var labels []string // of the last that is missing
	names := p.blockNames()
	for _, c := range p.list.ordered() {
		page := c.page
		for i, b := range c.list {
			if page > 0 {
				page += b.turns
			}
			lacks, label := r.lacks(b.digests, used)
			if !lacks {
				continue
			}
			m := Missing{Sheet: p.sheet, Kind: Blocks, From: c.from + i, To: c.from + i, Of: p.blocks, Label: label, Page: page}
			if m.From <= len(names) {
				m.Label = names[m.From-1]
			}
			if n := len(all); n > 0 && all[n-1].To == m.From-1 && all[n-1].Page == m.Page && (all[n-1].Label == "") == (m.Label == "") {
				labels = append(labels, m.Label)
				all[n-1].To, all[n-1].Label = m.To, shortList(labels)
				continue
			}
			all, labels = append(all, m), []string{m.Label}
		}
	}
	return all
}

// maxNames is how long the names of all blocks are at most, in bytes: of ten thousand
// several times over.
const maxNames = 4 << 20

// blockNames returns the names of the blocks, as far as they were read from the first on.
func (p *sheetParts) blockNames() (names []string) {
	var data strings.Builder
	for i, n := range p.names.ordered() {
		if n.part != i+1 {
			break
		}
		data.WriteString(n.data)
	}
	text, _ := io.ReadAll(io.LimitReader(flate.NewReader(strings.NewReader(data.String())), maxNames))
	for name := range strings.Lines(string(text)) {
		if name, isWhole := strings.CutSuffix(name, "\n"); isWhole {
			names = append(names, name)
		}
	}
	return names
}

// shortList enumerates the first of some names, and says how many more there are.
func shortList(names []string) string {
	const most = 3
	if names[0] == "" {
		return ""
	}
	if more := len(names) - most; more > 1 {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("%d more", more))
	}
	return enumerated(names)
}

// lacks reports whether a record of a block was not read, and the label of another
// that was. Each record that was read stands for one on the list.
func (r *readResult) lacks(digests []string, used map[string]int) (lacks bool, label string) {
	for _, d := range digests {
		if used[d] == r.have[d] {
			lacks = true
			continue
		}
		used[d]++
		label = r.labels[d]
	}
	return lacks, label
}

// missingLines returns the lines without which what was typed is not complete.
// Where nothing else says what is on the sheet, these are all of its lines that were
// not typed.
func (r *readResult) missingLines(t typedSheet) (runs []line.Span) {
	numbers, total := t.numbers(), t.head.lines
	for _, g := range t.gaps {
		for _, s := range g.spans {
			if r.got[g.thing] {
				break
			}
			// Those before the next line that was typed; there may be none.
			if i, _ := slices.BinarySearch(numbers, s.From); i < len(numbers) {
				s.To = min(s.To, numbers[i]-1)
			}
			if t.known {
				s.To = min(s.To, total)
			}
			runs = append(runs, s)
			r.steps++
		}
	}
	p := r.sheets[t.head.id]
	if isListed := p != nil && (p.list.of > 0 || p.sealed.of > 0); !r.scanned && !isListed {
		if !t.known && len(numbers) > 0 {
			total = numbers[len(numbers)-1]
		}
		runs = append(runs, missingOf(numbers, total)...)
	}
	return joinSpans(runs)
}

// joinSpans returns runs in order, those that touch being one. Empty ones are left
// out.
func joinSpans(runs []line.Span) (joined []line.Span) {
	slices.SortFunc(runs, func(a, b line.Span) int { return a.From - b.From })
	for _, s := range runs {
		n := len(joined)
		switch {
		case s.From > s.To:
		case n > 0 && s.From <= joined[n-1].To+1:
			joined[n-1].To = max(joined[n-1].To, s.To)
		default:
			joined = append(joined, s)
		}
	}
	return joined
}
