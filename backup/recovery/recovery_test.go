package recovery_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
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

func expectError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// A home is what a person has: a key that is never touched, a vault, and codes.
type home struct {
	recovery.Sources
	key   *ykoath.Session
	vault *vault.Vault
	path  string // of the ledger
	waits int    // for a touch
}

// newHome returns one with accounts and codes in every place.
func newHome(t *testing.T) *home {
	closed := make(chan time.Time)
	close(closed)
	h := &home{
		path:  filepath.Join(t.TempDir(), "ledger.json"),
		vault: must(vault.Create(filepath.Join(t.TempDir(), "vault"), must(vault.GenerateIdentity()), vault.Ways{}, vault.Options{})),
	}
	device := must(virtualkey.New(virtualkey.Config{Touch: virtualkey.TouchNever, After: func(time.Duration) <-chan time.Time {
		h.waits++
		return closed
	}}))
	t.Cleanup(func() { device.Close() })
	h.key = must(ykoath.Select(device, rand.Reader))
	t.Cleanup(func() { h.vault.Close() })
	h.Sources = recovery.Sources{
		Keys: fleet.Fleet{member("key", h.key)}, Vault: h.vault, Now: func() time.Time { return now }, Store: newStore(t, h.path, h.vault),
	}
	for _, id := range []oath.ID{"Both:b", "Key:only", "touch:Touch", "hotp:Count"} {
		h.put(t, h.key, id, "one")
	}
	for _, id := range []oath.ID{"Both:b", "Vault:v", "Touch", "hotp:Count"} { // which needs no touch there
		h.put(t, h.vault, id, "one")
	}
	h.codes(t, "Both:b", "b-1 b-2 b-3")
	h.codes(t, "Codes:c", "c-1 c-2")
	_, _, err := h.Store.Add(store.Addition{ID: "Paper:p", Codes: make([]backup.Code, 3), Day: day})
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

func busy(name string) *fleet.Member {
	return &fleet.Member{Name: name, Open: func() (oath.Token, error) { return nil, errBusy }}
}

func secret(word string) oath.Secret { return must(oath.NewSecret([]byte(strings.Repeat(word, 7)))) }

func hotp(id oath.ID) oath.Account { return id.Account(oath.HOTP).WithDefaults() }

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
	fatal(t, token.Replace(a.WithDefaults(), secret(word)))
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

func (h *home) use(t *testing.T, id oath.ID) {
	t.Helper()
	_, _, err := h.Store.Use(id, 0, day)
	fatal(t, err)
}

func (h *home) damage(t *testing.T, file string) {
	t.Helper()
	fatal(t, os.WriteFile(filepath.Join(h.vault.Dir(), filepath.FromSlash(file)), []byte("rubbish"), 0o600))
}

// print makes a sheet, and returns it with what a scan of it yields.
func (h *home) print(t *testing.T, c recovery.Content) (sheet.Sheet, sheet.Contents) {
	t.Helper()
	var read sheet.Contents
	made, done, err := recovery.Make(h.Store, c.Sheet, rand.Reader, now, func(s sheet.Sheet, _ *ledger.Sheet) (err error) {
		read, err = scan(s)
		return err
	})
	if fatal(t, err); !done {
		t.Fatal("not done")
	}
	return made, read
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
	without := func(line string) string { return strings.Replace(inBoth, "\n"+line, "", 1) }
	for _, test := range []struct {
		name    string
		spoil   func(h *home)
		want    string
		partial bool
		lacking error
		fails   error
	}{
		{"both", func(*home) {}, inBoth, false, nil, nil},
		{"vault alone", func(h *home) { h.Keys = nil }, strings.ReplaceAll(without("Key:only -0 [key][]"), "key vault", "vault"), false, nil, nil},
		{"keys alone", func(h *home) { h.Vault, h.Store = nil, newStore(t, h.path+"x", nil) }, inKey, true, nil, nil},
		{"a busy key", func(h *home) { h.Keys = append(h.Keys, busy("other")) }, inBoth, false, errBusy, nil},
		{"a damaged account", func(h *home) { h.damage(t, "accounts/Vault/v.age") }, without("Vault:v S0 [vault][]"), true, oath.ErrDamaged, nil},
		{"damaged codes", func(h *home) { h.damage(t, "accounts/Codes/c.codes.age") }, without("Codes:c -1 [][]"), true, oath.ErrDamaged, nil},
		{"codes away", func(h *home) { fatal(t, h.vault.SetBackupCodes("Codes:c", nil)) }, without("Codes:c -1 [][]"), true, store.ErrAway, nil},
		{"a locked vault", func(h *home) { h.vault.Lock() }, inKey, false, nil, oath.ErrLocked},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHome(t)
			test.spoil(h)
			c, err := recovery.Collect(h.Sources)
			expectError(t, "Collect", err, test.fails)
			expectError(t, "Lacking", c.Lacking, test.lacking)
			expect(t, "the sheet", described(c), test.want)
			expect(t, "a part", c.Partial, test.partial)
			for _, e := range c.Entries {
				if e.Key.Account.ID() == "Touch" {
					expect(t, "touch", e.Key.Account.Touch, h.Keys != nil)
				}
			}
			c.Clear()
		})
	}
}

func TestSelect(t *testing.T) {
	const from = "[Its secret is on recovery sheet 1 of 2026-11-23: keep that one.]"
	all, onlyNew, whole, same := recovery.Selection{}, recovery.Selection{OnlyNew: true}, &recovery.Selection{}, func(*home) {}
	some := func(queries ...string) recovery.Selection { return recovery.Selection{Accounts: queries} }
	both := some("Both:b")
	for _, test := range []struct {
		name    string
		printed *recovery.Selection // before; nil for nothing
		change  func(h *home)
		s       recovery.Selection
		want    string
		fails   error
	}{
		{"all", whole, same, all, "key\n" + inBoth, nil},
		{"codes alone", whole, same, recovery.Selection{NoSecrets: true}, "Both:b -1 [key vault][]\nCodes:c -1 [][]", nil},
		{"some", whole, same, some("vault", "Both:b"), "Both:b S1 [key vault][]\nVault:v S0 [vault][]", nil},
		{"codes of one", whole, same, recovery.Selection{NoSecrets: true, Accounts: both.Accounts}, "Both:b -1 [key vault][]", nil},
		{"none of that name", whole, same, some("nobody"), "", oath.ErrNotFound},
		{"several of that name", whole, same, some("ou"), "", oath.ErrAmbiguous},
		{"new: nothing", whole, same, onlyNew, "", nil},
		{"new: all", nil, same, onlyNew, "key\n" + inBoth, nil},
		{"new: codes", whole, func(h *home) { h.codes(t, "Both:b", "x-1 x-2") }, onlyNew, "Both:b -2 [key vault]" + from, nil},
		{"new: a secret", whole, func(h *home) { h.put(t, h.vault, "Both:b", "two") }, onlyNew, "Both:b S0 [key vault][]", nil},
		{"new: names", whole, func(h *home) {
			h.put(t, h.vault, "New:n", "one")
			h.put(t, h.key, "Key:new", "one")
			must(h.vault.Code(hotp("Count"), now)) // a counter is nothing new
			h.use(t, "Codes:c")                    // nor is a code that is used
		}, onlyNew, "Key:new -0 [key][]\nNew:n S0 [vault][]", nil},
		{"new after a part", &both, same, onlyNew, "key\n" + strings.Replace(inBoth, "Both:b S1 [key vault][]\n", "", 1), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHome(t)
			if test.printed != nil {
				c := must(recovery.Collect(h.Sources))
				fatal(t, c.Select(*test.printed, h.Store.Ledger))
				h.print(t, c)
			}
			test.change(h)
			c := must(recovery.Collect(h.Sources))
			if err := c.Select(test.s, h.Store.Ledger); err != nil || test.fails != nil {
				expectError(t, "Select", err, test.fails)
				return
			}
			got := described(c)
			if c.VaultKey != "" {
				got = "key\n" + got
			}
			expect(t, "the sheet", got, test.want)
			expect(t, "a part", c.Partial, test.name != "all")
		})
	}
}

func TestMake(t *testing.T) {
	h := newHome(t)
	part := must(recovery.Collect(h.Sources))
	first, _ := h.print(t, part)
	part.Partial = true
	second, _ := h.print(t, part)
	third, _ := h.print(t, must(recovery.Collect(h.Sources)))
	expect(t, "numbers", []int{first.Number, second.Number, third.Number}, "[1 2 3]")
	expect(t, "superseded", []int{first.Supersedes, second.Supersedes, third.Supersedes}, "[0 1 1]")
	expect(t, "the date, the same ID", []any{first.Date, first.ID == second.ID}, []any{day, false})
	before := string(must(os.ReadFile(h.path)))
	for _, test := range []struct {
		name string
		put  func() error
		done bool
	}{
		{"a printer that fails", func() error { return errBusy }, false},
		{"a ledger that cannot be written", func() error { fatal(t, os.Remove(h.path)); return os.Mkdir(h.path, 0o700) }, true},
		{"a damaged ledger", func() error { t.Error("printed without a number"); return nil }, false},
	} {
		_, done, err := recovery.Make(h.Store, third, rand.Reader, now, func(s sheet.Sheet, _ *ledger.Sheet) error {
			expect(t, test.name, s.Number, 4)
			return test.put()
		})
		if done != test.done || err == nil {
			t.Errorf("%s: done %t, %v", test.name, done, err)
		}
		if !done && err == errBusy {
			expect(t, "the ledger", string(must(os.ReadFile(h.path))), before)
		} else if done {
			fatal(t, os.Remove(h.path))
			fatal(t, os.WriteFile(h.path, []byte("rubbish"), 0o600))
		}
	}
}

func TestVerify(t *testing.T) {
	const usual = "Both:b codes equal, Both:b key equal, Both:b vault equal, Codes:c codes equal, Count key counted, Count vault equal, " +
		"Key:only key keys_only, Touch key unknown, Touch vault equal, Vault:v vault equal, vault's key equal"
	for _, test := range []struct {
		name, want string // what is not as usual, "gone" for nothing
		change     func(h *home)
		wrong      error // besides the touch that does not come
	}{
		{"unchanged", "", func(*home) {}, nil},
		{"a secret in the vault", "Vault:v vault differs", func(h *home) { h.put(t, h.vault, "Vault:v", "two") }, nil},
		{"a secret on the key", "Both:b key differs", func(h *home) { h.put(t, h.key, "Both:b", "two") }, nil},
		{"a type on the key", "Count key differs", func(h *home) { h.put(t, h.key, "Count", "one") }, nil},
		{"a new account", "New:n vault lacking", func(h *home) { h.put(t, h.vault, "New:n", "one") }, nil},
		{"part", "vault's key gone", func(h *home) { h.put(t, h.vault, "New:n", "one"); h.codes(t, "New:n", "n-1") }, nil},
		{"an account less", "Vault:v vault gone, Vault:v - nowhere", func(h *home) { fatal(t, h.vault.Delete("Vault:v")) }, nil},
		{"a damaged account", "Vault:v vault unknown", func(h *home) { h.damage(t, "accounts/Vault/v.age") }, oath.ErrDamaged},
		{"newer codes", "Both:b codes outdated", func(h *home) { h.codes(t, "Both:b", "x-1") }, nil},
		{"first codes", "Vault:v codes lacking", func(h *home) { h.codes(t, "Vault:v", "x-1") }, nil},
		{"what is used", "", func(h *home) { h.use(t, "Both:b"); must(h.vault.Code(hotp("Count"), now)) }, nil},
		{"other codes", "Codes:c codes differs", func(h *home) { fatal(t, h.Store.Forget("Codes:c")); h.codes(t, "Codes:c", "x-1 x-2") }, nil},
		{"forgotten codes", "Codes:c codes nowhere", func(h *home) { fatal(t, h.Store.Forget("Codes:c")) }, nil},
		{"codes that are away", "Codes:c codes unknown", func(h *home) { fatal(t, h.vault.SetBackupCodes("Codes:c", nil)) }, store.ErrAway},
		{"another key", "vault's key differs", func(h *home) { fatal(t, h.vault.Rekey(must(vault.GenerateIdentity()), vault.Ways{})) }, nil},
		{"no vault", "Both:b vault gone, Count vault gone, Touch vault gone, Vault:v vault gone, Vault:v - nowhere, Key:only key lacking, vault's key gone",
			func(h *home) { h.Vault = nil }, nil},
		{"no key", "Both:b key gone, Count key gone, Touch key gone, Key:only key gone", func(h *home) { h.Keys[0] = busy("key") }, errBusy},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHome(t)
			content := must(recovery.Collect(h.Sources))
			if content.Partial = test.name == "part"; content.Partial {
				content.VaultKey = ""
			}
			_, read := h.print(t, content)
			test.change(h)
			v := must(recovery.Verify(read, h.Sources, nil))
			got := map[string]recovery.Verdict{"vault's key": v.VaultKey}
			for _, one := range v.Accounts {
				for _, c := range one.Comparisons {
					got[string(one.ID)+" "+c.Where] = c.Verdict
				}
			}
			want, differing := make(map[string]recovery.Verdict), 0
			for what := range strings.SplitSeq(strings.TrimSuffix(usual+", "+test.want, ", "), ", ") {
				i := strings.LastIndex(what, " ")
				want[what[:i]] = recovery.Verdict(what[i+1:])
			}
			maps.DeleteFunc(want, func(_ string, v recovery.Verdict) bool { return v == "gone" })
			maps.DeleteFunc(got, func(_ string, v recovery.Verdict) bool { return v == "" })
			for _, v := range want {
				if v == recovery.Differs {
					differing++
				}
			}
			expect(t, "verdicts", got, want)
			expect(t, "right, differing", []any{v.IsRight(), v.Count(recovery.Differs)}, []any{test.name == "no key", differing})
			if err := v.Failures(); test.wrong != nil && !errors.Is(err, test.wrong) || test.name != "no key" && !errors.Is(err, oath.ErrTouchTimeout) {
				t.Errorf("failures: %v", err)
			}
		})
	}
	h := newHome(t)
	h.put(t, h.key, "touch:Again", "one")
	h.put(t, h.vault, "touch:Again", "one")
	_, read := h.print(t, must(recovery.Collect(h.Sources)))
	must(recovery.Verify(read, h.Sources, nil))
	expect(t, "waits for a touch", h.waits, 1)
	fatal(t, errors.Join(h.key.Delete("Touch"), h.key.Delete("Again")))
	_, read = h.print(t, must(recovery.Collect(h.Sources)))
	v := must(recovery.Verify(read, h.Sources, errBusy)) // of a token that is broken
	expect(t, "right but for a broken token", []any{v.IsRight(), v.Failures()}, []any{true, errBusy})
	h.vault.Lock()
	_, err := recovery.Verify(read, h.Sources, nil)
	expectError(t, "with a locked vault", err, oath.ErrLocked)
}

// A sheet that was read is verified where it was made, and known where it was not.
func TestMarkRead(t *testing.T) {
	h := newHome(t)
	made, read := h.print(t, must(recovery.Collect(h.Sources)))
	fatal(t, recovery.MarkRead(h.Store, read, now))
	expect(t, "verified", h.Store.Ledger.LastSheet().Verified, "2026-11-23")

	path := filepath.Join(t.TempDir(), "ledger.json")
	h.Store = newStore(t, path, h.vault)
	fatal(t, recovery.MarkRead(h.Store, read, now))
	if s := h.Store.Ledger.LastFullSheet(); s == nil || s.ID != made.ID || s.Verified.IsZero() {
		t.Fatalf("it is not known elsewhere: %+v", s)
	}
	c := must(recovery.Collect(h.Sources))
	fatal(t, c.Select(recovery.Selection{OnlyNew: true}, h.Store.Ledger))
	expect(t, "what it lacks", described(c), "Key:only -0 [key][]") // whose name alone was on it
	next, _ := h.print(t, must(recovery.Collect(h.Sources)))
	expect(t, "the next", []int{next.Number, next.Supersedes}, "[2 1]")
	read.Sheets[0].ID = "AAAAAAAA" // of another machine, and older than the last one here
	fatal(t, recovery.MarkRead(h.Store, read, now))
	expect(t, "sheets", len(h.Store.Ledger.Sheets), 2)
}

// All is lost but the sheet: a new vault takes what is on it.
func TestRestore(t *testing.T) {
	h := newHome(t)
	h.use(t, "Both:b")
	_, read := h.print(t, must(recovery.Collect(h.Sources)))
	v := must(vault.Create(filepath.Join(t.TempDir(), "vault"), read.VaultKey, vault.Ways{}, vault.Options{}))
	defer v.Close()
	h.put(t, v, "Vault:v", "two")
	plan, err := recovery.PlanRestore(read, fleet.Fleet{member("vault", v), busy("other")}, true, nil, fleet.At(now))
	expectError(t, "a token that cannot be asked", err, errBusy)
	var lines []string
	for _, a := range plan.Accounts {
		for _, f := range a.Forecasts {
			lines = append(lines, fmt.Sprint(a.Account.ID(), " ", f.Member.Name, " ", f.Fate))
		}
	}
	for _, c := range plan.Codes {
		lines = append(lines, fmt.Sprint(c.ID, " ", c.Record.Left(), " ", c.Kept))
	}
	expect(t, "the plan", lines, "[Both:b vault 0 Count vault 0 Touch vault 0 Vault:v vault 2 Both:b 2 vault Codes:c 2 vault]")
	expect(t, "done already", must(v.HasBackupCodes("Both:b")), false)
	for to, want := range map[store.Vault]string{v: "[Both:b 2 vault true <nil> Codes:c 2 vault true <nil>]", nil: "[Both:b 2 paper false <nil> Codes:c 2 paper false <nil>]"} {
		s := newStore(t, filepath.Join(t.TempDir(), "ledger.json"), to)
		lines = nil
		for _, c := range must(recovery.RestoreCodes(s, read, nil)) {
			e := s.Ledger.Known(c.ID)
			lines = append(lines, fmt.Sprintf("%s %d %s %t %v", c.ID, e.Left(), e.Kept, c.Record.HasTexts(), c.Err))
		}
		expect(t, "restored", lines, want)
	}
	fatal(t, os.WriteFile(h.path, []byte("rubbish"), 0o600))
	_, err = recovery.RestoreCodes(newStore(t, h.path, nil), read, nil)
	expectError(t, "with a damaged ledger", err, store.ErrLedger)
}
