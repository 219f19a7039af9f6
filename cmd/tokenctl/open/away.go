package open

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// ErrAway says that a key which this machine knows is not there.
var ErrAway = errors.New("it is not plugged in")

// IsAbsence reports whether there just is no key, as for those who use a vault alone.
func IsAbsence(err error) bool {
	return !errors.As(err, new(*keys.OffError)) && slices.ContainsFunc([]error{
		pcsc.ErrNoReader, pcsc.ErrNoCard, pcsc.ErrNoService, pcsc.ErrUnavailable, ykoath.ErrNoApplet,
	}, func(absence error) bool { return errors.Is(err, absence) })
}

// UsedKey reports whether some key is in use.
func (t *Tokens) UsedKey() bool { return len(t.used) > 0 }

// Away returns why keys that this machine knows were not asked, nil if all were, or if
// options chose the tokens. It comes last: it may end the sessions of the keys in use.
func (t *Tokens) Away() error {
	var all []error
	for _, away := range t.AwayKeys() {
		all = append(all, away)
	}
	return errors.Join(all...)
}

// AwayKeys returns the keys that are known and were not asked, each with an
// *fleet.AwayError. It comes last, as Away does.
func (t *Tokens) AwayKeys() (away []*fleet.MemberError) {
	if t.chosen {
		return nil
	}
	known := t.o.knownKeys(false)
	asked := func(k ledger.Key) bool {
		return slices.ContainsFunc(t.used, func(s *sighting) bool { return s.is(k) }) ||
			slices.ContainsFunc(t.Broken, func(b *fleet.MemberError) bool { return b.Member == k.Name() }) // it has an error of its own
	}
	missing := slices.DeleteFunc(slices.Clone(known), asked)
	if len(missing) == 0 {
		return nil
	}
	nameless := 0 // keys that may be one of them
	for _, b := range t.Broken {
		if b.Member != fleet.VaultName && !errors.As(b, new(*keys.OffError)) {
			nameless++
		}
	}
	for i, u := range t.used {
		switch {
		case u.serial != 0 || slices.ContainsFunc(known, u.is):
		case t.keys[i].Identify() == nil:
			u.serial = t.keys[i].Serial
		default:
			nameless++
		}
	}
	missing = slices.DeleteFunc(missing, asked)
	if len(missing) <= nameless {
		return nil
	}
	for _, k := range missing {
		reason := ErrAway
		if t.noKey != nil && !errors.Is(t.noKey, pcsc.ErrNoReader) && !errors.Is(t.noKey, pcsc.ErrNoCard) {
			reason = t.noKey
		}
		for _, off := range t.off {
			if off.Serial == k.Serial {
				reason = off
			}
		}
		away = append(away, &fleet.MemberError{Member: k.Name(), Err: &fleet.AwayError{Reason: reason}})
	}
	return away
}

// AwayWithout returns what AwayKeys does where there is no key, and why.
func (o *Opener) AwayWithout(options TokenOptions, noKey error) []*fleet.MemberError {
	return (&Tokens{o: o, noKey: noKey, chosen: options.NamesKey() || options.NoKeys}).AwayKeys()
}

// ExplainNotFound returns the error of a search for an account. That there is none is
// said only if every key that is known was asked.
func (t *Tokens) ExplainNotFound(query string, err error) error {
	if !errors.Is(err, oath.ErrNotFound) {
		return err
	}
	if away := t.Away(); away != nil {
		return fmt.Errorf("%q was not found, but not every key was asked:\n%w", query, away)
	}
	if t.noKey != nil {
		return fmt.Errorf("%w (no key was asked: %v)", err, t.noKey)
	}
	return err
}
