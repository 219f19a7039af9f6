// Package oathtest is the conformance suite of [oath.Token]: what every token has
// to do, be it a hardware key or a folder of files. A token's own tests call
// [Run].
//
// Its functions are safe for concurrent use, as tests that are parallel need it.
package oathtest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// A Suite says how to get a token, and what this kind of token cannot do.
type Suite struct {
	// New returns an empty token that is unlocked, for one test.
	New func(t *testing.T) oath.Token

	// Reopen returns the token as it is found by who comes later: the card taken
	// out and put back, the files read again. Nil if there is nothing to reopen.
	Reopen func(t *testing.T, token oath.Token) oath.Token

	Touch    TouchSupport
	NoSHA512 bool // Put returns oath.ErrUnsupported for SHA-512
	NoRename bool // Rename returns oath.ErrUnsupported
	NoPrefix bool // Put returns oath.ErrUnsupported for an ID that another begins with

	MaxIDSize int // bytes of the longest ID it takes; 0 if it takes any of 1000
	Capacity  int // accounts it holds until oath.ErrNoSpace; 0 not to fill it
}

// TouchSupport says what a token does with an account that needs a touch.
type TouchSupport int

const (
	TouchKept    TouchSupport = iota // it asks for one; the test's finger is there
	TouchRefused                     // Put returns oath.ErrUnsupported
	TouchNoted                       // it remembers that keys are to ask for one, and asks for none
)

// Run tests a token.
func Run(t *testing.T, s Suite) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Suite)
	}{
		{"Empty", testEmpty},
		{"RFC4226", testRFC4226},
		{"RFC6238", testRFC6238},
		{"Codes", testCodes},
		{"Kinds", testKinds},
		{"Secrets", testSecrets},
		{"Steam", testSteam},
		{"Counter", testCounter},
		{"Respond", testRespond},
		{"Put", testPut},
		{"Invalid", testInvalid},
		{"Replace", testReplace},
		{"Rename", testRename},
		{"Delete", testDelete},
		{"Missing", testMissing},
		{"Names", testNames},
		{"LongName", testLongName},
		{"Order", testOrder},
		{"Queries", testQueries},
		{"Touch", testTouch},
		{"Capacity", testCapacity},
		{"Reopen", testReopen},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

// now is the time of all codes that are not an RFC's own.
var now = time.Unix(1700000000, 0)

// totp is the account that most services hand out.
func totp(issuer, name string) oath.Account {
	return oath.Account{Issuer: issuer, Name: name, Type: oath.TOTP}.WithDefaults()
}

func hotp(issuer, name string, counter uint64) oath.Account {
	return oath.Account{Issuer: issuer, Name: name, Type: oath.HOTP, Counter: counter}.WithDefaults()
}

func secret(t *testing.T, key string) oath.Secret {
	t.Helper()
	s, err := oath.NewSecret([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A bench is a token and what a test asks of it.
type bench struct {
	*testing.T
	oath.Token
}

func (s Suite) bench(t *testing.T) bench { return bench{t, s.New(t)} }

func (b bench) put(a oath.Account, key string) {
	b.Helper()
	if err := b.Put(a, secret(b.T, key)); err != nil {
		b.Fatalf("Put(%q): %v", a.ID(), err)
	}
}

// code asks for one code.
func (b bench) code(a oath.Account, at time.Time) oath.Code {
	b.Helper()
	code, err := b.Code(a, at)
	if err != nil {
		b.Fatalf("Code(%q): %v", a.ID(), err)
	}
	return code
}

// expect compares a token's code with the one computed here.
func (b bench) expect(a oath.Account, key string, at time.Time) {
	b.Helper()
	want, err := oath.Compute(a, secret(b.T, key), at)
	if err != nil {
		b.Fatal(err)
	}
	if got := b.code(a, at); got != want {
		b.Errorf("Code(%q) = %+v, want %+v", a.ID(), got, want)
	}
}

// ids returns the IDs that List returns.
func (b bench) ids() []oath.ID {
	b.Helper()
	accounts, err := b.List()
	if err != nil {
		b.Fatalf("List: %v", err)
	}
	ids := make([]oath.ID, len(accounts))
	for i, a := range accounts {
		ids[i] = a.ID()
	}
	return ids
}

// holds checks that the token holds these accounts and no others, in any order.
func (b bench) holds(want ...oath.ID) {
	b.Helper()
	got := b.ids()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.Errorf("List = %q, want %q", got, want)
	}
}

func (b bench) entries(at time.Time) map[oath.ID]oath.Entry {
	b.Helper()
	list, err := b.Codes(at)
	if err != nil {
		b.Fatalf("Codes: %v", err)
	}
	entries := make(map[oath.ID]oath.Entry)
	for _, e := range list {
		entries[e.Account.ID()] = e
	}
	if len(entries) != len(list) {
		b.Errorf("Codes returns %d entries with %d different IDs", len(list), len(entries))
	}
	return entries
}

// is checks which sentinel an error wraps.
func (b bench) is(err, want error, doing string) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Errorf("%s: got error %v, want %v", doing, err, want)
	}
}

// fits checks what a token reports of an account. It may leave out what it does
// not know, but report nothing else than what was put.
func (b bench) fits(got, want oath.Account) {
	b.Helper()
	switch {
	case got.ID() != want.ID():
		b.Errorf("%q: the token reports the ID %q", want.ID(), got.ID())
	case got.Type != oath.TypeUnknown && got.Type != want.Type:
		b.Errorf("%q: the token reports the type %v, want %v", want.ID(), got.Type, want.Type)
	case got.Algorithm != oath.AlgorithmUnknown && got.Algorithm != want.Algorithm:
		b.Errorf("%q: the token reports the algorithm %v, want %v", want.ID(), got.Algorithm, want.Algorithm)
	case got.Digits != 0 && got.Digits != want.Digits:
		b.Errorf("%q: the token reports %d digits, want %d", want.ID(), got.Digits, want.Digits)
	case got.Type == oath.TOTP && got.Period != want.Period:
		b.Errorf("%q: the token reports a period of %d, want %d", want.ID(), got.Period, want.Period)
	case got.Type == oath.HOTP && got.Period != 0:
		b.Errorf("%q: the token reports a period of %d for HOTP", want.ID(), got.Period)
	}
}

// the usual secret: 20 bytes, as RFC 4226 recommends.
const usualKey = "12345678901234567890"

func testEmpty(t *testing.T, s Suite) {
	b := s.bench(t)
	b.holds()
	if entries := b.entries(now); len(entries) != 0 {
		t.Errorf("Codes of an empty token: %v", entries)
	}
}

// testTouch leaves the waiting for a finger to the token's own tests.
func testTouch(t *testing.T, s Suite) {
	b := s.bench(t)
	a := totp("GitHub", "alice")
	a.Touch = true
	err := b.Put(a, secret(t, usualKey))
	if s.Touch == TouchRefused {
		b.is(err, oath.ErrUnsupported, "Put of a touch account")
		b.holds()
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	entry := b.entries(now)[a.ID()]
	if s.Touch == TouchKept && !entry.Code.IsZero() {
		t.Errorf("Codes gives the code of a touch account")
	}
	if !entry.Account.Touch {
		t.Errorf("Codes reports no touch")
	}
	b.expect(a, usualKey, now)
}

func testCapacity(t *testing.T, s Suite) {
	if s.Capacity == 0 {
		t.Skip("this token is not to be filled")
	}
	b := s.bench(t)
	var want []oath.ID
	for i := range s.Capacity {
		a := totp("Full", "account"+strings.Repeat("+", i%7)+string(rune('a'+i/7)))
		b.put(a, usualKey)
		want = append(want, a.ID())
	}
	one := totp("One", "too many")
	b.is(b.Put(one, secret(t, usualKey)), oath.ErrNoSpace, "Put on a full token")
	b.is(b.Replace(one, secret(t, usualKey)), oath.ErrNoSpace, "Replace of a new account on a full token")
	b.holds(want...)

	full := want[0].Account(oath.TOTP).WithDefaults()
	b.expect(full, usualKey, now)
	if err := b.Delete(full.ID()); err != nil {
		t.Fatal(err)
	}
	b.put(one, usualKey)
	b.expect(one, usualKey, now)
}

func testReopen(t *testing.T, s Suite) {
	if s.Reopen == nil {
		t.Skip("there is nothing to reopen")
	}
	b := s.bench(t)
	a, h := totp("GitHub", "alice"), hotp("Bank", "alice", 5)
	b.put(a, usualKey)
	b.put(h, usualKey)
	b.code(h, now)

	again := bench{t, s.Reopen(t, b.Token)}
	again.holds(a.ID(), h.ID())
	again.expect(a, usualKey, now)
	h.Counter++
	again.expect(h, usualKey, now)
}
