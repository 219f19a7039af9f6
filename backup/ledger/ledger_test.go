package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

func TestRemind(t *testing.T) {
	l := new(Ledger)
	l.Remind(Due{ID: "a", Since: date("2026-11-24"), Left: 2})
	l.Remind(Due{ID: "b", Since: date("2026-11-25"), Left: 5})
	l.Remind(Due{ID: "a", Since: date("2026-12-01"), Left: 1})
	want := []Due{{ID: "a", Since: date("2026-11-24"), Left: 1}, {ID: "b", Since: date("2026-11-25"), Left: 5}}
	if !reflect.DeepEqual(l.Due, want) {
		t.Errorf("got %+v", l.Due)
	}
	l.Settle("a")
	l.Settle("c")
	if !reflect.DeepEqual(l.Due, want[1:]) {
		t.Errorf("settled: %+v", l.Due)
	}
}

func TestRenamed(t *testing.T) {
	const from, to = oath.ID("Bank:\xff\xfe"), oath.ID("GitHub:alice")
	l, before := exampleLedger(), exampleLedger()
	l.Renamed(from, to)
	if len(l.Due) != 1 || l.Due[0].ID != to || l.Due[0].Left != 0 {
		t.Errorf("due: %+v", l.Due)
	}
	if l.Accounts[from] != nil || !reflect.DeepEqual(l.Accounts[to], before.Accounts[from]) {
		t.Errorf("accounts: %+v", l.Accounts)
	}
	if items := l.Sheets[1].Items; len(items) != 2 || items[to] != before.Sheets[1].Items[from] {
		t.Errorf("items: %+v", items)
	}
	l.Renamed(to, to)
	if l.Accounts[to] == nil || len(l.Due) != 1 {
		t.Error("a name that stays made it forget")
	}
}

func TestDeletedAndForgotten(t *testing.T) {
	const id = oath.ID("GitHub:alice")
	l := exampleLedger()
	l.Forgotten(id)
	if l.Accounts[id] != nil || len(l.Due) != 1 || l.Sheets[1].Items[id].Generation != 0 || l.Sheets[1].Items[id].Fingerprint == "" {
		t.Errorf("forgotten: %+v", l)
	}
	l = exampleLedger()
	l.Deleted(id)
	if _, there := l.Sheets[1].Items[id]; l.Accounts[id] != nil || len(l.Due) != 1 || there {
		t.Errorf("deleted: %+v", l)
	}
}

func TestReconcile(t *testing.T) {
	const id = oath.ID("GitHub:alice")
	vault := recorded(t, backup.AnyOrder, "aaa", "bbb", "ccc")
	l := new(Ledger)
	if merged, changed := l.Reconcile(id, vault); changed || !reflect.DeepEqual(merged, vault) {
		t.Errorf("at first: %v, %+v", changed, merged)
	}
	if e := l.Accounts[id]; e == nil || e.Kept != InVault || e.HasTexts() || e.Left() != 3 {
		t.Errorf("the ledger has %+v", e)
	}
	useOn(t, &l.Entry(id).Record, 1, "2026-11-24") // while the vault was locked
	useOn(t, &vault, 2, "2026-11-25")              // on another machine
	l.Remind(Due{ID: id, Left: 1, Generation: 1})
	merged, changed := l.Reconcile(id, vault)
	if !changed || merged.Left() != 1 || !merged.HasTexts() || l.Accounts[id].Left() != 1 || len(l.Due) != 1 {
		t.Errorf("both used one: %v, %+v, ledger %+v", changed, merged, l)
	}
	if err := merged.Supersede(codes("ddd"), day("2026-11-26")); err != nil {
		t.Fatal(err)
	}
	if _, changed := l.Reconcile(id, merged); changed || len(l.Due) != 0 || l.Accounts[id].Generation() != 2 {
		t.Errorf("new codes: %v, ledger %+v", changed, l)
	}
	if _, changed := l.Reconcile("other", backup.Record{}); changed || l.Accounts["other"] != nil {
		t.Error("a vault without codes made an entry")
	}
}

func TestSheets(t *testing.T) {
	l := new(Ledger)
	lacks := func(when string, id oath.ID, fingerprint string, generation int, want bool) {
		t.Helper()
		if got := l.Lacks(id, fingerprint, generation); got != want {
			t.Errorf("%s: Lacks(%s, %q, %d) = %v", when, id, fingerprint, generation, got)
		}
	}
	add := func(s Sheet) {
		t.Helper()
		if err := l.AddSheet(s); err != nil {
			t.Fatal(err)
		}
	}
	lacks("before any", "a", "f1", 1, true)
	if l.NextSheet() != 1 || l.LastSheet() != nil || l.LastFullSheet() != nil {
		t.Error("there is a sheet already")
	}
	add(Sheet{Number: 1, ID: "ONE", Partial: true, Items: map[oath.ID]Item{"z": {"fz", 1}}})
	lacks("without a full one", "z", "fz", 1, false)
	add(Sheet{Number: 2, ID: "TWO", Items: map[oath.ID]Item{"a": {"f1", 1}, "b": {"f2", 0}}})
	lacks("full", "z", "fz", 1, true)
	lacks("full", "a", "f1", 1, false)
	lacks("full", "a", "f1", 2, true)
	lacks("full", "a", "f9", 1, true)
	lacks("full", "b", "f2", 0, false)
	lacks("full", "b", "f2", 1, true)
	lacks("full", "b", "", 1, true)
	lacks("full", "a", "", 1, false)
	add(Sheet{Number: 3, ID: "THREE", Partial: true, Items: map[oath.ID]Item{"a": {"", 2}, "b": {"f2", 1}}})
	lacks("secret and codes on two sheets", "a", "f1", 2, false)
	lacks("only new", "b", "f2", 1, false)
	if l.NextSheet() != 4 || l.LastSheet().ID != "THREE" || l.LastFullSheet().ID != "TWO" {
		t.Errorf("next %d, last %+v, full %+v", l.NextSheet(), l.LastSheet(), l.LastFullSheet())
	}
	if err := l.AddSheet(Sheet{Number: 3}); err == nil {
		t.Error("the same number again")
	}
	add(Sheet{Number: 4, ID: "FOUR", Items: map[oath.ID]Item{"a": {"f1", 2}}})
	lacks("full again", "b", "f2", 1, true)
	if l.Sheets[1].Items == nil {
		t.Error("forgotten before the one after it was read back")
	}
	if l.Verify("FIVE", day("2026-11-24")) || !l.Verify("FOUR", day("2026-11-24")) {
		t.Error("the wrong sheet was verified")
	}
	if items := l.Sheets[1].Items; len(items) != 1 || items["b"].Fingerprint != "f2" {
		t.Errorf("a secret that is on no later sheet must be remembered, and no other: %+v", items)
	}
	if len(l.Sheets[0].Items) != 1 || l.Sheets[3].Items == nil || l.Sheets[3].Verified != date("2026-11-24") {
		t.Errorf("after verifying: %+v", l.Sheets)
	}
}

// What is asked of sheets before the next one is printed, or a code is ticked off.
func TestQuestionsAboutSheets(t *testing.T) {
	part := Sheet{Number: 1, Partial: true, Items: map[oath.ID]Item{"a": {"f1", 1}}}
	full := Sheet{Number: 2, Items: map[oath.ID]Item{"a": {"f1", 1}, "b": {"f2", 1}}}
	more := Sheet{Number: 4, Partial: true, Items: map[oath.ID]Item{"a": {"", 2}, "c": {"", 1}}}
	next := Sheet{Items: map[oath.ID]Item{"a": {"f1", 2}, "b": {"f2", 1}, "c": {}}}
	lacking := Sheet{Items: map[oath.ID]Item{"a": {"f1", 2}, "b": {"", 1}}}
	lackingPart := lacking
	lackingPart.Partial = true
	tests := []struct {
		name    string
		sheets  []Sheet
		since   int // the first number SinceFull, 0 if there is none
		secret  int // the number of LastWithSecret of a
		with1   int // SheetWith generation 1 of a
		with2   int
		next    int // SupersededBy each of the three
		lacking int
		partial int
	}{
		{name: "none"},
		{name: "a part", sheets: []Sheet{part}, since: 1, secret: 1, with1: 1},
		{name: "a full one", sheets: []Sheet{part, full}, since: 2, secret: 2, with1: 2, next: 2, partial: 2},
		{name: "a full one and a part", sheets: []Sheet{part, full, more}, since: 2, secret: 2, with1: 2, with2: 4, next: 2, partial: 2},
		{name: "superseded", sheets: []Sheet{part, full, more, {Number: 5}}, since: 5, secret: 2, next: 5, partial: 5},
	}
	for _, test := range tests {
		l := &Ledger{Sheets: test.sheets}
		since, secret := 0, 0
		if s := l.SinceFull(); len(s) > 0 {
			since = s[0].Number
		}
		if s := l.LastWithSecret("a"); s != nil {
			secret = s.Number
		}
		got := []int{since, secret, l.SheetWith("a", 1, true), l.SheetWith("a", 2, true), l.SupersededBy(next), l.SupersededBy(lacking), l.SupersededBy(lackingPart)}
		want := []int{test.since, test.secret, test.with1, test.with2, test.next, test.lacking, test.partial}
		if !slices.Equal(got, want) || l.SheetWith("z", 0, true) != 0 || l.LastWithSecret("z") != nil {
			t.Errorf("%s: got %v, want %v", test.name, got, want)
		}
	}
}

func TestKnownChangesNothing(t *testing.T) {
	l := exampleLedger()
	if e := l.Known("GitHub:alice"); e.Kept != InVault || e.Generation() != 3 {
		t.Errorf("got %+v", e)
	}
	if e := l.Known("nobody"); !reflect.DeepEqual(e, Entry{}) || len(l.IDs()) != 3 {
		t.Errorf("got %+v of %v", e, l.IDs())
	}
	if d, found := l.DueOf("GitHub:alice"); !found || d.Left != 9 {
		t.Errorf("due: %+v, %v", d, found)
	}
	if d, found := l.DueOf("nobody"); found {
		t.Errorf("due: %+v", d)
	}
	delete(l.Accounts, "GitHub:alice") // it stands on a sheet, still
	if !l.Mentions("GitHub:alice") || !l.Mentions("Bank:\xff\xfd") || l.Mentions("nobody") {
		t.Error("what is mentioned is not known")
	}
}

func TestFingerprint(t *testing.T) {
	// printf abc | sha256sum
	if got := Fingerprint("abc"); got != "ba7816bf" {
		t.Errorf("got %s", got)
	}
}

// manyAccounts writes a ledger as it is after years.
func manyAccounts(b *testing.B, n int) string {
	path := filepath.Join(b.TempDir(), "ledger.json")
	err := Update(path, func(l *Ledger) error {
		items := make(map[oath.ID]Item)
		for i := range n {
			id := oath.ID(fmt.Sprintf("Service %d:alice@example.com", i))
			if err := l.Entry(id).Supersede(make([]backup.Code, 10), day("2026-11-23")); err != nil {
				return err
			}
			items[id] = Item{Fingerprint(string(id)), 1}
		}
		l.Remind(Due{ID: "Service 0:alice@example.com", Service: "Service", Renew: "Settings > Security > Backup codes"})
		return l.AddSheet(Sheet{Number: 1, Items: items})
	})
	if err != nil {
		b.Fatal(err)
	}
	return path
}

func BenchmarkReadHead(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		path := manyAccounts(b, n)
		info, _ := os.Stat(path)
		b.Run(fmt.Sprintf("accounts=%d", n), func(b *testing.B) {
			b.ReportMetric(float64(info.Size())/1000, "file-kB")
			for b.Loop() {
				if head, err := ReadHead(path, false); err != nil || len(head.Due) != 1 {
					b.Fatal(head, err)
				}
			}
		})
	}
}

func BenchmarkReadHeadOfKeys(b *testing.B) {
	path := manyAccounts(b, 10_000)
	err := Update(path, func(l *Ledger) error {
		for serial := range uint32(3) {
			k := l.See(serial+1, "IMFGqNHUWf7/o8Hnao4iQA", day("2026-11-23"))
			for i := range 64 {
				k.Takes(oath.ID(fmt.Sprintf("Service %d:alice@example.com", i)).Account(oath.TOTP))
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for name, withAccounts := range map[string]bool{"numbers": false, "accounts": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if head, err := ReadHead(path, withAccounts); err != nil || len(head.Keys) != 3 {
					b.Fatal(head, err)
				}
			}
		})
	}
}

func BenchmarkReadLedger(b *testing.B) {
	path := manyAccounts(b, 10_000)
	for b.Loop() {
		if _, err := Read(path); err != nil {
			b.Fatal(err)
		}
	}
}

// A sheet in a file is not on paper until it was read back from there; its very file
// is known.
func TestFilesAreNotPaper(t *testing.T) {
	file := strings.Repeat("a", 64)
	l := &Ledger{Sheets: []Sheet{
		{Number: 1, ID: "ONE", Items: map[oath.ID]Item{"a": {Generation: 1}}},
		{Number: 2, ID: "TWO", Items: map[oath.ID]Item{"a": {Generation: 2}}, Files: []string{file}},
		{Number: 3, ID: "THREE", Partial: true, Items: map[oath.ID]Item{"b": {Generation: 1}}, Files: []string{strings.Repeat("d", 64)}},
	}}
	got := []int{l.SheetWith("a", 1, true), l.SheetWith("a", 1, false), l.SheetWith("a", 2, true), l.SheetWith("a", 2, false), l.SheetWith("b", 1, true), l.Unprinted().Number}
	if want := []int{1, 0, 0, 2, 0, 3}; !slices.Equal(got, want) {
		t.Errorf("before: %d, want %d", got, want)
	}
	if got := l.SheetsOf([]string{file, strings.Repeat("b", 64)}); !slices.Equal(got, []int{2}) {
		t.Errorf("the file is that of %d", got)
	}
	l.Rewritten("THREE", []string{strings.Repeat("c", 64)})
	if got := l.SheetsOf([]string{strings.Repeat("d", 64)}); len(got) > 0 {
		t.Errorf("a file that was replaced is that of %d", got)
	}
	path := filepath.Join(t.TempDir(), "ledger")
	if err := Update(path, func(kept *Ledger) error { *kept = *l; return nil }); err != nil {
		t.Fatal(err)
	}
	read, err := Read(path)
	if err != nil || read.Sheets[1].OnPaper() || !read.Sheets[0].OnPaper() {
		t.Errorf("read %+v, %v", read, err)
	}
	for _, id := range []string{"TWO", "THREE"} {
		l.Verify(id, time.Now())
	}
	got = []int{l.SheetWith("a", 1, true), l.SheetWith("a", 2, true), l.SheetWith("b", 1, true)}
	if want := []int{0, 2, 3}; !slices.Equal(got, want) || l.Unprinted() != nil {
		t.Errorf("after: %d, want %d", got, want)
	}
	l.Sheets[0].Files = make([]string, maxFiles+1)
	if err := Update(path, func(kept *Ledger) error { *kept = *l; return nil }); err == nil {
		t.Error("any number of files is kept")
	}
}
