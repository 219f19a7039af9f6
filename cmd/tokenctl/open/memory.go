package open

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/oath"
)

// A memory is what a command learns of keys, until Remember writes it into the ledger.
type memory struct {
	known    []ledger.Key // as the ledger had them; see Opener.KnownKeys
	read     bool
	whole    bool  // with what is on them
	unread   error // why the ledger could not be read
	sighted  []*sighting
	happened []func(*ledger.Ledger)
}

// A sighting is what was seen of a key, and done to it.
type sighting struct {
	serial uint32 // 0 if it was not asked
	id     string
	did    []func(*ledger.Key)

	changes bool // did is about what is on the key
}

// KnownKeys returns the keys that this machine knows and that are not lost, with what was
// on them before this command. A ledger that cannot be read knows none: Remember says so.
func (o *Opener) KnownKeys() []ledger.Key { return o.knownKeys(true) }

// knownKeys is KnownKeys without what is on the keys, unless that is wanted: to read it
// takes longer.
func (o *Opener) knownKeys(whole bool) []ledger.Key {
	if !o.memory.read || whole && !o.memory.whole {
		head, err := o.ledgerHead(whole)
		l := ledger.Ledger{Keys: slices.Clone(head.Keys)}
		takeOver(&l, oldKeys())
		o.memory.known, o.memory.read, o.memory.whole, o.memory.unread = l.Keys, true, whole, err
	}
	return slices.DeleteFunc(slices.Clone(o.memory.known), func(k ledger.Key) bool { return !k.Lost.IsZero() })
}

// A head is what stands first in the ledger, as it was read last.
type head struct {
	ledger.Head
	whole bool        // with what is on the keys
	file  fs.FileInfo // nil if there is none, or it was not read
}

// LedgerHead returns what stands first in the ledger, but for what is on the keys. It is
// read once, and again only if the ledger is another by now.
func (o *Opener) LedgerHead() (ledger.Head, error) { return o.ledgerHead(false) }

func (o *Opener) ledgerHead(whole bool) (ledger.Head, error) {
	path, err := LedgerPath()
	if err != nil {
		return ledger.Head{}, err
	}
	file, err := os.Stat(path)
	last := o.head.file
	if err == nil && last != nil && os.SameFile(file, last) && file.ModTime().Equal(last.ModTime()) && file.Size() == last.Size() && (o.head.whole || !whole) {
		return o.head.Head, nil
	}
	o.head = head{whole: whole}
	if o.head.Head, err = ledger.ReadHead(path, whole); err == nil {
		o.head.file = file
	}
	return o.head.Head, err
}

// saw remembers that a key was seen, and returns its sighting.
func (o *Opener) saw(serial uint32, id string) *sighting {
	for _, s := range o.memory.sighted {
		if s.id == id && (s.serial == serial || id != "" && (s.serial == 0 || serial == 0)) {
			s.serial = max(s.serial, serial)
			return s
		}
	}
	s := &sighting{serial: serial, id: id}
	o.memory.sighted = append(o.memory.sighted, s)
	return s
}

// is reports whether a known key is the one that was seen.
func (s *sighting) is(k ledger.Key) bool { return k.Is(ledger.Key{Serial: s.serial, ID: s.id}) }

// notes remembers what shows of a key beside what is on it.
func (s *sighting) notes(do func(*ledger.Key)) { s.did = append(s.did, do) }

// add remembers what is on a key.
func (s *sighting) add(do func(*ledger.Key)) {
	s.did, s.changes = append(s.did, do), true
}

func (s *sighting) listed(accounts []oath.Account, showsTouch bool, day time.Time) {
	accounts = slices.Clone(accounts)
	s.add(func(known *ledger.Key) { known.Lists(accounts, showsTouch, day) })
}

// Happened remembers what will be recorded in the ledger once the command is done,
// after what was done to keys.
func (o *Opener) Happened(change func(*ledger.Ledger)) {
	o.memory.happened = append(o.memory.happened, change)
}

// Remember brings the ledger up to date with what the command learned of keys. It comes
// last, and writes nothing where nothing is new.
func (o *Opener) Remember() error {
	m, old := &o.memory, oldKeys()
	if len(m.sighted) == 0 && len(m.happened) == 0 && len(old) == 0 {
		return nil
	}
	o.knownKeys(slices.ContainsFunc(m.sighted, func(s *sighting) bool { return s.changes }))
	path, err := LedgerPath()
	if err = cmp.Or(err, m.unread); err == nil && (o.isNews() || len(old) > 0) {
		err = ledger.Update(path, func(l *ledger.Ledger) error {
			takeOver(l, old)
			for _, s := range m.sighted {
				if s.serial != 0 {
					o.apply(l, s)
				}
			}
			for _, change := range m.happened {
				change(l)
			}
			return nil
		})
	}
	if err == nil && len(old) > 0 {
		path, _ := oldKeysPath()
		os.Remove(path)
	}
	o.memory = memory{}
	if err != nil {
		return fmt.Errorf("recording what is known of keys: %w", err)
	}
	return nil
}

// isNews reports whether the ledger does not know yet what the command learned. It finds
// the serial numbers of keys that were not asked; one that was lost may be found again.
func (o *Opener) isNews() bool {
	news := len(o.memory.happened) > 0
	for _, s := range o.memory.sighted {
		i := slices.IndexFunc(o.memory.known, s.is)
		if i < 0 {
			news = news || s.serial != 0
			continue
		}
		s.serial = o.memory.known[i].Serial
		l := ledger.Ledger{Keys: []ledger.Key{o.memory.known[i].Clone()}}
		o.apply(&l, s)
		news = news || !reflect.DeepEqual(l.Keys[0], o.memory.known[i])
	}
	return news
}

func (o *Opener) apply(l *ledger.Ledger, s *sighting) {
	k := l.See(s.serial, s.id, o.Now())
	for _, do := range s.did {
		do(k)
	}
}

// ForgetKey strikes a key, and returns it as it was known; nil if it was not.
func (o *Opener) ForgetKey(serial uint32) (struck *ledger.Key, err error) {
	if err := o.Remember(); err != nil {
		return nil, err
	}
	path, err := LedgerPath()
	if err != nil {
		return nil, err
	}
	known := o.KnownKeys()
	if !slices.ContainsFunc(known, func(k ledger.Key) bool { return k.Serial == serial }) {
		return nil, nil
	}
	err = ledger.Update(path, func(l *ledger.Ledger) error {
		struck = l.Strike(serial, o.Now())
		return nil
	})
	return struck, err
}

// An oldKey is a key as it was known before the ledger knew keys.
type oldKey struct {
	Serial uint32      `json:"serial"`
	ID     string      `json:"id"`
	Seen   backup.Date `json:"seen"`
}

func oldKeysPath() (string, error) {
	state, err := stateFolder()
	return filepath.Join(state, "keys.json"), err
}

// maxOldKeys is how long the file of old keys can be, in bytes.
const maxOldKeys = 64 << 10

// oldKeys returns what is left to take over of an earlier version's memory, which was a
// file of its own. One that is not what it should be has none.
func oldKeys() (old []oldKey) {
	path, err := oldKeysPath()
	if err != nil {
		return nil
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxOldKeys {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &old) != nil {
		return nil
	}
	return slices.DeleteFunc(old, func(k oldKey) bool { return k.Serial == 0 || k.Seen.IsZero() })
}

func takeOver(l *ledger.Ledger, old []oldKey) {
	for _, k := range old {
		if l.Key(k.Serial) == nil {
			l.See(k.Serial, k.ID, time.Time(k.Seen))
		}
	}
}

// A heldKey is a key in use, whose sighting notes what it shows and what is done to it.
type heldKey struct {
	touchedKey
	seen *sighting
}

func (k heldKey) List() ([]oath.Account, error) {
	accounts, err := k.touchedKey.List()
	if err == nil {
		k.seen.listed(accounts, false, k.o.Now())
	}
	return accounts, err
}

func (k heldKey) Codes(at time.Time) ([]oath.Entry, error) {
	entries, err := k.touchedKey.Codes(at)
	if err == nil {
		accounts := make([]oath.Account, len(entries))
		for i, e := range entries {
			accounts[i] = e.Account
		}
		k.seen.listed(accounts, true, k.o.Now())
	}
	return entries, err
}

func (k heldKey) Put(a oath.Account, s oath.Secret) error {
	return k.taken(a, k.touchedKey.Put(a, s))
}

func (k heldKey) Replace(a oath.Account, s oath.Secret) error {
	return k.taken(a, k.touchedKey.Replace(a, s))
}

func (k heldKey) taken(a oath.Account, err error) error {
	if err == nil {
		k.seen.add(func(known *ledger.Key) { known.Takes(a) })
	}
	return err
}

func (k heldKey) Rename(from, to oath.ID) error {
	err := k.touchedKey.Rename(from, to)
	if err == nil {
		k.seen.add(func(known *ledger.Key) { known.Renames(from, to) })
	}
	return err
}

func (k heldKey) Delete(id oath.ID) error {
	err := k.touchedKey.Delete(id)
	if err == nil || errors.Is(err, oath.ErrNotFound) {
		k.seen.add(func(known *ledger.Key) { known.Deletes(id) })
	}
	return err
}
