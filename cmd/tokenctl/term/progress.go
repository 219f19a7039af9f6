package term

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// A Progress is a line on standard error that shows how much of something is done, if
// that is a terminal. It is drawn a few times a second at most, and makes room for what
// is noted meanwhile. It is safe for concurrent use.
type Progress struct {
	// Rest, if set, returns what to show behind the count.
	Rest func() string

	c    *Console
	what string

	mu          sync.Mutex // guards what follows
	done, total int
	drawn       time.Time
	isShown     bool // never changes
}

// Progress begins a bar for a number of steps.
func (c *Console) Progress(what string, total int) *Progress {
	p := &Progress{c: c, what: what, total: total, isShown: isTerminal(c.Err)}
	c.bar = p
	return p
}

// IsShown reports whether somebody sees it.
func (p *Progress) IsShown() bool { return p.isShown }

// Expect adds steps to come.
func (p *Progress) Expect(more int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total += more
	p.draw()
}

// Step says that one more is done.
func (p *Progress) Step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.total = max(p.total, p.done)
	p.draw()
}

func (p *Progress) draw() {
	now := p.c.Now()
	if !p.isShown || p.total < 2 || now.Sub(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn = now
	const width = 20
	full := p.done * width / p.total
	line := fmt.Sprintf("%s [%s%s] %d of %d", p.what, strings.Repeat("#", full), strings.Repeat(" ", width-full), p.done, p.total)
	columns := widthOf(p.c.Err) - 1
	if room := columns - Columns(line); p.Rest != nil && room > 0 {
		line += Shorten(Printable(p.Rest()), room)
	}
	fmt.Fprintf(p.c.Err, "\r\x1b[K%s", Shorten(line, columns))
}

// erase makes room for other lines.
func (p *Progress) erase() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.drawn.IsZero() {
		fmt.Fprint(p.c.Err, "\r\x1b[K")
		p.drawn = time.Time{}
	}
}

// Done removes the bar.
func (p *Progress) Done() {
	p.erase()
	p.c.bar = nil
}
