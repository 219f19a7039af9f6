package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

const alice, bob, carol = oath.ID("Acme:alice"), oath.ID("Acme:bob"), oath.ID("Bank:carol")

var (
	_ store.Vault = (*vault.Vault)(nil)

	day1 = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	day2 = day1.AddDate(0, 0, 1)
)

// known is what these tests know of services.
func known() services.Catalog {
	return must(services.Read(strings.NewReader("name\tcodes\tpolicy\twhere\nAcme\tyes\tany order\tSettings\nReuse\tyes\treusable\t\n")))
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func expectError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// A machine has a ledger, and a vault that others may have a copy of.
type machine struct {
	*store.Store
	vault    *vault.Vault
	identity string // of the vault
	path     string // of the ledger
	warnings []error
}

func newMachine(t *testing.T) *machine {
	identity, dir := must(vault.GenerateIdentity()), filepath.Join(t.TempDir(), "vault")
	must(vault.Create(dir, identity, vault.Ways{}, vault.Options{})).Close()
	return open(t, dir, identity, filepath.Join(t.TempDir(), "ledger.json"))
}

// other returns one with the same vault, and the ledger at a path.
func (m *machine) other(t *testing.T, path string) *machine {
	return open(t, m.vault.Dir(), m.identity, path)
}

func open(t *testing.T, dir, identity, path string) *machine {
	m := &machine{vault: must(vault.Open(dir, vault.Options{})), identity: identity, path: path}
	t.Cleanup(func() { m.vault.Close() })
	fatal(t, m.vault.UnlockWithIdentity(identity))
	m.Store = store.New(path, known, func(err error) { m.warnings = append(m.warnings, err) })
	m.Vault = m.vault
	return m
}

// addition returns codes with those texts, or n codes for "n on paper".
func (m *machine) addition(id oath.ID, texts string) store.Addition {
	a := store.Addition{ID: id, Service: m.Service(id, backup.Record{}), Day: day1}
	var n int
	if _, err := fmt.Sscanf(texts, "%d on paper", &n); err == nil {
		a.Codes = make([]backup.Code, n)
		return a
	}
	for i, text := range strings.Fields(texts) {
		a.Codes = append(a.Codes, backup.Code{Number: i + 1, Text: text})
	}
	return a
}

func (m *machine) add(t *testing.T, id oath.ID, texts string) {
	t.Helper()
	_, _, err := m.Add(m.addition(id, texts))
	fatal(t, err)
}

func (m *machine) put(t *testing.T, ids ...oath.ID) {
	for _, id := range ids {
		fatal(t, m.vault.Put(id.Account(oath.TOTP).WithDefaults(), must(oath.NewSecret([]byte("12345678901234567890")))))
	}
}

// due describes the reminder of an account.
func (m *machine) due(id oath.ID) string {
	d, found := m.Ledger.DueOf(id)
	if !found {
		return "none"
	}
	return fmt.Sprintf("%s: %d of generation %d, %s", d.Since, d.Left, d.Generation, d.Renew)
}

func TestFind(t *testing.T) {
	m := newMachine(t)
	m.put(t, alice, "Plain:pat")
	m.add(t, alice, "aa bb")
	m.add(t, bob, "cc dd") // who is in no vault
	m.add(t, carol, "2 on paper")
	expect(t, "IDs", must(m.IDs()), []oath.ID{alice, bob, carol})
	var ids []oath.ID
	for _, a := range must(m.Accounts(oath.ID("Key:kim").Account(oath.TOTP), bob.Account(oath.TOTP))) {
		ids = append(ids, a.ID())
	}
	expect(t, "Accounts", ids, []oath.ID{alice, bob, carol, "Plain:pat", "Key:kim"})
	for _, test := range []struct {
		query string
		want  oath.ID
		fails error
	}{{"alice", alice, nil}, {"Acme:bob", bob, nil}, {"carol", carol, nil}, {"acme", "", oath.ErrAmbiguous}, {"pat", "", backup.ErrNoCodes}} {
		id, err := m.Find(test.query)
		expectError(t, test.query, err, test.fails)
		expect(t, test.query, id, test.want)
	}
	fatal(t, os.WriteFile(filepath.Join(m.vault.Dir(), "accounts", "%zz.codes.age"), nil, 0o600)) // which is no name
	expect(t, "with a stray file", []any{len(must(m.IDs())), len(m.warnings)}, "[3 1]")
}

// What happened on another machine is in the vault, and the ledger here learns of it.
func TestReadAfterAnotherMachine(t *testing.T) {
	there := newMachine(t)
	there.add(t, alice, "first-1 first-2 first-3")
	here := there.other(t, filepath.Join(t.TempDir(), "ledger.json"))
	read := func(what string, left int, due string) {
		t.Helper()
		record := must(here.Read(alice))
		e := here.Ledger.Known(alice)
		expect(t, what, []any{record.Left(), e.Left(), e.Kept, e.HasTexts(), here.due(alice)}, []any{left, left, "vault", false, due})
	}
	read("recorded", 3, "none")
	_, _, err := there.Use(alice, 2, day2)
	fatal(t, err)
	read("used", 2, "2026-11-24: 2 of generation 1, Settings")
	expect(t, "reminders in the file", len(must(ledger.Read(here.path)).Due), 1)
	there.add(t, alice, "next-1 next-2")
	read("made anew", 2, "none")
	if file := string(must(os.ReadFile(here.path))); strings.Contains(file, "first") || strings.Contains(file, "next") {
		t.Errorf("the ledger has codes in it: %s", file)
	}
	before := must(os.Stat(here.path))
	if read("again", 2, "none"); !os.SameFile(before, must(os.Stat(here.path))) {
		t.Error("the ledger was written though nothing is new")
	}
}

// Whatever is wrong with codes, reading and using them reports it, and changes nothing.
func TestReadErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(m *machine, old []byte) error
		fails error
		left  int // that the record shows all the same
	}{
		{"away", func(m *machine, _ []byte) error { return m.vault.SetBackupCodes(alice, nil) }, store.ErrAway, 2},
		{"no vault", func(m *machine, _ []byte) error { m.Vault = nil; return nil }, store.ErrAway, 2},
		{"older", func(m *machine, old []byte) error { return m.vault.SetBackupCodes(alice, old) }, store.ErrOlder, 1},
		{"emptied", func(m *machine, _ []byte) error { return m.vault.SetBackupCodes(alice, []byte("policy: any order\n")) }, store.ErrAway, 0},
		{"damaged", func(m *machine, _ []byte) error { return m.vault.SetBackupCodes(alice, []byte("rubbish")) }, backup.ErrDamaged, 0},
		{"locked", func(m *machine, _ []byte) error { m.vault.Lock(); return nil }, oath.ErrLocked, 2},
	} {
		m := newMachine(t)
		m.add(t, alice, "old")
		old := must(m.vault.BackupCodes(alice))
		m.add(t, alice, "aa bb")
		fatal(t, test.spoil(m, old))
		content := func() string {
			v := m.other(t, m.path).vault
			return string(must(os.ReadFile(m.path))) + string(must(v.BackupCodes(alice)))
		}
		before := content()
		record, err := m.Read(alice)
		expectError(t, test.name, err, test.fails)
		expect(t, test.name, record.Left(), test.left)
		code, _, err := m.Use(alice, 0, day2)
		expectError(t, test.name+", used", err, test.fails)
		if code.Text != "" || content() != before {
			t.Errorf("%s: using it returned %q, and changed %t", test.name, code.Text, content() != before)
		}
	}
}

// Without a ledger that can be used there are no reminders; codes are there all the same.
func TestDamagedLedger(t *testing.T) {
	for content, cause := range map[string]error{"{\"format\":1,": backup.ErrDamaged, `{"format":99}`: backup.ErrNewer} {
		m := newMachine(t)
		m.add(t, alice, "aa bb cc")
		fatal(t, os.WriteFile(m.path, []byte(content), 0o600))
		m = m.other(t, m.path)
		expectError(t, content, m.Damaged, store.ErrLedger)
		expectError(t, content, m.Damaged, cause)
		code, record, err := m.Use(alice, 0, day1)
		expect(t, "using one", []any{code.Text, record.Left(), err}, "[aa 2 <nil>]")
		m.add(t, bob, "dd")
		expect(t, "warnings", len(m.warnings), 2)
		expectError(t, "the warning", m.warnings[0], store.ErrLedger)
		_, _, err = m.Add(m.addition(carol, "3 on paper"))
		expectError(t, "on paper", err, store.ErrLedger)
		_, err = m.Find("carol")
		expectError(t, "Find", err, store.ErrLedger)
		_, _, err = m.Use(carol, 0, day1) // whose codes may be in the ledger
		expectError(t, "Use", err, store.ErrLedger)
		expectError(t, "Forget", m.Forget(bob), store.ErrLedger)
		expect(t, "the file", string(must(os.ReadFile(m.path))), content)
	}
}

func TestAdd(t *testing.T) {
	yes, asUsual := true, func(*store.Addition) {}
	appended := func(a *store.Addition) { a.Appends = &yes }
	for _, test := range []struct {
		name, before, texts string // of those before, number 1 is used
		repair              func(*store.Addition)
		want                store.Added
		left                int
		kept                ledger.Keeping
		fails               error
	}{
		{"first", "", "aa bb", asUsual, store.Added{Codes: 2}, 2, ledger.InVault, nil},
		{"superseding", "xx yy zz", "aa bb", asUsual, store.Added{Codes: 2, Before: 2}, 2, ledger.InVault, nil},
		{"beside others", "xx yy", "yy aa", appended, store.Added{Mode: store.Appends, Codes: 1, Before: 1}, 2, ledger.InVault, nil},
		{"instead of one", "xx yy", "aa", func(a *store.Addition) { a.Replaces = 1 },
			store.Added{Mode: store.Replaces, Number: 1, Codes: 1, Before: 1}, 2, ledger.InVault, nil},
		{"known", "xx yy", "XX Y-Y", asUsual, store.Added{}, 1, ledger.InVault, store.ErrNothingNew},
		{"on paper", "", "3 on paper", asUsual, store.Added{Codes: 3}, 3, ledger.OnPaper, nil},
		{"more on paper", "2 on paper", "1 on paper", appended, store.Added{Mode: store.Appends, Codes: 1, Before: 1}, 2, ledger.OnPaper, nil},
		{"from the vault to paper", "xx yy", "2 on paper", asUsual, store.Added{Codes: 2, Before: 1}, 2, ledger.OnPaper, nil},
		{"on paper without a vault", "", "3 on paper", asUsual, store.Added{Codes: 3}, 3, ledger.OnPaper, nil},
		{"without a vault", "", "aa", asUsual, store.Added{}, 0, "", store.ErrNoVault},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			if test.before != "" {
				m.add(t, alice, test.before)
				_, _, err := m.Use(alice, 1, day1)
				fatal(t, err)
			}
			if strings.HasSuffix(test.name, "without a vault") {
				m.Vault = nil
			}
			reminder, a := m.due(alice), m.addition(alice, test.texts)
			test.repair(&a)
			added, _, err := m.Add(a)
			expectError(t, "Add", err, test.fails)
			expect(t, "added", added, test.want)
			e := m.Ledger.Known(alice)
			expect(t, "in the ledger", []any{e.Left(), e.Kept}, []any{test.left, test.kept})
			if err == nil {
				reminder = "none" // new codes settle it
				record := must(m.Read(alice))
				expect(t, "read back", record.Left(), test.left)
			}
			expect(t, "due", m.due(alice), reminder)
			if test.kept == ledger.InVault && test.fails == nil {
				fatal(t, m.Verify(alice, a.Codes))
			}
			if err = m.Verify(alice, []backup.Code{{Text: "lost"}}); m.Vault != nil {
				expectError(t, "verifying others", err, store.ErrLost)
			}
		})
	}
}

// Those that use a code at the same time get different ones.
func TestUseAtOnce(t *testing.T) {
	m := newMachine(t)
	m.add(t, alice, "a b c d e f g h")
	var group sync.WaitGroup
	codes := make([]string, 8)
	for i := range codes {
		one := m.other(t, m.path)
		group.Go(func() {
			code, _, err := one.Use(alice, 0, day2)
			if codes[i] = code.Text; err != nil || len(one.warnings) > 0 {
				t.Error(err, one.warnings)
			}
		})
	}
	group.Wait()
	slices.Sort(codes)
	expect(t, "codes", codes, "[a b c d e f g h]")
	m = m.other(t, m.path)
	expect(t, "the ledger", m.due(alice), "2026-11-24: 0 of generation 1, Settings")
	_, _, err := m.Use(alice, 0, day2)
	expectError(t, "one more", err, backup.ErrNoneLeft)
}

func TestReminders(t *testing.T) {
	for _, test := range []struct {
		id     oath.ID
		codes  string
		policy backup.Policy
		want   string
	}{
		{alice, "aa bb", backup.AnyOrder, "2026-11-24: 1 of generation 1, Settings"},
		{alice, "2 on paper", backup.AnyOrder, "2026-11-24: 1 of generation 1, Settings"},
		{carol, "aa bb cc", backup.InOrder, "2026-11-24: 2 of generation 1, "},
		{"Reuse:alice", "aa", backup.Reusable, "none"},
	} {
		m := newMachine(t)
		a := m.addition(test.id, test.codes)
		a.Policy = &test.policy
		_, _, err := m.Add(a)
		fatal(t, err)
		_, _, err = m.Use(test.id, 1, day2)
		fatal(t, err)
		expect(t, string(test.id), m.due(test.id), test.want)
		expect(t, "kept", []any{must(m.Keep(test.id)), m.due(test.id)}, []any{test.want != "none", "none"})
		if _, _, err = m.Use(test.id, 1, day2); test.policy != backup.Reusable {
			expectError(t, "used twice", err, backup.ErrUsed)
		}
		expect(t, "still kept", m.due(test.id), "none")
	}
}

func TestRestoreAndForget(t *testing.T) {
	m := newMachine(t)
	var paper backup.Record
	fatal(t, paper.Supersede(m.addition(alice, "aa bb cc").Codes, day1))
	m.add(t, alice, "3 on paper")
	_, _, err := m.Use(alice, 2, day1)
	fatal(t, err)
	record := must(m.Restore(alice, ledger.InVault, paper, false))
	expect(t, "restored", []any{record.Left(), record.HasTexts(), m.Ledger.Known(alice).Kept}, "[2 true vault]")
	expect(t, "restored again", must(m.Restore(alice, ledger.InVault, paper, false)), record)

	fatal(t, m.Forget(alice))
	expect(t, "forgotten", []any{must(m.vault.HasBackupCodes(alice)), m.Ledger.Mentions(alice), m.due(alice)}, "[false false none]")
	fatal(t, m.vault.SetBackupCodes(alice, []byte("rubbish"))) // which nothing else gets rid of
	fatal(t, m.Forget(alice))
	fatal(t, m.Forget(alice))

	m.Vault = nil
	m.add(t, alice, "2 on paper")
	_, _, err = m.Use(alice, 1, day1)
	fatal(t, err)
	fatal(t, paper.Supersede(m.addition(alice, "dd ee").Codes, day2)) // made on another machine
	must(m.Restore(alice, ledger.OnPaper, paper, false))
	expect(t, "newer ones on paper", []any{m.Ledger.Known(alice).Left(), m.due(alice)}, "[2 none]")
}

// Codes follow an account that is renamed on every token, and stay if it stays on some.
// Many changes are written at once, see each other, and are lost together if they cannot be
// written.
func TestTogether(t *testing.T) {
	m := newMachine(t)
	m.add(t, carol, "2 on paper")
	before := string(must(os.ReadFile(m.path)))
	change := func() {
		m.add(t, alice, "aa bb")
		m.add(t, bob, "3 on paper")
		_, err := m.Change(bob, ledger.OnPaper, func(r *backup.Record) error {
			expect(t, "codes of bob", len(r.Current().Codes), 3)
			return backup.ErrHides
		})
		expectError(t, "a change that is declined", err, backup.ErrHides)
		expect(t, "the ledger meanwhile", string(must(os.ReadFile(m.path))), before)
	}
	fatal(t, m.Together(change))
	expect(t, "IDs", must(m.IDs()), []oath.ID{alice, bob, carol})
	expect(t, "in the file", len(must(ledger.Read(m.path)).Accounts), 3)

	full := m.other(t, filepath.Join(t.TempDir(), "ledger.json"))
	full.Vault = nil
	failed := full.Together(func() {
		full.add(t, bob, "3 on paper")
		fatal(t, os.Mkdir(full.path, 0o700)) // in the way of the file
	})
	if failed == nil || len(full.Ledger.Accounts) > 0 {
		t.Errorf("got %v, with %d accounts", failed, len(full.Ledger.Accounts))
	}
}

func TestFollower(t *testing.T) {
	for i := range 24 {
		where, whole, all, inVault := [...]string{"none", "vault", "paper"}[i/8], i&1 > 0, i&2 > 0, i&4 > 0
		begin := func() (*machine, *store.Follower) {
			m := newMachine(t)
			if inVault {
				m.put(t, alice)
			}
			if texts := map[string]string{"vault": "aa bb", "paper": "2 on paper"}[where]; texts != "" {
				m.add(t, alice, texts)
			}
			return m, m.Follow(alice, whole)
		}
		// under shows where an account has codes: in the vault, in the ledger.
		under := func(m *machine, id oath.ID) []bool {
			return []bool{must(m.vault.HasBackupCodes(id)), m.Ledger.Mentions(id)}
		}
		had, none := []bool{where == "vault", where != "none"}, []bool{false, false}
		name := fmt.Sprintf("codes %s, whole %t, all %t, account in the vault %t: ", where, whole, all, inVault)

		m, f := begin()
		expect(t, name+"loses, known", []bool{f.Loses(inVault), f.Known().Left() > 0}, []bool{where == "vault" && (whole || inVault), where != "none"})
		if inVault {
			fatal(t, m.vault.Rename(alice, bob))
		}
		now, before := bob, alice
		if !inVault && !(whole && all) {
			now, before = alice, bob
		}
		expect(t, name+"stay", must(f.Renamed(bob, inVault, all)), now == alice && where != "none")
		expect(t, name+"renamed", [][]bool{under(m, now), under(m, before)}, [][]bool{had, none})

		m, f = begin()
		if inVault {
			fatal(t, m.vault.Delete(alice))
		}
		fatal(t, f.Deleted(inVault, all))
		if whole && all || inVault && where == "vault" {
			had = none
		}
		expect(t, name+"deleted", under(m, alice), had)
	}
	m := newMachine(t)
	m.add(t, alice, "aa")
	m.add(t, bob, "bb")
	_, err := m.Follow(alice, true).Renamed(bob, false, true)
	expectError(t, "onto another's codes", err, oath.ErrExists)
	expect(t, "to the same name", must(m.Follow(alice, true).Renamed(alice, false, true)), false)
	expect(t, "left of both", must(m.Read(alice)).Left()+must(m.Read(bob)).Left(), 2)
}

// Who writes to the vault's folder, and cannot read it, gets no code of one account shown
// as another's, and what is refused changes nothing. Nameless codes, which early versions
// stored, are taken for what the ledger knows of the account, and named when written next.
func TestCodesOfAnotherAccount(t *testing.T) {
	m := newMachine(t)
	m.add(t, alice, "aa bb")
	m.add(t, carol, "cc dd")
	codes := func(id oath.ID) string {
		return filepath.Join(m.vault.Dir(), strings.TrimSuffix(vault.Path(id), ".age")+".codes.age")
	}
	swap := func(from, to oath.ID) { fatal(t, os.WriteFile(codes(to), must(os.ReadFile(codes(from))), 0o600)) }
	swap(alice, carol)
	for name, err := range map[string]error{
		"Read":    errorOf(m.Read(carol)),
		"Use":     func() error { code, _, err := m.Use(carol, 0, day2); expect(t, "code", code.Text, ""); return err }(),
		"Add":     func() error { _, _, err := m.Add(m.addition(carol, "ee")); return err }(),
		"Verify":  m.Verify(carol, codesOf("aa")),
		"Restore": errorOf(m.Restore(carol, ledger.InVault, backup.Record{}, false)),
	} {
		if expectError(t, name, err, vault.ErrOtherCodes); !strings.Contains(fmt.Sprint(err), `"Acme:alice"`) || !strings.Contains(fmt.Sprint(err), "carol") {
			t.Errorf("%s: the error does not name both: %v", name, err)
		}
	}
	statuses, err := m.Statuses([]oath.ID{alice, carol}, true)
	expectError(t, "Statuses", err, vault.ErrOtherCodes)
	expect(t, "what is shown", []bool{statuses[0].Record.HasTexts(), statuses[1].Record.HasTexts()}, "[true false]")
	_, err = m.Follow(carol, true).Renamed(bob, false, true)
	expectError(t, "Renamed", err, vault.ErrOtherCodes)
	fatal(t, m.Forget(carol))

	nameless := func(id oath.ID, record backup.Record) {
		var sealed bytes.Buffer
		w := must(age.Encrypt(&sealed, must(age.ParseRecipients(strings.NewReader(m.vault.Known().Recipients)))...))
		must(w.Write(must(record.MarshalText())))
		fatal(t, errors.Join(w.Close(), os.MkdirAll(filepath.Dir(codes(id)), 0o700), os.WriteFile(codes(id), sealed.Bytes(), 0o600)))
	}
	record := must(m.Read(alice))
	nameless(alice, record)
	fatal(t, os.Mkdir(filepath.Dir(codes(carol)), 0o700))
	swap(alice, carol)
	swap(alice, bob)
	for _, id := range []oath.ID{carol, bob} {
		_, err := m.Read(id)
		expectError(t, "nameless", err, vault.ErrNameless)
		_, _, err = m.Use(id, 0, day2)
		expectError(t, "nameless, used", err, vault.ErrNameless)
	}
	expect(t, "nameless, known", must(m.Read(alice)).Left(), 2)
	code, _, err := m.Use(alice, 0, day2)
	expect(t, "nameless, known, used", []any{code.Text, err}, "[aa <nil>]")
	swap(alice, carol)
	expectError(t, "named by that", errorOf(m.Read(carol)), vault.ErrOtherCodes)
}

func errorOf[T any](_ T, err error) error { return err }

func codesOf(texts ...string) (codes []backup.Code) {
	for i, text := range texts {
		codes = append(codes, backup.Code{Number: i + 1, Text: text})
	}
	return codes
}

func TestFindings(t *testing.T) {
	m := newMachine(t)
	m.put(t, "Acme:missing", "Elsewhere:none")
	for id, codes := range map[oath.ID]string{
		"Acme:dry": "aa", "Acme:due": "a b c d e", "Acme:few": "a b c d", "Acme:fresh": "a b", "Acme:gone": "aa", "Acme:paper": "2 on paper", "Acme:printed": "a b",
	} {
		m.add(t, id, codes)
	}
	for _, id := range []oath.ID{"Acme:dry", "Acme:due", "Acme:gone", "Acme:few"} {
		_, _, err := m.Use(id, 0, day2)
		fatal(t, err)
	}
	must(m.Keep("Acme:gone"))
	must(m.Keep("Acme:few"))
	fatal(t, m.Update(func(l *ledger.Ledger) error {
		return l.AddSheet(ledger.Sheet{Number: 1, Items: map[oath.ID]ledger.Item{"Acme:printed": {Generation: 1}}})
	}))
	m.vault.Lock() // the ledger knows all that is needed
	statuses := must(m.Statuses(must(m.IDs()), false))
	names := [...]string{store.Due: "due", store.NoneLeft: "none", store.FewLeft: "few", store.Unprinted: "unprinted", store.Missing: "missing"}
	var found []string
	for _, f := range m.Findings(statuses, must(m.Accounts())) {
		found = append(found, names[f.Need]+" "+strings.TrimPrefix(string(f.ID), "Acme:"))
	}
	expect(t, "findings", found, "[due dry due due none gone few few unprinted due unprinted few unprinted fresh missing missing]")
}

// A locked vault shows whose codes there are, and no more than the ledger knows of them.
func TestStatuses(t *testing.T) {
	m := newMachine(t)
	m.add(t, alice, "aa bb")
	fatal(t, m.vault.SetBackupCodes(bob, []byte("rubbish")))
	m = m.other(t, filepath.Join(t.TempDir(), "ledger.json"))
	for _, test := range []struct {
		locked, read bool
		want         string
		fails        error
	}{
		{true, false, "[Acme:alice 0 vault Acme:bob 0 vault]", nil},
		{true, true, "[]", oath.ErrLocked},
		{false, true, "[Acme:alice 2 vault Acme:bob 0 vault]", backup.ErrDamaged},
		{true, false, "[Acme:alice 2 vault Acme:bob 0 vault]", nil}, // as was learned meanwhile
	} {
		m.vault.Lock()
		if !test.locked {
			fatal(t, m.vault.UnlockWithIdentity(m.identity))
		}
		statuses, err := m.Statuses([]oath.ID{alice, bob}, test.read)
		expectError(t, "Statuses", err, test.fails)
		var list []string
		for _, s := range statuses {
			list = append(list, fmt.Sprint(s.ID, " ", s.Record.Left(), " ", s.Kept))
		}
		expect(t, "Statuses", list, test.want)
	}
}
