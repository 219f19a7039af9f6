package main

import "github.com/tokenctl/tokenctl/cmd/tokenctl/diagnose"

// noteClock says in one line that the clock is wrong, or may be, and reports whether it
// did: the service would refuse the codes. It compares with the newest day in the ledger.
func (p *program) noteClock() bool {
	switch behind := diagnose.Behind(p.open); {
	case behind != "":
		p.Note("This computer's %s. Is it wrong?", behind)
	case system().Unsynced():
		p.Note("This computer's clock is not synchronised. Are codes refused? See: tokenctl doctor")
	default:
		return false
	}
	return true
}
