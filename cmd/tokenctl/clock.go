package main

import (
	"time"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/open"
)

// noteClock says in one line that the clock is wrong, or may be, and reports whether it
// did: the service would refuse the codes. It compares with the newest day in the ledger.
func (p *program) noteClock() bool {
	var newest time.Time
	if path, err := open.LedgerPath(); err == nil {
		newest, _ = ledger.ReadNewest(path) // what is wrong with it, others report
	}
	const early = 14 * time.Hour // is how much a day begins earlier in other time zones
	switch now := p.Now(); {
	case now.Before(newest.Add(-early)):
		p.Note("This computer's clock says %s, and %s has been. Is it wrong?", now.Format(time.DateOnly), newest.Format(time.DateOnly))
	case p.unsynced():
		p.Note("This computer's clock is not synchronised. Are codes refused? Check it.")
	default:
		return false
	}
	return true
}
