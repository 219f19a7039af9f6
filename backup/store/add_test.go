package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup"
	"github.com/tokenctl/tokenctl/backup/services"
)

func yes() *bool { t := true; return &t }
func no() *bool  { return new(bool) }

// codesOf returns codes by their texts, numbered.
func codesOf(texts ...string) []backup.Code {
	var codes []backup.Code
	for i, text := range texts {
		codes = append(codes, backup.Code{Number: i + 1, Text: text})
	}
	return codes
}

func TestAddition(t *testing.T) {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	adds := services.Service{Name: "X", Codes: services.Yes, Adds: services.Yes}
	for _, test := range []struct {
		name   string
		before []string // texts of the set that is there; none for no set
		policy backup.Policy
		used   int // the number of the code that is used; 0 for none
		a      Addition
		want   string // generation, and number=text of the current set
		fails  error
	}{
		{name: "first", a: Addition{Codes: codesOf("aa", "bb")}, want: "1: 1=aa 2=bb"},
		{name: "supersede", before: []string{"aa"}, a: Addition{Codes: codesOf("bb", "cc")}, want: "2: 1=bb 2=cc"},
		{name: "the service adds", before: []string{"aa"}, a: Addition{Codes: codesOf("bb"), Service: adds}, want: "2: 1=aa 2=bb"},
		{name: "the first of a service that adds", a: Addition{Codes: codesOf("aa"), Service: adds}, want: "1: 1=aa"},
		{name: "not this time", before: []string{"aa"}, a: Addition{Codes: codesOf("bb"), Service: adds, Appends: no()}, want: "2: 1=bb"},
		{name: "append", before: []string{"aa"}, a: Addition{Codes: codesOf("bb"), Appends: yes()}, want: "2: 1=aa 2=bb"},
		{name: "append what is partly there", before: []string{"aa", "bb"}, a: Addition{Codes: codesOf("aa", "cc"), Appends: yes()}, want: "2: 1=aa 2=bb 3=cc"},
		{name: "append with numbers of their own", before: []string{"aa"}, a: Addition{Codes: []backup.Code{{Number: 7, Text: "gg"}}, Appends: yes()}, want: "2: 1=aa 7=gg"},
		{name: "replace", before: []string{"aa", "bb"}, a: Addition{Codes: codesOf("cc"), Replaces: 2}, want: "2: 1=aa 2=cc"},
		{name: "replace one that is not there", before: []string{"aa"}, a: Addition{Codes: codesOf("cc"), Replaces: 2}, fails: backup.ErrNoSuchNumber},
		{name: "the service replaced it", before: []string{"aa", "bb"}, policy: backup.Replaced, used: 1, a: Addition{Codes: codesOf("cc")}, want: "2: 1=cc 2=bb"},
		{name: "the service replaced none", before: []string{"aa", "bb"}, policy: backup.Replaced, a: Addition{Codes: codesOf("cc")}, want: "2: 1=cc"},
		{name: "the service made all of them anew", before: []string{"aa", "bb"}, policy: backup.Replaced, used: 1, a: Addition{Codes: codesOf("cc", "dd")}, want: "2: 1=cc 2=dd"},
		{name: "the same", before: []string{"aa", "bb"}, a: Addition{Codes: codesOf("aa", "bb")}, fails: ErrNothingNew},
		{name: "the same, written differently", before: []string{"aaaa-bbbb"}, a: Addition{Codes: codesOf("AAAA BBBB")}, fails: ErrNothingNew},
		{name: "those that are left", before: []string{"aa", "bb"}, used: 1, a: Addition{Codes: codesOf("bb")}, fails: ErrNothingNew},
		{name: "the same, used meanwhile", before: []string{"aa"}, a: Addition{Codes: []backup.Code{{Number: 1, Text: "aa", Used: day}}}, want: "2: 1=aa"},
		{name: "on paper", before: []string{"aa"}, a: Addition{Codes: make([]backup.Code, 2)}, want: "2: 1= 2="},
		{name: "more on paper", before: []string{"", ""}, a: Addition{Codes: make([]backup.Code, 1), Appends: yes()}, want: "2: 1= 2= 3="},
	} {
		t.Run(test.name, func(t *testing.T) {
			record := backup.Record{Policy: test.policy}
			if test.before != nil {
				if err := record.Supersede(codesOf(test.before...), day); err != nil {
					t.Fatal(err)
				}
			}
			if test.used > 0 {
				if _, err := record.Use(test.used, day); err != nil {
					t.Fatal(err)
				}
			}
			test.a.Day = day
			added, err := test.a.apply(&record)
			if !errors.Is(err, test.fails) {
				t.Fatalf("got error %v, want %v", err, test.fails)
			}
			if err == nil && describeSet(record) != test.want {
				t.Errorf("got %s, want %s", describeSet(record), test.want)
			}
			if err == nil && added.Codes == 0 {
				t.Error("it does not say what it did")
			}
		})
	}
}

// A new code of a service that replaces them leaves alone those that were not used.
func TestAdditionToSeveralUsed(t *testing.T) {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	record := backup.Record{Policy: backup.Replaced}
	if err := record.Supersede(codesOf("aa", "bb", "cc"), day); err != nil {
		t.Fatal(err)
	}
	for _, number := range []int{1, 3} {
		if _, err := record.Use(number, day); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"dd", "ee"} {
		a := Addition{Codes: codesOf(text), Day: day}
		if _, err := a.apply(&record); err != nil {
			t.Fatal(err)
		}
	}
	if got := describeSet(record); got != "3: 1=dd 2=bb 3=ee" {
		t.Errorf("got %s", got)
	}
}

// What was used before the service added codes is no news on another machine.
func TestFirstNewUse(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	set := backup.Set{Generation: 2, Made: day(24), Codes: []backup.Code{
		{Number: 1, Since: 1, Used: day(23)}, {Number: 2, Since: 1}, {Number: 3},
	}}
	record := backup.Record{Sets: []backup.Set{set}}
	if at, used := firstNewUse(backup.Record{}, record); used {
		t.Errorf("used on %v", at)
	}
	for number, on := range map[int]int{2: 24, 3: 25} {
		now := record.Clone()
		if _, err := now.Use(number, day(on)); err != nil {
			t.Fatal(err)
		}
		if at, used := firstNewUse(record, now); !used || at != day(on) {
			t.Errorf("number %d: %v, %v", number, at, used)
		}
		if _, used := firstNewUse(now, now); used {
			t.Errorf("number %d is news twice", number)
		}
	}
}

// used is the day on which codes are used or recorded.
var used = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func describeSet(r backup.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:", r.Generation())
	for _, c := range r.Current().Codes {
		fmt.Fprintf(&b, " %d=%s", c.Number, c.Text)
	}
	return b.String()
}

// What the owner says of policy and service counts more than what is known, and
// what was recorded more than what is known by now.
func TestAdditionPolicy(t *testing.T) {
	inOrder := backup.InOrder
	known := services.Service{Name: "Acme", Codes: services.Yes, Policy: backup.ByNumber}
	for _, test := range []struct {
		name   string
		before *backup.Record
		a      Addition
		want   string
	}{
		{"known", nil, Addition{Service: known}, "Acme by number"},
		{"unknown", nil, Addition{Service: services.Service{Name: "Elsewhere"}}, " any order"},
		{"said", nil, Addition{Service: known, Policy: &inOrder}, "Acme in order"},
		{"recorded", &backup.Record{Service: "Old", Policy: backup.Replaced}, Addition{Service: known}, "Old replaced"},
		{"said later", &backup.Record{Service: "Old", Policy: backup.Replaced}, Addition{Service: known, Policy: &inOrder, Named: true}, "Acme in order"},
	} {
		record := backup.Record{}
		if test.before != nil {
			record = *test.before
			if err := record.Supersede(codesOf("aa"), used); err != nil {
				t.Fatal(err)
			}
		}
		test.a.Codes, test.a.Day = codesOf("bb"), used
		if _, err := test.a.apply(&record); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if got := record.Service + " " + record.Policy.String(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
