package recovery_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/recovery"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

var (
	_ recovery.Vault = (*vault.Vault)(nil)

	now     = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	day     = backup.Day(now)
	errBusy = errors.New("in use by another program")
)

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// A home is what a person has: a key, a vault, and a store that is fed by it.
type home struct {
	recovery.Sources
	key   *ykoath.Session
	vault *vault.Vault
	path  string // of the ledger
}

// newHome returns one with accounts and codes in every place.
func newHome(t *testing.T) *home {
	t.Helper()
	h := &home{path: filepath.Join(t.TempDir(), "ledger.json")}
	device, err := virtualkey.New(virtualkey.Config{Touch: virtualkey.TouchNever, After: func(time.Duration) <-chan time.Time {
		passed := make(chan time.Time)
		close(passed)
		return passed
	}})
	fatal(t, err)
	t.Cleanup(func() { device.Close() })
	h.key, err = ykoath.Select(device, rand.Reader)
	fatal(t, err)
	identity, err := vault.GenerateIdentity()
	fatal(t, err)
	h.vault, err = vault.Create(filepath.Join(t.TempDir(), "vault"), identity, vault.Ways{}, vault.Options{})
	fatal(t, err)
	t.Cleanup(func() { h.vault.Close() })
	h.Sources = recovery.Sources{
		Keys: fleet.Fleet{member("key", h.key)}, Vault: h.vault, Now: func() time.Time { return now },
		Store: newStore(t, h.path, h.vault),
	}
	for _, id := range []oath.ID{"Both:b", "Key:only", "touch:Touch"} {
		h.put(t, h.key, id, "one")
	}
	h.put(t, h.key, "hotp:Count", "one")
	for _, id := range []oath.ID{"Both:b", "Vault:v", "touch:Touch", "hotp:Count"} {
		h.put(t, h.vault, id, "one")
	}
	h.codes(t, "Both:b", "b-1 b-2 b-3")
	h.codes(t, "Codes:c", "c-1 c-2")
	_, _, err = h.Store.Add(store.Addition{ID: "Paper:p", Codes: make([]backup.Code, 3), Day: day})
	fatal(t, err)
	return h
}

func newStore(t *testing.T, path string, v store.Vault) *store.Store {
	s := store.New(path, services.Known, func(err error) { t.Errorf("warned of %v", err) })
	s.Vault = v
	return s
}

func member(name string, token oath.Token) *fleet.Member {
	return &fleet.Member{Name: name, Open: func() (oath.Token, error) { return token, nil }}
}

func secret(t *testing.T, word string) oath.Secret {
	t.Helper()
	s, err := oath.NewSecret([]byte(strings.Repeat(word, 7)))
	fatal(t, err)
	return s
}

// put stores an account; touch: and hotp: before its name say of what kind.
func (h *home) put(t *testing.T, token oath.Token, id oath.ID, word string) {
	t.Helper()
	kind, name, _ := strings.Cut(string(id), ":")
	a := id.Account(oath.TOTP)
	switch kind {
	case "touch":
		a = oath.Account{Name: name, Touch: true}
	case "hotp":
		a = oath.Account{Name: name, Type: oath.HOTP}
	}
	fatal(t, token.Replace(a.WithDefaults(), secret(t, word)))
}

func (h *home) codes(t *testing.T, id oath.ID, texts string) {
	t.Helper()
	a := store.Addition{ID: id, Day: day}
	for i, text := range strings.Fields(texts) {
		a.Codes = append(a.Codes, backup.Code{Number: i + 1, Text: text})
	}
	_, _, err := h.Store.Add(a)
	fatal(t, err)
}

func (h *home) damage(t *testing.T, file string) {
	t.Helper()
	fatal(t, os.WriteFile(filepath.Join(h.vault.Dir(), filepath.FromSlash(file)), []byte("rubbish"), 0o600))
}

// collect returns what could stand on a sheet.
func (h *home) collect(t *testing.T) recovery.Content {
	t.Helper()
	c, err := recovery.Collect(h.Sources)
	fatal(t, err)
	return c
}

// print makes a sheet, and returns it with what a scan of it yields.
func (h *home) print(t *testing.T, c recovery.Content) (sheet.Sheet, sheet.Contents) {
	t.Helper()
	var read sheet.Contents
	made, done, err := recovery.Make(h.Store, c.Sheet, rand.Reader, now, func(s sheet.Sheet) (err error) {
		read, err = scan(s)
		return err
	})
	if fatal(t, err); !done {
		t.Fatal("not done")
	}
	return made, read
}

func scan(s sheet.Sheet) (c sheet.Contents, err error) {
	document, err := s.Plain()
	if err != nil {
		return c, err
	}
	var r sheet.Reader
	for _, block := range document.Body {
		for _, symbol := range block.Symbols {
			if err := r.AddText(symbol.Text); err != nil {
				return c, err
			}
		}
	}
	return r.Contents("")
}

// described has a line for each account on a sheet: S for its secret, the generation of
// its codes, the tokens that have it, the notes.
func described(c recovery.Content) string {
	var lines []string
	for _, e := range c.Entries {
		has := "-"
		if recovery.HasSecret(e) {
			has = "S"
		}
		lines = append(lines, fmt.Sprintf("%s %s%d %v%v", e.Key.Account.ID(), has, e.Codes.Generation(), e.Where, e.Notes))
	}
	return strings.Join(lines, "\n")
}

const (
	onPaper = "[Its backup codes are on a paper of their own; 3 are left.]"
	inKey   = "Both:b -0 [key][]\nCount -0 [key][]\nKey:only -0 [key][]\nTouch -0 [key][]"
	inBoth  = "Both:b S1 [key vault][]\nCodes:c -1 [][]\nCount S0 [key vault][]\nKey:only -0 [key][]\nPaper:p -0 []" + onPaper +
		"\nTouch S0 [key vault][]\nVault:v S0 [vault][]"
)

func TestCollect(t *testing.T) {
	for _, test := range []struct {
		name    string
		spoil   func(h *home)
		want    string
		partial bool
		lacking error
		fails   error
	}{
		{name: "both", spoil: func(*home) {}, want: inBoth},
		{name: "the vault alone", spoil: func(h *home) { h.Keys = nil },
			want: "Both:b S1 [vault][]\nCodes:c -1 [][]\nCount S0 [vault][]\nPaper:p -0 []" + onPaper + "\nTouch S0 [vault][]\nVault:v S0 [vault][]"},
		{name: "keys alone", spoil: func(h *home) { h.Vault, h.Store = nil, newStore(t, h.path+"x", nil) }, want: inKey, partial: true},
		{name: "a key that is busy", spoil: func(h *home) {
			h.Keys = append(h.Keys, &fleet.Member{Name: "other", Open: func() (oath.Token, error) { return nil, errBusy }})
		}, want: inBoth, lacking: errBusy},
		{name: "a damaged account", spoil: func(h *home) { h.damage(t, "accounts/Vault/v.age") },
			want: strings.Replace(inBoth, "\nVault:v S0 [vault][]", "", 1), partial: true, lacking: oath.ErrDamaged},
		{name: "damaged codes", spoil: func(h *home) { h.damage(t, "accounts/Codes/c.codes.age") },
			want: strings.Replace(inBoth, "\nCodes:c -1 [][]", "", 1), partial: true, lacking: oath.ErrDamaged},
		{name: "codes that are away", spoil: func(h *home) { fatal(t, h.vault.SetBackupCodes("Codes:c", nil)) },
			want: strings.Replace(inBoth, "\nCodes:c -1 [][]", "", 1), partial: true, lacking: store.ErrAway},
		{name: "a locked vault", spoil: func(h *home) { h.vault.Lock() }, want: inKey, fails: oath.ErrLocked},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHome(t)
			test.spoil(h)
			c, err := recovery.Collect(h.Sources)
			if !errors.Is(err, test.fails) || !errors.Is(c.Lacking, test.lacking) || c.Partial != test.partial {
				t.Errorf("partial %t, lacking %v, error %v", c.Partial, c.Lacking, err)
			}
			expect(t, "the sheet", described(c), test.want)
			for _, e := range c.Entries {
				if e.Key.Account.ID() == "Touch" && test.fails == nil && e.Key.Account.Touch != (len(h.Keys) > 0) {
					t.Errorf("touch: %t", e.Key.Account.Touch)
				}
			}
			c.Clear()
		})
	}
}

func TestSelect(t *testing.T) {
	const from = "[Its secret is on recovery sheet 1 of 2026-11-23: keep that one.]"
	for _, test := range []struct {
		name     string
		printed  recovery.Selection // what was printed before, whole if it is zero
		unmade   bool               // nothing was
		change   func(h *home)
		s        recovery.Selection
		want     string
		vaultKey bool
		fails    error
	}{
		{name: "all", want: inBoth, vaultKey: true},
		{name: "codes alone", s: recovery.Selection{NoSecrets: true}, want: "Both:b -1 [key vault][]\nCodes:c -1 [][]"},
		{name: "some", s: recovery.Selection{Accounts: []string{"vault", "Both:b"}}, want: "Both:b S1 [key vault][]\nVault:v S0 [vault][]"},
		{name: "codes of one", s: recovery.Selection{Accounts: []string{"both"}, NoSecrets: true}, want: "Both:b -1 [key vault][]"},
		{name: "none of that name", s: recovery.Selection{Accounts: []string{"nobody"}}, fails: oath.ErrNotFound},
		{name: "several of that name", s: recovery.Selection{Accounts: []string{"ou"}}, fails: oath.ErrAmbiguous},
		{name: "what is new: nothing", s: recovery.Selection{OnlyNew: true}},
		{name: "what is new: all", unmade: true, s: recovery.Selection{OnlyNew: true}, want: inBoth, vaultKey: true},
		{name: "what is new: codes", change: func(h *home) { h.codes(t, "Both:b", "x-1 x-2") }, s: recovery.Selection{OnlyNew: true},
			want: "Both:b -2 [key vault]" + from},
		{name: "what is new: a secret", change: func(h *home) { h.put(t, h.vault, "Both:b", "two") }, s: recovery.Selection{OnlyNew: true},
			want: "Both:b S0 [key vault][]"},
		{name: "what is new: names", change: func(h *home) {
			h.put(t, h.vault, "New:n", "one")
			h.put(t, h.key, "Key:new", "one")
			_, err := h.key.Code(oath.ID("Count").Account(oath.HOTP).WithDefaults(), now) // a counter is nothing new
			fatal(t, err)
			_, err = h.vault.Code(oath.ID("Count").Account(oath.HOTP).WithDefaults(), now)
			fatal(t, err)
			_, _, err = h.Store.Use("Codes:c", 0, day) // nor is a code that is used
			fatal(t, err)
		}, s: recovery.Selection{OnlyNew: true}, want: "Key:new -0 [key][]\nNew:n S0 [vault][]"},
		{name: "what is new after a part", printed: recovery.Selection{Accounts: []string{"Both:b"}}, s: recovery.Selection{OnlyNew: true},
			want: strings.Replace(inBoth, "Both:b S1 [key vault][]\n", "", 1), vaultKey: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHome(t)
			if !test.unmade {
				c := h.collect(t)
				fatal(t, c.Select(test.printed, h.Store.Ledger))
				h.print(t, c)
			}
			if test.change != nil {
				test.change(h)
			}
			c := h.collect(t)
			err := c.Select(test.s, h.Store.Ledger)
			if !errors.Is(err, test.fails) || (c.VaultKey != "") != test.vaultKey && err == nil {
				t.Errorf("the vault's key: %t, error %v", c.VaultKey != "", err)
			}
			if err == nil {
				expect(t, "the sheet", described(c), test.want)
				isPart := test.s.OnlyNew || test.s.NoSecrets || len(test.s.Accounts) > 0
				expect(t, "a part", c.Partial, isPart)
			}
		})
	}
}

func TestMake(t *testing.T) {
	h := newHome(t)
	first, _ := h.print(t, h.collect(t))
	part := h.collect(t)
	part.Partial = true
	second, _ := h.print(t, part)
	third, _ := h.print(t, h.collect(t))
	expect(t, "numbers", []int{first.Number, second.Number, third.Number}, "[1 2 3]")
	expect(t, "superseded", []int{first.Supersedes, second.Supersedes, third.Supersedes}, "[0 1 1]")
	expect(t, "the date", first.Date, day)
	if first.ID == second.ID || len(h.Store.Ledger.Sheets) != 3 {
		t.Errorf("the IDs %s and %s, %d sheets", first.ID, second.ID, len(h.Store.Ledger.Sheets))
	}
	before, err := os.ReadFile(h.path)
	fatal(t, err)
	_, done, err := recovery.Make(h.Store, third, rand.Reader, now, func(sheet.Sheet) error { return errBusy })
	if after, _ := os.ReadFile(h.path); done || err != errBusy || string(after) != string(before) {
		t.Errorf("a printer that fails: done %t, %v", done, err)
	}
	_, done, err = recovery.Make(h.Store, third, rand.Reader, now, func(s sheet.Sheet) error {
		expect(t, "the next number", s.Number, 4)
		fatal(t, os.Remove(h.path))
		return os.Mkdir(h.path, 0o700)
	})
	if !done || err == nil {
		t.Errorf("a ledger that cannot be written: done %t, %v", done, err)
	}
	fatal(t, os.Remove(h.path))
	fatal(t, os.WriteFile(h.path, []byte("rubbish"), 0o600))
	_, done, err = recovery.Make(h.Store, third, rand.Reader, now, func(sheet.Sheet) error { t.Error("a sheet without a number"); return nil })
	if done || !errors.Is(err, store.ErrLedger) {
		t.Errorf("a damaged ledger: done %t, %v", done, err)
	}
}

func TestVerify(t *testing.T) {
	usual := map[string]recovery.Verdict{
		"Both:b key": recovery.Equal, "Both:b vault": recovery.Equal, "Both:b codes": recovery.Equal, "Codes:c codes": recovery.Equal,
		"Count key": recovery.Counted, "Count vault": recovery.Equal, "Key:only key": recovery.KeysOnly,
		"Touch key": recovery.Unknown, "Touch vault": recovery.Equal, "Vault:v vault": recovery.Equal,
	}
	for _, test := range []struct {
		name   string
		part   bool // of the sheet
		change func(h *home)
		want   map[string]recovery.Verdict // what is not as usual; "" for nothing
		wrong  error                       // besides the touch that does not come
		right  bool
	}{
		{name: "unchanged", change: func(*home) {}},
		{name: "another secret in the vault", change: func(h *home) { h.put(t, h.vault, "Vault:v", "two") },
			want: map[string]recovery.Verdict{"Vault:v vault": recovery.Differs}},
		{name: "another secret on the key", change: func(h *home) { h.put(t, h.key, "Both:b", "two") },
			want: map[string]recovery.Verdict{"Both:b key": recovery.Differs}},
		{name: "another type on the key", change: func(h *home) {
			fatal(t, h.key.Replace(oath.ID("Both:b").Account(oath.HOTP).WithDefaults(), secret(t, "one")))
		}, want: map[string]recovery.Verdict{"Both:b key": recovery.Differs}},
		{name: "a new account", change: func(h *home) { h.put(t, h.vault, "New:n", "one"); h.put(t, h.key, "New:n", "one") },
			want: map[string]recovery.Verdict{"New:n vault": recovery.Lacking, "New:n key": recovery.Lacking}},
		{name: "a part does not lack anything", part: true, change: func(h *home) { h.put(t, h.vault, "New:n", "one"); h.codes(t, "New:n", "n-1") },
			want: map[string]recovery.Verdict{"Key:only key": "", "key": ""}},
		{name: "an account that is gone", change: func(h *home) { fatal(t, h.vault.Delete("Vault:v")) },
			want: map[string]recovery.Verdict{"Vault:v vault": "", "Vault:v -": recovery.Nowhere}},
		{name: "a damaged account", change: func(h *home) { h.damage(t, "accounts/Vault/v.age") },
			want: map[string]recovery.Verdict{"Vault:v vault": recovery.Unknown}, wrong: oath.ErrDamaged},
		{name: "newer codes", change: func(h *home) { h.codes(t, "Both:b", "x-1") }, want: map[string]recovery.Verdict{"Both:b codes": recovery.Outdated}},
		{name: "first codes", change: func(h *home) { h.codes(t, "Vault:v", "x-1") }, want: map[string]recovery.Verdict{"Vault:v codes": recovery.Lacking}},
		{name: "used codes", change: func(h *home) { _, _, err := h.Store.Use("Both:b", 0, day); fatal(t, err) }},
		{name: "other codes", change: func(h *home) { fatal(t, h.Store.Forget("Codes:c")); h.codes(t, "Codes:c", "x-1 x-2") },
			want: map[string]recovery.Verdict{"Codes:c codes": recovery.Differs}},
		{name: "codes that are forgotten", change: func(h *home) { fatal(t, h.Store.Forget("Codes:c")) },
			want: map[string]recovery.Verdict{"Codes:c codes": recovery.Nowhere}},
		{name: "codes that are away", change: func(h *home) { fatal(t, h.vault.SetBackupCodes("Codes:c", nil)) },
			want: map[string]recovery.Verdict{"Codes:c codes": recovery.Unknown}, wrong: store.ErrAway},
		{name: "another key of the vault", change: func(h *home) {
			identity, err := vault.GenerateIdentity()
			fatal(t, err)
			fatal(t, h.vault.Rekey(identity, vault.Ways{}))
		}, want: map[string]recovery.Verdict{"key": recovery.Differs}},
		{name: "without the vault", change: func(h *home) { h.Vault = nil }, want: map[string]recovery.Verdict{
			"Both:b vault": "", "Count vault": "", "Touch vault": "", "Vault:v vault": "", "Vault:v -": recovery.Nowhere, "Key:only key": recovery.Lacking, "key": ""}},
		{name: "without the key", change: func(h *home) {
			h.Keys[0] = &fleet.Member{Name: "key", Open: func() (oath.Token, error) { return nil, errBusy }}
		},
			want: map[string]recovery.Verdict{"Both:b key": "", "Count key": "", "Touch key": "", "Key:only key": ""}, wrong: errBusy, right: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHome(t)
			content := h.collect(t)
			if content.Partial = test.part; test.part {
				content.VaultKey = ""
			}
			_, read := h.print(t, content)
			test.change(h)
			v, err := recovery.Verify(read, h.Sources, nil)
			fatal(t, err)
			got, want := map[string]recovery.Verdict{"key": v.VaultKey}, maps.Clone(usual)
			for _, one := range v.Accounts {
				for _, c := range one.Comparisons {
					got[string(one.ID)+" "+c.Where] = c.Verdict
				}
			}
			want["key"] = recovery.Equal
			maps.Copy(want, test.want)
			for _, all := range []map[string]recovery.Verdict{got, want} {
				maps.DeleteFunc(all, func(_ string, v recovery.Verdict) bool { return v == "" })
			}
			expect(t, "verdicts", got, want)
			expect(t, "right", v.IsRight(), test.right) // seldom, since the finger does not come
			expect(t, "differs", v.Count(recovery.Differs), len(slices.DeleteFunc(slices.Collect(maps.Values(want)),
				func(v recovery.Verdict) bool { return v != recovery.Differs })))
			if err := v.Failures(); test.wrong != nil && !errors.Is(err, test.wrong) || !test.right && !errors.Is(err, oath.ErrTouchTimeout) {
				t.Errorf("failures: %v", err)
			}
		})
	}
	h := newHome(t)
	fatal(t, h.key.Delete("Touch"))
	_, read := h.print(t, h.collect(t))
	if v, err := recovery.Verify(read, h.Sources, nil); err != nil || !v.IsRight() {
		t.Errorf("a sheet that is right: %v", err)
	}
	if v, err := recovery.Verify(read, h.Sources, errBusy); err != nil || !errors.Is(v.Failures(), errBusy) {
		t.Errorf("a broken token is not named: %v", err)
	}
	h.vault.Lock()
	if _, err := recovery.Verify(read, h.Sources, nil); !errors.Is(err, oath.ErrLocked) {
		t.Errorf("with a locked vault: %v", err)
	}
}

// A sheet that was read is verified where it was made, and known where it was not.
func TestMarkRead(t *testing.T) {
	h := newHome(t)
	made, read := h.print(t, h.collect(t))
	fatal(t, recovery.MarkRead(h.Store, read, now))
	expect(t, "verified", h.Store.Ledger.LastSheet().Verified, "2026-11-23")

	path := filepath.Join(t.TempDir(), "ledger.json")
	h.Store = newStore(t, path, h.vault)
	fatal(t, recovery.MarkRead(h.Store, read, now))
	if s := h.Store.Ledger.LastFullSheet(); s == nil || s.ID != made.ID || s.Verified.IsZero() {
		t.Fatalf("it is not known elsewhere: %+v", s)
	}
	c := h.collect(t)
	fatal(t, c.Select(recovery.Selection{OnlyNew: true}, h.Store.Ledger))
	expect(t, "what it lacks", described(c), "Key:only -0 [key][]") // whose name alone was on it
	next, _ := h.print(t, h.collect(t))
	expect(t, "the next", []int{next.Number, next.Supersedes}, "[2 1]")
	read.Sheets[0].ID = "AAAAAAAA" // of another machine, and older than the last one here
	fatal(t, recovery.MarkRead(h.Store, read, now))
	expect(t, "sheets", len(h.Store.Ledger.Sheets), 2)
}

// All is lost but the sheet: a new vault takes what is on it, and is none the poorer.
func TestRestore(t *testing.T) {
	h := newHome(t)
	_, _, err := h.Store.Use("Both:b", 1, day)
	fatal(t, err)
	_, read := h.print(t, h.collect(t))
	v, err := vault.Create(filepath.Join(t.TempDir(), "vault"), read.VaultKey, vault.Ways{}, vault.Options{})
	fatal(t, err)
	defer v.Close()
	h.put(t, v, "Vault:v", "two")
	tokens := fleet.Fleet{member("vault", v), {Name: "other", Open: func() (oath.Token, error) { return nil, errBusy }}}
	plan, err := recovery.PlanRestore(read, tokens, true)
	if !errors.Is(err, errBusy) {
		t.Errorf("a token that cannot be asked: %v", err)
	}
	var lines []string
	for _, a := range plan.Accounts {
		lines = append(lines, fmt.Sprint(a.Account.ID(), a.Targets))
	}
	for _, c := range plan.Codes {
		lines = append(lines, fmt.Sprint(c.ID, " ", c.Record.Left(), " ", c.Kept))
	}
	expect(t, "the plan", lines, "[Both:b[{vault false}] Count[{vault false}] Touch[{vault false}] Vault:v[{vault true}] Both:b 2 vault Codes:c 2 vault]")
	if there, _ := v.HasBackupCodes("Both:b"); there {
		t.Error("the plan was done")
	}
	for _, test := range []struct {
		vault store.Vault
		want  string
	}{{v, "[Both:b 2 vault true Codes:c 2 vault true]"}, {nil, "[Both:b 2 paper false Codes:c 2 paper false]"}} {
		s := newStore(t, filepath.Join(t.TempDir(), "ledger.json"), test.vault)
		restored, err := recovery.RestoreCodes(s, read)
		fatal(t, err)
		lines = nil
		for _, c := range restored {
			e := s.Ledger.Known(c.ID)
			if lines = append(lines, fmt.Sprint(c.ID, " ", e.Left(), " ", e.Kept, " ", c.Record.HasTexts())); c.Err != nil {
				t.Errorf("%s: %v", c.ID, c.Err)
			}
		}
		expect(t, "restored", lines, test.want)
	}
	fatal(t, os.WriteFile(h.path, []byte("rubbish"), 0o600))
	if _, err := recovery.RestoreCodes(store.New(h.path, services.Known, nil), read); !errors.Is(err, store.ErrLedger) {
		t.Errorf("with a damaged ledger: %v", err)
	}
}
