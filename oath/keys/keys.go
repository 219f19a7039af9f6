// Package keys finds the hardware keys that are plugged in, and opens them.
//
// A [Finder] is connected to the smart card service. It knows keys by the reader that
// they are in, and by the serial number that is printed on them, which takes two more
// exchanges to ask for. A [Key] is one of them in use: a [ykoath.Session], and the card
// that it runs on. It asks nobody for anything: what needs a password is left locked.
//
// Neither is safe for concurrent use; the other types are plain values. Finders of their
// own may be used at the same time: one waits while another holds a key.
package keys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

var (
	// ErrSeveral says that one of the keys must be chosen. The error names them.
	ErrSeveral = errors.New("several keys are plugged in")

	// ErrNoSuchKey says that no key has the serial number or reader asked for.
	ErrNoSuchKey = errors.New("no such key is plugged in")
)

// HoldTimeout is how long to wait while another program holds a key.
const HoldTimeout = 5 * time.Second

// busyNotice is how long to wait before it is worth a word.
const busyNotice = time.Second

// A Choice is the one key that is wanted, or any.
type Choice struct {
	Serial uint32 // 0 for any
	Reader string // a part of its name, in any case; "" for any
}

// IsAny reports whether nothing was chosen.
func (c Choice) IsAny() bool { return c == Choice{} }

// A Key is a hardware key in use. It is not safe for concurrent use.
type Key struct {
	*ykoath.Session
	Reader string
	Serial uint32 // 0 if the key was not asked, or has none to show

	asked  bool              // for its serial number
	card   *pcsc.Card        // nil if it is closed
	access *ykoath.AccessKey // what it was opened with; nil if nothing was needed
}

// Name names the key among others: key:SERIAL, or key:READER without a serial number.
func (k Key) Name() string { return name(k.Serial, k.Reader) }

func name(serial uint32, reader string) string {
	if serial == 0 {
		return "key:" + reader
	}
	return fmt.Sprintf("key:%d", serial)
}

// Identify asks the key for its serial number, if it was not asked yet, which ends the
// OATH session. A key that does not report one has none. It
// returns pcsc.ErrRemoved for a key that was closed, or what the card does.
func (k *Key) Identify() error {
	switch {
	case k.asked:
		return nil
	case !k.IsOpen():
		return pcsc.ErrRemoved
	}
	device, err := ykoath.ReadDevice(k.card)
	if err != nil && !errors.Is(err, ykoath.ErrUnknownDevice) {
		return err
	}
	k.Serial, k.asked = device.Serial, true
	return nil
}

// Unlock is the session's, with its errors, and remembers the key for Reopen.
func (k *Key) Unlock(access ykoath.AccessKey) error {
	err := k.Session.Unlock(access)
	if err == nil {
		k.access = &access
	}
	return err
}

// Room returns how many more accounts the key takes, and whether that is known. No card
// reports it. It is the rule for YubiKeys by their firmware (see [ykoath.Version.Capacity]),
// and so not known for other makers' keys, which have no serial number to show, nor for a
// key whose accounts share memory, nor before Identify. What a key holds, PUT decides: it
// returns oath.ErrNoSpace.
func (k *Key) Room() (n int, known bool, err error) {
	capacity := k.Version.Capacity()
	if k.Serial == 0 || capacity == 0 {
		return 0, false, nil
	}
	used, err := k.Used()
	return max(0, capacity-used), err == nil, err
}

// Close releases the key. One that a password had opened is reset, so that the next
// program does not find it open. It may be called again. Its errors are those of
// [pcsc.Card.Close].
func (k *Key) Close() error {
	if k.card == nil {
		return nil
	}
	card := k.card
	k.card = nil
	return card.Close()
}

// IsOpen reports whether the key was not closed.
func (k *Key) IsOpen() bool { return k.card != nil }

// A Finder opens keys. It is not safe for concurrent use; the keys that it opened are
// their own.
type Finder struct {
	// Busy is called with a reader whose key is held by another program, and returns for
	// how much longer than HoldTimeout to wait. It may be nil.
	Busy func(reader string) time.Duration

	// Held is called with a reader whose key is held by this program now. It may be nil.
	Held func(reader string)

	ctx     context.Context
	service *pcsc.Service
	random  io.Reader
}

// Connect connects to the smart card service, until Close is called. The randomness is
// for proving passwords; nil is crypto/rand. Its errors are those of [pcsc.Connect].
func Connect(ctx context.Context, random io.Reader) (*Finder, error) {
	service, err := pcsc.Connect()
	if err != nil {
		return nil, err
	}
	return &Finder{ctx: ctx, service: service, random: random}, nil
}

// Close ends the connection. Keys that were opened stay open. Its errors are those of
// [pcsc.Service.Close].
func (f *Finder) Close() error { return f.service.Close() }

// Readers returns the names of the readers with a card in them, of those whose name
// contains the given one. It returns ErrNoSuchKey, pcsc.ErrNoReader or pcsc.ErrNoCard
// if there is none.
func (f *Finder) Readers(name string) ([]string, error) {
	all, err := f.service.Readers()
	if err != nil {
		return nil, err
	}
	var occupied []string
	for _, r := range all {
		if r.Present && strings.Contains(strings.ToLower(r.Name), strings.ToLower(name)) {
			occupied = append(occupied, r.Name)
		}
	}
	switch {
	case len(occupied) > 0:
		return occupied, nil
	case name != "":
		return nil, fmt.Errorf("%w: no reader named %q has one", ErrNoSuchKey, name)
	case len(all) == 0:
		return nil, fmt.Errorf("%w: no key is plugged in", pcsc.ErrNoReader)
	}
	return nil, pcsc.ErrNoCard
}

// Card takes hold of the card in a reader. It waits for HoldTimeout at most while
// another program has it, and for longer if Busy says so; it returns pcsc.ErrBusy then.
// Its other errors are those of [pcsc.Service.Open].
func (f *Finder) Card(reader string) (*pcsc.Card, error) {
	card, err := f.hold(reader, busyNotice)
	if errors.Is(err, pcsc.ErrBusy) {
		rest := HoldTimeout - busyNotice
		if f.Busy != nil {
			rest += f.Busy(reader)
		}
		card, err = f.hold(reader, rest)
	}
	if err == nil && f.Held != nil {
		f.Held(reader)
	}
	return card, err
}

func (f *Finder) hold(reader string, patience time.Duration) (*pcsc.Card, error) {
	ctx, cancel := context.WithTimeout(f.ctx, patience)
	defer cancel()
	return f.service.Open(ctx, reader)
}

// Open opens the key in a reader, in one exchange. It returns Card's errors, and
// ykoath.ErrNoApplet for a card that is no key.
func (f *Finder) Open(reader string) (*Key, error) {
	card, err := f.Card(reader)
	if err != nil {
		return nil, err
	}
	return f.on(card, reader, ykoath.Device{})
}

// Identify opens the key in a reader, and asks it for its serial number first. It returns
// Card's errors, and ykoath.ErrNoApplet; for a key that shows its number, as an *OffError.
func (f *Finder) Identify(reader string) (*Key, error) {
	card, err := f.Card(reader)
	if err != nil {
		return nil, err
	}
	device, err := ykoath.ReadDevice(card)
	if err != nil && !errors.Is(err, ykoath.ErrUnknownDevice) {
		card.Close()
		return nil, err
	}
	k, err := f.on(card, reader, device)
	if err == nil {
		k.asked = true
	}
	return k, err
}

// An OffError says that a key is there, and its OATH applet is switched off. It wraps
// ykoath.ErrNoApplet.
type OffError struct {
	Serial uint32
	Err    error
}

func (e *OffError) Error() string { return fmt.Sprintf("OATH is switched off: %v", e.Err) }
func (e *OffError) Unwrap() error { return e.Err }

// Name is Key's.
func (e *OffError) Name() string { return name(e.Serial, "") }

func isOff(err *ReaderError) bool { return errors.As(err, new(*OffError)) }

// on opens the key on a card, or releases the card.
func (f *Finder) on(card *pcsc.Card, reader string, device ykoath.Device) (*Key, error) {
	session, err := ykoath.Select(card, f.random)
	if err != nil {
		card.Close()
		if errors.Is(err, ykoath.ErrNoApplet) && device.Serial != 0 {
			err = &OffError{device.Serial, err}
		}
		return nil, err
	}
	return &Key{Session: session, Reader: reader, Serial: device.Serial, card: card}, nil
}

// Reopen opens a key that was closed, and unlocks it if it was unlocked. It returns
// ErrNoSuchKey if another is in its reader now, as far as its salt shows.
func (f *Finder) Reopen(k *Key) error {
	again, err := f.Open(k.Reader)
	if err != nil {
		return err
	}
	if again.DeviceID() != k.DeviceID() {
		again.Close()
		return fmt.Errorf("%w: another one is in %q now", ErrNoSuchKey, k.Reader)
	}
	k.Session, k.card = again.Session, again.card
	if k.access == nil || !k.Locked() {
		return nil
	}
	return k.Session.Unlock(*k.access)
}

// withSerial opens the key with a serial number in one of the readers. A reader that
// cannot be reached is of interest only if no other has the key.
func (f *Finder) withSerial(readers []string, serial uint32) (*Key, error) {
	missing := fmt.Errorf("%w: none has the serial number %d", ErrNoSuchKey, serial)
	for _, reader := range readers {
		card, err := f.Card(reader)
		if err != nil {
			missing = err
			continue
		}
		device, err := ykoath.ReadDevice(card)
		if err == nil && device.Serial == serial {
			return f.on(card, reader, device)
		}
		card.Close()
	}
	return nil, missing
}

// A ReaderError is why the key in a reader could not be opened.
type ReaderError struct {
	Reader string
	Err    error
}

func (e *ReaderError) Error() string { return fmt.Sprintf("%s: %v", e.Reader, e.Err) }
func (e *ReaderError) Unwrap() error { return e.Err }

// All opens the keys in the readers, and asks each for its serial number. A card
// without an OATH applet is not a key, and not a failure, unless it reports a serial number: that
// is an *OffError.
func (f *Finder) All(readers []string) (keys []*Key, failures []*ReaderError) {
	for _, reader := range readers {
		k, err := f.Identify(reader)
		switch {
		case err == nil:
			keys = append(keys, k)
		case !errors.Is(err, ykoath.ErrNoApplet) || errors.As(err, new(*OffError)):
			failures = append(failures, &ReaderError{reader, err})
		}
	}
	return keys, failures
}

// One opens the one key that is chosen. It returns ErrSeveral if several are plugged in
// and any would do, or ErrNoSuchKey; else the errors of Readers and Identify.
func (f *Finder) One(c Choice) (*Key, error) {
	readers, err := f.Readers(c.Reader)
	if err != nil {
		return nil, err
	}
	return f.OneIn(readers, c)
}

// OneIn is One for the readers that are known already, with its errors.
func (f *Finder) OneIn(readers []string, c Choice) (*Key, error) {
	switch {
	case c.Serial != 0:
		return f.withSerial(readers, c.Serial)
	case len(readers) == 1:
		return f.Open(readers[0])
	}
	keys, failures := f.All(readers)
	if len(keys) > 0 {
		failures = slices.DeleteFunc(failures, isOff)
	}
	if len(keys) == 1 && len(failures) == 0 {
		return keys[0], nil
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.Name())
		k.Close()
	}
	switch {
	case len(keys) > 1:
		return nil, fmt.Errorf("%w: %s", ErrSeveral, strings.Join(names, ", "))
	case len(failures) > 0:
		return nil, failures[0]
	}
	return nil, ykoath.ErrNoApplet
}

// Change returns the readers with a card in them, once they are others than those in seen,
// or the context's error.
func (f *Finder) Change(ctx context.Context, seen []string) (now []string, err error) {
	_, err = f.service.Wait(ctx, func(readers []pcsc.Reader) bool {
		now = nil
		for _, r := range readers {
			if r.Present {
				now = append(now, r.Name)
			}
		}
		return !slices.Equal(now, seen)
	})
	return now, err
}

// Await returns the reader of a key that is plugged in from now on, or the context's
// error. Readers in seen do not count until they were empty: it takes those off.
func (f *Finder) Await(ctx context.Context, seen map[string]bool) (reader string, err error) {
	_, err = f.service.Wait(ctx, func(readers []pcsc.Reader) bool {
		occupied := make(map[string]bool)
		for _, r := range readers {
			occupied[r.Name] = r.Present
		}
		for name := range seen {
			if !occupied[name] {
				delete(seen, name)
			}
		}
		for _, r := range readers {
			if r.Present && !seen[r.Name] {
				reader = r.Name
				return true
			}
		}
		return false
	})
	return reader, err
}
