package layout

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/tokenctl/tokenctl/oath/qr"
)

// ErrSymbolTooLarge is returned for a document with a text that is too long for a
// QR code which prints, scans and photographs well: beyond version 20 at level Q,
// 482 bytes.
var ErrSymbolTooLarge = errors.New("the text is too long for a QR code on paper")

// largestSymbol is the modules on a side of version 20 (ISO/IEC 18004, "Symbol
// size").
const largestSymbol = 17 + 4*20

// encodeSymbols returns the QR codes of each block of the document.
func (d Document) encodeSymbols() ([][]*qr.Symbol, error) {
	made := make([][]*qr.Symbol, len(d.Body))
	failed := make([]error, len(d.Body))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) { // the codes take most of the time
		workers.Go(func() {
			for i := range next {
				made[i], failed[i] = d.Body[i].encodeSymbols()
			}
		})
	}
	for i := range d.Body {
		next <- i
	}
	close(next)
	workers.Wait()
	for i, err := range failed {
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", i+1, err)
		}
	}
	return made, nil
}

func (b Block) encodeSymbols() ([]*qr.Symbol, error) {
	var made []*qr.Symbol
	for i, y := range b.Symbols {
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
