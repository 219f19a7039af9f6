package oathtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
)

const otherKey = "another key altogether"

func testPut(t *testing.T, s Suite) {
	b := s.bench(t)
	a := totp("GitHub", "alice")
	b.put(a, usualKey)
	b.holds(a.ID())

	other := a
	other.Digits = 8
	b.is(b.Put(other, secret(t, otherKey)), oath.ErrExists, "Put of the same ID")
	b.holds(a.ID())
	b.expect(a, usualKey, now)

	b.put(totp("GitHub", "bob"), otherKey)
	b.put(totp("", "alice"), otherKey)
	b.holds("GitHub:alice", "GitHub:bob", "alice")
	b.expect(a, usualKey, now)
	b.expect(totp("", "alice"), otherKey, now)
}

func testInvalid(t *testing.T, s Suite) {
	b := s.bench(t)
	for name, spoil := range map[string]func(*oath.Account){
		"no name":           func(a *oath.Account) { a.Name = "" },
		"not UTF-8":         func(a *oath.Account) { a.Name = "\xff" },
		"control character": func(a *oath.Account) { a.Issuer = "Git\nHub" },
		"no type":           func(a *oath.Account) { a.Type = oath.TypeUnknown },
		"no algorithm":      func(a *oath.Account) { a.Algorithm = oath.AlgorithmUnknown },
		"5 digits":          func(a *oath.Account) { a.Digits = 5 },
		"9 digits":          func(a *oath.Account) { a.Digits = 9 },
		"no period":         func(a *oath.Account) { a.Period = 0 },
	} {
		a := totp("GitHub", "alice")
		spoil(&a)
		b.is(b.Put(a, secret(t, usualKey)), oath.ErrInvalid, "Put: "+name)
		b.is(b.Replace(a, secret(t, usualKey)), oath.ErrInvalid, "Replace: "+name)
	}
	cleared := secret(t, usualKey)
	cleared.Clear()
	for name, none := range map[string]oath.Secret{"no secret": {}, "a secret that was cleared": cleared} {
		b.is(b.Put(totp("GitHub", "alice"), none), oath.ErrInvalid, "Put: "+name)
		b.is(b.Replace(totp("GitHub", "alice"), none), oath.ErrInvalid, "Replace: "+name)
	}
	b.holds()
}

func testReplace(t *testing.T, s Suite) {
	b := s.bench(t)
	a, bystander := totp("GitHub", "alice"), totp("GitHub", "bob")
	b.put(bystander, usualKey)
	if err := b.Replace(a, secret(t, usualKey)); err != nil {
		t.Fatalf("Replace of what is not there: %v", err)
	}
	b.expect(a, usualKey, now)

	a.Digits, a.Algorithm = 8, oath.SHA256
	if err := b.Replace(a, secret(t, otherKey)); err != nil {
		t.Fatalf("Replace: %v", err)
	}
	b.holds(a.ID(), bystander.ID())
	b.expect(a, otherKey, now)
	b.expect(bystander, usualKey, now)

	h := hotp("GitHub", "alice", 42) // the same ID, another type
	if err := b.Replace(h, secret(t, usualKey)); err != nil {
		t.Fatalf("Replace by HOTP: %v", err)
	}
	b.expect(h, usualKey, now)
	h.Counter = 3
	if err := b.Replace(h, secret(t, usualKey)); err != nil {
		t.Fatalf("Replace of the counter: %v", err)
	}
	b.expect(h, usualKey, now)
}

func testRename(t *testing.T, s Suite) {
	b := s.bench(t)
	a, bystander := totp("GitHub", "alice"), totp("GitHub", "bob")
	b.put(a, usualKey)
	b.put(bystander, otherKey)
	if s.NoRename {
		b.is(b.Rename(a.ID(), "GitHub:carol"), oath.ErrUnsupported, "Rename")
		b.holds(a.ID(), bystander.ID())
		return
	}
	b.is(b.Rename(a.ID(), bystander.ID()), oath.ErrExists, "Rename onto another")
	b.is(b.Rename("GitHub:nobody", "GitHub:carol"), oath.ErrNotFound, "Rename of what is not there")
	b.holds(a.ID(), bystander.ID())
	b.expect(a, usualKey, now)
	b.expect(bystander, otherKey, now)

	for _, id := range []oath.ID{"GitHub:carol", "carol", "GitLab:carol/and/more", "GitLab:Carol", "GitHub:alice"} {
		if err := b.Rename(a.ID(), id); err != nil {
			t.Fatalf("Rename(%q, %q): %v", a.ID(), id, err)
		}
		a = id.Account(oath.TOTP).WithDefaults()
		b.holds(id, bystander.ID())
		b.expect(a, usualKey, now)
	}
	testRenameToItself(b, a)
	testRenameCounter(b)
}

// testRenameToItself takes success, or ErrExists as keys answer; the account must
// be there in either case.
func testRenameToItself(b bench, a oath.Account) {
	b.Helper()
	if err := b.Rename(a.ID(), a.ID()); err != nil {
		b.is(err, oath.ErrExists, "Rename to itself")
	}
	b.expect(a, usualKey, now)
}

func testRenameCounter(b bench) {
	b.Helper()
	h := hotp("Bank", "alice", 9)
	b.put(h, usualKey)
	b.code(h, now)
	if err := b.Rename(h.ID(), "Bank:bob"); err != nil {
		b.Fatalf("Rename of HOTP: %v", err)
	}
	b.expect(hotp("Bank", "bob", 10), usualKey, now)
}

func testDelete(t *testing.T, s Suite) {
	b := s.bench(t)
	a, bystander := totp("GitHub", "alice"), totp("GitHub", "bob")
	b.put(a, usualKey)
	b.put(bystander, otherKey)
	if err := b.Delete(a.ID()); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	b.holds(bystander.ID())
	b.is(b.Delete(a.ID()), oath.ErrNotFound, "Delete of what was deleted")
	_, err := b.Code(a, now)
	b.is(err, oath.ErrNotFound, "Code of what was deleted")
	b.expect(bystander, otherKey, now)

	b.put(a, otherKey)
	b.expect(a, otherKey, now)
}

func testMissing(t *testing.T, s Suite) {
	b := s.bench(t)
	b.put(totp("GitHub", "alice"), usualKey)
	for _, id := range []oath.ID{"GitHub:bob", "GitHub", "alice", "github:alice", "GitHub:Alice", "60/GitHub:alice", "GitHub:alice ", "*"} {
		_, err := b.Code(id.Account(oath.TOTP).WithDefaults(), now)
		b.is(err, oath.ErrNotFound, fmt.Sprintf("Code(%q)", id))
		b.is(b.Delete(id), oath.ErrNotFound, fmt.Sprintf("Delete(%q)", id))
	}
	b.holds("GitHub:alice")
}

// names are hard on file systems, on protocols and on those who split at colons.
var names = []struct{ issuer, name string }{
	{"GitHub", "alice"},
	{"github", "alice"},
	{"GitHub", "Alice"},
	{"GitHub", "ALICE"},
	{"GITHUB", "alice"},
	{"", "GitHub"},
	{"", "alice"},
	{"", "alice.age"},
	{"alice.age", "alice.codes"},
	{"", "alice.codes"},
	{"", "2024/foo"},
	{"2024/foo", "bar"},
	{"", "60/"},
	{"", "a/b/c"},
	{"..", ".."},
	{"", ".."},
	{"", "."},
	{".", "..hidden"},
	{"", "../../etc/passwd"},
	{"", "/absolute"},
	{"", `C:\windows`},
	{"", "a:b:c"},
	{"Issuer", "a:b"},
	{"", ":leading"},
	{"", "trailing:"},
	{"", "trailing."},
	{"a.", "b."},
	{"", "-rf"},
	{"CON", "NUL"},
	{"", "com1.txt"},
	{"AUX", "LPT¹"},
	{"", "100%"},
	{"", "100%25"},
	{"%2F", "%00"},
	{"", "~root"},
	{"", "$HOME `id`; rm"},
	{"", `quo"ted'`},
	{"", "pipe|star*?<>"},
	{"two words", "and three more"},
	{"Ünïcödé", "naïve café"},
	{"日本", "太郎@例え"},
	{"emoji", "👩‍💻"},
	{"", "e\u0301"}, // e with an accent in two characters
	{"", "\u00e9"},  // and in one
	{"", "ﬁ"},
	{"", "right\u202eleft"},
	{"", "straße"},
	{"", "STRASSE"},
	{"ΣΊΣΥΦΟΣ", "σίσυφος"},
}

func testNames(t *testing.T, s Suite) {
	for _, full := range []bool{false, true} {
		b := s.bench(t)
		var want []oath.ID
		for i, n := range names {
			a := totp(n.issuer, n.name)
			if s.MaxIDSize > 0 && len(a.ID()) > s.MaxIDSize {
				continue
			}
			if !full {
				b = s.bench(t) // each alone
			} else if s.Capacity > 0 && len(want) == s.Capacity {
				break
			}
			if s.NoPrefix && isPrefix(a.ID(), want) && full {
				b.is(b.Put(a, secret(t, usualKey)), oath.ErrUnsupported, "Put of a prefix")
				continue
			}
			b.put(a, usualKey+fmt.Sprint(i))
			b.expect(a, usualKey+fmt.Sprint(i), now)
			if !full {
				b.holds(a.ID())
				b.fits(b.entries(now)[a.ID()].Account, a)
				if err := b.Delete(a.ID()); err != nil {
					t.Errorf("Delete(%q): %v", a.ID(), err)
				}
				b.holds()
			}
			want = append(want, a.ID())
		}
		if full {
			testNamesTogether(b, want)
		}
	}
}

func isPrefix(id oath.ID, of []oath.ID) bool {
	return slices.ContainsFunc(of, func(other oath.ID) bool {
		return strings.HasPrefix(string(other), string(id))
	})
}

// testNamesTogether checks that no account is mistaken for another.
func testNamesTogether(b bench, ids []oath.ID) {
	b.Helper()
	b.holds(slices.Clone(ids)...)
	entries := b.entries(now)
	for i, id := range ids {
		a := id.Account(oath.TOTP).WithDefaults()
		key := usualKey + fmt.Sprint(slices.IndexFunc(names, func(n struct{ issuer, name string }) bool {
			return totp(n.issuer, n.name).ID() == id
		}))
		b.expect(a, key, now)
		want, err := oath.Compute(a, secret(b.T, key), now)
		if err != nil {
			b.Fatal(err)
		}
		if got := entries[id].Code; !got.IsZero() && got != want {
			b.Errorf("Codes: %q has %+v, want %+v", id, got, want)
		}
		if i%2 == 0 {
			if err := b.Delete(id); err != nil {
				b.Errorf("Delete(%q): %v", id, err)
			}
		}
	}
	var left []oath.ID
	for i, id := range ids {
		if i%2 == 1 {
			left = append(left, id)
		}
	}
	b.holds(left...)
}

func testLongName(t *testing.T, s Suite) {
	b := s.bench(t)
	size := s.MaxIDSize
	if size == 0 {
		size = 1000
	}
	issuer := strings.Repeat("i", size/2-1)
	longest := totp(issuer, strings.Repeat("n", size-len(issuer)-1))
	sibling := longest
	sibling.Name = longest.Name[1:] + "m" // differs in the last byte alone
	b.put(longest, usualKey)
	b.put(sibling, otherKey)
	b.holds(longest.ID(), sibling.ID())
	b.expect(longest, usualKey, now)
	b.expect(sibling, otherKey, now)

	if s.MaxIDSize > 0 {
		longest.Name += "n"
		b.is(b.Put(longest, secret(t, usualKey)), oath.ErrInvalid, "Put of an ID that is too long")
	}
	wide := totp("", strings.Repeat("語", size/3))
	b.put(wide, usualKey)
	b.expect(wide, usualKey, now)
}

// testOrder checks that the order of accounts does not change on its own.
func testOrder(t *testing.T, s Suite) {
	b := s.bench(t)
	for _, name := range []string{"m", "a", "z", "B", "10", "9"} {
		b.put(totp("Order", name), usualKey)
	}
	before := b.ids()
	b.code(totp("Order", "z"), now)
	if after := b.ids(); !slices.Equal(before, after) {
		t.Errorf("List = %q, and then %q", before, after)
	}
	entries, err := b.Codes(now)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if i < len(before) && e.Account.ID() != before[i] {
			t.Errorf("entry %d of Codes is %q, and of List %q", i, e.Account.ID(), before[i])
		}
	}
}

// testQueries checks that a token's accounts are found alike, be it by oath.Match or by
// the token's own Find, if it has one.
func testQueries(t *testing.T, s Suite) {
	b := s.bench(t)
	for _, id := range []oath.ID{
		"GitHub Enterprise:carla", "GitHub:bob", "github.io:dora", "60/GitLab:alice", "mail:bobby", "Ünï:x", "straße",
	} {
		b.put(id.Account(oath.TOTP).WithDefaults(), usualKey)
	}
	finders := map[string]func(query string) ([]oath.Account, error){"Match": func(query string) ([]oath.Account, error) {
		accounts, err := b.List()
		if err != nil {
			return nil, err
		}
		return oath.Match(accounts, query)
	}}
	if own, ok := b.Token.(interface {
		Find(query string) ([]oath.Account, error)
	}); ok {
		finders["Find"] = own.Find
	}
	for _, test := range []struct {
		query string
		want  []oath.ID
	}{
		{"60/GitLab:alice", []oath.ID{"60/GitLab:alice"}}, // the ID
		{"GitHub", []oath.ID{"GitHub:bob"}},               // the issuer, before what begins with it
		{"bob", []oath.ID{"GitHub:bob"}},                  // the name
		{"GITHUB", []oath.ID{"GitHub:bob"}},               // but for case
		{"BOB", []oath.ID{"GitHub:bob"}},                  //
		{"github:BOB", []oath.ID{"GitHub:bob"}},           //
		{"STRASSE", []oath.ID{"straße"}},                  //
		{"u\u0308ni\u0308", []oath.ID{"Ünï:x"}},           // and for the form of a letter
		{"bobb", []oath.ID{"mail:bobby"}},                 // the beginning
		{"GitHub ", []oath.ID{"GitHub Enterprise:carla"}}, //
		{"LAB:A", []oath.ID{"60/GitLab:alice"}},           // a part
		{".IO", []oath.ID{"github.io:dora"}},              //
		{"hub", []oath.ID{"GitHub Enterprise:carla", "GitHub:bob", "github.io:dora"}},
		{"nobody", nil},
	} {
		for name, find := range finders {
			var got []oath.ID
			accounts, err := find(test.query)
			for _, a := range accounts {
				got = append(got, a.ID())
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) || test.want == nil && !errors.Is(err, oath.ErrNotFound) {
				t.Errorf("%s(%q) = %q, %v, want %q", name, test.query, got, err, test.want)
			}
		}
	}
}
