package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/ledger"
	"github.com/tokenctl/tokenctl/backup/services"
	"github.com/tokenctl/tokenctl/backup/store"
	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/vault"
)

var (
	_ store.Vault = (*vault.Vault)(nil)

	day1 = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	day2 = day1.AddDate(0, 0, 1)
)

// table is what is known of services in these tests.
const table = "name\tcodes\tpolicy\tadds\twhere\nAcme\tyes\tany order\t\tSettings\nReuse\tyes\treusable\t\t\nAdder\tyes\t\tyes\t\n"

func known() services.Catalog {
	c, err := services.Read(strings.NewReader(table))
	if err != nil {
		panic(err)
	}
	return c
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

// A machine is a computer with a ledger, and a vault that others may have a copy of.
type machine struct {
	*store.Store
	vault    *vault.Vault
	path     string // of the ledger
	warnings []error
}

// newMachine returns a machine with an empty vault.
func newMachine(t *testing.T) *machine {
	t.Helper()
	identity, err := vault.GenerateIdentity()
	fatal(t, err)
	dir := filepath.Join(t.TempDir(), "vault")
	v, err := vault.Create(dir, identity, vault.Ways{}, vault.Options{})
	fatal(t, err)
	defer v.Close()
	return open(t, dir, identity, filepath.Join(t.TempDir(), "ledger.json"))
}

// other returns one with the same vault, and the ledger at a path.
func (m *machine) other(t *testing.T, path string) *machine {
	t.Helper()
	identity, err := m.vault.Identity()
	fatal(t, err)
	return open(t, m.vault.Dir(), identity, path)
}

func open(t *testing.T, dir, identity, path string) *machine {
	t.Helper()
	v, err := vault.Open(dir, vault.Options{})
	fatal(t, err)
	t.Cleanup(func() { v.Close() })
	fatal(t, v.UnlockWithIdentity(identity))
	m := &machine{vault: v, path: path}
	m.Store = store.New(path, known, func(err error) { m.warnings = append(m.warnings, err) })
	m.Vault = v
	return m
}

// add records codes, of the texts that are given, or n on paper for "n on paper".
func (m *machine) add(t *testing.T, id oath.ID, texts string) {
	t.Helper()
	_, _, err := m.Add(m.addition(id, texts))
	fatal(t, err)
}

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

func (m *machine) put(t *testing.T, ids ...oath.ID) {
	t.Helper()
	secret, err := oath.NewSecret([]byte("12345678901234567890"))
	fatal(t, err)
	for _, id := range ids {
		fatal(t, m.vault.Put(id.Account(oath.TOTP).WithDefaults(), secret))
	}
}

// due describes the reminder of an account: how many are left of which generation.
func (m *machine) due(id oath.ID) string {
	d, found := m.Ledger.DueOf(id)
	if !found {
		return "none"
	}
	return fmt.Sprintf("%s: %d of generation %d, %s", d.Since, d.Left, d.Generation, d.Renew)
}

// content is the bytes of the ledger and of an account's codes in the vault.
func (m *machine) content(t *testing.T, id oath.ID) string {
	t.Helper()
	file, err := os.ReadFile(m.path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	codes, err := m.vault.BackupCodes(id)
	fatal(t, err)
	return string(file) + string(codes)
}

func ids(accounts []oath.Account) (list []oath.ID) {
	for _, a := range accounts {
		list = append(list, a.ID())
	}
	return list
}

func TestFind(t *testing.T) {
	m := newMachine(t)
	m.put(t, "Acme:alice", "Plain:pat")
	m.add(t, "Acme:alice", "aa bb")
	m.add(t, "Acme:bob", "cc dd") // who is in no vault
	m.add(t, "Bank:carol", "2 on paper")
	list, err := m.IDs()
	fatal(t, err)
	expect(t, "IDs", list, "[Acme:alice Acme:bob Bank:carol]")
	accounts, err := m.Accounts(oath.ID("Key:kim").Account(oath.TOTP), oath.ID("Acme:bob").Account(oath.TOTP))
	fatal(t, err)
	expect(t, "Accounts", ids(accounts), "[Acme:alice Acme:bob Bank:carol Plain:pat Key:kim]")
	for _, test := range []struct {
		query string
		want  oath.ID
		fails error
	}{
		{"alice", "Acme:alice", nil}, {"Acme:bob", "Acme:bob", nil}, {"carol", "Bank:carol", nil},
		{"acme", "", oath.ErrAmbiguous}, {"pat", "", backup.ErrNoCodes},
	} {
		if id, err := m.Find(test.query); id != test.want || !errors.Is(err, test.fails) {
			t.Errorf("%q: got %q, %v", test.query, id, err)
		}
	}
	fatal(t, os.WriteFile(filepath.Join(m.vault.Dir(), "accounts", "%zz.codes.age"), nil, 0o600))
	if list, err = m.IDs(); len(list) != 3 || err != nil {
		t.Errorf("with a file of a wrong name: %v, %v", list, err)
	}
	expect(t, "warnings", len(m.warnings), 1)
}

// What happened on another machine is in the vault, and the ledger here learns of it.
func TestReadAfterAnotherMachine(t *testing.T) {
	there := newMachine(t)
	const id = "Acme:alice"
	there.add(t, id, "first-1 first-2 first-3")
	here := there.other(t, filepath.Join(t.TempDir(), "ledger.json"))
	read := func(what, left, due string) {
		t.Helper()
		record, err := here.Read(id)
		fatal(t, err)
		e := here.Ledger.Known(id)
		expect(t, what, []any{record.Left(), e.Left(), e.Kept, e.HasTexts()}, left)
		expect(t, what+", due", here.due(id), due)
	}
	read("recorded", "[3 3 vault false]", "none")
	_, _, err := there.Use(id, 2, day2)
	fatal(t, err)
	read("used", "[2 2 vault false]", "2026-11-24: 2 of generation 1, Settings")
	if read, err := ledger.Read(here.path); err != nil || len(read.Due) != 1 {
		t.Errorf("the file: %v, %v", read, err)
	}
	there.add(t, id, "next-1 next-2")
	read("made anew", "[2 2 vault false]", "none")
	file, err := os.ReadFile(here.path)
	if err != nil || strings.Contains(string(file), "first") || strings.Contains(string(file), "next") {
		t.Errorf("the ledger has codes in it: %s, %v", file, err)
	}
	before, _ := os.Stat(here.path)
	read("again", "[2 2 vault false]", "none")
	if after, _ := os.Stat(here.path); !os.SameFile(before, after) {
		t.Error("the ledger was written though nothing is new")
	}
}

// Whatever is wrong with codes, reading and using them reports it, and changes nothing.
func TestReadErrors(t *testing.T) {
	const id = "Acme:alice"
	for _, test := range []struct {
		name  string
		spoil func(m *machine, old []byte) error
		fails error
		left  int // that the record shows all the same
	}{
		{"sound", func(m *machine, _ []byte) error { return nil }, nil, 2},
		{"away", func(m *machine, _ []byte) error { return m.vault.SetBackupCodes(id, nil) }, store.ErrAway, 2},
		{"no vault", func(m *machine, _ []byte) error { m.Vault = nil; return nil }, store.ErrAway, 2},
		{"older", func(m *machine, old []byte) error { return m.vault.SetBackupCodes(id, old) }, store.ErrOlder, 1},
		{"emptied", func(m *machine, _ []byte) error { return m.vault.SetBackupCodes(id, []byte("policy: any order\n")) }, store.ErrAway, 0},
		{"damaged", func(m *machine, _ []byte) error { return m.vault.SetBackupCodes(id, []byte("rubbish")) }, backup.ErrDamaged, 0},
		{"locked", func(m *machine, _ []byte) error { m.vault.Lock(); return nil }, oath.ErrLocked, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			identity, err := m.vault.Identity()
			fatal(t, err)
			m.add(t, id, "old")
			old, err := m.vault.BackupCodes(id)
			fatal(t, err)
			m.add(t, id, "aa bb")
			fatal(t, test.spoil(m, old))
			record, err := m.Read(id)
			if !errors.Is(err, test.fails) || record.Left() != test.left {
				t.Errorf("got %v with %d left, want %v with %d", err, record.Left(), test.fails, test.left)
			}
			if test.fails == nil {
				return
			}
			unlocked := func() string { fatal(t, m.vault.UnlockWithIdentity(identity)); return m.content(t, id) }
			locked := m.vault.Locked()
			before := unlocked()
			if locked {
				m.vault.Lock()
			}
			if code, _, err := m.Use(id, 0, day2); !errors.Is(err, test.fails) || code.Text != "" {
				t.Errorf("using one: %+v, %v", code, err)
			}
			if unlocked() != before {
				t.Error("something changed")
			}
		})
	}
}

func TestDamagedLedger(t *testing.T) {
	for content, cause := range map[string]error{"{\"format\":1,": backup.ErrDamaged, `{"format":99}`: backup.ErrNewer} {
		m := newMachine(t)
		m.add(t, "Acme:alice", "aa bb cc")
		fatal(t, os.WriteFile(m.path, []byte(content), 0o600))
		m = m.other(t, m.path)
		if !errors.Is(m.Damaged, store.ErrLedger) || !errors.Is(m.Damaged, cause) || len(m.Ledger.IDs()) > 0 {
			t.Fatalf("%s: %v, %v", content, m.Damaged, m.Ledger.IDs())
		}
		if code, record, err := m.Use("Acme:alice", 0, day1); err != nil || code.Text != "aa" || record.Left() != 2 {
			t.Errorf("using one that the vault has: %v, %v", code, err)
		}
		m.add(t, "Acme:bob", "dd")
		if n := len(m.warnings); n != 2 || !errors.Is(m.warnings[0], store.ErrLedger) {
			t.Errorf("warned of %v", m.warnings)
		}
		var errs []error
		try := func(err error) { errs = append(errs, err) }
		_, _, err := m.Add(m.addition("Acme:carol", "3 on paper"))
		try(err)
		_, err = m.Find("carol")
		try(err)
		_, err = m.Read("Acme:carol") // whose codes may be in the ledger
		try(err)
		_, _, err = m.Use("Acme:carol", 0, day1)
		try(err)
		try(m.Forget("Acme:bob"))
		for i, err := range errs {
			if !errors.Is(err, store.ErrLedger) {
				t.Errorf("try %d: %v", i, err)
			}
		}
		if now, _ := os.ReadFile(m.path); string(now) != content {
			t.Errorf("the ledger was overwritten: %s", now)
		}
	}
}

func TestAdd(t *testing.T) {
	yes := true
	for _, test := range []struct {
		name   string
		before string // codes, of which number 1 is used
		texts  string
		mend   func(*store.Addition)
		gone   bool // the vault
		want   store.Added
		left   int
		kept   ledger.Keeping
		fails  error
	}{
		{name: "first", texts: "aa bb", want: store.Added{Codes: 2}, left: 2, kept: ledger.InVault},
		{name: "superseding", before: "xx yy zz", texts: "aa bb", want: store.Added{Codes: 2, Before: 2}, left: 2, kept: ledger.InVault},
		{name: "beside others", before: "xx yy", texts: "yy aa", mend: func(a *store.Addition) { a.Appends = &yes },
			want: store.Added{Mode: store.Appends, Codes: 1, Before: 1}, left: 2, kept: ledger.InVault},
		{name: "instead of one", before: "xx yy", texts: "aa", mend: func(a *store.Addition) { a.Replaces = 1 },
			want: store.Added{Mode: store.Replaces, Number: 1, Codes: 1, Before: 1}, left: 2, kept: ledger.InVault},
		{name: "known", before: "xx yy", texts: "XX Y-Y", left: 1, kept: ledger.InVault, fails: store.ErrNothingNew},
		{name: "on paper", texts: "3 on paper", want: store.Added{Codes: 3}, left: 3, kept: ledger.OnPaper},
		{name: "on paper without a vault", texts: "3 on paper", gone: true, want: store.Added{Codes: 3}, left: 3, kept: ledger.OnPaper},
		{name: "more on paper", before: "2 on paper", texts: "1 on paper", mend: func(a *store.Addition) { a.Appends = &yes },
			want: store.Added{Mode: store.Appends, Codes: 1, Before: 1}, left: 2, kept: ledger.OnPaper},
		{name: "from the vault to paper", before: "xx yy", texts: "2 on paper", want: store.Added{Codes: 2, Before: 1}, left: 2, kept: ledger.OnPaper},
		{name: "without a vault", texts: "aa", gone: true, fails: store.ErrNoVault},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			const id = "Acme:alice"
			if test.before != "" {
				m.add(t, id, test.before)
				_, _, err := m.Use(id, 1, day1)
				fatal(t, err)
			}
			if test.gone {
				m.Vault = nil
			}
			reminder, a := m.due(id), m.addition(id, test.texts)
			if test.mend != nil {
				test.mend(&a)
			}
			added, _, err := m.Add(a)
			if !errors.Is(err, test.fails) || added != test.want {
				t.Errorf("got %+v, %v; want %+v, %v", added, err, test.want, test.fails)
			}
			if e := m.Ledger.Known(id); e.Left() != test.left || e.Kept != test.kept {
				t.Errorf("%d left in %q, want %d in %q", e.Left(), e.Kept, test.left, test.kept)
			}
			if err == nil {
				reminder = "none" // new codes settle it
				record, err := m.Read(id)
				if err != nil || record.Left() != test.left {
					t.Errorf("read back: %d left, %v", record.Left(), err)
				}
			}
			expect(t, "due", m.due(id), reminder)
			if test.kept == ledger.InVault && test.fails == nil {
				fatal(t, m.Verify(id, a.Codes))
			}
			if err := m.Verify(id, []backup.Code{{Text: "lost"}}); !errors.Is(err, store.ErrLost) && !errors.Is(err, store.ErrNoVault) {
				t.Errorf("verifying what is not there: %v", err)
			}
		})
	}
}

// Two that use a code at the same time get different ones.
func TestUseAtOnce(t *testing.T) {
	const id, n = "Acme:alice", 8
	m := newMachine(t)
	m.add(t, id, "a b c d e f g h")
	var group sync.WaitGroup
	codes := make([]string, n)
	for i := range n {
		one := m.other(t, m.path)
		group.Go(func() {
			code, _, err := one.Use(id, 0, day2)
			if codes[i] = code.Text; err != nil || len(one.warnings) > 0 {
				t.Error(err, one.warnings)
			}
		})
	}
	group.Wait()
	slices.Sort(codes)
	expect(t, "codes", codes, "[a b c d e f g h]")
	m = m.other(t, m.path)
	expect(t, "the ledger", m.due(id), "2026-11-24: 0 of generation 1, Settings")
	if _, _, err := m.Use(id, 0, day2); !errors.Is(err, backup.ErrNoneLeft) {
		t.Errorf("one more: %v", err)
	}
}

// A ledger that cannot be written costs the reminder, and not the code.
func TestUseWithoutLedger(t *testing.T) {
	m := newMachine(t)
	m.add(t, "Acme:alice", "aa bb")
	fatal(t, os.Remove(m.path))
	fatal(t, os.Mkdir(m.path, 0o700))
	code, _, err := m.Use("Acme:alice", 2, day1)
	if err != nil || code.Text != "bb" || len(m.warnings) != 1 {
		t.Errorf("got %v, %v, warnings %v", code, err, m.warnings)
	}
	if _, _, err := m.Use("Acme:alice", 2, day1); !errors.Is(err, backup.ErrUsed) {
		t.Errorf("once more: %v", err)
	}
}

func TestReminders(t *testing.T) {
	for _, test := range []struct {
		id     oath.ID
		codes  string
		policy backup.Policy
		want   string
	}{
		{"Acme:alice", "aa bb", backup.AnyOrder, "2026-11-24: 1 of generation 1, Settings"},
		{"Acme:alice", "2 on paper", backup.AnyOrder, "2026-11-24: 1 of generation 1, Settings"},
		{"Elsewhere:alice", "aa bb cc", backup.InOrder, "2026-11-24: 2 of generation 1, "},
		{"Reuse:alice", "aa", backup.Reusable, "none"},
	} {
		m := newMachine(t)
		a := m.addition(test.id, test.codes)
		a.Policy = &test.policy
		_, _, err := m.Add(a)
		fatal(t, err)
		_, _, err = m.Use(test.id, 0, day2)
		fatal(t, err)
		expect(t, string(test.id), m.due(test.id), test.want)
		kept, err := m.Keep(test.id)
		if err != nil || kept != (test.want != "none") || m.due(test.id) != "none" {
			t.Errorf("%s is kept: %t, %v, due %s", test.id, kept, err, m.due(test.id))
		}
		if _, _, err = m.Use(test.id, 1, day2); test.policy != backup.Reusable && !errors.Is(err, backup.ErrUsed) {
			t.Errorf("%s, used twice: %v", test.id, err)
		}
		expect(t, string(test.id)+", kept", m.due(test.id), "none")
	}
}

func TestRestoreAndForget(t *testing.T) {
	m := newMachine(t)
	const id = "Acme:alice"
	var paper backup.Record
	fatal(t, paper.Supersede(m.addition(id, "aa bb cc").Codes, day1))
	m.add(t, id, "3 on paper")
	_, _, err := m.Use(id, 2, day1)
	fatal(t, err)
	record, err := m.Restore(id, ledger.InVault, paper)
	fatal(t, err)
	expect(t, "restored", []any{record.Left(), record.HasTexts(), m.Ledger.Known(id).Kept}, "[2 true vault]")
	again, err := m.Restore(id, ledger.InVault, paper)
	fatal(t, err)
	expect(t, "restored again", again, record)

	fatal(t, m.Forget(id))
	if there, _ := m.vault.HasBackupCodes(id); there || m.Ledger.Mentions(id) || m.due(id) != "none" {
		t.Errorf("in the vault: %t, in the ledger: %t", there, m.Ledger.Mentions(id))
	}
	fatal(t, m.vault.SetBackupCodes(id, []byte("rubbish"))) // which nothing else gets rid of
	fatal(t, m.Forget(id))
	fatal(t, m.Forget(id))
}

// Codes follow an account that is renamed on every token, and stay if it stays on some.
func TestFollower(t *testing.T) {
	const from, to = oath.ID("Acme:alice"), oath.ID("Acme:bob")
	for _, where := range []string{"none", "vault", "paper"} {
		for i := range 8 {
			whole, all, inVault := i&1 > 0, i&2 > 0, i&4 > 0
			name := fmt.Sprintf("%s, whole %t, all %t, in the vault %t", where, whole, all, inVault)
			begin := func(t *testing.T) (*machine, *store.Follower) {
				m := newMachine(t)
				if inVault {
					m.put(t, from)
				}
				switch where {
				case "vault":
					m.add(t, from, "aa bb")
				case "paper":
					m.add(t, from, "2 on paper")
				}
				f := m.Follow(from, whole)
				expect(t, "Loses", f.Loses(inVault), where == "vault" && (whole || inVault))
				expect(t, "Known", f.Known().Left() > 0, where != "none")
				return m, f
			}
			// under describes where the codes are: in the vault, in the ledger.
			under := func(m *machine, id oath.ID) string {
				there, err := m.vault.HasBackupCodes(id)
				fatal(t, err)
				return fmt.Sprint(there, m.Ledger.Mentions(id))
			}
			had := fmt.Sprint(where == "vault", where != "none")
			t.Run("rename, "+name, func(t *testing.T) {
				m, f := begin(t)
				if inVault {
					fatal(t, m.vault.Rename(from, to))
				}
				stay, err := f.Renamed(to, inVault, all)
				fatal(t, err)
				follows := inVault || whole && all
				expect(t, "stay", stay, !follows && where != "none")
				now, before := to, from
				if !follows {
					now, before = from, to
				}
				expect(t, "now", under(m, now), had)
				expect(t, "before", under(m, before), "false false")
			})
			t.Run("delete, "+name, func(t *testing.T) {
				m, f := begin(t)
				if inVault {
					fatal(t, m.vault.Delete(from))
				}
				fatal(t, f.Deleted(inVault, all))
				if whole && all || inVault && where == "vault" {
					had = "false false"
				}
				expect(t, "then", under(m, from), had)
			})
		}
	}
}

func TestFollowerKeepsWhatIsInTheWay(t *testing.T) {
	m := newMachine(t)
	m.add(t, "Acme:alice", "aa")
	m.add(t, "Acme:bob", "bb")
	if _, err := m.Follow("Acme:alice", true).Renamed("Acme:bob", false, true); !errors.Is(err, oath.ErrExists) {
		t.Errorf("onto another's codes: %v", err)
	}
	if stay, err := m.Follow("Acme:alice", true).Renamed("Acme:alice", false, true); stay || err != nil {
		t.Errorf("to the same name: %t, %v", stay, err)
	}
	for _, id := range []oath.ID{"Acme:alice", "Acme:bob"} {
		if r, err := m.Read(id); err != nil || r.Left() != 1 {
			t.Errorf("%s: %d left, %v", id, r.Left(), err)
		}
	}
}

func TestFindings(t *testing.T) {
	m := newMachine(t)
	m.put(t, "Acme:missing", "Elsewhere:none")
	m.add(t, "Acme:due", "a b c d e")
	m.add(t, "Acme:gone", "aa")
	m.add(t, "Acme:few", "a b c d")
	m.add(t, "Acme:fresh", "a b")
	m.add(t, "Acme:paper", "2 on paper")
	m.add(t, "Acme:printed", "a b")
	for _, id := range []oath.ID{"Acme:due", "Acme:gone", "Acme:few"} {
		_, _, err := m.Use(id, 0, day2)
		fatal(t, err)
		if id != "Acme:due" {
			_, err = m.Keep(id)
			fatal(t, err)
		}
	}
	fatal(t, m.Update(func(l *ledger.Ledger) error {
		return l.AddSheet(ledger.Sheet{Number: 1, Items: map[oath.ID]ledger.Item{"Acme:printed": {Generation: 1}}})
	}))
	list, err := m.IDs()
	fatal(t, err)
	m.vault.Lock()
	statuses, err := m.Statuses(list, false) // the ledger knows all that a locked vault has
	fatal(t, err)
	accounts, err := m.Accounts()
	fatal(t, err)
	names := [...]string{store.Due: "due", store.NoneLeft: "none", store.FewLeft: "few", store.Unprinted: "unprinted", store.Missing: "missing"}
	var found []string
	for _, f := range m.Findings(statuses, accounts) {
		found = append(found, names[f.Need]+" "+strings.TrimPrefix(string(f.ID), "Acme:"))
	}
	expect(t, "findings", found, "[due due none gone few few unprinted due unprinted few unprinted fresh missing missing]")
	expect(t, "the sheet", statuses[slices.Index(list, "Acme:printed")].Sheet, 1)
}

// A locked vault shows whose codes there are; of what the ledger lacks, no more.
func TestStatuses(t *testing.T) {
	m := newMachine(t)
	m.add(t, "Acme:alice", "aa bb")
	m.add(t, "Acme:bob", "cc")
	fatal(t, m.vault.SetBackupCodes("Acme:bad", []byte("rubbish")))
	identity, err := m.vault.Identity()
	fatal(t, err)
	here := m.other(t, filepath.Join(t.TempDir(), "ledger.json"))
	here.vault.Lock()
	list := []oath.ID{"Acme:alice", "Acme:bad", "Acme:bob"}
	describe := func(statuses []store.Status) (text []string) {
		for _, s := range statuses {
			text = append(text, fmt.Sprint(s.ID, " ", s.Record.Left(), " ", s.Kept))
		}
		return text
	}
	statuses, err := here.Statuses(list, false)
	fatal(t, err)
	expect(t, "locked", describe(statuses), "[Acme:alice 0 vault Acme:bad 0 vault Acme:bob 0 vault]")
	if statuses, err = here.Statuses(list, true); !errors.Is(err, oath.ErrLocked) || statuses != nil {
		t.Errorf("read while locked: %v, %v", statuses, err)
	}
	fatal(t, here.vault.UnlockWithIdentity(identity))
	if statuses, err = here.Statuses(list, true); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("with damaged codes: %v", err)
	}
	expect(t, "read", describe(statuses), "[Acme:alice 2 vault Acme:bad 0 vault Acme:bob 1 vault]")
	here.vault.Lock()
	statuses, err = here.Statuses(list, false)
	fatal(t, err)
	expect(t, "locked again", describe(statuses), "[Acme:alice 2 vault Acme:bad 0 vault Acme:bob 1 vault]")
}
