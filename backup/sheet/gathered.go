package sheet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// A gathered is what was read of one sheet.
type gathered struct {
	stamp
	date  time.Time
	adds  int
	lines int // how many it has, 0 if that is not known
	count int // of records read

	blocks int                    // how many it has
	list   pieces[contentsRecord] // of contents
	codes  map[string]*codeSet
	sealed pieces[partRecord]
	seal   string

	shares      []shareRecord
	commitments map[string]*pieces[commitmentRecord]
}

// pieces are numbered from 1, and were read in any order.
type pieces[T any] struct {
	all map[int]T
	of  int // how many there are; 0 if none was read
}

// add adds a piece, unless it is there. Pieces of another count belong to something
// else.
func (p *pieces[T]) add(number, of int, piece T) {
	if p.of == 0 {
		p.all, p.of = make(map[int]T), of
	}
	if _, ok := p.all[number]; ok || of != p.of {
		return
	}
	p.all[number] = piece
}

func (p *pieces[T]) complete() bool { return p.of > 0 && len(p.all) == p.of }

// ordered returns the pieces that there are.
func (p *pieces[T]) ordered() (all []T) {
	for _, n := range slices.Sorted(maps.Keys(p.all)) {
		all = append(all, p.all[n])
	}
	return all
}

// missing returns the runs of pieces that there are not.
func (p *pieces[T]) missing() []span {
	return missingOf(slices.Sorted(maps.Keys(p.all)), p.of)
}

func newGathered(s stamp) *gathered {
	return &gathered{stamp: s, codes: make(map[string]*codeSet), commitments: make(map[string]*pieces[commitmentRecord])}
}

// compare orders sheets by number, and printings of the same number by date.
func (g *gathered) compare(other *gathered) int {
	return cmp.Or(g.sheet-other.sheet, g.date.Compare(other.date), strings.Compare(g.id, other.id))
}

func (g *gathered) addWhole(w wholeRecord) {
	g.date, g.lines = w.date, w.lines
	if w.adds != 0 {
		g.adds = w.adds
	}
}

func (g *gathered) addContents(c contentsRecord) {
	g.count++
	g.date, g.adds, g.blocks = c.date, c.adds, c.blocks
	g.list.add(c.part, c.of, c)
}

func (g *gathered) addPart(p partRecord) {
	g.count++
	g.seal = p.seal
	g.sealed.add(p.part, p.of, p)
}

func (g *gathered) addShare(s shareRecord) {
	g.count++
	if !slices.Contains(g.shares, s) {
		g.shares = append(g.shares, s)
	}
}

func (g *gathered) addCommitment(c commitmentRecord) {
	g.count++
	p := g.commitments[c.commitment]
	if p == nil {
		p = &pieces[commitmentRecord]{}
		g.commitments[c.commitment] = p
	}
	p.add(c.part, c.of, c)
}

// A codeSet is an account's backup codes of one generation, as far as they were
// read.
type codeSet struct {
	account oath.ID
	record  backup.Record
	parts   pieces[codesRecord]
	whole   bool // in one piece
}

func (c *codeSet) complete() bool { return c.whole || c.parts.complete() }

func (g *gathered) addCodes(r codesRecord) {
	g.count++
	name := fmt.Sprintf("%s %d", r.account, r.record.Generation())
	set := g.codes[name]
	if set == nil {
		set = &codeSet{account: r.account, record: r.record.Clone()}
		g.codes[name] = set
	}
	set.merge(r)
}

// merge adds the codes of a record. What is used in either is used.
func (c *codeSet) merge(r codesRecord) {
	switch {
	case r.partial:
	case r.of == 1:
		c.whole = true
	default:
		c.parts.add(r.part, r.of, r)
	}
	set := c.record.Current()
	for _, code := range r.record.Current().Codes {
		i, found := slices.BinarySearchFunc(set.Codes, code.Number, func(c backup.Code, n int) int { return c.Number - n })
		switch {
		case !found:
			set.Codes = slices.Insert(set.Codes, i, code)
		case set.Codes[i].Used.IsZero():
			set.Codes[i].Used = code.Used
		}
	}
}

// codeSets returns the sets of a sheet, by account and generation.
func (g *gathered) codeSets() (sets []*codeSet) {
	for _, name := range slices.Sorted(maps.Keys(g.codes)) {
		sets = append(sets, g.codes[name])
	}
	return sets
}
