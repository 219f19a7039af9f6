package sheet

import (
	"fmt"
	"time"
)

// A State is how far reading has come.
type State struct {
	Sheets  []Printing // of which something was read, by number
	Missing []Missing

	// NeedsPassphrase says that what was read is sealed with one.
	NeedsPassphrase bool

	// Accounts and CodeSets count those that can be read without opening anything.
	Accounts, CodeSets int

	// Notes are whole sentences on what is odd: pages of several sheets, say.
	Notes []string
}

// A Printing is a sheet as it came off the printer, once.
type Printing struct {
	Number int
	ID     string
	Date   time.Time // zero if that was not read, or is sealed
	Adds   int       // the sheet that it belongs with; 0 if it stands alone
	Sealed bool      // with a passphrase
	Shares int       // how many copies there are, if it is split
	Need   int       // how many of them open it
}

// State tells what was read so far, and what is missing.
func (r *Reader) State() State {
	h := r.gather()
	h.countCodes()
	s := State{Sheets: h.printings(), Missing: h.missing(), Accounts: len(h.accounts), Notes: h.notes(r.foreign)}
	for _, g := range h.ordered() {
		s.CodeSets += len(g.codes)
		s.NeedsPassphrase = s.NeedsPassphrase || g.seal == byPassphrase
	}
	return s
}

func (h *haul) printings() (all []Printing) {
	for _, g := range h.ordered() {
		if g.id == "" {
			continue
		}
		p := Printing{Number: g.sheet, ID: g.id, Date: g.date, Adds: g.adds, Sealed: g.seal == byPassphrase}
		if len(g.shares) > 0 {
			p.Shares, p.Need = g.shares[0].of, g.shares[0].need
		}
		all = append(all, p)
	}
	return all
}

// notes tell what is odd about what was read.
func (h *haul) notes(foreign int) (notes []string) {
	for _, t := range h.typed {
		notes = append(notes, t.odd...)
	}
	if foreign > 0 {
		notes = append(notes, fmt.Sprintf("%s not of a recovery sheet, and ignored.", be(foreign, "QR code")))
	}
	notes = append(notes, h.mixed()...)
	notes = append(notes, h.between()...)
	return append(notes, h.unlisted()...)
}

// between tells which sheets may be missing in a chain: those with numbers between
// a sheet and the newest that adds to it, and that sheet itself.
func (h *haul) between() (notes []string) {
	sheets := h.ordered()
	read := make(map[int]bool)
	for _, g := range sheets {
		read[g.sheet] = true
	}
	if len(sheets) == 0 || sheets[len(sheets)-1].adds == 0 {
		return nil
	}
	newest := sheets[len(sheets)-1]
	for number := max(newest.adds, newest.sheet-maxChain); number < newest.sheet; number++ {
		if !read[number] {
			notes = append(notes, fmt.Sprintf("Sheet %d is not among these. If it was kept with sheet %d, read it as well.", number, newest.sheet))
		}
	}
	return notes
}

// maxChain bounds what a false number can make this say.
const maxChain = 20

// mixed tells which sheets do not belong with the one that most was read of.
func (h *haul) mixed() (notes []string) {
	sheets := h.ordered()
	if len(sheets) < 2 {
		return nil
	}
	most := sheets[0]
	for _, g := range sheets {
		if g.count > most.count {
			most = g
		}
	}
	for _, g := range sheets {
		if g != most && g.id != "" && !together(g, most) {
			what := be(g.count, "QR code")
			if g.count == 0 { // it was typed
				what = "Some lines are"
			}
			notes = append(notes, fmt.Sprintf("%s of %s, the others of %s.", what, g.name(most), most.name(g)))
		}
	}
	return notes
}

// together reports whether one of two sheets belongs with the other.
func together(a, b *gathered) bool {
	return a.adds != 0 && a.adds <= b.sheet && a.sheet > b.sheet || b.adds != 0 && b.adds <= a.sheet && b.sheet > a.sheet
}

// name names a sheet, by its ID too where its number does not tell it from
// another.
func (g *gathered) name(other *gathered) string {
	if g.sheet != other.sheet {
		return fmt.Sprintf("sheet %d", g.sheet)
	}
	return fmt.Sprintf("the sheet %d with the ID %s", g.sheet, g.id)
}

// unlisted tells that nothing tells what is on a sheet.
func (h *haul) unlisted() (notes []string) {
	for _, g := range h.ordered() {
		if g.id != "" && g.list.of == 0 && g.sealed.of == 0 && g.lines == 0 && len(g.codes) > 0 {
			notes = append(notes, fmt.Sprintf("The list of contents of sheet %d was not read: whether anything is missing, is not known.", g.sheet))
		}
	}
	return notes
}

// be returns "1 QR code is", "2 QR codes are".
func be(n int, noun string) string {
	if n == 1 {
		return plural(n, noun) + " is"
	}
	return plural(n, noun) + " are"
}
