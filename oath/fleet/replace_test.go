package fleet_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// cards are the ways of makers with PUT of a name that is there.
var cards = map[string]virtualkey.Quirks{
	"overwrites":            0,
	"does not overwrite":    virtualkey.NoOverwrite,
	"nor renames":           virtualkey.NoOverwrite | virtualkey.NoRename,
	"counts first":          virtualkey.CountFirst,
	"counts, no overwrites": virtualkey.CountFirst | virtualkey.NoOverwrite,
}

// replacement puts an account with secret one instead of another.
func replacement(t *testing.T, a oath.Account) fleet.Enrollment {
	return fleet.Enrollment{Account: a, Secret: secret(t, one), Replace: true, Now: func() time.Time { return now }}
}

// held returns what the key has when it is plugged in again.
func held(t *testing.T, k *key) []oath.Account {
	t.Helper()
	k.device.SetFaults()
	k.device.Plug()
	k.Session = selectApplet(t, k.device)
	accounts, err := k.List()
	if err != nil {
		t.Fatal(err)
	}
	return accounts
}

// holds checks that a key has one account, GitHub:alice, with that secret.
func holds(t *testing.T, k *key, with string) {
	t.Helper()
	if accounts := held(t, k); len(accounts) != 1 || accounts[0].ID() != "GitHub:alice" {
		t.Fatalf("the key has %v", accounts)
	}
	code, err := k.Code(totp("GitHub:alice"), now)
	if err != nil || code.Value != codeOf(t, totp("GitHub:alice"), with) {
		t.Errorf("got %v, %v", code, err)
	}
}

// The old account is lost neither to a refusal of the new one, nor to wrong codes of it.
func TestReplaceKeepsTheOldUntilTheNewIsProved(t *testing.T) {
	refused := func(nth int) virtualkey.Fault {
		return virtualkey.Fault{Nth: nth, INS: insPut, Kind: virtualkey.FaultStatus, Status: 0x6a80}
	}
	for name, quirks := range cards {
		for fault, faults := range map[string][]virtualkey.Fault{
			"first PUT refused": {refused(1)},
			"corrupt":           {{Nth: 1, INS: insCalculate, Kind: virtualkey.FaultStatus, Status: 0x6581}},
			"lies":              nil,
		} {
			t.Run(name+"/"+fault, func(t *testing.T) {
				k := newKey(t, virtualkey.Config{Quirks: quirks})
				put(t, k, other, "GitHub:alice")
				k.device.SetFaults(faults...)
				m := member("key", k)
				if faults == nil {
					m = member("key", lying{k, nil})
				}
				o := enroll(replacement(t, totp("GitHub:alice")), m)
				if o.State != fleet.Failed || !o.Kept || o.Err == nil {
					t.Errorf("got %+v", o)
				}
				holds(t, k, other)
			})
		}
	}
	// The swap itself is refused.
	k := newKey(t, virtualkey.Config{})
	put(t, k, other, "GitHub:alice")
	k.device.SetFaults(refused(2))
	if o := enroll(replacement(t, totp("GitHub:alice")), member("key", k)); o.State != fleet.Failed || !o.Kept {
		t.Errorf("got %+v", o)
	}
	holds(t, k, other)
}

// A key that is pulled out at any command has the old account or the new one, the new one
// perhaps under another name. The same command again leaves the new one alone.
func TestReplacePulledOut(t *testing.T) {
	for name, quirks := range cards {
		for _, kind := range []virtualkey.FaultKind{virtualkey.FaultPull, virtualkey.FaultPullAfter} {
			t.Run(fmt.Sprint(name, kind), func(t *testing.T) {
				for nth := 1; ; nth++ {
					k := newKey(t, virtualkey.Config{Quirks: quirks})
					put(t, k, other, "GitHub:alice")
					k.device.SetFaults(virtualkey.Fault{Nth: nth, Kind: kind})
					o := enroll(replacement(t, totp("GitHub:alice")), member("key", k))
					if o.State == fleet.Checked {
						holds(t, k, one)
						if nth < 6 {
							t.Errorf("%d commands", nth-1)
						}
						return
					}
					checkReachable(t, k, o)
					if o = enroll(replacement(t, totp("GitHub:alice")), member("key", k)); o.State != fleet.Checked || o.Err != nil {
						t.Errorf("again: %+v", o)
					}
					holds(t, k, one)
				}
			})
		}
	}
}

func checkReachable(t *testing.T, k *key, o fleet.Outcome) {
	t.Helper()
	found := ""
	for _, a := range held(t, k) {
		a.Digits = 6
		code, err := k.Code(a, now)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case code.Value == codeOf(t, totp("GitHub:alice"), one):
			found += " new"
		case a.ID() != "GitHub:alice" || code.Value != codeOf(t, totp("GitHub:alice"), other):
			t.Errorf("%q has code %s", a.ID(), code.Value)
		default:
			found += " old"
		}
		if a.ID() != "GitHub:alice" && !(fleet.IsLeftover(a) && a.Name == "GitHub:alice") {
			t.Errorf("%q is not known for what it is", a.ID())
		}
	}
	if found == "" || o.Kept && !strings.Contains(found, "old") {
		t.Errorf("found%s after %+v", found, o)
	}
}

// Without room for both, a card that overwrites does; of another, the owner is asked.
func TestReplaceOnAFullKey(t *testing.T) {
	full := func(quirks virtualkey.Quirks) *key {
		k := newKey(t, virtualkey.Config{Quirks: quirks})
		put(t, k, other, "GitHub:alice")
		for i := range 63 {
			put(t, k, other, fmt.Sprintf("filler%d", i))
		}
		return k
	}
	e := replacement(t, totp("GitHub:alice"))
	if o := enroll(e, member("key", full(0))); o.State != fleet.Checked {
		t.Errorf("got %+v", o)
	}
	k := full(virtualkey.NoOverwrite)
	if o := enroll(e, member("key", k)); o.State != fleet.Failed || !o.Kept || !errors.Is(o.Err, fleet.ErrMustDelete) {
		t.Errorf("got %+v", o)
	}
	if len(held(t, k)) != 64 {
		t.Error("an account is gone")
	}
	asked := ""
	e.MayLose = func(m *fleet.Member) error { asked = m.Name; return nil }
	if o := enroll(e, member("key", k)); o.State != fleet.Checked || asked != "key" {
		t.Errorf("got %+v, asked %q", o, asked)
	}
}

// The name beside fits, whatever the account's own; and what goes by the name, or asks
// for a touch, does so afterwards.
func TestReplaceEveryKind(t *testing.T) {
	for _, a := range []oath.Account{
		{Name: strings.Repeat("a", 64)},
		{Issuer: strings.Repeat("é", 15), Name: strings.Repeat("ü", 16), Period: 0},
		{Name: strings.Repeat("é", 29), Period: 86400},
		{Issuer: "Steam", Name: "carol"},
		{Name: "touched", Touch: true},
		{Name: "counted", Type: oath.HOTP, Counter: 3},
		{Name: "2024/foo"},
	} {
		a = a.WithDefaults()
		k := newKey(t, virtualkey.Config{})
		if err := k.Put(a, secret(t, other)); err != nil {
			t.Fatal(err)
		}
		o := enroll(replacement(t, a), member("key", k))
		if o.State != fleet.Checked || o.Err != nil || o.Code.Value != codeOf(t, a, one) {
			t.Errorf("%q: got %+v", a.ID(), o)
		}
		if accounts := held(t, k); len(accounts) != 1 || accounts[0].ID() != a.ID() {
			t.Errorf("%q: the key has %v", a.ID(), accounts)
		}
	}
}

// A card that counts before it computes gives the code that the service expects, or for
// counter 0 the nearest after it.
func TestCardThatCountsFirst(t *testing.T) {
	for _, quirks := range []virtualkey.Quirks{virtualkey.CountFirst, virtualkey.CountFirst | virtualkey.NoOverwrite} {
		for _, replaced := range []bool{false, true} {
			for counter, want := range map[uint64]uint64{0: 1, 1: 1, 5: 5} {
				a := oath.Account{Issuer: "GitHub", Name: "alice", Type: oath.HOTP, Counter: counter}.WithDefaults()
				k := newKey(t, virtualkey.Config{Quirks: quirks})
				if replaced {
					put(t, k, other, "GitHub:alice")
				}
				e := replacement(t, a)
				e.Replace = replaced
				o := enroll(e, member("key", k))
				a.Counter = want
				if o.State != fleet.Checked || !o.CountsFirst || o.Code.Value != codeOf(t, a, one) {
					t.Errorf("counter %d: got %+v", counter, o)
				}
				a.Counter++
				if next, err := k.Code(a, now); err != nil || next.Value != codeOf(t, a, one) {
					t.Errorf("counter %d: then %+v, %v", counter, next, err)
				}
			}
		}
	}
}

// A card that takes the touch property and ignores it is found out, and is no failure. An
// account that was stored without touch is one.
func TestTouchThatIsIgnored(t *testing.T) {
	for _, quirks := range []virtualkey.Quirks{virtualkey.IgnoredTouch, virtualkey.IgnoredTouch | virtualkey.NoOverwrite} {
		k := newKey(t, virtualkey.Config{Quirks: quirks})
		e := replacement(t, touched)
		for _, replace := range []bool{false, false, true} {
			e.Replace = replace
			if o := enroll(e, member("key", k)); o.State != fleet.Checked || !o.IgnoresTouch || o.Err != nil {
				t.Errorf("replace %t: got %+v", replace, o)
			}
			holds(t, k, one)
		}
	}
	k := newKey(t, virtualkey.Config{})
	put(t, k, one, "GitHub:alice")
	e := replacement(t, touched)
	e.Replace = false
	if o := enroll(e, member("key", k)); o.IgnoresTouch || !errors.Is(o.Err, oath.ErrExists) {
		t.Errorf("got %+v", o)
	}
	holds(t, k, one)
	k = newKey(t, virtualkey.Config{Quirks: virtualkey.NoCalculateAll}) // does not show it
	if o := enroll(e, member("key", k)); o.State != fleet.Checked || o.IgnoresTouch {
		t.Errorf("got %+v", o)
	}
}

// One account that refuses an earlier time does not keep back the codes of others.
func TestCodesBesideOneThatFails(t *testing.T) {
	k := newKey(t, virtualkey.Config{Quirks: virtualkey.NoCalculateAll})
	put(t, k, one, "GitHub:alice GitHub:bob GitHub:carol")
	k.device.SetFaults(virtualkey.Fault{Nth: 2, INS: insCalculate, Kind: virtualkey.FaultStatus, Status: 0x6982})
	holdings, err := fleet.Fleet{member("key", k)}.Codes(fleet.At(now))
	if err == nil || errors.Is(err, oath.ErrLocked) || !strings.Contains(err.Error(), "GitHub:bob") {
		t.Errorf("got %v", err)
	}
	for i, h := range holdings {
		if h.Code.IsZero() != (i == 1) {
			t.Errorf("%q has code %q", h.Account.ID(), h.Code.Value)
		}
	}
}
