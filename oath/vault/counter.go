package vault

import (
	"fmt"
	"math"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// An Older tells of an HOTP account whose counter stood behind the one that this
// machine had seen: the file was put back to an older copy. Code went on from
// the higher one, since a service takes no code twice.
type Older struct {
	ID    oath.ID
	Found uint64 // in the file
	Known uint64 // to this machine
}

// Older returns the accounts that were found put back to an older copy since the
// vault was opened.
func (v *Vault) Older() []Older { return v.older }

// nextCode computes an HOTP code after it has stored that the counter moved.
func (v *Vault) nextCode(id oath.ID, at time.Time) (code oath.Code, err error) {
	err = v.change("Move the counter of "+label(id), func() error {
		file, err := v.locate(id)
		if err != nil {
			return err
		}
		r, err := v.read(file) // again: another process may have moved it meanwhile
		if err != nil {
			return err
		}
		defer r.key.Secret.Clear()
		a := &r.key.Account
		a.Counter = v.latest(id, a.Counter)
		if a.Counter == math.MaxUint64 {
			return fmt.Errorf("%w: its counter has reached the end", oath.ErrUnsupported)
		}
		next, err := oath.Compute(*a, r.key.Secret, at)
		if err != nil {
			return err
		}
		a.Counter++
		if err := v.store(file, r); err != nil {
			return err
		}
		v.remember(id, a.Counter)
		code = next
		return nil
	})
	return code, err
}

// latest returns the higher one of the counter found and the one known.
func (v *Vault) latest(id oath.ID, found uint64) uint64 {
	known := v.counters[id]
	if known <= found {
		return found
	}
	v.older = append(v.older, Older{ID: id, Found: found, Known: known})
	return known
}

func (v *Vault) remember(id oath.ID, counter uint64) {
	if v.counters == nil {
		v.counters = make(map[oath.ID]uint64)
	}
	v.counters[id] = counter
}
