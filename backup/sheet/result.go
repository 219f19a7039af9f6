package sheet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A readResult is all that was read, sorted by what it is and by sheet.
type readResult struct {
	sheets   map[string]*sheetParts // by ID
	accounts []otpauth.Key          // each URI once
	keys     []string               // of vaults, each once
	texts    map[string]bool        // URIs and keys
	got      map[string]bool        // things that gaps are about
	have     map[string]int         // how many records have a digest
	labels   map[string]string      // of digests
	touched  map[string]bool        // digests of accounts that keys ask for a touch for
	lined    map[string]bool        // digests of what stands on sheets that were typed completely
	typed    []typedSheet
	scanned  bool // something came out of a QR code
	steps    int  // taken until now, for tests
}

// A typedSheet is what typed lines amount to.
type typedSheet struct {
	*typedLines
	*assembly
}

// read sorts what was read until now.
func (r *Reader) read() *readResult {
	all := &readResult{
		sheets: make(map[string]*sheetParts), texts: make(map[string]bool), got: make(map[string]bool),
		have: make(map[string]int), labels: make(map[string]string), scanned: len(r.scanned) > 0,
		touched: make(map[string]bool), lined: make(map[string]bool),
	}
	for _, one := range r.scanned {
		one.addTo(all, one.stamp)
	}
	for _, t := range r.typed {
		s := t.head.stamp
		if len(all.sheets) == 1 && !t.known { // it is the only sheet there is
			for _, only := range all.sheets {
				s = only.stamp
			}
		}
		paragraphs := t.paragraphs()
		a := assemble(paragraphs, t.head.date)
		all.steps += len(t.lines) + len(paragraphs) + len(a.records)
		whole := t.known && len(missingOf(t.numbers(), t.head.lines)) == 0
		for _, one := range a.records {
			one.addTo(all, s)
			if r, ok := one.(interface{ digest() string }); ok && whole {
				all.lined[r.digest()] = true
			}
		}
		if t.known {
			p := all.sheet(s)
			p.date, p.lines, p.adds = t.head.date, t.head.lines, cmp.Or(a.adds, p.adds)
			p.typed, p.bare = p.typed || whole, max(p.bare, a.bare)
		}
		all.typed = append(all.typed, typedSheet{t, a})
	}
	return all
}

// countSets records the sets of codes that are complete, when all are read.
func (r *readResult) countSets() {
	for _, p := range r.ordered() {
		for _, c := range p.codeSets() {
			if c.complete() {
				r.got[thing(codesKeyword, c.account)] = true
				r.count(c.digest(), labelOf(c.account))
			}
		}
	}
}

func (r *readResult) count(digest, label string) {
	r.have[digest]++
	r.labels[digest] = label
}

// sheet returns the parts of a sheet.
func (r *readResult) sheet(s stamp) *sheetParts {
	p := r.sheets[s.id]
	if p == nil {
		p = &sheetParts{stamp: s, codes: make(map[string]*codeSet), commitments: make(map[string]*pieces[commitmentRecord])}
		r.sheets[s.id] = p
	}
	return p
}

// ordered returns the sheets by number, and printings of the same number by date.
func (r *readResult) ordered() []*sheetParts {
	return slices.SortedFunc(maps.Values(r.sheets), func(a, b *sheetParts) int {
		return cmp.Or(a.sheet-b.sheet, a.date.Compare(b.date), strings.Compare(a.id, b.id))
	})
}

// labelOf returns how an account is called, by its ID.
func labelOf(id oath.ID) string { return id.Account(oath.TOTP).Label() }

// sheetParts are what was read of one sheet.
type sheetParts struct {
	stamp
	date  time.Time
	adds  int
	lines int  // how many it has, 0 if that is not known
	typed bool // all of them
	bare  int  // Printing.Bare, as a line of its own says
	count int  // of records read

	blocks int                    // how many it has
	list   pieces[contentsRecord] // of contents
	names  pieces[namesRecord]    // of blocks
	codes  map[string]*codeSet
	sealed pieces[partRecord]
	seal   string

	shares      []shareRecord
	commitments map[string]*pieces[commitmentRecord]
}

func (a accountRecord) addTo(r *readResult, _ stamp) {
	uri := a.uri()
	if a.Account.Touch {
		r.touched[a.digest()] = true
	}
	if r.texts[uri] {
		return
	}
	r.texts[uri] = true
	r.accounts = append(r.accounts, a.Key)
	r.got[thing(accountKeyword, a.Account.ID())] = true
	r.count(a.digest(), a.Account.Label())
}

func (k keyRecord) addTo(r *readResult, _ stamp) {
	if r.texts[string(k)] {
		return
	}
	r.texts[string(k)] = true
	r.keys = append(r.keys, string(k))
	r.got[thing(line.KeyKeyword, "")] = true
	r.count(k.digest(), "the vault's key")
}

func (c contentsRecord) addTo(r *readResult, s stamp) {
	p := r.sheet(s)
	p.count++
	p.date, p.adds, p.blocks = c.date, c.adds, c.blocks
	p.list.add(c.part, c.of, c)
	for _, b := range c.list {
		if b.touch {
			r.touched[b.digests[0]] = true
		}
	}
}

func (n namesRecord) addTo(r *readResult, s stamp) {
	p := r.sheet(s)
	p.count++
	p.names.add(n.part, n.of, n)
}

func (f partRecord) addTo(r *readResult, s stamp) {
	p := r.sheet(s)
	p.count++
	p.seal = f.seal
	p.sealed.add(f.part, f.of, f)
	r.got[thing(partKeyword, f.part)] = true
}

func (h shareRecord) addTo(r *readResult, s stamp) {
	p := r.sheet(s)
	p.count++
	if !slices.Contains(p.shares, h) {
		p.shares = append(p.shares, h)
	}
	r.got[thing(shareKeyword, h.share)] = true
}

func (c commitmentRecord) addTo(r *readResult, s stamp) {
	p := r.sheet(s)
	p.count++
	if p.commitments[c.commitment] == nil {
		p.commitments[c.commitment] = &pieces[commitmentRecord]{}
	}
	p.commitments[c.commitment].add(c.part, c.of, c)
	r.got[thing(commitmentKeyword, c.commitment+partOf(c.part, c.of))] = true
}

func (c codesRecord) addTo(r *readResult, s stamp) {
	p := r.sheet(s)
	p.count++
	name := fmt.Sprintf("%s %d", c.account, c.record.Generation())
	set := p.codes[name]
	if set == nil {
		set = &codeSet{codesRecord: codesRecord{account: c.account, record: c.record.Clone()}}
		p.codes[name] = set
	}
	set.merge(c)
}

// A codeSet is an account's backup codes of one generation, as far as they were
// read.
type codeSet struct {
	codesRecord
	parts pieces[codesRecord]
	whole bool // in one piece
}

func (c *codeSet) complete() bool { return c.whole || c.parts.complete() }

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
func (p *sheetParts) codeSets() (sets []*codeSet) {
	for _, name := range slices.Sorted(maps.Keys(p.codes)) {
		sets = append(sets, p.codes[name])
	}
	return sets
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
	if _, ok := p.all[number]; !ok && of == p.of {
		p.all[number] = piece
	}
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
func (p *pieces[T]) missing() []line.Span {
	return missingOf(slices.Sorted(maps.Keys(p.all)), p.of)
}

// missingOf returns the runs of numbers from 1 to last that are not among those
// given, which are in order.
func missingOf(numbers []int, last int) (missing []line.Span) {
	next := 1
	for _, n := range append(numbers, last+1) {
		if n > next {
			missing = append(missing, line.Span{From: next, To: n - 1})
		}
		next = n + 1
	}
	return missing
}
