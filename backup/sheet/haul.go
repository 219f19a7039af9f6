package sheet

import (
	"slices"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// A haul is all that was read, sorted by what it is and by sheet.
type haul struct {
	sheets   map[string]*gathered // by ID
	accounts []otpauth.Key        // each URI once
	keys     []string             // of vaults, each once
	uris     map[string]bool
	got      map[string]bool // things that gaps are about
	have     map[string]int  // how many records have a digest
	labels   map[string]string
	typed    []*typedSheet
	scanned  bool // something came out of a QR code
}

// gather sorts what was read until now.
func (r *Reader) gather() *haul {
	h := &haul{
		sheets: make(map[string]*gathered), uris: make(map[string]bool), got: make(map[string]bool),
		have: make(map[string]int), labels: make(map[string]string), scanned: len(r.records) > 0,
	}
	for _, record := range r.records {
		h.add(record)
	}
	for _, p := range r.pads {
		t := p.assemble()
		for _, record := range t.records {
			h.add(h.stamped(record))
		}
		h.typed = append(h.typed, t)
	}
	return h
}

// stamped gives a typed record whose sheet is not known the only sheet there is.
func (h *haul) stamped(record any) any {
	if len(h.sheets) != 1 {
		return record
	}
	for _, g := range h.sheets {
		switch r := record.(type) {
		case partRecord:
			r.stamp = known(r.stamp, g.stamp)
			return r
		case shareRecord:
			r.stamp = known(r.stamp, g.stamp)
			return r
		case commitmentRecord:
			r.stamp = known(r.stamp, g.stamp)
			return r
		case codesRecord:
			r.stamp = known(r.stamp, g.stamp)
			return r
		}
	}
	return record
}

func known(s, other stamp) stamp {
	if s.id == "" {
		return other
	}
	return s
}

func (h *haul) add(record any) {
	switch r := record.(type) {
	case accountRecord:
		h.addAccount(r.Key)
	case keyRecord:
		h.addKey(string(r))
	case wholeRecord:
		h.sheet(r.stamp).addWhole(r)
	case contentsRecord:
		h.sheet(r.stamp).addContents(r)
	case codesRecord:
		h.sheet(r.stamp).addCodes(r)
	case partRecord:
		h.sheet(r.stamp).addPart(r)
		h.got[partThing(r.part)] = true
	case shareRecord:
		h.sheet(r.stamp).addShare(r)
		h.got[shareThing(r.share)] = true
	case commitmentRecord:
		h.sheet(r.stamp).addCommitment(r)
		h.got[commitmentThing(r.commitment)] = true
	}
}

func (h *haul) addAccount(k otpauth.Key) {
	uri := k.URI()
	if h.uris[uri] {
		return
	}
	h.uris[uri] = true
	h.accounts = append(h.accounts, k)
	h.got[accountThing(k.Account.ID())] = true
	h.record(digest(uri), k.Account.Label())
}

func (h *haul) addKey(identity string) {
	if slices.Contains(h.keys, identity) {
		return
	}
	h.keys = append(h.keys, identity)
	h.got[keyThing] = true
	h.record(digest(identity), "the vault's key")
}

// countCodes records the sets of codes that are complete, when all are read.
func (h *haul) countCodes() {
	for _, g := range h.ordered() {
		for _, c := range g.codeSets() {
			if c.complete() {
				h.got[codesThing(c.account)] = true
				h.record(codesDigest(string(c.account), c.record), labelOf(c.account))
			}
		}
	}
}

func (h *haul) record(digest, label string) {
	h.have[digest]++
	h.labels[digest] = label
}

func (h *haul) sheet(s stamp) *gathered {
	g := h.sheets[s.id]
	if g == nil {
		g = newGathered(s)
		h.sheets[s.id] = g
	}
	return g
}

// ordered returns the sheets by number.
func (h *haul) ordered() []*gathered {
	sheets := make([]*gathered, 0, len(h.sheets))
	for _, g := range h.sheets {
		sheets = append(sheets, g)
	}
	slices.SortFunc(sheets, (*gathered).compare)
	return sheets
}

// labelOf returns how an account is called, by its ID.
func labelOf(id oath.ID) string { return id.Account(oath.TOTP).Label() }
