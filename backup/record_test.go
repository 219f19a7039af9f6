package backup

import (
	"errors"
	"reflect"
	"testing"
	"time"
)

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

// codes returns codes that are numbered from 1.
func codes(texts ...string) []Code {
	var list []Code
	for i, text := range texts {
		list = append(list, Code{Number: i + 1, Text: text})
	}
	return list
}

// recorded returns a record of one set.
func recorded(t *testing.T, p Policy, texts ...string) Record {
	t.Helper()
	r := Record{Policy: p}
	if err := r.Supersede(codes(texts...), day("2026-11-01")); err != nil {
		t.Fatal(err)
	}
	return r
}

func states(r Record) []State {
	var list []State
	for _, c := range r.Current().Codes {
		list = append(list, r.State(len(r.Sets)-1, c))
	}
	return list
}

func TestPolicies(t *testing.T) {
	tests := []struct {
		policy Policy
		use    []int
		states []State
		left   int
		next   int // 0: ErrNoneLeft
	}{
		{AnyOrder, nil, []State{Unused, Unused, Unused}, 3, 1},
		{AnyOrder, []int{3}, []State{Unused, Unused, Used}, 2, 1},
		{AnyOrder, []int{1, 3, 2}, []State{Used, Used, Used}, 0, 0},
		{InOrder, []int{1}, []State{Used, Unused, Unused}, 2, 2},
		{InOrder, []int{2}, []State{Void, Used, Unused}, 1, 3},
		{InOrder, []int{3}, []State{Void, Void, Used}, 0, 0},
		{InOrder, []int{1, 3}, []State{Used, Void, Used}, 0, 0},
		{ByNumber, []int{2}, []State{Unused, Used, Unused}, 2, 1},
		{Replaced, []int{1}, []State{Used, Unused, Unused}, 2, 2},
		{DisablesTwoFactor, []int{1}, []State{Used, Unused, Unused}, 2, 2},
		{Reusable, []int{1, 1, 2}, []State{Unused, Unused, Unused}, 3, 1},
	}
	for _, test := range tests {
		r := recorded(t, test.policy, "aaa", "bbb", "ccc")
		for _, number := range test.use {
			c, err := r.Use(number, day("2026-11-24"))
			if err != nil || c.Number != number || c.Used != day("2026-11-24") {
				t.Errorf("%v: Use(%d) = %+v, %v", test.policy, number, c, err)
			}
		}
		if got := states(r); !reflect.DeepEqual(got, test.states) {
			t.Errorf("%v after %v: %v, want %v", test.policy, test.use, got, test.states)
		}
		if r.Left() != test.left {
			t.Errorf("%v after %v: %d left, want %d", test.policy, test.use, r.Left(), test.left)
		}
		next, err := r.Next()
		if next.Number != test.next || (test.next == 0) != errors.Is(err, ErrNoneLeft) {
			t.Errorf("%v after %v: next is %d, %v; want %d", test.policy, test.use, next.Number, err, test.next)
		}
	}
}

func TestUseRefuses(t *testing.T) {
	var none Record
	if _, err := none.Use(1, day("2026-11-24")); !errors.Is(err, ErrNoCodes) {
		t.Errorf("without codes: %v", err)
	}
	if _, err := none.Next(); !errors.Is(err, ErrNoCodes) {
		t.Errorf("without codes, next: %v", err)
	}
	r := recorded(t, InOrder, "aaa", "bbb", "ccc")
	if _, err := r.Use(2, day("2026-11-24")); err != nil {
		t.Fatal(err)
	}
	for number, want := range map[int]error{0: ErrNoSuchNumber, 4: ErrNoSuchNumber, -1: ErrNoSuchNumber, 1: ErrVoid, 2: ErrUsed} {
		before := r.Clone()
		c, err := r.Use(number, day("2026-12-01"))
		if !errors.Is(err, want) {
			t.Errorf("Use(%d): %v, want %v", number, err, want)
		}
		if want != ErrNoSuchNumber && c.Text == "" {
			t.Errorf("Use(%d) does not return the code", number)
		}
		if !reflect.DeepEqual(r, before) {
			t.Errorf("Use(%d) changed the record in spite of %v", number, err)
		}
	}
}

// The last use of a reusable code is the one to remember.
func TestReusableKeepsTheLastDate(t *testing.T) {
	r := recorded(t, Reusable, "aaa")
	for _, d := range []string{"2026-11-24", "2026-12-24"} {
		if _, err := r.Use(1, day(d)); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.Current().Codes[0].Used; got != day("2026-12-24") {
		t.Errorf("used %v", got)
	}
}

func TestDayIsTheOwnersDay(t *testing.T) {
	auckland := time.FixedZone("NZDT", 13*3600)
	if got := Day(time.Date(2026, 11, 24, 0, 30, 0, 0, auckland)); got != day("2026-11-24") {
		t.Errorf("got %v", got)
	}
	if got := Day(time.Time{}); !got.IsZero() {
		t.Errorf("the zero time becomes %v", got)
	}
}

func TestSupersede(t *testing.T) {
	r := recorded(t, AnyOrder, "aaa", "bbb")
	mustUse(t, &r, 1)
	if err := r.Supersede([]Code{{Text: "ccc"}, {Text: "ddd"}}, day("2026-12-01")); err != nil {
		t.Fatal(err)
	}
	want := []Set{
		{Generation: 1, Made: day("2026-11-01"), Codes: []Code{{Number: 1, Text: "aaa", Used: day("2026-11-24")}, {Number: 2, Text: "bbb"}}},
		{Generation: 2, Made: day("2026-12-01"), Codes: codes("ccc", "ddd")},
	}
	if !reflect.DeepEqual(r.Sets, want) {
		t.Errorf("got  %+v\nwant %+v", r.Sets, want)
	}
	if got := r.State(0, r.Sets[0].Codes[1]); got != Superseded {
		t.Errorf("an old code is %v", got)
	}
	if got := r.State(0, r.Sets[0].Codes[0]); got != Used {
		t.Errorf("an old code that was used is %v", got)
	}
	if r.Left() != 2 || r.Generation() != 2 {
		t.Errorf("%d left of generation %d", r.Left(), r.Generation())
	}
}

func TestAppendKeepsTheOldCodes(t *testing.T) {
	r := recorded(t, InOrder, "aaa", "bbb")
	mustUse(t, &r, 1)
	if err := r.Append([]Code{{Text: "ccc"}}, day("2026-12-01")); err != nil {
		t.Fatal(err)
	}
	want := []Set{{Generation: 2, Made: day("2026-12-01"), Codes: []Code{
		{Number: 1, Text: "aaa", Used: day("2026-11-24"), Since: 1},
		{Number: 2, Text: "bbb", Since: 1},
		{Number: 3, Text: "ccc"},
	}}}
	if !reflect.DeepEqual(r.Sets, want) {
		t.Errorf("got  %+v\nwant %+v", r.Sets, want)
	}
}

func TestReplaceCode(t *testing.T) {
	r := recorded(t, Replaced, "aaa", "bbb")
	mustUse(t, &r, 2)
	kept := r.Clone()
	if err := r.ReplaceCode(2, "ccc", day("2026-11-24")); err != nil {
		t.Fatal(err)
	}
	want := []Set{
		{Generation: 1, Made: day("2026-11-01"), Codes: []Code{{Number: 2, Text: "bbb", Used: day("2026-11-24")}}},
		{Generation: 2, Made: day("2026-11-24"), Codes: []Code{{Number: 1, Text: "aaa", Since: 1}, {Number: 2, Text: "ccc"}}},
	}
	if !reflect.DeepEqual(r.Sets, want) {
		t.Errorf("got  %+v\nwant %+v", r.Sets, want)
	}
	if r.Left() != 2 {
		t.Errorf("%d left", r.Left())
	}
	if err := r.ReplaceCode(3, "ddd", day("2026-11-24")); !errors.Is(err, ErrNoSuchNumber) {
		t.Errorf("number 3: %v", err)
	}
	if kept.Current().Codes[1].Text != "bbb" {
		t.Error("a clone changed")
	}
}

func TestAddRefuses(t *testing.T) {
	r := recorded(t, AnyOrder, "aaa")
	before := r.Clone()
	for name, err := range map[string]error{
		"no codes":       r.Supersede(nil, day("2026-12-01")),
		"number twice":   r.Supersede([]Code{{Number: 1, Text: "a"}, {Number: 1, Text: "b"}}, day("2026-12-01")),
		"number taken":   r.Append([]Code{{Number: 1, Text: "b"}}, day("2026-12-01")),
		"below zero":     r.Append([]Code{{Number: -1, Text: "b"}}, day("2026-12-01")),
		"too many":       r.Supersede(make([]Code, MaxCodes+1), day("2026-12-01")),
		"too many added": r.Append(make([]Code, MaxCodes), day("2026-12-01")),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if !reflect.DeepEqual(r, before) {
		t.Errorf("the record changed: %+v", r)
	}
}

func TestWithoutTexts(t *testing.T) {
	r := recorded(t, AnyOrder, "aaa", "bbb")
	r.Other = []string{"note: aaa was for the bank"}
	bare := r.WithoutTexts()
	if bare.HasTexts() || !r.HasTexts() || bare.Left() != 2 || bare.Other != nil {
		t.Errorf("got %+v of %+v", bare, r)
	}
}

func mustUse(t *testing.T, r *Record, number int) {
	t.Helper()
	if _, err := r.Use(number, day("2026-11-24")); err != nil {
		t.Fatal(err)
	}
}
