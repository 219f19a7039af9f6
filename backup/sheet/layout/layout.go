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
	Facts []Fact  // date, which sheet it supersedes, whom it belongs to
	Steps []Steps // how to come back, in plain words
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
	Heading string // an account's label, "The vault's key", "Contents", "Part 3 of 7"
	Facts   []Fact
	Symbols []Symbol    // QR codes
	Lines   []line.Line // the typed fallback for what the symbols hold
	Notes   []string    // whole sentences
}

// A Symbol is a QR code and what it is for.
type Symbol struct {
	Caption string // "Scan with an authenticator app"
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
	return 0, fmt.Errorf("no paper is called %q: it is a4 or letter", name)
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

// A drawn block has its QR codes encoded.
type drawn struct {
	Block
	symbols []*qr.Symbol
}

// encoded returns the blocks of the document for a paper, spelled in characters that
// show.
func (d Document) encoded(paper Paper, shows func(string) bool) (Document, []drawn, error) {
	if int(paper) >= len(papers) {
		return d, nil, fmt.Errorf("no paper is called %s", paper)
	}
	blocks := make([]drawn, len(d.Body))
	failed := make([]error, len(d.Body))
	var workers sync.WaitGroup
	for i, b := range d.Body { // side by side, for the codes take most of the time
		workers.Go(func() { blocks[i].symbols, failed[i] = encodeSymbols(b.Symbols) })
	}
	workers.Wait()
	d = d.spell(shows)
	for i, err := range failed {
		if err != nil {
			return d, nil, fmt.Errorf("block %d: %w", i+1, err)
		}
		blocks[i].Block = d.Body[i]
	}
	return d, blocks, nil
}

func encodeSymbols(symbols []Symbol) (made []*qr.Symbol, err error) {
	for i, y := range symbols {
		s, err := qr.Encode(y.Text, qr.LevelQ)
		if errors.Is(err, qr.ErrTooLong) || err == nil && s.Size() > largestSymbol {
			err = ErrSymbolTooLarge
		}
		if err != nil {
			return nil, fmt.Errorf("QR code %d: %w", i+1, err)
		}
		made = append(made, s)
	}
	return made, nil
}

func side(s *qr.Symbol) float64 { return float64(s.Size()) * module }

// column returns the width of the column of QR codes beside text, and whether there
// are any and they fit. Text begins at one of two places, that it may stand below
// other text.
func (b drawn) column() (width float64, fits bool) {
	widest := 0.0
	for _, s := range b.symbols {
		widest = max(widest, side(s)+quiet) // on the other side is the margin of the page
	}
	for _, version := range []float64{11, 15} { // of most accounts, and the largest of backup codes
		width = (17+4*version)*module + quiet + 1
		if widest <= width {
			return width, len(b.symbols) > 0 && len(b.Facts)+len(b.Lines)+len(b.Notes) > 0
		}
	}
	return width, false
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

// byTick divides lines before the first that is to be ticked. Those after it are
// such lines as well, or go on with one.
func byTick(lines []line.Line) (runs [][]line.Line) {
	first := slices.IndexFunc(lines, func(l line.Line) bool { return l.Tick })
	if first < 0 {
		first = len(lines)
	}
	return slices.DeleteFunc([][]line.Line{lines[:first], lines[first:]}, func(run []line.Line) bool { return len(run) == 0 })
}
