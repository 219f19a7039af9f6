package sheet

import (
	"fmt"
	"slices"

	"filippo.io/age"
	curve "github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// A combination is what the shares of a split sheet amount to.
type combination struct {
	good []secretsharing.Share
	bad  []int // numbers of shares that are not of this sheet, or were altered
	need int   // how many open it
	more int   // how many are missing
}

// combine sorts the shares into those that belong together and those that do not:
// by Feldman's commitment if it was read, else by its digest alone.
func (g *gathered) combine() (c combination) {
	name := g.commonCommitment()
	commitment := g.commitment(name)
	taken := make(map[int]bool)
	for _, s := range g.shares {
		share, ok := s.parsed()
		if commitment != nil {
			ok = ok && secretsharing.Verify(uint(len(commitment)-1), share, commitment)
		}
		if !ok || s.commitment != name {
			c.bad = append(c.bad, s.share)
			continue
		}
		c.need = s.need
		if !taken[s.share] {
			taken[s.share] = true
			c.good = append(c.good, share)
		}
	}
	if commitment != nil {
		c.need = len(commitment)
	}
	c.more = max(c.need-len(c.good), 0)
	return c
}

// commonCommitment returns the digest that most shares name.
func (g *gathered) commonCommitment() (name string) {
	count := make(map[string]int)
	for _, s := range g.shares {
		count[s.commitment]++
	}
	for _, s := range g.shares {
		if count[s.commitment] > count[name] {
			name = s.commitment
		}
	}
	return name
}

// commitment returns the one of that digest, nil if it was not read completely.
func (g *gathered) commitment(name string) (elements secretsharing.SecretCommitment) {
	pieces := g.commitments[name]
	if pieces == nil || !pieces.complete() {
		return nil
	}
	var all string
	for _, r := range pieces.ordered() {
		all += r.data
	}
	n := len(all) / scalarSize
	if longDigest([]byte(all), commitmentDigest) != name || len(all)%scalarSize != 0 || n < 2 || n > MaxShares {
		return nil
	}
	for _, text := range line.CutEvery(all, scalarSize) {
		e := curve.Ristretto255.NewElement()
		if e.UnmarshalBinary([]byte(text)) != nil {
			return nil
		}
		elements = append(elements, e)
	}
	return elements
}

// parsed returns the share as circl has it.
func (r shareRecord) parsed() (share secretsharing.Share, ok bool) {
	share.ID = curve.Ristretto255.NewScalar().SetUint64(uint64(r.share))
	share.Value = curve.Ristretto255.NewScalar()
	err := share.Value.UnmarshalBinary([]byte(r.value))
	return share, err == nil
}

// identity returns the key of a split sheet. The shares are of different numbers,
// of which none is 0: circl panics otherwise.
func (c combination) identity(id string) (*age.X25519Identity, error) {
	secret, err := secretsharing.Recover(uint(c.need-1), c.good)
	if err != nil {
		return nil, fmt.Errorf("putting the shares together: %w", err)
	}
	return identityOf(secret, id)
}

// wrong returns the error that names the shares that do not belong.
func (c combination) wrong(sheet int) error {
	if len(c.bad) == 0 {
		return nil
	}
	slices.Sort(c.bad)
	return &ShareError{sheet, slices.Compact(c.bad)}
}
