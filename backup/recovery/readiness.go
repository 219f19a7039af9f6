package recovery

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/oath"
)

// A Thing is what a person has or knows, and may lose: one of it alone, and all of it.
type Thing struct {
	Kind   ThingKind
	Serial uint32 // of the key that it is, or belongs to; else 0
}

// String is the kind, and the serial number if it has one, as in key:12345678.
func (t Thing) String() string {
	if t.Serial != 0 {
		return fmt.Sprintf("%s:%d", t.Kind, t.Serial)
	}
	return string(t.Kind)
}

// A ThingKind is what docs/json.md describes.
type ThingKind string

const (
	Key             ThingKind = "key"
	KeyPassword     ThingKind = "password"         // of a key's OATH applet
	KeyPIN          ThingKind = "pin"              // of a key's PIV applet, which opens the vault
	Machine         ThingKind = "machine"          // this computer: the vault's folder, the ledger, the keyring
	Copy            ThingKind = "copy"             // of the vault, elsewhere
	Passphrase      ThingKind = "passphrase"       // of the vault
	Paper           ThingKind = "paper"            // all of it: it lies in one place
	SheetPassphrase ThingKind = "sheet_passphrase" // of sheets that are sealed
)

// A Way is one way into an account. It is open while its owner has all that it needs; what
// needs nothing, as any two of three sheets in different places, no single loss closes.
type Way struct {
	Kind   WayKind
	Serial uint32 // of the key that computes codes, or opens the vault; else 0
	Sheet  int    // that the secret, the codes or the vault's key is on; else 0
	Codes  int    // so many are unused; else 0
	Needs  []Thing

	// Seen is when it was last seen to be there; zero if that is not known.
	Seen backup.Date

	// Unproved says that it is on a sheet that nobody has read back since it was printed. It
	// is not counted on.
	Unproved bool
}

// A WayKind is what docs/json.md describes.
type WayKind string

const (
	ByKey   WayKind = "key"   // a key computes its codes
	ByVault WayKind = "vault" // the vault has its secret
	BySheet WayKind = "sheet" // its secret is on paper
	ByCodes WayKind = "codes" // there are backup codes
)

// A LockedVault is what a vault shows while it is locked.
type LockedVault struct {
	Accounts   []oath.ID
	Codes      []oath.ID // accounts whose backup codes it has
	PublicKey  string    // its recipient
	Passphrase bool      // opens it
	Keys       []uint32  // whose PIV slots open it
	Seen       time.Time

	Remote string // that its git repository can be pushed to; "" for none
	Pushed bool   // all of it, as far as this machine knows
}

// Facts are what is known of a person's tokens and paper at a time.
type Facts struct {
	Ledger   *ledger.Ledger
	Vault    *LockedVault // nil if there is none
	Keyring  []uint32     // keys whose passwords this computer remembers
	Services func(oath.ID, backup.Record) services.Service
	Now      time.Time
}

// An Account is one with the ways into it that remain.
type Account struct {
	ID   oath.ID
	Ways []Way
	Lost []uint32 // keys that were lost, and that its service trusts still
}

// IsOpen reports whether a way remains that can be counted on, after a loss. The zero
// Thing is no loss.
func (a Account) IsOpen(after Thing) bool {
	return slices.ContainsFunc(a.Ways, func(w Way) bool { return !w.Unproved && !slices.Contains(w.Needs, after) })
}

// A Loss is a single thing whose loss locks out of accounts that are open.
type Loss struct {
	Thing
	LocksOut []oath.ID
}

// A Readiness is how a person stands.
type Readiness struct {
	Accounts []Account // in the order of their IDs
	Losses   []Loss    // that lock out of any, each alone
	Risks    []Risk    // the worst first
}

// Assess finds out which ways into each account remain, which single loss closes all of
// them, and what else is a risk.
func Assess(f Facts) Readiness {
	var r Readiness
	inVault := f.inVault(f.openers())
	for _, id := range f.ids() {
		r.Accounts = append(r.Accounts, f.account(id, inVault))
	}
	r.Losses = losses(r.Accounts)
	r.Risks = f.risks(r)
	return r
}

// ids returns the accounts that were put on any token, or whose secret is on paper. One that
// is known for its backup codes alone may have ways in that are not known here.
func (f Facts) ids() []oath.ID {
	all := make(map[oath.ID]bool)
	for _, k := range f.Ledger.Keys {
		for id := range k.Opens() {
			all[id] = true
		}
	}
	if f.Vault != nil {
		for _, id := range f.Vault.Accounts {
			all[id] = true
		}
	}
	for _, s := range f.Ledger.Sheets {
		for id, item := range s.Items {
			all[id] = all[id] || item.Fingerprint != ""
		}
	}
	maps.DeleteFunc(all, func(_ oath.ID, there bool) bool { return !there })
	return slices.Sorted(maps.Keys(all))
}

// openers returns what opens the vault, one way each, wherever it is.
func (f Facts) openers() (openers []Way) {
	v := f.Vault
	if v == nil {
		return nil
	}
	if v.Passphrase {
		openers = append(openers, Way{Needs: []Thing{{Kind: Passphrase}}})
	}
	for _, serial := range v.Keys {
		if k := f.Ledger.Key(serial); k == nil || k.Lost.IsZero() {
			openers = append(openers, Way{Serial: serial, Needs: []Thing{{Key, serial}, {KeyPIN, serial}}})
		}
	}
	for _, s := range f.Ledger.Sheets {
		if s.OnPaper() && s.VaultKey != "" && s.VaultKey == ledger.Fingerprint(v.PublicKey) {
			openers = append(openers, onSheet(s))
		}
	}
	return openers
}

// inVault returns the ways into what the vault holds: here, and by its copy.
func (f Facts) inVault(openers []Way) (ways []Way) {
	if f.Vault == nil {
		return nil
	}
	places := []ThingKind{Machine}
	if f.Vault.Pushed {
		places = append(places, Copy)
	}
	for _, place := range places {
		for _, w := range openers {
			w.Kind, w.Seen = ByVault, backup.Date(backup.Day(f.Vault.Seen))
			w.Needs = append([]Thing{{Kind: place}}, w.Needs...)
			ways = append(ways, w)
		}
	}
	return ways
}

// onSheet returns the way that a sheet is.
func onSheet(s ledger.Sheet) Way {
	w := Way{Kind: BySheet, Sheet: s.Number, Seen: cmp.Or(s.Drilled, s.Verified), Unproved: s.Verified.IsZero()}
	if s.Shares == s.Need { // of more, one can be lost
		w.Needs = append(w.Needs, Thing{Kind: Paper})
	}
	if s.Sealed {
		w.Needs = append(w.Needs, Thing{Kind: SheetPassphrase})
	}
	return w
}

// account returns the ways into an account: keys, the vault, sheets, backup codes.
func (f Facts) account(id oath.ID, inVault []Way) Account {
	a := Account{ID: id}
	for _, k := range f.Ledger.Keys {
		_, opens := k.Opens()[id]
		switch {
		case !opens:
		case !k.Lost.IsZero():
			a.Lost = append(a.Lost, k.Serial)
		default:
			a.Ways = append(a.Ways, f.onKey(k)...)
		}
	}
	if _, old := f.Ledger.OldInVault[id]; !old && f.Vault != nil && slices.Contains(f.Vault.Accounts, id) {
		a.Ways = append(a.Ways, inVault...)
	}
	for _, s := range f.Ledger.Sheets {
		if s.OnPaper() && s.Items[id].Fingerprint != "" {
			a.Ways = append(a.Ways, onSheet(s))
		}
	}
	a.Ways = append(a.Ways, f.codes(id, inVault)...)
	return a
}

// onKey returns the ways that a key is: with its password from memory, or from the
// keyring.
func (f Facts) onKey(k ledger.Key) []Way {
	w := Way{Kind: ByKey, Serial: k.Serial, Seen: k.Seen, Needs: []Thing{{Key, k.Serial}}}
	if !k.Password {
		return []Way{w}
	}
	known := w
	known.Needs = []Thing{{Key, k.Serial}, {KeyPassword, k.Serial}}
	if !slices.Contains(f.Keyring, k.Serial) {
		return []Way{known}
	}
	w.Needs = []Thing{{Key, k.Serial}, {Kind: Machine}}
	return []Way{known, w}
}

// codes returns the ways that unused backup codes are, by where they are.
func (f Facts) codes(id oath.ID, inVault []Way) (ways []Way) {
	e := f.Ledger.Known(id)
	left := e.Left()
	if left == 0 {
		return nil
	}
	switch e.Kept {
	case ledger.OnPaper:
		ways = append(ways, Way{Kind: ByCodes, Codes: left, Needs: []Thing{{Kind: Paper}}})
	case ledger.InVault:
		for _, w := range inVault {
			w.Kind, w.Codes = ByCodes, left
			ways = append(ways, w)
		}
	}
	for _, s := range f.Ledger.Sheets {
		if s.OnPaper() && s.Items[id].Generation == e.Generation() {
			w := onSheet(s)
			w.Kind, w.Codes = ByCodes, left
			ways = append(ways, w)
		}
	}
	return ways
}

// losses returns the things whose loss locks out of accounts that are open, keys first.
func losses(accounts []Account) (all []Loss) {
	lockedOut := make(map[Thing][]oath.ID)
	for _, a := range accounts {
		if !a.IsOpen(Thing{}) {
			continue
		}
		tried := make(map[Thing]bool)
		for _, w := range a.Ways {
			for _, thing := range w.Needs {
				if !tried[thing] && !a.IsOpen(thing) {
					lockedOut[thing] = append(lockedOut[thing], a.ID)
				}
				tried[thing] = true
			}
		}
	}
	kinds := []ThingKind{Key, Machine, Paper, Passphrase, KeyPassword, KeyPIN, SheetPassphrase, Copy}
	for thing, ids := range lockedOut {
		all = append(all, Loss{thing, ids})
	}
	slices.SortFunc(all, func(a, b Loss) int {
		return cmp.Or(slices.Index(kinds, a.Kind)-slices.Index(kinds, b.Kind), cmp.Compare(a.Serial, b.Serial))
	})
	return all
}
