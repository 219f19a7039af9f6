package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/oath"
)

func ledgerFile(t *testing.T) string { return filepath.Join(t.TempDir(), "tokenctl", "ledger.json") }

// exampleLedger has all that a ledger can have, and IDs that are not UTF-8.
func exampleLedger() *Ledger {
	return &Ledger{
		Notice: Notice{Risks: 3, Found: date("2026-11-24"), Reminded: date("2026-11-25")},
		Due: []Due{
			{ID: "GitHub:alice", Service: "GitHub", Since: date("2026-11-24"), Renew: "Settings > \"Codes\" & more", Left: 9, Generation: 3},
			{ID: "Bank:\xff\xfe", Left: 0},
		},
		Keys: []Key{
			{Serial: 7, ID: "ab12", Seen: date("2026-11-24"), Listed: date("2026-11-23"), Accounts: map[oath.ID]Held{
				"GitHub:alice": {Touch: true, Renamed: "Bank:\xff\xfe"}, "Bank:\xff\xfd": {HOTP: true, Replaced: true}, "Old:\xff": {Deleted: true},
			}},
			{Serial: 9, Seen: date("2026-11-01"), Lost: date("2026-11-02"), Accounts: map[oath.ID]Held{"a": {}}},
			{Serial: 4294967295, Seen: date("2026-11-01")},
		},
		OldInVault: map[oath.ID]backup.Date{"Bank:\xff\xfe": date("2026-11-22")},
		Ignored:    map[oath.ID]backup.Date{"Shop:carol": date("2026-11-21")},
		Accepted:   map[string]backup.Date{"one-key": date("2026-11-24"), "no-copy": date("2026-11-23")},
		Accounts: map[oath.ID]*Entry{
			"GitHub:alice":  {exampleRecord().WithoutTexts(), InVault},
			"Bank:\xff\xfe": {backup.Record{Policy: backup.InOrder, Sets: []backup.Set{{Generation: 1, Codes: []backup.Code{{Number: 3}}}}}, OnPaper},
			"Bank:\xff\xfd": {backup.Record{Policy: backup.DisablesTwoFactor}, ""},
		},
		Sheets: []Sheet{
			{Number: 6, ID: "ABCDEFGH", Date: date("2026-11-01"), Verified: date("2026-11-02")},
			{Number: 7, ID: "BCDEFGHI", Date: date("2026-11-23"), Items: map[oath.ID]Item{
				"GitHub:alice": {Fingerprint("otpauth://totp/GitHub:alice?secret=AAAA"), 3}, "Bank:\xff\xfe": {"", 1}, "Bank:\xff\xfd": {"01234567", 0},
			}},
			{Number: 9, ID: "CDEFGHIJ", Partial: true},
		},
	}
}

func writeExample(t *testing.T, path string) {
	t.Helper()
	if err := Update(path, func(l *Ledger) error { *l = *exampleLedger(); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestLedgerRoundTrips(t *testing.T) {
	path := ledgerFile(t)
	writeExample(t, path)
	got, err := Read(path)
	if err != nil || !reflect.DeepEqual(got, exampleLedger()) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, exampleLedger())
	}
	l := exampleLedger()
	head, err := ReadHead(path, true)
	if want := (Head{l.Newest(), l.Notice, l.Due, l.Keys}); err != nil || !reflect.DeepEqual(head, want) {
		t.Errorf("%v\nhead %+v\nwant %+v", err, head, want)
	}
	if head, err = ReadHead(path, false); err != nil || len(head.Keys) != len(l.Keys) || head.Keys[0].Accounts != nil {
		t.Errorf("without accounts: %+v, %v", head, err)
	}
	first, _ := os.ReadFile(path)
	if err := Update(path, func(*Ledger) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(path); !bytes.Equal(first, second) {
		t.Errorf("written differently the second time:\n%s\n%s", first, second)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("others may read it: %v, %v", info, err)
	}
}

// The file of format 4, which every later tokenctl must read, and write alike. Format 1
// had no newest day, 2 no keys and no accepted risks, 3 none that is ignored; all must be read.
const exampleFile = `{"format":4,"newest":"2026-11-24","notice":{"risks":3,"found":"2026-11-24","reminded":"2026-11-25"},
"due":[
{"id":"GitHub:alice","service":"GitHub","since":"2026-11-24","renew":"Settings > \"Codes\" & more","left":9,"generation":3},
{"id":"Bank:\ufffd\ufffd","id_bytes":"QmFuazr//g==","left":0}],
"keys":[
{"serial":7,"id":"ab12","seen":"2026-11-24","listed":"2026-11-23"},
{"serial":9,"seen":"2026-11-01","lost":"2026-11-02"},
{"serial":4294967295,"seen":"2026-11-01"}],
"held":[
{"serial":7,"accounts":[` +
	`{"id":"Bank:\ufffd\ufffd","id_bytes":"QmFuazr//Q==","hotp":true,"replaced":true},` +
	`{"id":"GitHub:alice","touch":true,"renamed":{"id":"Bank:\ufffd\ufffd","id_bytes":"QmFuazr//g=="}},` +
	`{"id":"Old:\ufffd","id_bytes":"T2xkOv8=","deleted":true}]},
{"serial":9,"accounts":[{"id":"a"}]}],
"accounts":[
{"id":"Bank:\ufffd\ufffd","id_bytes":"QmFuazr//Q==","policy":"disables two-factor","sets":null},
{"id":"Bank:\ufffd\ufffd","id_bytes":"QmFuazr//g==","policy":"in order","kept":"paper","sets":[{"generation":1,"codes":[3]}]},
{"id":"GitHub:alice","service":"GitHub","policy":"any order","kept":"vault","sets":[` +
	`{"generation":1,"recorded":"2025-01-02","codes":[1,7],"used":{"7":"2025-02-03"}},` +
	`{"generation":3,"recorded":"2026-11-23","codes":[1,2,4],"used":{"2":"2026-11-24"},"since":{"1":2,"2":2}}]}],
"sheets":[
{"number":6,"id":"ABCDEFGH","date":"2026-11-01","verified":"2026-11-02","items":null},
{"number":7,"id":"BCDEFGHI","date":"2026-11-23","items":[` +
	`{"id":"Bank:\ufffd\ufffd","id_bytes":"QmFuazr//Q==","fingerprint":"01234567"},` +
	`{"id":"Bank:\ufffd\ufffd","id_bytes":"QmFuazr//g==","generation":1},{"id":"GitHub:alice","fingerprint":"6232153a","generation":3}]},
{"number":9,"id":"CDEFGHIJ","only_new":true,"items":null}],
"old_in_vault":[
{"id":"Bank:\ufffd\ufffd","id_bytes":"QmFuazr//g==","since":"2026-11-22"}],
"ignored":[
{"id":"Shop:carol","since":"2026-11-21"}],
"accepted":[
{"risk":"no-copy","since":"2026-11-23"},
{"risk":"one-key","since":"2026-11-24"}]}
`

func TestFormats(t *testing.T) {
	for content, l := range map[string]*Ledger{
		exampleFile: exampleLedger(),
		"{\"format\":4,\"newest\":\"\",\"notice\":{},\n\"due\":[],\n\"keys\":[],\n\"held\":[],\n\"accounts\":[],\n\"sheets\":[],\n\"old_in_vault\":[],\n\"ignored\":[],\n\"accepted\":[]}\n": new(Ledger),
	} {
		if written, err := l.write(); err != nil || string(written) != content {
			t.Errorf("%v: written as\n%s\nnot\n%s", err, written, content)
		}
		_, lines, _ := strings.Cut(content, "\n")
		for _, content := range []string{content, "{\"format\":1,\n" + lines, "{\"format\":2,\"newest\":\"\",\n" + lines} {
			want := *l
			if !strings.Contains(content, "notice") {
				want.Notice = Notice{}
			}
			if read, err := parse("", []byte(content)); err != nil || !reflect.DeepEqual(read, &want) {
				t.Errorf("%v: read as %+v, not %+v", err, read, l)
			}
			path := ledgerFile(t)
			os.MkdirAll(filepath.Dir(path), 0o700)
			os.WriteFile(path, []byte(content), 0o600)
			if head, err := ReadHead(path, false); err != nil || !head.Newest.Equal(l.Newest()) {
				t.Errorf("the newest day is %v, %v", head.Newest, err)
			}
		}
	}
}

func TestNoLedgerIsEmpty(t *testing.T) {
	path := ledgerFile(t)
	if l, err := Read(path); err != nil || !reflect.DeepEqual(l, new(Ledger)) {
		t.Errorf("got %+v, %v", l, err)
	}
	if head, err := ReadHead(path, false); err != nil || !reflect.DeepEqual(head, Head{}) {
		t.Errorf("head: %+v, %v", head, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading made a folder: %v", err)
	}
}

// Whoever finds the ledger learns no code by it.
func TestLedgerHasNoSecret(t *testing.T) {
	path := ledgerFile(t)
	secrets := []string{"4f3c2-9a1be", "8d2e1-00c4f", "NOTE-OF-MINE", "AAAA"}
	r := recorded(t, backup.AnyOrder, secrets[:2]...)
	r.Other = []string{"note: " + secrets[2]}
	err := Update(path, func(l *Ledger) error {
		*l.Entry("GitHub:alice") = Entry{r, InVault} // a mistake: with its texts
		l.Reconcile("GitHub:bob", r)
		l.Remind(Due{ID: "GitHub:bob", Left: 1})
		return l.AddSheet(Sheet{Number: 1, Items: map[oath.ID]Item{"GitHub:bob": {Fingerprint("otpauth://totp/a?secret=AAAA"), 1}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(content, []byte("GitHub:bob")) {
		t.Fatalf("%v: %s", err, content)
	}
	for _, secret := range secrets {
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("the ledger has %q in it:\n%s", secret, content)
		}
	}
}

// A ledger that cannot be read is named and left alone.
func TestDamagedLedger(t *testing.T) {
	whole := ledgerFile(t)
	writeExample(t, whole)
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		content string
		want    error
	}{
		"empty":              {"", backup.ErrDamaged},
		"cut off":            {string(good[:len(good)/2]), backup.ErrDamaged},
		"two":                {string(good) + string(good), backup.ErrDamaged},
		"no format":          {"{}", backup.ErrDamaged},
		"not an object":      {"[]", backup.ErrDamaged},
		"newer":              {`{"format":5,"due":{"new":"form"},"more":1}`, backup.ErrNewer},
		"newer, at the end":  {`{"due":[],"accounts":[],"sheets":[],"format":5}`, backup.ErrNewer},
		"unknown field":      {`{"format":1,"due":[],"accounts":[],"sheets":[],"more":1}`, backup.ErrDamaged},
		"account twice":      {`{"format":1,"accounts":[{"id":"a","policy":"any order"},{"id":"a","policy":"any order"}]}`, backup.ErrDamaged},
		"item twice":         {`{"format":1,"sheets":[{"number":1,"items":[{"id":"a"},{"id":"a"}]}]}`, backup.ErrDamaged},
		"unknown policy":     {`{"format":1,"accounts":[{"id":"a","policy":"whatever"}]}`, backup.ErrDamaged},
		"unknown keeping":    {`{"format":1,"accounts":[{"id":"a","policy":"any order","kept":"pocket"}]}`, backup.ErrDamaged},
		"numbers fall":       {`{"format":1,"accounts":[{"id":"a","policy":"any order","sets":[{"generation":1,"codes":[2,1]}]}]}`, backup.ErrDamaged},
		"no date":            {`{"format":1,"accounts":[{"id":"a","policy":"any order","sets":[{"generation":1,"codes":[1],"used":{"1":"soon"}}]}]}`, backup.ErrDamaged},
		"key without serial": {`{"format":3,"keys":[{"seen":"2026-11-23"}]}`, backup.ErrDamaged},
		"key twice":          {`{"format":3,"keys":[{"serial":7,"seen":"2026-11-23"},{"serial":7,"seen":"2026-11-23"}]}`, backup.ErrDamaged},
		"accounts of no key": {`{"format":3,"keys":[{"serial":7,"seen":"2026-11-23"}],"held":[{"serial":8,"accounts":[]}]}`, backup.ErrDamaged},
		"sheets fall":        {`{"format":1,"sheets":[{"number":2},{"number":1}]}`, backup.ErrDamaged},
	}
	for name, test := range tests {
		path := ledgerFile(t)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, read := Read(path)
		update := Update(path, func(*Ledger) error { t.Errorf("%s: change was called", name); return nil })
		for _, err := range []error{read, update} {
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: got %v, want %v", name, err, test.want)
			}
		}
		if content, _ := os.ReadFile(path); string(content) != test.content {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestReadHeadInAnotherOrder(t *testing.T) {
	path := ledgerFile(t)
	writeExample(t, path)
	content := `{"sheets":[],"due":[{"id":"a","left":3}],"format":1}`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if head, err := ReadHead(path, false); err != nil || len(head.Due) != 1 || head.Due[0].Left != 3 {
		t.Errorf("got %+v, %v", head, err)
	}
	if err := os.WriteFile(path, []byte(content[:20]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadHead(path, false); !errors.Is(err, backup.ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Errorf("damaged: %v", err)
	}
}

// However long the ledger is, its head costs no more: what is behind them may
// as well not be there.
func TestReadHeadReadsTheBeginningOnly(t *testing.T) {
	path := ledgerFile(t)
	err := Update(path, func(l *Ledger) error {
		l.Remind(Due{ID: "GitHub:alice", Left: 3})
		for i := range 1000 {
			l.Entry(oath.ID(fmt.Sprint(i)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); !errors.Is(err, backup.ErrDamaged) {
		t.Fatalf("the ledger is not cut off: %v", err)
	}
	if head, err := ReadHead(path, false); err != nil || len(head.Due) != 1 || head.Due[0].Left != 3 {
		t.Errorf("got %+v, %v", head, err)
	}
}

func TestUpdateLedgerKeepsTheFileOnError(t *testing.T) {
	path := ledgerFile(t)
	writeExample(t, path)
	before, _ := os.ReadFile(path)
	stop := errors.New("stop")
	tests := map[string]func(*Ledger) error{
		"change fails":   func(l *Ledger) error { l.Deleted("GitHub:alice"); return stop },
		"cannot be read": func(l *Ledger) error { l.Entry("a").Sets = []backup.Set{{Generation: 0}}; return nil },
		"a year too far": func(l *Ledger) error { l.Due[0].Since = backup.Date(day("2026-01-01").AddDate(9000, 0, 0)); return nil },
	}
	for name, change := range tests {
		if err := Update(path, change); err == nil {
			t.Errorf("%s: no error", name)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// Several processes at once lose nothing of each other.
func TestLedgerOfManyProcesses(t *testing.T) {
	if path := os.Getenv("LEDGER_OF_MANY"); path != "" {
		for i := range 20 {
			id := oath.ID(fmt.Sprintf("%s:%d", os.Getenv("LEDGER_WRITER"), i))
			if err := Update(path, func(l *Ledger) error { l.Remind(Due{ID: id}); l.Entry(id); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	path := ledgerFile(t)
	var all sync.WaitGroup
	for writer := range 4 {
		all.Go(func() {
			command := exec.Command(os.Args[0], "-test.run=^TestLedgerOfManyProcesses$")
			command.Env = append(os.Environ(), "LEDGER_OF_MANY="+path, fmt.Sprintf("LEDGER_WRITER=%d", writer))
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("writer %d: %v\n%s", writer, err, out)
			}
		})
	}
	all.Wait()
	l, err := Read(path)
	if err != nil || len(l.Due) != 80 || len(l.Accounts) != 80 {
		t.Errorf("%v; %+v", err, l)
	}
}

func FuzzParse(f *testing.F) {
	content, err := exampleLedger().write()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"format":1,"due":[],"accounts":[],"sheets":[]}`))
	f.Add([]byte(`{"format":2}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		l, err := parse("", content)
		if err != nil {
			return
		}
		written, err := l.write()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parse("", written)
		if err != nil || !reflect.DeepEqual(l, again) {
			t.Fatalf("%v\nwas %+v\nis  %+v\n%s", err, l, again, written)
		}
	})
}
