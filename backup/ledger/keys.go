package ledger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

// A Key is a hardware key that was plugged in, with what was on it then. Its Accounts are
// as they were on the day of Listed, with what commands changed on it since.
type Key struct {
	Serial uint32      `json:"serial"`
	ID     string      `json:"id,omitempty"` // see ykoath.Session.DeviceID
	Seen   backup.Date `json:"seen"`         // when it was plugged in last

	// Listed is when it showed its accounts last; zero if it never did. What was put on
	// it is known even then.
	Listed backup.Date `json:"listed,omitzero"`

	Password bool `json:"password,omitempty"` // is needed to open it

	// FactoryPIN is when its PIV applet was last seen to have the PIN that everybody knows;
	// zero if it was not, or has another one since.
	FactoryPIN backup.Date `json:"factory_pin,omitzero"`

	// Lost is when its owner struck it. Services trust it for its accounts still.
	Lost backup.Date `json:"lost,omitzero"`

	Accounts map[oath.ID]Held `json:"-"`
}

// A Held is an account as it is on a key, and what was done with it elsewhere while the
// key was away.
type Held struct {
	HOTP  bool `json:"hotp,omitempty"`
	Touch bool `json:"touch,omitempty"` // needs one for each code; false if that is not known

	Renamed  oath.ID `json:"-"`                  // the name that it got elsewhere; "" for none
	Deleted  bool    `json:"deleted,omitempty"`  // it was deleted elsewhere
	Replaced bool    `json:"replaced,omitempty"` // it got another secret elsewhere
}

// Name is what the key is called among the tokens.
func (k Key) Name() string { return fmt.Sprintf("key:%d", k.Serial) }

// Is reports whether both are one key, as far as its numbers show.
func (k Key) Is(other Key) bool {
	return k.Serial != 0 && k.Serial == other.Serial || k.ID != "" && k.ID == other.ID
}

// Clone returns a copy to change.
func (k Key) Clone() Key {
	k.Accounts = maps.Clone(k.Accounts)
	return k
}

// IDs returns the accounts that the key is known to have, in order.
func (k Key) IDs() []oath.ID { return slices.Sorted(maps.Keys(k.Accounts)) }

// Opens returns the accounts that the key is a way into, under the names that they have
// elsewhere.
func (k Key) Opens() map[oath.ID]Held {
	opens := make(map[oath.ID]Held)
	for id, h := range k.Accounts {
		if !h.Deleted && !h.Replaced {
			opens[cmp.Or(h.Renamed, id)] = h
		}
	}
	return opens
}

// Lists records all accounts that the key showed. A key that shows no more than their
// names does not say which need a touch.
func (k *Key) Lists(accounts []oath.Account, showsTouch bool, day time.Time) {
	listed := make(map[oath.ID]Held, len(accounts))
	for _, a := range accounts {
		h := k.Accounts[a.ID()]
		h.HOTP = h.HOTP || a.Type == oath.HOTP
		if showsTouch && a.Type != oath.HOTP {
			h.Touch = a.Touch
		}
		listed[a.ID()] = h
	}
	k.Accounts, k.Listed = listed, backup.Date(backup.Day(day))
}

// Takes records that an account was put on the key.
func (k *Key) Takes(a oath.Account) {
	if k.Accounts == nil {
		k.Accounts = make(map[oath.ID]Held)
	}
	k.Accounts[a.ID()] = Held{HOTP: a.Type == oath.HOTP, Touch: a.Touch}
}

// Renames records that the key gave an account another name.
func (k *Key) Renames(from, to oath.ID) {
	h, found := k.Accounts[from]
	if !found {
		return
	}
	delete(k.Accounts, from)
	h.Renamed = ""
	k.Accounts[to] = h
}

// Deletes records that the key has an account no more.
func (k *Key) Deletes(id oath.ID) { delete(k.Accounts, id) }

// Key returns the key with a serial number, to change it; nil if it is not known.
func (l *Ledger) Key(serial uint32) *Key {
	i := slices.IndexFunc(l.Keys, func(k Key) bool { return k.Serial == serial })
	if i < 0 {
		return nil
	}
	return &l.Keys[i]
}

// maxKeys is how many keys are known. Those seen last are kept.
const maxKeys = 32

// See records that a key is plugged in, and returns it, to change it. One that was lost is
// found again. An ID that is not known is "".
func (l *Ledger) See(serial uint32, id string, day time.Time) *Key {
	k := l.Key(serial)
	if k == nil {
		if len(l.Keys) >= maxKeys {
			oldest := slices.MinFunc(l.Keys, func(a, b Key) int { return time.Time(a.Seen).Compare(time.Time(b.Seen)) })
			l.Keys = slices.DeleteFunc(l.Keys, func(k Key) bool { return k.Serial == oldest.Serial })
		}
		i, _ := slices.BinarySearchFunc(l.Keys, serial, func(k Key, serial uint32) int { return cmp.Compare(k.Serial, serial) })
		l.Keys = slices.Insert(l.Keys, i, Key{Serial: serial})
		k = &l.Keys[i]
	}
	if id != "" && k.ID != "" && id != k.ID { // it was reset, and has another salt
		k.Accounts, k.Listed = nil, backup.Date{}
	}
	k.ID = cmp.Or(id, k.ID)
	k.Seen, k.Lost = backup.Date(backup.Day(day)), backup.Date{}
	return k
}

// Wiped records that the key with one ID was emptied, and has another ID since.
func (l *Ledger) Wiped(id, now string, day time.Time) {
	for i := range l.Keys {
		if k := &l.Keys[i]; k.ID == id {
			k.ID, k.Accounts, k.Listed = now, nil, backup.Date(backup.Day(day))
		}
	}
}

// Strike records that a key is lost or given away, and returns it as it was; nil if it is
// not known. What was on it is remembered: services trust it for that, and it may open a vault.
func (l *Ledger) Strike(serial uint32, day time.Time) *Key {
	k := l.Key(serial)
	if k == nil || !k.Lost.IsZero() {
		return nil
	}
	struck := k.Clone()
	k.Lost = backup.Date(backup.Day(day))
	return &struck
}

// RenamedAway records that an account got another name on other tokens than the keys of
// those serial numbers, which were away. On lost keys it goes by that name.
func (l *Ledger) RenamedAway(from, to oath.ID, away []uint32) {
	l.away(from, away, func(h *Held) { h.Renamed = to })
	move(l.OldInVault, from, to)
	move(l.Ignored, from, to)
}

// DeletedAway is RenamedAway for an account that was deleted.
func (l *Ledger) DeletedAway(id oath.ID, away []uint32) {
	l.away(id, away, func(h *Held) { h.Deleted = true })
	delete(l.OldInVault, id)
	delete(l.Ignored, id)
}

// away changes an account, by the name that it has elsewhere, on the keys that were away
// and on lost ones; and on those where it still goes by an old name, so that nobody found it.
func (l *Ledger) away(id oath.ID, away []uint32, change func(*Held)) {
	for i := range l.Keys {
		k := &l.Keys[i]
		wasAway := !k.Lost.IsZero() || slices.Contains(away, k.Serial)
		for name, h := range k.Accounts {
			if cmp.Or(h.Renamed, name) == id && (wasAway || name != id) {
				change(&h)
				k.Accounts[name] = h
			}
		}
	}
}

// Replaced records that an account got another secret, with that Fingerprint, on some
// tokens: on the keys of those serial numbers, and on no other; see ReplacedInVault. Other
// keys, lost ones and sheets have the old one, which opens nothing any more.
func (l *Ledger) Replaced(id oath.ID, fingerprint string, on []uint32, day time.Time) {
	if l.OldInVault == nil {
		l.OldInVault = make(map[oath.ID]backup.Date)
	}
	l.OldInVault[id] = backup.Date(backup.Day(day))
	var others []uint32
	for _, k := range l.Keys {
		if !slices.Contains(on, k.Serial) {
			others = append(others, k.Serial)
		}
	}
	l.away(id, others, func(h *Held) { h.Replaced = true })
	for _, s := range l.Sheets {
		if item, found := s.Items[id]; found && item.Fingerprint != fingerprint {
			s.Items[id] = Item{Generation: item.Generation}
		}
	}
}

// ReplacedInVault records that the vault has the secret of an account that is in use.
func (l *Ledger) ReplacedInVault(id oath.ID) { delete(l.OldInVault, id) }
