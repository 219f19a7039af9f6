package sheet

import (
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
)

// copyOf returns the sheet's copy with the i-th share.
func (s Sheet) copyOf(shared sharing, i int, parts []partRecord) layout.Document {
	share := shared.shares[i]
	c := s.composer()
	body := partBlocks(c, []layout.Block{shareBlock(c, share, shared.commitment)}, parts)
	d := s.document(c, fmt.Sprintf("%s/%d", s.ID, share.share), body, nil, s.splitSteps(share))
	name := fmt.Sprintf(", share %d of %d", share.share, share.of)
	d.Title += name
	d.Foot += name
	d.Facts = append(d.Facts, layout.Fact{Name: "Sealed", Value: fmt.Sprintf("Any %d of the %d sheets open it. This one alone tells nothing.", share.need, share.of)})
	return d
}

// shareBlock returns the block that each copy has to itself, with the commitment
// by which shares know each other.
func shareBlock(c *line.Writer, share shareRecord, commitment []commitmentRecord) layout.Block {
	heading := fmt.Sprintf("Share %d of %d", share.share, share.of)
	b := layout.Block{Heading: heading, Symbols: []layout.Symbol{{Caption: heading, Text: share.text()}}}
	letters := letterEncoding.EncodeToString([]byte(share.value))
	b.Lines = c.Words(shareKeyword, fmt.Sprintf("%d/%d need=%d letters=%d commitment=%s",
		share.share, share.of, share.need, len(letters), share.commitment))
	b.Lines = append(b.Lines, c.Letters(letters)...)
	var all string
	for i, r := range commitment {
		all += r.data
		b.Symbols = append(b.Symbols, layout.Symbol{Caption: numbered("Commitment, the same on each sheet", i, len(commitment)), Text: r.text()})
	}
	letters = letterEncoding.EncodeToString([]byte(all))
	b.Lines = append(b.Lines, c.Words(commitmentKeyword, fmt.Sprintf("%s letters=%d", share.commitment, len(letters)))...)
	b.Lines = append(b.Lines, c.Letters(letters)...)
	return b
}
