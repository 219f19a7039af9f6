package ledger

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
)

func accounts(ids ...oath.ID) (list []oath.Account) {
	for _, id := range ids {
		list = append(list, id.Account(oath.TOTP))
	}
	return list
}

// A key as commands see it, one after the other.
func TestKeyIsFollowed(t *testing.T) {
	var l Ledger
	touched, counted := oath.ID("a:touched").Account(oath.TOTP), oath.ID("a:counted").Account(oath.HOTP)
	touched.Touch = true
	k := l.See(7, "id", day("2026-11-01"))
	k.Lists([]oath.Account{touched, counted}, true, day("2026-11-01"))
	k.Lists(accounts("a:touched", "a:counted", "a:new"), false, day("2026-11-02")) // names alone
	k.Takes(oath.ID("a:put").Account(oath.TOTP))
	k.Renames("a:put", "a:renamed")
	k.Renames("nobody", "somebody")
	k.Deletes("a:new")
	want := map[oath.ID]Held{"a:touched": {Touch: true}, "a:counted": {HOTP: true}, "a:renamed": {}}
	if !maps.Equal(k.Accounts, want) || k.Listed != date("2026-11-02") || k.Seen != date("2026-11-01") {
		t.Errorf("got %+v", k)
	}
	if again := l.See(7, "", day("2026-11-03")); len(again.Accounts) != 3 || again.ID != "id" || again.Seen != date("2026-11-03") {
		t.Errorf("seen without its ID: %+v", again)
	}
	if reset := l.See(7, "other", day("2026-11-04")); len(reset.Accounts) != 0 || !reset.Listed.IsZero() {
		t.Errorf("reset: %+v", reset)
	}
	l.Key(7).Takes(touched)
	l.Wiped("other", "third", day("2026-11-05"))
	if k := l.Key(7); len(k.Accounts) != 0 || k.ID != "third" || k.Listed != date("2026-11-05") {
		t.Errorf("wiped: %+v", k)
	}
}

// What is done while a key is away changes what it is good for, not what is on it.
func TestWhatHappensAway(t *testing.T) {
	fresh := func() *Ledger {
		l := &Ledger{Sheets: []Sheet{{Number: 1, Items: map[oath.ID]Item{"a": {"f1", 2}, "b": {"f2", 0}}}}}
		for serial := range uint32(3) {
			l.See(serial+1, "", day("2026-11-01")).Lists(accounts("a", "b"), false, day("2026-11-01"))
		}
		l.Strike(3, day("2026-11-02"))
		return l
	}
	opens := func(l *Ledger, serial uint32) []oath.ID {
		k := l.Key(serial)
		if k == nil {
			return nil
		}
		return slices.Sorted(maps.Keys(k.Opens()))
	}
	tests := []struct {
		what             string
		do               func(*Ledger)
		here, away, lost []oath.ID // that keys 1, 2 and 3 open
		sheetHas         string    // the fingerprint of a
	}{
		{"nothing", func(*Ledger) {}, []oath.ID{"a", "b"}, []oath.ID{"a", "b"}, []oath.ID{"a", "b"}, "f1"},
		{"renamed", func(l *Ledger) { l.RenamedAway("a", "c", []uint32{2}) },
			[]oath.ID{"a", "b"}, []oath.ID{"b", "c"}, []oath.ID{"b", "c"}, "f1"},
		{"renamed twice", func(l *Ledger) { l.RenamedAway("a", "c", []uint32{2}); l.RenamedAway("c", "d", []uint32{2}) },
			[]oath.ID{"a", "b"}, []oath.ID{"b", "d"}, []oath.ID{"b", "d"}, "f1"},
		{"deleted", func(l *Ledger) { l.DeletedAway("a", []uint32{2}) },
			[]oath.ID{"a", "b"}, []oath.ID{"b"}, []oath.ID{"b"}, "f1"},
		{"replaced", func(l *Ledger) { l.Replaced("a", "f9", []uint32{1}, day("2026-11-03")) },
			[]oath.ID{"a", "b"}, []oath.ID{"b"}, []oath.ID{"b"}, ""},
		{"replaced by what the sheet has", func(l *Ledger) { l.Replaced("a", "f1", []uint32{1, 2}, day("2026-11-03")) },
			[]oath.ID{"a", "b"}, []oath.ID{"a", "b"}, []oath.ID{"b"}, "f1"},
		{"all is gone", func(l *Ledger) { l.DeletedAway("a", nil); l.DeletedAway("b", nil) },
			[]oath.ID{"a", "b"}, []oath.ID{"a", "b"}, nil, "f1"},
	}
	for _, test := range tests {
		l := fresh()
		test.do(l)
		item := l.Sheets[0].Items["a"]
		if !slices.Equal(opens(l, 1), test.here) || !slices.Equal(opens(l, 2), test.away) || !slices.Equal(opens(l, 3), test.lost) ||
			item.Fingerprint != test.sheetHas || item.Generation != 2 || !slices.Equal(l.Key(2).IDs(), []oath.ID{"a", "b"}) {
			t.Errorf("%s: %v, %v, lost %v, sheet %+v", test.what, opens(l, 1), opens(l, 2), opens(l, 3), item)
		}
	}
	l := fresh()
	l.Replaced("a", "f9", []uint32{1}, day("2026-11-03"))
	l.Key(2).Takes(oath.ID("a").Account(oath.TOTP)) // it gets the new one as well
	if !slices.Equal(opens(l, 2), []oath.ID{"a", "b"}) {
		t.Errorf("brought up to date: %v", opens(l, 2))
	}
	if err := l.AddSheet(Sheet{Number: 2, Items: map[oath.ID]Item{"a": {"f1", 2}}}); err != nil || l.Sheets[1].Items["a"] != (Item{Generation: 2}) {
		t.Errorf("an old secret counts as on paper: %v, %+v", err, l.Sheets[1].Items)
	}
	l.RenamedAway("a", "c", nil)
	if len(l.OldInVault) != 1 || l.OldInVault["c"] != date("2026-11-03") {
		t.Errorf("old in the vault: %v", l.OldInVault)
	}
	if l.ReplacedInVault("c"); len(l.OldInVault) != 0 {
		t.Errorf("old in the vault: %v", l.OldInVault)
	}
}

func TestStrike(t *testing.T) {
	var l Ledger
	l.See(1, "", day("2026-11-01")).Takes(oath.ID("a").Account(oath.TOTP))
	l.See(2, "", day("2026-11-01"))
	if struck := l.Strike(1, day("2026-11-02")); struck == nil || len(struck.Accounts) != 1 || !struck.Lost.IsZero() {
		t.Errorf("struck: %+v", struck)
	}
	if l.Strike(1, day("2026-11-03")) != nil || l.Strike(9, day("2026-11-03")) != nil || l.Key(1).Lost != date("2026-11-02") {
		t.Error("one that is not there was struck")
	}
	if l.Strike(2, day("2026-11-02")) == nil || l.Key(2).Lost != date("2026-11-02") {
		t.Error("an empty key that was struck, and may open the vault, is not remembered")
	}
	if found := l.See(1, "", day("2026-11-04")); !found.Lost.IsZero() || len(found.Accounts) != 1 {
		t.Errorf("found again: %+v", found)
	}
}

func TestKeysAreBounded(t *testing.T) {
	var l Ledger
	for i := range uint32(maxKeys + 2) {
		l.See(100-i, "", day("2026-11-01").AddDate(0, 0, int(i)))
	}
	if len(l.Keys) != maxKeys || l.Key(100) != nil || l.Key(99) != nil || l.Key(98) == nil {
		t.Errorf("%d keys are known", len(l.Keys))
	}
	if !slices.IsSortedFunc(l.Keys, func(a, b Key) int { return int(a.Serial) - int(b.Serial) }) {
		t.Error("they are not in order")
	}
	if !reflect.DeepEqual(*l.Key(98), Key{Serial: 98, Seen: date("2026-11-03")}) {
		t.Errorf("got %+v", l.Key(98))
	}
}
