package term

import (
	"fmt"
	"strings"
	"time"

	"os"

	"golang.org/x/term"
)

// A Progress is a bar on standard error that shows how much of something is done, if
// that is a terminal. It is drawn a few times a second at most.
type Progress struct {
	c           *Console
	what        string
	done, total int
	drawn       time.Time
	isShown     bool
}

// Progress begins a bar for a number of steps.
func (c *Console) Progress(what string, total int) *Progress {
	f, ok := c.Err.(*os.File)
	return &Progress{c: c, what: what, total: total, isShown: ok && total > 1 && term.IsTerminal(int(f.Fd()))}
}

// Step says that one more is done.
func (p *Progress) Step() {
	p.done++
	if now := p.c.Now(); p.isShown && now.Sub(p.drawn) > 100*time.Millisecond {
		p.drawn = now
		const width = 30
		full := p.done * width / p.total
		fmt.Fprintf(p.c.Err, "\r%s [%s%s] %d of %d", Printable(p.what), strings.Repeat("#", full), strings.Repeat(" ", width-full), p.done, p.total)
	}
}

// Done removes the bar.
func (p *Progress) Done() {
	if p.isShown {
		fmt.Fprint(p.c.Err, "\r\x1b[K")
	}
}
