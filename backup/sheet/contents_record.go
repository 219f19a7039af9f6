package sheet

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strings"
	"time"
)

const contentsName = "contents"

// A contentsRecord tells what is on a sheet, so that a reader can tell what is
// missing:
//
//	tokenctl:contents?sheet=7&id=KQ3ZT7AB&date=2026-11-23&adds=6&blocks=50&part=1/2
//	  &from=1&list=ABCD.EFGHIJKL..MNOP
//
// The list has the blocks from that one on, parted by dots: four letters for each
// record of a block, see digest. A block without records has none. With adds, the
// sheet belongs with that sheet, and does not supersede it.
type contentsRecord struct {
	stamp
	date     time.Time
	adds     int // 0 if the sheet stands alone
	blocks   int
	part, of int
	from     int
	list     [][]string // digests
}

// digestLength is how many base32 letters a digest has: 20 bits. They are there to
// notice what is missing, not to keep anyone from putting something in its place.
const digestLength = 4

// digest returns that of a record: the first letters of its SHA-256.
func digest(text string) string { return longDigest([]byte(text), digestLength) }

func longDigest(text []byte, letters int) string {
	sum := sha256.Sum256(text)
	return base32.StdEncoding.EncodeToString(sum[:])[:letters]
}

// contentsRecords writes the list of a sheet's blocks, in pieces of maxSymbol bytes
// at most.
func contentsRecords(c contentsRecord) (texts []string) {
	head := c.stamp.fields()
	head.add("date", formatDay(c.date))
	if c.adds != 0 {
		head.number("adds", c.adds)
	}
	head.number("blocks", len(c.list))
	room := maxSymbol - len(head.text(contentsName)) - len("&part=9999/9999&from=999999&list=")
	pieces := cutList(c.list, room)
	from := 1
	for i, piece := range pieces {
		f := append(fields{}, head...)
		f.add("part", ratio(i+1, len(pieces)))
		f.number("from", from)
		f.add("list", joinList(piece))
		texts = append(texts, f.text(contentsName))
		from += len(piece)
	}
	return texts
}

// cutList cuts a list into pieces of so many bytes when they are written, one piece
// at least.
func cutList(list [][]string, room int) (pieces [][][]string) {
	start, size := 0, 0
	for i, digests := range list {
		length := len(digests)*digestLength + len(".")
		if size+length > room && i > start {
			pieces = append(pieces, list[start:i])
			start, size = i, 0
		}
		size += length
	}
	return append(pieces, list[start:])
}

func joinList(list [][]string) string {
	blocks := make([]string, len(list))
	for i, digests := range list {
		blocks[i] = strings.Join(digests, "")
	}
	return strings.Join(blocks, ".")
}

func parseContents(s stamp, f fields) (any, error) {
	c := contentsRecord{stamp: s}
	var err error
	if c.date, err = f.day("date"); err != nil {
		return nil, err
	}
	if c.adds, err = f.whole("adds", 0, 0); err != nil {
		return nil, err
	}
	if c.blocks, err = f.whole("blocks", 0, -1); err != nil {
		return nil, err
	}
	if c.part, c.of, err = f.ratio("part"); err != nil {
		return nil, err
	}
	if c.from, err = f.whole("from", 1, 0); err != nil {
		return nil, err
	}
	c.list, err = parseList(f.get("list"))
	if c.blocks == 0 {
		c.list = nil
	}
	if err == nil && c.from-1+len(c.list) > c.blocks {
		err = fmt.Errorf("%w: the list of contents is longer than the sheet", ErrDamaged)
	}
	return c, err
}

func parseList(text string) (list [][]string, err error) {
	for block := range strings.SplitSeq(text, ".") {
		if len(block)%digestLength != 0 {
			return nil, fmt.Errorf("%w: the list of contents", ErrDamaged)
		}
		list = append(list, line.CutEvery(block, digestLength))
	}
	return list, nil
}
