// Package layout puts a recovery sheet on paper, as a PDF, and writes it as plain text.
// Both show the same Document.
package layout

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// A Document is a sheet ready to be laid out: what is to stand on paper, in
// order, but not where. It is the same for PDF and text.
type Document struct {
	Title string  // "Recovery sheet 7"
	Facts []Fact  // whose it is, date, which sheet it supersedes
	Blank string  // what a person is to write beside the facts: "Checked on"
	Steps []Steps // how to recover, in plain words
	List  string  // heading of a list of the numbered blocks, each with its page; "" for none
	Later []Steps // more instructions, which can wait
	Body  []Block // none is cut by a page
	Foot  string  // stands on every page, beside its number: "Recovery sheet 7, 2026-11-23"
	Fonts []*Font // for what is Lacking, in the order of preference; text has no fonts
}

// A Fact is a name and a value, on a line of their own.
type Fact struct{ Name, Value string }

// Steps are numbered instructions under a heading.
type Steps struct {
	Heading string
	Steps   []string
}

// A Block is an account, or another part that stands together on paper.
type Block struct {
	Number  int    // from 1; 0 if it is not counted
	Belongs bool   // to the block before, and is to stand on its page
	Heading string // an account's label, "The vault's key", "Contents", "Part 3 of 7"
	Facts   []Fact
	Symbols []Symbol    // QR codes
	Lines   []line.Line // the typed fallback for what the symbols hold
	Notes   []string    // whole sentences
}

// A Symbol is a QR code and what it is for.
type Symbol struct {
	Caption string // "Backup codes, for tokenctl", or ""
	Text    string // what the code holds
}

// A Paper is the size of the pages.
type Paper byte

// The papers of the world's offices (ISO 216; ANSI/ASME Y14.1, size A).
const (
	A4 Paper = iota
	Letter
)

// papers holds names, and sizes in millimetres.
var papers = []struct {
	name          string
	width, height float64
}{
	A4:     {"a4", 210, 297},
	Letter: {"letter", 215.9, 279.4},
}

// ParsePaper returns the paper of a name: a4 or letter.
func ParsePaper(name string) (Paper, error) {
	for i, p := range papers {
		if p.name == name {
			return Paper(i), nil
		}
	}
	return 0, fmt.Errorf("unknown paper size %q: must be a4 or letter", name)
}

// String returns the name that ParsePaper takes.
func (p Paper) String() string {
	if int(p) >= len(papers) {
		return fmt.Sprintf("Paper(%d)", byte(p))
	}
	return papers[p].name
}

// size returns width and height in millimetres.
func (p Paper) size() (width, height float64) { return papers[p].width, papers[p].height }

// ErrSymbolTooLarge is returned for a document with a text that is too long for a
// QR code which prints, scans and photographs well: beyond version 20 at level Q,
// 482 bytes.
var ErrSymbolTooLarge = errors.New("the text is too long for a QR code on paper")

// Lengths in millimetres.
const (
	// module is the side of a QR code's smallest square. At 0.8 mm it is three pixels
	// of a scan at 100 dpi, which survives blur, skew and noise.
	module = 0.8
	quiet  = qr.QuietZone * module // the margin that a QR code needs around it
)

// largestSymbol is the modules on a side of version 20 (ISO/IEC 18004, "Symbol
// size").
const largestSymbol = 17 + 4*20

// Fits reports whether a QR code can hold a text, and print well: if not, there is
// ErrSymbolTooLarge.
func Fits(text string) bool {
	_, err := sideOf(text)
	return err == nil
}

// sideOf returns the side of a text's QR code in millimetres.
func sideOf(text string) (float64, error) {
	size, err := qr.SizeOf(text, qr.LevelQ)
	if err != nil || size > largestSymbol {
		return 0, ErrSymbolTooLarge
	}
	return float64(size) * module, nil
}

// A drawn block has its QR codes: at first their sizes, and then themselves.
type drawn struct {
	Block
	sides   []float64 // in millimetres
	symbols []*qr.Symbol
}

// measured returns the blocks of the document for a paper, spelled in characters that
// show.
func (d Document) measured(paper Paper, shows func(string) bool) (Document, []*drawn, error) {
	if int(paper) >= len(papers) {
		return d, nil, fmt.Errorf("no paper is called %s", paper)
	}
	d = d.spell(shows)
	blocks := make([]*drawn, len(d.Body))
	for i, b := range d.Body {
		blocks[i] = &drawn{Block: b}
		for j, y := range b.Symbols {
			side, err := sideOf(y.Text)
			if err != nil {
				return d, nil, fmt.Errorf("block %d: QR code %d: %w", i+1, j+1, err)
			}
			blocks[i].sides = append(blocks[i].sides, side)
		}
	}
	return d, blocks, nil
}

// encode makes the QR codes of all blocks, side by side: they take most of the time.
func encode(blocks []*drawn) error {
	failed := make([]error, len(blocks))
	var workers sync.WaitGroup
	for i, b := range blocks {
		workers.Go(func() {
			for _, y := range b.Symbols {
				s, err := qr.Encode(y.Text, qr.LevelQ)
				failed[i] = errors.Join(failed[i], err)
				b.symbols = append(b.symbols, s)
			}
		})
	}
	workers.Wait()
	return errors.Join(failed...)
}

// A run is dark modules in a row, from the upper left corner of the symbol.
type run struct{ x, y, length int }

// runsOf returns the dark modules of a symbol in the order of reading.
func runsOf(s *qr.Symbol) []run {
	var runs []run
	for y := range s.Size() {
		for x := 0; x < s.Size(); x++ {
			start := x
			for s.Dark(x, y) {
				x++
			}
			if x > start {
				runs = append(runs, run{start, y, x - start})
			}
		}
	}
	return runs
}

// What stands above typed lines.
const (
	numberLabel = "line"
	groupsLabel = "to type in"
	checkLabel  = "check"
	dateLabel   = "used on"
)

// continued follows the heading of a block that began on another page.
const continued = " (continued)"

// neutralTitle is what printers, queues and windows show of a document. Thieves
// look for names that say more.
const neutralTitle = "Document"

// byTick divides lines before the first that must be ticked. Those after it are
// such lines as well, or go on with one.
func byTick(lines []line.Line) (before, ticks []line.Line) {
	first := slices.IndexFunc(lines, func(l line.Line) bool { return l.Tick })
	if first < 0 {
		first = len(lines)
	}
	return lines[:first], lines[first:]
}
