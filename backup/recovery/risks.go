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
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
)

// A Risk is something that may lock a person out, or let somebody else in.
type Risk struct {
	Kind     RiskKind
	Thing    Thing     // that it is about; zero if it is about none
	Accounts []oath.ID // that it is about, in order
	Sheet    int       // that it is about; else 0
	Since    backup.Date
	Left     int // codes
	Service  services.Service

	Accepted backup.Date // by the owner, or ignored, on that day; zero if not
}

// A RiskKind is what docs/json.md describes. They stand in the order of what is worst.
type RiskKind string

const (
	LockedOut   RiskKind = "locked-out"   // no way remains that can be counted on
	SingleLoss  RiskKind = "loss"         // of Thing would lock out
	LostKey     RiskKind = "lost-key"     // services trust it still
	LostOpener  RiskKind = "lost-opener"  // a lost key opens the vault
	FactoryPIN  RiskKind = "factory-pin"  // opens the vault by a key
	OldInVault  RiskKind = "old-in-vault" // a secret that keys have another one of
	NoCodesLeft RiskKind = "codes-gone"   // all were used, or one that makes new ones due
	FewCodes    RiskKind = "codes-few"    // few are left
	OneOpener   RiskKind = "one-opener"   // the vault opens in only one way
	NoCopy      RiskKind = "no-copy"      // of the vault off this machine
	BehindKey   RiskKind = "behind-key"   // it lacks what others have, or has old names or secrets
	NoSheet     RiskKind = "no-sheet"     // nothing is on paper
	Unchecked   RiskKind = "unchecked"    // a sheet that nobody has read back
	StaleSheet  RiskKind = "stale-sheet"  // lacks accounts or codes
	TwoCounters RiskKind = "two-counters" // HOTP on two tokens
	UnseenKey   RiskKind = "unseen-key"   // was not plugged in for long
	UnlistedKey RiskKind = "unlisted-key" // what is on it is not known
	NoCodes     RiskKind = "no-codes"     // none is recorded, and the service hands them out
)

// Name names the risk, for its owner to accept it: its kind, and what it is about. To
// accept the kind is to accept all of it.
func (r Risk) Name() string {
	switch {
	case r.Kind == SingleLoss:
		return fmt.Sprintf("%s:%s", r.Kind, r.Thing)
	case r.Thing.Serial != 0:
		return fmt.Sprintf("%s:%d", r.Kind, r.Thing.Serial)
	case slices.Contains([]RiskKind{NoCodesLeft, FewCodes, NoCodes, TwoCounters}, r.Kind):
		return fmt.Sprintf("%s:%s", r.Kind, r.Accounts[0])
	}
	return string(r.Kind)
}

// MaxUnseen is how long a key may stay in its drawer before it is worth a look.
const MaxUnseen = 180 * 24 * time.Hour

// Open returns the risks that their owner does not accept.
func (r Readiness) Open() []Risk {
	return slices.DeleteFunc(slices.Clone(r.Risks), func(r Risk) bool { return !r.Accepted.IsZero() })
}

// risks returns what is a risk, the worst first.
func (f Facts) risks(r Readiness) (all []Risk) {
	closed := Risk{Kind: LockedOut}
	for _, a := range r.Accounts {
		if !a.IsOpen(Thing{}) {
			closed.Accounts = append(closed.Accounts, a.ID)
		}
	}
	if len(closed.Accounts) > 0 {
		all = append(all, closed)
	}
	for _, l := range r.Losses {
		all = append(all, Risk{Kind: SingleLoss, Thing: l.Thing, Accounts: l.LocksOut})
	}
	all = append(all, f.keyRisks(r)...)
	all = append(all, f.codeRisks(r)...)
	all = append(all, f.vaultRisks()...)
	all = append(all, f.sheetRisks()...)
	order := []RiskKind{
		LockedOut, SingleLoss, LostKey, LostOpener, FactoryPIN, OldInVault, NoCodesLeft, FewCodes, OneOpener, NoCopy,
		BehindKey, NoSheet, Unchecked, StaleSheet, TwoCounters, UnseenKey, UnlistedKey, NoCodes,
	}
	slices.SortStableFunc(all, func(a, b Risk) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	for i := range all {
		accepted := f.Ledger.Accepted
		all[i].Accepted = cmp.Or(all[i].Accepted, accepted[all[i].Name()], accepted[string(all[i].Kind)])
	}
	return all
}

func (f Facts) keyRisks(r Readiness) (all []Risk) {
	counters := make(map[oath.ID]int) // on so many tokens
	for _, k := range f.Ledger.Keys {
		thing := Thing{Key, k.Serial}
		risk := func(kind RiskKind, since backup.Date, accounts []oath.ID) {
			all = append(all, Risk{Kind: kind, Thing: thing, Since: since, Accounts: accounts})
		}
		opens := k.Opens()
		if !k.Lost.IsZero() {
			if len(opens) > 0 {
				risk(LostKey, k.Lost, slices.Sorted(maps.Keys(opens)))
			}
			continue
		}
		for id, h := range opens {
			if h.HOTP {
				counters[id]++
			}
		}
		if !k.FactoryPIN.IsZero() && f.Vault != nil && slices.Contains(f.Vault.Keys, k.Serial) {
			risk(FactoryPIN, k.FactoryPIN, nil)
		}
		if behind := f.behind(k, r); len(behind) > 0 {
			risk(BehindKey, k.Seen, behind)
		}
		switch {
		case k.Listed.IsZero() && len(k.Accounts) == 0:
			risk(UnlistedKey, k.Seen, nil)
		case f.Now.Sub(time.Time(k.Seen)) > MaxUnseen:
			risk(UnseenKey, k.Seen, nil)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(counters)) {
		if n := counters[id]; n > 1 || f.Vault != nil && slices.Contains(f.Vault.Accounts, id) {
			all = append(all, Risk{Kind: TwoCounters, Accounts: []oath.ID{id}})
		}
	}
	return all
}

// maxKey is how many accounts a key may hold, at most; see ykoath.Version.Capacity. Who
// has more cannot have all of them on each key.
const maxKey = 64

// behind returns the accounts that a key has otherwise than other tokens: under an old
// name, though it was deleted; or, of those that the vault has for it, with an old secret
// or not at all. One that counts belongs on one token alone.
func (f Facts) behind(k ledger.Key, r Readiness) (ids []oath.ID) {
	for id, h := range k.Accounts {
		if h.Renamed != "" || h.Deleted {
			ids = append(ids, cmp.Or(h.Renamed, id))
		}
	}
	opens := k.Opens()
	if f.Vault != nil && len(r.Accounts) <= maxKey && !k.Listed.IsZero() {
		for _, id := range f.Vault.Accounts {
			_, there := opens[id]
			_, old := f.Ledger.OldInVault[id]
			if !there && !old && !f.counts(id) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// counts reports whether an account is known to count its codes.
func (f Facts) counts(id oath.ID) bool {
	return slices.ContainsFunc(f.Ledger.Keys, func(k ledger.Key) bool { return k.Opens()[id].HOTP })
}

func (f Facts) codeRisks(r Readiness) (all []Risk) {
	for _, id := range f.Ledger.IDs() {
		e := f.Ledger.Known(id)
		set, left := e.Current(), e.Left()
		risk := Risk{Accounts: []oath.ID{id}, Left: left, Service: f.Services(id, e.Record), Accepted: f.Ledger.Ignored[id]}
		due, isDue := f.Ledger.DueOf(id)
		switch {
		case set == nil:
			continue
		case left == 0:
			risk.Kind, risk.Since = NoCodesLeft, due.Since
		case isDue || left <= store.Few && left < len(set.Codes):
			risk.Kind, risk.Since = FewCodes, due.Since
		default:
			continue
		}
		all = append(all, risk)
	}
	for _, a := range r.Accounts {
		e := f.Ledger.Known(a.ID)
		service := f.Services(a.ID, e.Record)
		inVault := f.Vault != nil && slices.Contains(f.Vault.Codes, a.ID) // which only it knows of
		if service.Codes == services.Yes && e.Current() == nil && !inVault {
			all = append(all, Risk{Kind: NoCodes, Accounts: []oath.ID{a.ID}, Service: service, Accepted: f.Ledger.Ignored[a.ID]})
		}
	}
	return all
}

func (f Facts) vaultRisks() (all []Risk) {
	v := f.Vault
	if v == nil {
		return nil
	}
	for _, serial := range v.Keys {
		if k := f.Ledger.Key(serial); k != nil && !k.Lost.IsZero() {
			all = append(all, Risk{Kind: LostOpener, Thing: Thing{Key, serial}, Since: k.Lost})
		}
	}
	var old []oath.ID
	for _, id := range v.Accounts {
		if _, is := f.Ledger.OldInVault[id]; is {
			old = append(old, id)
		}
	}
	if len(old) > 0 {
		all = append(all, Risk{Kind: OldInVault, Accounts: old})
	}
	type opener struct {
		kind   WayKind
		serial uint32
	}
	openers := make(map[opener]bool) // the paper is one, however many sheets it has
	for _, w := range f.openers() {
		if !w.Unproved {
			openers[opener{w.Kind, w.Serial}] = true
		}
	}
	if len(openers) < 2 {
		all = append(all, Risk{Kind: OneOpener})
	}
	var alone []oath.ID // on no paper that was read back
	for _, id := range v.Accounts {
		onPaper := slices.ContainsFunc(f.Ledger.Sheets, func(s ledger.Sheet) bool {
			return !s.Verified.IsZero() && s.Items[id].Fingerprint != ""
		})
		if !onPaper {
			alone = append(alone, id)
		}
	}
	if !v.Pushed && len(alone) > 0 {
		all = append(all, Risk{Kind: NoCopy, Accounts: alone})
	}
	return all
}

// sheetRisks returns what is wrong with the paper: there is none, nobody has read it back,
// or it lacks what can be printed.
func (f Facts) sheetRisks() (all []Risk) {
	var secrets, lacking []oath.ID
	if f.Vault != nil {
		secrets = f.Vault.Accounts
	}
	for _, id := range secrets {
		if _, old := f.Ledger.OldInVault[id]; old { // and cannot be printed from there
			continue
		}
		generation := f.Ledger.Known(id).Generation()
		if f.Ledger.Known(id).Left() == 0 {
			generation = 0
		}
		hasSecret, hasCodes := false, generation == 0
		for _, s := range f.Ledger.Sheets {
			hasSecret = hasSecret || s.Items[id].Fingerprint != ""
			hasCodes = hasCodes || s.Items[id].Generation == generation
		}
		if !hasSecret || !hasCodes {
			lacking = append(lacking, id)
		}
	}
	last := f.Ledger.LastSheet()
	switch {
	case last == nil && len(secrets) > 0:
		return []Risk{{Kind: NoSheet, Accounts: secrets}}
	case last != nil && len(lacking) > 0:
		all = append(all, Risk{Kind: StaleSheet, Accounts: lacking, Sheet: last.Number, Since: last.Date})
	}
	for _, s := range f.Ledger.SinceFull() {
		if s.Verified.IsZero() {
			all = append(all, Risk{Kind: Unchecked, Sheet: s.Number, Since: s.Date})
		}
	}
	return all
}
