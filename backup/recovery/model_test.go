package recovery_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// TestPredictions makes random fleets of virtual keys, a vault in a folder, its copy,
// sheets and backup codes, and does to them what people do. Then it takes each thing away
// in turn, and really tries to get in with what is left: wherever Assess says that a way
// remains there must be one, and where it says that none does, there must be none but in
// what it does not count on.
func TestPredictions(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	open, closed := 0, 0
	for seed := range rounds {
		w := newWorld(t, uint64(seed))
		for range 10 + w.IntN(15) {
			w.step(t)
		}
		o, c := w.check(t, seed)
		open, closed = open+o, closed+c
		w.vault.Close()
		if t.Failed() {
			break
		}
	}
	if t.Logf("%d ways that remain and %d that do not were tried", open, closed); open < rounds || closed < rounds {
		t.Errorf("the fleets are too much alike")
	}
}

// A service is what an account is at its service.
type service struct {
	secret oath.Secret
	codes  []string // that are good, by number from 1; "" for one that was used
}

// A plate is a hardware key with all that goes with it.
type plate struct {
	*ykoath.Session
	piv      *ecdh.PrivateKey // of the slot that opens the vault; nil for none
	password bool
	keyring  bool // remembers it
}

// A paper is a sheet that was printed, or only written to a file.
type paper struct {
	sheet.Contents
	read, sealed, isFile bool
}

type world struct {
	*mathrand.Rand
	t        *testing.T
	store    *store.Store
	path     string
	vault    *vault.Vault
	identity string
	copy     string // a folder, "" for none
	pushed   bool   // it has all that the vault has
	keys     map[uint32]*plate
	accounts map[oath.ID]*service
	papers   map[int]*paper
	noted    map[oath.ID][]string // codes on a paper of their own
	made     int
}

const passphrase, sheetPassphrase = "correct horse", "battery staple"

func newWorld(t *testing.T, seed uint64) *world {
	folder := t.TempDir()
	w := &world{
		Rand: mathrand.New(mathrand.NewPCG(seed, 7)), t: t, path: filepath.Join(folder, "ledger.json"), identity: must(vault.GenerateIdentity()),
		keys: make(map[uint32]*plate), accounts: make(map[oath.ID]*service), papers: make(map[int]*paper), noted: make(map[oath.ID][]string),
	}
	ways := vault.Ways{Keys: make(map[uint32]string)}
	if w.IntN(4) > 0 {
		ways.Passphrase = passphrase
	}
	for serial := range uint32(1 + w.IntN(3)) {
		serial++
		device := must(virtualkey.New(virtualkey.Config{Serial: serial}))
		t.Cleanup(func() { device.Close() })
		p := &plate{Session: must(ykoath.Select(device, rand.Reader)), password: w.IntN(4) == 0, keyring: w.IntN(2) == 0}
		if w.IntN(3) == 0 {
			p.piv = must(ecdh.P256().GenerateKey(rand.Reader))
			ways.Keys[serial] = must(vault.SlotRecipient(p.piv.PublicKey()))
		}
		w.keys[serial] = p
	}
	w.vault = must(vault.Create(filepath.Join(folder, "vault"), w.identity, ways, vault.Options{WorkFactor: 1}))
	w.store = newStore(t, w.path, w.vault)
	w.note(func(l *ledger.Ledger) {
		for serial, p := range w.keys {
			k := l.See(serial, "", now)
			k.Lists(nil, true, now)
			k.Password = p.password
		}
	})
	return w
}

// note changes the ledger as commands do.
func (w *world) note(change func(*ledger.Ledger)) {
	w.t.Helper()
	fatal(w.t, w.store.Update(func(l *ledger.Ledger) error { change(l); return nil }))
}

// some returns a part of the keys, and the others, which are away.
func (w *world) some() (here, away []uint32) {
	for _, serial := range slices.Sorted(maps.Keys(w.keys)) {
		if w.IntN(3) > 0 {
			here = append(here, serial)
		} else {
			away = append(away, serial)
		}
	}
	return here, away
}

// any returns an account, "" if there is none.
func (w *world) any() oath.ID {
	ids := slices.Sorted(maps.Keys(w.accounts))
	if len(ids) == 0 {
		return ""
	}
	return ids[w.IntN(len(ids))]
}

func (w *world) newSecret() oath.Secret {
	w.made++
	return secret(fmt.Sprintf("s%02d", w.made))
}

func (w *world) isOnKey(p *plate, id oath.ID) bool {
	return slices.ContainsFunc(must(p.List()), func(a oath.Account) bool { return a.ID() == id })
}

func (w *world) isInVault(id oath.ID) bool {
	return slices.ContainsFunc(must(w.vault.List()), func(a oath.Account) bool { return a.ID() == id })
}

// step does one thing that people do.
func (w *world) step(t *testing.T) {
	id := w.any()
	here, away := w.some()
	switch do := w.IntN(12); {
	case do < 3 || id == "":
		w.made++
		id = oath.ID(fmt.Sprintf("Local:%d", w.made))
		w.accounts[id] = &service{}
		w.put(id, here, w.IntN(3) > 0, false)
	case do == 3:
		w.put(id, here, w.IntN(2) == 0, true)
	case do == 4:
		w.rename(id, here, away)
	case do == 5:
		w.delete(id, here, away)
	case do == 6:
		w.addCodes(id, w.IntN(2) == 0)
	case do == 7 && w.store.Ledger.Known(id).Left() > 0:
		code, _, err := w.store.Use(id, 0, day)
		fatal(t, err)
		w.accounts[id].codes[code.Number-1] = ""
		w.pushed = false
	case do == 8:
		w.print()
	case do == 9 && len(w.papers) > 0:
		for number, p := range w.papers {
			if w.IntN(2) == 0 {
				fatal(t, recovery.MarkRead(w.store, p.Contents, now))
				w.papers[number].read = true
			}
		}
	case do == 10 && w.IntN(3) == 0 && len(away) > 0:
		delete(w.keys, away[0])
		w.note(func(l *ledger.Ledger) { l.Strike(away[0], now) })
	case do == 11:
		w.copy = filepath.Join(t.TempDir(), "copy")
		fatal(t, os.CopyFS(w.copy, os.DirFS(w.vault.Dir())))
		w.pushed = true
	}
}

// put gives an account a secret, on keys and in the vault.
func (w *world) put(id oath.ID, here []uint32, inVault, replaces bool) {
	if len(here) == 0 {
		inVault = true
	}
	secret := w.newSecret()
	w.accounts[id].secret = secret
	a := id.Account(oath.TOTP).WithDefaults()
	for _, serial := range here {
		fatal(w.t, w.keys[serial].Replace(a, secret))
	}
	if inVault {
		fatal(w.t, w.vault.Replace(a, secret))
		w.pushed = false
	}
	w.note(func(l *ledger.Ledger) {
		for _, serial := range here {
			l.See(serial, "", now).Takes(a)
		}
		if replaces {
			uri, _ := otpauth.Key{Account: a, Secret: secret}.URI()
			l.Replaced(id, ledger.Fingerprint(uri), here, now)
		}
		if inVault {
			l.ReplacedInVault(id)
		}
	})
}

func (w *world) rename(id oath.ID, here, away []uint32) {
	w.made++
	to := oath.ID(fmt.Sprintf("Renamed:%d", w.made))
	follower := w.store.Follow(id, true)
	inVault := w.isInVault(id)
	var done []uint32
	for _, serial := range here {
		if w.isOnKey(w.keys[serial], id) {
			fatal(w.t, w.keys[serial].Rename(id, to))
			done = append(done, serial)
		}
	}
	if inVault {
		fatal(w.t, w.vault.Rename(id, to))
	} else if len(done) == 0 {
		return
	}
	_, err := follower.Renamed(to, inVault, true)
	fatal(w.t, err)
	w.note(func(l *ledger.Ledger) {
		for _, serial := range done {
			l.Key(serial).Renames(id, to)
		}
		l.RenamedAway(id, to, away)
	})
	w.accounts[to], w.noted[to] = w.accounts[id], w.noted[id]
	delete(w.accounts, id)
	w.pushed = false
}

func (w *world) delete(id oath.ID, here, away []uint32) {
	follower := w.store.Follow(id, true)
	inVault := w.isInVault(id)
	for _, serial := range here {
		if w.isOnKey(w.keys[serial], id) {
			fatal(w.t, w.keys[serial].Delete(id))
		}
	}
	if inVault {
		fatal(w.t, w.vault.Delete(id))
	}
	fatal(w.t, follower.Deleted(inVault, true))
	w.note(func(l *ledger.Ledger) {
		for _, serial := range here {
			l.Key(serial).Deletes(id)
		}
		l.DeletedAway(id, away)
	})
	delete(w.accounts, id)
	w.pushed = false
}

func (w *world) addCodes(id oath.ID, onPaper bool) {
	texts := []string{fmt.Sprintf("%d-one", w.made), fmt.Sprintf("%d-two", w.made)}
	w.made++
	a := store.Addition{ID: id, Day: day}
	for i, text := range texts {
		if onPaper {
			text = ""
		}
		a.Codes = append(a.Codes, backup.Code{Number: i + 1, Text: text})
	}
	if _, _, err := w.store.Add(a); err != nil {
		return // codes in the vault are not followed by some on paper alone
	}
	w.accounts[id].codes = slices.Clone(texts)
	if w.noted[id] = nil; onPaper {
		w.noted[id] = texts
	}
	w.pushed = false
}

// print makes a sheet of all, which comes out of a printer, or stays in a file.
func (w *world) print() {
	var members fleet.Fleet
	for _, serial := range slices.Sorted(maps.Keys(w.keys)) {
		members = append(members, member(fmt.Sprintf("key:%d", serial), w.keys[serial]))
	}
	content, err := recovery.Collect(recovery.Sources{Keys: members, Vault: w.vault, Store: w.store, Now: fleet.At(now)})
	fatal(w.t, err)
	if w.IntN(3) == 0 {
		fatal(w.t, content.Select(recovery.Selection{OnlyNew: true}, w.store.Ledger))
		if len(content.Entries) == 0 {
			return
		}
	}
	p := &paper{sealed: w.IntN(4) == 0, isFile: w.IntN(4) == 0}
	made, _, err := recovery.Make(w.store, content.Sheet, rand.Reader, now, func(s sheet.Sheet, record *ledger.Sheet) (err error) {
		if record.Sealed = p.sealed; p.isFile {
			record.Files = []string{strings.Repeat("a", 64)}
		}
		p.Contents, err = scan(s)
		return err
	})
	fatal(w.t, err)
	w.papers[made.Number] = p
}

// A means is something to get in with, that needs things.
type means struct {
	needs   []recovery.Thing
	secrets []oath.Secret
	codes   []string
	counted bool // doctor counts on it
}

// means gathers all there is, by really opening it.
func (w *world) means() (all []means) {
	for serial, p := range w.keys {
		m := means{needs: []recovery.Thing{{Kind: recovery.Key, Serial: serial}}, counted: true}
		for _, e := range must(p.Codes(now)) {
			m.codes = append(m.codes, e.Code.Value)
		}
		if p.password && p.keyring {
			remembered := m
			remembered.needs = append(slices.Clone(m.needs), recovery.Thing{Kind: recovery.Machine})
			all = append(all, remembered)
		}
		if p.password {
			m.needs = append(m.needs, recovery.Thing{Kind: recovery.KeyPassword, Serial: serial})
		}
		all = append(all, m)
	}
	for id, texts := range w.noted {
		if w.store.Ledger.Known(id).Kept == ledger.OnPaper {
			all = append(all, means{needs: []recovery.Thing{{Kind: recovery.Paper}}, codes: texts, counted: true})
		}
	}
	all = append(all, w.inFolder(w.vault.Dir(), recovery.Machine, true)...)
	if w.copy != "" {
		all = append(all, w.inFolder(w.copy, recovery.Copy, w.pushed)...)
	}
	for _, s := range w.store.Ledger.Sheets {
		p := w.papers[s.Number]
		m := means{needs: paperNeeds(p), counted: p.read && len(s.Items) == len(p.Contents.Accounts)}
		for _, k := range p.Contents.Accounts {
			m.secrets = append(m.secrets, k.Secret)
		}
		for _, r := range p.Contents.Codes {
			m.codes = append(m.codes, textsOf(r)...)
		}
		all = append(all, m)
	}
	return all
}

func paperNeeds(p *paper) []recovery.Thing {
	needs := []recovery.Thing{{Kind: recovery.Paper}}
	if p.sealed {
		needs = append(needs, recovery.Thing{Kind: recovery.SheetPassphrase})
	}
	return needs
}

func textsOf(r backup.Record) (texts []string) {
	if set := r.Current(); set != nil {
		for _, c := range set.Codes {
			texts = append(texts, c.Text)
		}
	}
	return texts
}

// inFolder opens a vault's folder in every way there is.
func (w *world) inFolder(dir string, place recovery.ThingKind, counted bool) (all []means) {
	open := func(needs []recovery.Thing, counted bool, unlock func(*vault.Vault) error) {
		v := must(vault.Open(dir, vault.Options{}))
		defer v.Close()
		if unlock(v) != nil {
			return
		}
		m := means{needs: append([]recovery.Thing{{Kind: place}}, needs...), counted: counted}
		for _, a := range must(v.List()) {
			_, secret, err := v.Secret(a.ID())
			fatal(w.t, err)
			m.secrets = append(m.secrets, secret)
		}
		for _, a := range must(v.ListBackupCodes()) {
			m.codes = append(m.codes, textsOf(must(backup.ParseRecord(must(v.BackupCodes(a.ID())))))...)
		}
		all = append(all, m)
	}
	open([]recovery.Thing{{Kind: recovery.Passphrase}}, counted, func(v *vault.Vault) error { return v.UnlockWithPassphrase(passphrase) })
	for serial, p := range w.keys {
		if p.piv != nil {
			needs := []recovery.Thing{{Kind: recovery.Key, Serial: serial}, {Kind: recovery.KeyPIN, Serial: serial}}
			open(needs, counted, func(v *vault.Vault) error { return v.UnlockWithKey(serial, p.piv) })
		}
	}
	for _, p := range w.papers {
		open(paperNeeds(p), counted && p.read, func(v *vault.Vault) error { return v.UnlockWithIdentity(p.Contents.VaultKey) })
	}
	return all
}

// getsIn reports whether one gets in without a thing, by what doctor counts on or by
// anything. A code that was written down is good only once.
func (s *service) getsIn(all []means, without recovery.Thing, countedAlone bool) bool {
	code := must(oath.Compute(oath.ID("x").Account(oath.TOTP).WithDefaults(), s.secret, now)).Value
	return slices.ContainsFunc(all, func(m means) bool {
		if slices.Contains(m.needs, without) || countedAlone && !m.counted {
			return false
		}
		return slices.ContainsFunc(m.codes, func(text string) bool { return text != "" && (text == code || slices.Contains(s.codes, text)) }) ||
			slices.ContainsFunc(m.secrets, func(secret oath.Secret) bool {
				return must(oath.Compute(oath.ID("x").Account(oath.TOTP).WithDefaults(), secret, now)).Value == code
			})
	})
}

// check compares what is foretold with what happens.
func (w *world) check(t *testing.T, seed int) (open, closed int) {
	facts := recovery.Facts{Ledger: must(ledger.Read(w.path)), Services: w.store.Service, Now: now, Vault: &recovery.LockedVault{
		PublicKey: w.vault.Known().Recipients, Pushed: w.pushed,
	}}
	for _, a := range must(w.vault.List()) {
		facts.Vault.Accounts = append(facts.Vault.Accounts, a.ID())
	}
	for _, way := range must(w.vault.Ways()) {
		if facts.Vault.Passphrase = facts.Vault.Passphrase || way.IsPassphrase(); !way.IsPassphrase() {
			facts.Vault.Keys = append(facts.Vault.Keys, way.Serial)
		}
	}
	things := []recovery.Thing{{}}
	for _, kind := range []recovery.ThingKind{recovery.Machine, recovery.Copy, recovery.Passphrase, recovery.Paper, recovery.SheetPassphrase} {
		things = append(things, recovery.Thing{Kind: kind})
	}
	for serial, p := range w.keys {
		if p.password && p.keyring {
			facts.Keyring = append(facts.Keyring, serial)
		}
		for _, kind := range []recovery.ThingKind{recovery.Key, recovery.KeyPassword, recovery.KeyPIN} {
			things = append(things, recovery.Thing{Kind: kind, Serial: serial})
		}
	}
	r, all := recovery.Assess(facts), w.means()
	for _, a := range r.Accounts {
		s := w.accounts[a.ID]
		if s == nil {
			t.Errorf("seed %d: %s was deleted, and has ways in: %+v", seed, a.ID, a.Ways)
			continue
		}
		for _, thing := range things {
			switch foretold := a.IsOpen(thing); {
			case foretold && !s.getsIn(all, thing, false):
				t.Errorf("seed %d: %s without %q: nobody gets in, but by %+v", seed, a.ID, thing, a.Ways)
			case !foretold && s.getsIn(all, thing, true):
				t.Errorf("seed %d: %s without %q: there is another way in than %+v", seed, a.ID, thing, a.Ways)
			case foretold:
				open++
			default:
				closed++
			}
			isLoss := slices.ContainsFunc(r.Losses, func(l recovery.Loss) bool { return l.Thing == thing && slices.Contains(l.LocksOut, a.ID) })
			if want := thing != (recovery.Thing{}) && a.IsOpen(recovery.Thing{}) && !a.IsOpen(thing); isLoss != want {
				t.Errorf("seed %d: %s: the loss of %q is foretold: %t", seed, a.ID, thing, isLoss)
			}
		}
	}
	for id := range w.accounts {
		if !slices.ContainsFunc(r.Accounts, func(a recovery.Account) bool { return a.ID == id }) && w.accounts[id].getsIn(all, recovery.Thing{}, true) {
			t.Errorf("seed %d: %s is not known", seed, id)
		}
	}
	return open, closed
}
