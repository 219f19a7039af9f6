package sheet

import "fmt"

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
	// not known: of Parts and Shares, because there are none yet.
	Of int

	Label string // an account's, where it is known
}

// String returns "part 3 of 4", "lines 12 to 14", "block 12 of 50 (GitHub:alice)".
func (m Missing) String() string {
	switch m.Kind {
	case Parts:
		if m.Of == 0 {
			return "the sealed parts"
		}
		return m.run("part")
	case Shares:
		if m.Of == 0 {
			return "the shares"
		}
		return fmt.Sprintf("%d more of the %d shares that are needed", m.From, m.Of)
	case Lists:
		return m.run("QR code") + " of the list of contents"
	case Blocks:
		return m.run("block") + m.labelled()
	case Sets:
		return m.run("QR code") + " of the backup codes" + m.labelled()
	case Lines:
		return m.run("line") + m.labelled()
	}
	return m.run("thing")
}

func (m Missing) run(noun string) string {
	text := fmt.Sprintf("%s %d", noun, m.From)
	if m.To > m.From {
		text = fmt.Sprintf("%ss %d to %d", noun, m.From, m.To)
	}
	if m.Of > 0 {
		text += fmt.Sprintf(" of %d", m.Of)
	}
	return text
}

func (m Missing) labelled() string {
	if m.Label == "" {
		return ""
	}
	return " (" + m.Label + ")"
}

func missingRuns(sheet int, kind Kind, of int, label string, runs []span) (all []Missing) {
	for _, s := range runs {
		all = append(all, Missing{sheet, kind, s.from, s.to, of, label})
	}
	return all
}

// missing returns all that is missing, sheet by sheet.
func (h *haul) missing() (all []Missing) {
	for _, g := range h.ordered() {
		all = append(all, g.missingSealed()...)
		all = append(all, missingRuns(g.sheet, Lists, g.list.of, "", g.list.missing())...)
		all = append(all, h.missingBlocks(g)...)
		all = append(all, h.missingSets(g)...)
	}
	for _, t := range h.typed {
		all = append(all, h.missingLines(t)...)
	}
	return all
}

// missingSealed returns what is missing for opening a sheet.
func (g *gathered) missingSealed() []Missing {
	all := missingRuns(g.sheet, Parts, g.sealed.of, "", g.sealed.missing())
	if g.sealed.of == 0 && len(g.shares) > 0 {
		all = append(all, Missing{Sheet: g.sheet, Kind: Parts, From: 1, To: 1})
	}
	if g.seal != byShares && len(g.shares) == 0 {
		return all
	}
	if c := g.combine(); c.more > 0 || c.need == 0 {
		all = append(all, Missing{Sheet: g.sheet, Kind: Shares, From: max(c.more, 1), To: max(c.more, 1), Of: c.need})
	}
	return all
}

// missingBlocks compares what was read with the list of a sheet's contents.
func (h *haul) missingBlocks(g *gathered) (all []Missing) {
	left := make(map[string]int)
	for _, c := range g.list.ordered() {
		for i, digests := range c.list {
			lacks, label := h.lacks(digests, left)
			if !lacks {
				continue
			}
			m := Missing{g.sheet, Blocks, c.from + i, c.from + i, g.blocks, label}
			if n := len(all); n > 0 && all[n-1].To == m.From-1 && all[n-1].Label == "" && label == "" {
				all[n-1].To = m.To
				continue
			}
			all = append(all, m)
		}
	}
	return all
}

// lacks reports whether a record of a block was not read, and the label of another
// that was. Each record that was read stands for one on the list.
func (h *haul) lacks(digests []string, used map[string]int) (lacks bool, label string) {
	for _, d := range digests {
		if used[d] == h.have[d] {
			lacks = true
			continue
		}
		used[d]++
		label = h.labels[d]
	}
	return lacks, label
}

// missingSets returns the QR codes of sets of backup codes of which others were
// read.
func (h *haul) missingSets(g *gathered) (all []Missing) {
	for _, c := range g.codeSets() {
		if !c.complete() {
			all = append(all, missingRuns(g.sheet, Sets, c.parts.of, labelOf(c.account), c.parts.missing())...)
		}
	}
	return all
}

// missingLines returns the lines without which what was typed is not complete.
// Where nothing else tells what is on the sheet, these are all of its lines that
// were not typed.
func (h *haul) missingLines(t *typedSheet) []Missing {
	numbers := t.pad.numbers()
	var runs []span
	for _, g := range t.gaps {
		for _, s := range g.spans {
			if !h.got[g.thing] {
				runs = append(runs, t.pad.clipped(s, numbers))
			}
		}
	}
	if !h.scanned && !h.listed(t.stamp) {
		runs = append(runs, missingOf(numbers, t.pad.total())...)
	}
	return missingRuns(t.stamp.sheet, Lines, 0, "", joinSpans(runs))
}

// listed reports whether something tells what is on a sheet.
func (h *haul) listed(s stamp) bool {
	g := h.sheets[s.id]
	return g != nil && (g.list.of > 0 || g.sealed.of > 0)
}
