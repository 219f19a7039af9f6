package sheet

import (
	"encoding/base64"
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

const (
	shareName      = "share"
	commitmentName = "commitment"
)

// A shareRecord is one share of the key of a split sheet:
//
//	tokenctl:share?sheet=7&id=KQ3ZT7AB&share=2/5&need=3&commitment=ABCDEFGHIJKLMNOP&value=...
//
// It is the value at the share's number of a polynomial over the scalars of
// ristretto255, in base64 of its 32 bytes (RFC 9496, section 4.4).
type shareRecord struct {
	stamp
	share, of  int
	need       int
	commitment string // its digest
	value      string // bytes
}

// A commitmentRecord is a piece of Feldman's commitment to that polynomial:
//
//	tokenctl:commitment?sheet=7&id=KQ3ZT7AB&commitment=ABCDEFGHIJKLMNOP&part=1/2&data=...
//
// The commitment is an element of ristretto255 in 32 bytes (RFC 9496, section 4.3)
// for each coefficient, that of the constant term first.
type commitmentRecord struct {
	stamp
	commitment string // the digest of the whole: 16 letters
	part, of   int
	data       string // bytes
}

const (
	scalarSize       = 32 // bytes, as an element
	commitmentDigest = 16 // letters, 80 bits
	elementsPerPart  = 4
)

func (r shareRecord) text() string {
	f := r.stamp.fields()
	f.add("share", ratio(r.share, r.of))
	f.number("need", r.need)
	f.add("commitment", r.commitment)
	f.add("value", base64.StdEncoding.EncodeToString([]byte(r.value)))
	return f.text(shareName)
}

func (r commitmentRecord) text() string {
	f := r.stamp.fields()
	f.add("commitment", r.commitment)
	f.add("part", ratio(r.part, r.of))
	f.add("data", base64.StdEncoding.EncodeToString([]byte(r.data)))
	return f.text(commitmentName)
}

func commitmentRecords(s stamp, commitment []byte) (parts []commitmentRecord) {
	name := longDigest(commitment, commitmentDigest)
	pieces := line.CutEvery(string(commitment), elementsPerPart*scalarSize)
	for i, piece := range pieces {
		parts = append(parts, commitmentRecord{s, name, i + 1, len(pieces), piece})
	}
	return parts
}

func parseShare(s stamp, f fields) (any, error) {
	r := shareRecord{stamp: s, commitment: f.get("commitment")}
	var err error
	if r.share, r.of, err = f.ratio("share"); err != nil {
		return nil, err
	}
	if r.need, err = f.whole("need", 2, 0); err != nil {
		return nil, err
	}
	if r.value, err = parseData(f, "value"); err != nil {
		return nil, err
	}
	return r, r.validate()
}

func (r shareRecord) validate() error {
	if r.of > MaxShares || r.need > r.of || len(r.value) != scalarSize || !isDigest(r.commitment) {
		return fmt.Errorf("%w: share %d of %d", ErrDamaged, r.share, r.of)
	}
	return nil
}

func parseCommitment(s stamp, f fields) (any, error) {
	r := commitmentRecord{stamp: s, commitment: f.get("commitment")}
	var err error
	if r.part, r.of, err = f.ratio("part"); err != nil {
		return nil, err
	}
	if r.data, err = parseData(f, "data"); err != nil {
		return nil, err
	}
	if r.of > MaxShares || len(r.data) > MaxShares*scalarSize || !isDigest(r.commitment) {
		return nil, fmt.Errorf("%w: part %d of the commitment", ErrDamaged, r.part)
	}
	return r, nil
}

// isDigest reports whether a text may be the digest of a commitment.
func isDigest(text string) bool {
	return len(text) == commitmentDigest && isID(text[:idLength]) && isID(text[idLength:])
}
