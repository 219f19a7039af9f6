package backup

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
)

func TestMergeMarks(t *testing.T) {
	vault := recorded(t, AnyOrder, "aaa", "bbb", "ccc")
	ledger := vault.WithoutTexts()
	useOn(t, &vault, 1, "2026-11-25")
	useOn(t, &ledger, 1, "2026-11-24")
	useOn(t, &ledger, 3, "2026-11-26")

	got := Merge(vault, ledger)
	want := codes("aaa", "bbb", "ccc")
	want[0].Used, want[2].Used = day("2026-11-24"), day("2026-11-26")
	if !reflect.DeepEqual(got.Current().Codes, want) {
		t.Errorf("got %+v", got.Current().Codes)
	}
	if vault.Left() != 2 {
		t.Error("an argument was changed")
	}
}

// Of reusable codes the last use is kept.
func TestMergeReusable(t *testing.T) {
	a := recorded(t, Reusable, "aaa")
	b := a.Clone()
	useOn(t, &a, 1, "2026-11-24")
	useOn(t, &b, 1, "2026-12-24")
	if got := Merge(a, b).Current().Codes[0].Used; got != day("2026-12-24") {
		t.Errorf("used %v", got)
	}
}

// A use that only one side knows survives that the other got further codes.
func TestMergeAcrossGenerations(t *testing.T) {
	changes := map[string]struct {
		change func(*Record) error
		left   int
	}{
		"more codes":      {func(r *Record) error { return r.Append([]Code{{Text: "ddd"}}, day("2026-11-24")) }, 3},
		"another's code":  {func(r *Record) error { return r.ReplaceCode(1, "ddd", day("2026-11-24")) }, 2},
		"this one's code": {func(r *Record) error { return r.ReplaceCode(2, "ddd", day("2026-11-24")) }, 3},
		"a new set":       {func(r *Record) error { return r.Supersede(codes("ddd", "eee"), day("2026-11-24")) }, 2},
	}
	for name, test := range changes {
		vault := recorded(t, Replaced, "aaa", "bbb", "ccc")
		ledger := vault.WithoutTexts()
		useOn(t, &ledger, 2, "2026-11-24")
		if err := test.change(&vault); err != nil {
			t.Fatal(err)
		}
		got := Merge(vault, ledger)
		if got.Left() != test.left || got.Generation() != 2 || !got.HasTexts() {
			t.Errorf("%s: %d left of %+v", name, got.Left(), got)
		}
	}
}

// The ledger may be ahead of a vault that was restored from an old copy: its codes
// are no longer good then, and still nothing of it is lost.
func TestMergeNewerWithoutTexts(t *testing.T) {
	vault := recorded(t, AnyOrder, "aaa", "bbb")
	ahead := vault.Clone()
	if err := ahead.Supersede(codes("ccc"), day("2026-11-24")); err != nil {
		t.Fatal(err)
	}
	got := Merge(vault, ahead.WithoutTexts())
	if got.Generation() != 2 || got.HasTexts() || got.Left() != 1 {
		t.Errorf("got %+v", got)
	}
	if !reflect.DeepEqual(got.Superseded(), vault.Sets) {
		t.Errorf("superseded: %+v", got.Superseded())
	}
}

// Two machines that record new codes without knowing of each other make different
// sets of the same generation. A mark on one is none on the other.
func TestMergeOfTwoMachines(t *testing.T) {
	a := recorded(t, AnyOrder, "aaa", "bbb")
	var b Record
	if err := b.Supersede(codes("ccc", "ddd"), day("2026-11-20")); err != nil {
		t.Fatal(err)
	}
	useOn(t, &a, 1, "2026-11-24")
	for _, got := range []Record{Merge(a, b), Merge(b, a)} {
		if got.Left() != 2 || got.Current().Codes[0].Text != "ccc" {
			t.Errorf("current: %+v", got.Current())
		}
		if len(got.Superseded()) != 1 || got.Superseded()[0].Codes[1].Text != "bbb" {
			t.Errorf("superseded: %+v", got.Superseded())
		}
		roundTrip(t, got)
	}
	if got := Merge(b, a.WithoutTexts()); !reflect.DeepEqual(got, b) {
		t.Errorf("marks of another set were taken over: %+v", got)
	}
}

// A set that was read from paper in part is completed by what another reading has.
func TestMergeOfParts(t *testing.T) {
	whole := recorded(t, AnyOrder, "aaa", "bbb", "ccc", "ddd")
	useOn(t, &whole, 4, "2026-11-24")
	first, second := whole.Clone(), whole.Clone()
	first.Sets[0].Codes, second.Sets[0].Codes = first.Sets[0].Codes[:2], second.Sets[0].Codes[1:]
	for _, parts := range [][2]Record{{first, second}, {second, first}, {first, whole}, {whole, first}} {
		if got := Merge(parts[0], parts[1]); !reflect.DeepEqual(got, whole) {
			t.Errorf("got %+v", got)
		}
	}
}

func TestMergeHead(t *testing.T) {
	a := Record{Other: []string{"note: mine"}}
	b := recorded(t, InOrder, "aaa")
	b.Service = "X (Twitter)"
	got := Merge(a, b)
	if got.Service != b.Service || got.Policy != InOrder || len(got.Other) != 1 {
		t.Errorf("got %+v", got)
	}
	if got := Merge(Record{Policy: Reusable}, Record{}); got.Policy != Reusable {
		t.Errorf("of two empty ones: %+v", got)
	}
}

// Whatever two machines did since they last agreed: the order in which they are
// merged makes no difference, merging twice neither, and no mark is lost.
// Paper may be anybody's: it takes away no code that is left and that it has not.
func TestMergePaper(t *testing.T) {
	known := recorded(t, AnyOrder, "aaa", "bbb", "ccc")
	useOn(t, &known, 1, "2026-11-24")
	supersede := func(r *Record, with []Code) {
		if err := r.Supersede(with, day("2026-11-25")); err != nil {
			t.Fatal(err)
		}
	}
	other := func(generations int) Record {
		r := recorded(t, AnyOrder, "xxx", "yyy", "zzz")
		for range generations - 1 {
			supersede(&r, codes("xxx", "yyy"))
		}
		return r
	}
	for name, test := range map[string]struct {
		change func(paper *Record)
		left   int // or -1: refused
	}{
		"the same":                      {func(*Record) {}, 2},
		"one used since":                {func(p *Record) { useOn(t, p, 2, "2026-11-26") }, 1},
		"used, and not there":           {func(p *Record) { useOn(t, p, 2, "2026-11-26"); p.Current().Codes[1].Text = "" }, -1},
		"used, and another":             {func(p *Record) { useOn(t, p, 2, "2026-11-26"); p.Current().Codes[1].Text = "bbx" }, 2},
		"one alone":                     {func(p *Record) { p.Current().Codes = p.Current().Codes[2:] }, 2},
		"newer, with the old":           {func(p *Record) { supersede(p, codes("ddd")) }, 1},
		"newer, of others":              {func(p *Record) { *p = other(3) }, -1},
		"newer, without a text":         {func(p *Record) { *p = other(2).WithoutTexts() }, -1},
		"of the same number, of others": {func(p *Record) { *p = other(1) }, 2},
		"none":                          {func(p *Record) { *p = Record{} }, 2},
		"in order, with a last one used": {func(p *Record) {
			p.Policy, p.Current().Codes = InOrder, []Code{{Number: 9, Text: "xxx"}}
			useOn(t, p, 9, "2026-11-26")
			p.Current().Made = p.Current().Made.AddDate(0, 0, 1)
		}, -1},
	} {
		paper := recorded(t, AnyOrder, "aaa", "bbb", "ccc")
		test.change(&paper)
		got, err := MergePaper(known, paper)
		if test.left < 0 != errors.Is(err, ErrHides) || test.left >= 0 && got.Left() != test.left || err != nil && got.Left() != 2 {
			t.Errorf("%s: %d left, %v", name, got.Left(), err)
		}
	}
}

func TestMergeConverges(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		base := anyRecord(random)
		a, b := base.Clone(), base.Clone()
		anyChange(random, &a, 20)
		for range random.IntN(4) {
			_, _ = b.Use(1+random.IntN(5), day("2026-12-24"))
		}
		b = b.WithoutTexts()
		merged := Merge(a, b)
		if other := Merge(b, a); !reflect.DeepEqual(merged, other) {
			t.Fatalf("the order matters:\n%+v\n%+v", merged, other)
		}
		for _, r := range []Record{a, b} {
			if again := Merge(merged, r); !reflect.DeepEqual(again, merged) {
				t.Fatalf("merging again changes it:\n%+v\n%+v", merged, again)
			}
			for _, s := range r.Sets {
				hasMarksOf(t, merged, s)
			}
		}
		roundTrip(t, merged)
	}
}

// hasMarksOf checks that each used code of a set is one in the record.
func hasMarksOf(t *testing.T, r Record, of Set) {
	t.Helper()
	for _, c := range of.Codes {
		found := c.Used.IsZero()
		for _, s := range r.Sets {
			for _, other := range s.Codes {
				found = found || other.Number == c.Number && s.since(other) == of.since(c) && !other.Used.IsZero()
			}
		}
		if !found {
			t.Fatalf("the use of %+v is lost in %+v", c, r)
		}
	}
}

func useOn(t *testing.T, r *Record, number int, on string) {
	t.Helper()
	if _, err := r.Use(number, day(on)); err != nil {
		t.Fatal(err)
	}
}
