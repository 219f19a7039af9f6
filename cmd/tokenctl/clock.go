package main

import (
	"runtime/debug"
	"time"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/diagnose"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
)

// clock returns this computer's clock, and the newest day in the ledger.
func (p *program) clock() (c diagnose.Clock) {
	c.Now, c.Unsynced = p.Now(), p.unsynced()
	path, err := open.LedgerPath()
	if err != nil {
		return c
	}
	c.Newest, _ = ledger.ReadNewest(path) // what is wrong with it, others report
	return c
}

// noteClock says in one line that the clock is wrong, or may be, and reports whether it
// did: the service would refuse the codes.
func (p *program) noteClock() bool {
	c := p.clock()
	text := c.Behind()
	switch {
	case text != "":
		p.Note("This computer's %s. Is it wrong?", text)
	case c.Unsynced:
		p.Note("This computer's clock is not synchronised. Are codes refused? Check it.")
	default:
		return false
	}
	return true
}

// examineClock says whether the clock is right, by all that shows the time.
func (p *program) examineClock() []diagnose.Finding {
	c := p.clock()
	c.Written, c.Built = open.LastWritten(), built()
	return system().Clock(c)
}

// commitTime returns when the source of this program was committed, or the zero time.
func commitTime() (t time.Time) {
	build, known := debug.ReadBuildInfo()
	if !known {
		return t
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.time" {
			t, _ = time.Parse(time.RFC3339, setting.Value)
		}
	}
	return t
}
