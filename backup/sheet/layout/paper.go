package layout

import "fmt"

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
	if !p.known() {
		return fmt.Sprintf("Paper(%d)", byte(p))
	}
	return papers[p].name
}

func (p Paper) known() bool { return int(p) < len(papers) }

// size returns width and height in millimetres.
func (p Paper) size() (width, height float64) { return papers[p].width, papers[p].height }
