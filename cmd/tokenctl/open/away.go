package open

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

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
	known := KnownKeys()
	asked := func(k KnownKey) bool {
		return slices.ContainsFunc(t.used, k.is) ||
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
		case u.Serial != 0 || slices.ContainsFunc(known, u.is):
		case t.keys[i].Identify() == nil:
			t.used[i] = t.o.saw(t.keys[i].Serial, t.keys[i].DeviceID())
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

// A KnownKey is a key that this machine has seen, and knows by its serial number.
type KnownKey struct {
	Serial uint32 `json:"serial"`
	ID     string `json:"id,omitempty"` // see ykoath.Session.DeviceID
	Seen   string `json:"seen"`         // the day, as in 2026-11-23
}

func (k KnownKey) is(other KnownKey) bool {
	return k.Serial != 0 && k.Serial == other.Serial || k.ID != "" && k.ID == other.ID
}

// Name is what the key is called among the tokens.
func (k KnownKey) Name() string { return keys.Key{Serial: k.Serial}.Name() }

const (
	maxKnownKeys = 32 // those seen last are kept
	maxKnownFile = 64 << 10
)

func knownKeysPath() (string, error) {
	state, err := stateFolder()
	return filepath.Join(state, "keys.json"), err
}

// KnownKeys returns the keys that this machine has seen, by their serial numbers. A file
// that is not what it should be holds none: it is no more than a memory.
func KnownKeys() (known []KnownKey) {
	path, err := knownKeysPath()
	if err != nil {
		return nil
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxKnownFile {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKnownFile))
	if err != nil || json.Unmarshal(text, &known) != nil {
		return nil
	}
	known = slices.DeleteFunc(known, func(k KnownKey) bool {
		_, err := time.Parse(time.DateOnly, k.Seen)
		return k.Serial == 0 || err != nil
	})
	slices.SortStableFunc(known, func(a, b KnownKey) int { return int(int64(a.Serial) - int64(b.Serial)) })
	return slices.CompactFunc(known, func(a, b KnownKey) bool { return a.Serial == b.Serial })
}

// saw keeps in mind that a key was seen, and returns it.
func (o *Opener) saw(serial uint32, id string) KnownKey {
	now := KnownKey{serial, id, o.Now().Format(time.DateOnly)}
	if serial == 0 {
		return now
	}
	known := KnownKeys()
	if slices.Contains(known, now) {
		return now
	}
	known = append(without(known, serial), now)
	if len(known) > maxKnownKeys {
		slices.SortStableFunc(known, func(a, b KnownKey) int { return strings.Compare(b.Seen, a.Seen) })
		known = known[:maxKnownKeys]
	}
	if err := writeKnownKeys(known); err != nil {
		o.Note("tokenctl: %v", err)
	}
	return now
}

// ForgetKey forgets a key, and reports whether it was known.
func ForgetKey(serial uint32) (bool, error) {
	known := KnownKeys()
	rest := without(slices.Clone(known), serial)
	if len(rest) == len(known) {
		return false, nil
	}
	return true, writeKnownKeys(rest)
}

func without(known []KnownKey, serial uint32) []KnownKey {
	return slices.DeleteFunc(known, func(k KnownKey) bool { return k.Serial == serial })
}

func writeKnownKeys(known []KnownKey) error {
	path, err := knownKeysPath()
	if err != nil {
		return err
	}
	if err := writeState(path, known); err != nil {
		return fmt.Errorf("keeping which keys are known: %w", err)
	}
	return nil
}
