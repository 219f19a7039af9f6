package backup

import "errors"

// ReadLedger reads a ledger. One that is not there is empty. It returns
// ErrDamaged or ErrNewer.
func ReadLedger(path string) (*Ledger, error) { return nil, errors.ErrUnsupported }

// UpdateLedger changes a ledger, which is made if it is not there. Other
// processes that want to do so wait meanwhile. If change returns an error, that is
// returned, and the file stays as it is; so it does, with ErrDamaged or ErrNewer,
// if it cannot be read.
func UpdateLedger(path string, change func(*Ledger) error) error { return errors.ErrUnsupported }

// ReadDue returns a ledger's reminders. It reads no further than these go, so that
// every command can afford it.
func ReadDue(path string) ([]Due, error) { return nil, errors.ErrUnsupported }
