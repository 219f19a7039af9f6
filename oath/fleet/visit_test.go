package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// resultsOf returns accounts to enroll, Issuer:user0 and on, each changed a little.
func resultsOf(t *testing.T, n int, change func(i int, e *fleet.Enrollment)) (results []*fleet.Result) {
	t.Helper()
	for i := range n {
		e := fleet.Enrollment{Account: totp(oath.ID(fmt.Sprintf("Issuer:user%d", i))), Secret: secret(t, one), Now: fleet.At(now)}
		if change != nil {
			change(i, &e)
		}
		results = append(results, &fleet.Result{Enrollment: e})
	}
	return results
}

// A tally counts what came of accounts on the last token.
type tally struct{ checked, already, stored, failed, skipped int }

func tallyOf(results []*fleet.Result) (n tally) {
	for _, r := range results {
		switch o := r.Outcomes[len(r.Outcomes)-1]; {
		case o.Already:
			n.already++
		case o.State == fleet.Checked:
			n.checked++
		case o.State == fleet.Stored:
			n.stored++
		case o.IsSkipped():
			n.skipped++
		default:
			n.failed++
		}
	}
	return n
}

func enrollResults(results []*fleet.Result, members ...*fleet.Member) {
	fleet.Enroll(context.Background(), results, members, func(*fleet.Result, fleet.Outcome) {})
}

func counting(_ int, e *fleet.Enrollment) { e.Account = hotp(e.Account.ID()) }

func touching(_ int, e *fleet.Enrollment) { e.Account.Touch = true }

func minutely(_ int, e *fleet.Enrollment) { e.Account.Period = 60 }

func replacing(_ int, e *fleet.Enrollment) { e.Replace = true }

// half changes every other account.
func half(change func(int, *fleet.Enrollment)) func(int, *fleet.Enrollment) {
	return func(i int, e *fleet.Enrollment) {
		if i%2 == 1 {
			change(i, e)
		}
	}
}

// pieces is how many exchanges it takes at most to learn what a key with so many of
// these accounts holds.
func pieces(accounts int) int { return 1 + accounts/8 }

// A key is asked once what it holds, and then needs at most so many exchanges.
func TestEnrollExchanges(t *testing.T) {
	old := virtualkey.Config{Firmware: virtualkey.Version{4, 2, 6}}
	fips := virtualkey.Config{Firmware: virtualkey.Version{5, 4, 3}}
	for _, test := range []struct {
		name   string
		config virtualkey.Config
		before func(int, *fleet.Enrollment) // accounts that were enrolled before, if not nil
		change func(int, *fleet.Enrollment)
		n      int
		most   int
		want   tally
	}{
		{name: "one", n: 1, most: 1 + 2, want: tally{checked: 1}},
		{name: "32", n: 32, most: 1 + 2*32, want: tally{checked: 32}},
		{name: "64", n: 64, most: 1 + 2*64, want: tally{checked: 64}},
		{name: "64 that count", n: 64, change: counting, most: 1 + 2*64, want: tally{checked: 64}},
		{name: "64 with a touch", n: 64, change: touching, most: 1 + 2*64 + 1, want: tally{checked: 64}},
		{name: "64, and half have a touch", n: 64, change: half(touching), most: 1 + 2*64 + 1, want: tally{checked: 64}},
		{name: "64 on a key that ignores touch", config: virtualkey.Config{Quirks: virtualkey.IgnoredTouch}, n: 64, change: touching, most: 1 + 2*64 + 1, want: tally{checked: 64}},
		{name: "64 without CALCULATE ALL", config: virtualkey.Config{Quirks: virtualkey.NoCalculateAll}, n: 64, most: 2 + 2*64, want: tally{checked: 64}},
		{name: "64, to replace what is not there", n: 64, change: replacing, most: 1 + 2*64, want: tally{checked: 64}},
		{name: "too many", config: fips, n: 40, most: 1 + 2*32 + 1, want: tally{checked: 32, failed: 1, skipped: 7}},
		{name: "half unsupported", config: old, n: 32, change: half(func(_ int, e *fleet.Enrollment) { e.Account.Algorithm = oath.SHA512 }),
			most: 1 + 3*16, want: tally{checked: 16, failed: 16}},

		{name: "64 again", before: half(nothing), n: 64, most: pieces(64), want: tally{already: 64}},
		{name: "64 again, minutely", before: minutely, change: minutely, n: 64, most: pieces(64) + 64, want: tally{already: 64}},
		{name: "64 again, touched", before: touching, change: touching, n: 64, most: pieces(64) + 64, want: tally{already: 64}},
		{name: "63 again on a key that ignores touch", config: virtualkey.Config{Quirks: virtualkey.IgnoredTouch}, before: touching, change: touching, n: 63,
			most: pieces(63) + 2 + pieces(64), want: tally{already: 63}},
		{name: "64 again, counted", before: counting, change: counting, n: 64, most: pieces(64), want: tally{failed: 64}},
		{name: "64 again, other secrets", before: func(_ int, e *fleet.Enrollment) { e.Secret = secret(t, other) }, n: 64, most: pieces(64), want: tally{failed: 64}},
		{name: "60 to replace", before: nothing, change: replacing, n: 60, most: pieces(60) + 5*60, want: tally{checked: 60}},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKey(t, test.config)
			m := member("key", k)
			if test.before != nil {
				enrollResults(resultsOf(t, test.n, test.before), m)
				k.Session = selectApplet(t, k.device)
			}
			k.device.ClearExchanges()
			results := resultsOf(t, test.n, test.change)
			enrollResults(results, m)
			if got := tallyOf(results); got != test.want {
				t.Errorf("got %+v, want %+v; the first error is %v", got, test.want, results[0].Err())
			}
			used := k.device.Exchanges()
			t.Logf("%d exchanges for %d accounts", used, test.n)
			if used > test.most {
				t.Errorf("%d exchanges, want %d at most", used, test.most)
			}
		})
	}
}

func nothing(int, *fleet.Enrollment) {}

// What became of each account is reported at once, in their order on each token.
func TestEnrollReports(t *testing.T) {
	red, sealed := newKey(t, virtualkey.Config{}), newVault(t)
	sealed.Lock()
	results := resultsOf(t, 3, half(counting))
	var reported string
	fleet.Enroll(t.Context(), results, fleet.Fleet{member("red", red), failing("broken"), member("vault", sealed)}, func(r *fleet.Result, o fleet.Outcome) {
		if last := r.Outcomes[len(r.Outcomes)-1]; last.Member != o.Member {
			t.Errorf("reported %s, and the last outcome is of %s", o.Member.Name, last.Member.Name)
		}
		reported += fmt.Sprintf("%s %s %d\n", o.Member.Name, r.Account.Name, o.State)
	})
	want := "red user0 2\nred user1 2\nred user2 2\nbroken user0 0\nbroken user1 0\nbroken user2 0\nvault user0 1\nvault user1 1\nvault user2 1\n"
	if reported != want {
		t.Errorf("reported\n%s\nwant\n%s", reported, want)
	}
}

// A key that is pulled out fails at once from then on, and the others continue.
func TestEnrollPulled(t *testing.T) {
	for name, test := range map[string]struct {
		fault virtualkey.Fault
		first tally
	}{
		"before it stores":   {virtualkey.Fault{Nth: 5, INS: insPut, Kind: virtualkey.FaultPull}, tally{checked: 4, failed: 1, skipped: 15}},
		"after it stores":    {virtualkey.Fault{Nth: 5, INS: insPut, Kind: virtualkey.FaultPullAfter}, tally{checked: 4, failed: 1, skipped: 15}},
		"before it computes": {virtualkey.Fault{Nth: 5, INS: insCalculate, Kind: virtualkey.FaultPull}, tally{checked: 4, stored: 1, skipped: 15}},
	} {
		t.Run(name, func(t *testing.T) {
			red, blue := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{})
			red.device.SetFaults(test.fault)
			results := resultsOf(t, 20, nil)
			tried := 0
			fleet.Enroll(t.Context(), results, fleet.Fleet{member("red", red), member("blue", blue)}, func(_ *fleet.Result, o fleet.Outcome) {
				if o.Member.Name == "red" && !o.IsSkipped() {
					tried++
				}
			})
			if got := tallyOf(results); got != (tally{checked: 20}) {
				t.Errorf("on the other key: %+v", got)
			}
			for _, r := range results {
				r.Outcomes = r.Outcomes[:1]
			}
			if got := tallyOf(results); got != test.first || tried != 20-test.first.skipped {
				t.Errorf("got %+v, %d tried, want %+v", got, tried, test.first)
			}
			if o := results[19].Outcomes[0]; errors.Is(o.Err, oath.ErrUnsure) {
				t.Errorf("what was not tried may be there: %v", o.Err)
			}
			lines := strings.Split(fleet.Failures(results).Error(), "\n")
			summary := fmt.Sprintf("red: %d accounts were not tried: ", test.first.skipped)
			if len(lines) != test.first.stored+test.first.failed+1 || !strings.HasPrefix(lines[len(lines)-1], summary) {
				t.Errorf("the failures are %q", lines)
			}

			red.device.SetFaults()
			red.device.Plug()
			red.Session = selectApplet(t, red.device)
			for _, r := range results {
				r.Forget("red")
			}
			enrollResults(results, member("red", red))
			if got := tallyOf(results); got.checked+got.already != 20 {
				t.Errorf("again: %+v", got)
			}
		})
	}
}

// What is there already is compared on a full key as on any other.
func TestEnrollOnFull(t *testing.T) {
	k := newKey(t, virtualkey.Config{Firmware: virtualkey.Version{5, 4, 3}})
	put(t, k, one, "Issuer:user30 Issuer:user35")
	results := resultsOf(t, 36, nil)
	enrollResults(results, member("key", k))
	if got, want := tallyOf(results), (tally{checked: 30, already: 2, failed: 1, skipped: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := results[34].Err(); !errors.Is(err, oath.ErrNoSpace) {
		t.Errorf("the last one: %v", err)
	}
}

// Whoever interrupts learns what is done: between two accounts on a key, and in the
// vault, which stores no further ones.
func TestEnrollBrokenOff(t *testing.T) {
	sealed := newVault(t)
	sealed.Lock()
	for _, test := range []struct {
		token    oath.Token
		n, after int // how many are reported until then
		most     int
	}{
		{newKey(t, virtualkey.Config{}), 20, 3, 3},
		{sealed, 2000, 3, 600},
		{newVault(t), 200, 3, 200},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		results := resultsOf(t, test.n, nil)
		reported := 0
		fleet.Enroll(ctx, results, []*fleet.Member{member("token", test.token)}, func(*fleet.Result, fleet.Outcome) {
			if reported++; reported == test.after {
				cancel()
			}
		})
		there, err := test.token.List()
		got := tallyOf(results)
		if done := got.checked + got.stored; err != nil || done < test.after || done > test.most || got.skipped != test.n-done || len(there) != done {
			t.Errorf("got %+v, with %d accounts there, %v", got, len(there), err)
		}
		if err := results[test.n-1].Err(); reported != test.n || !errors.Is(err, context.Canceled) {
			t.Errorf("%d reported; the last one: %v", reported, err)
		}
	}
}

// A vault that is unlocked by the way has the accounts checked that it stored while it
// was not, and those that count left alone, whose first code is another token's.
func TestEnrollUnlocksMidway(t *testing.T) {
	v := newVault(t)
	put(t, v, one, "Issuer:user1")
	identity, err := v.Identity()
	if err != nil {
		t.Fatal(err)
	}
	v.Lock()
	u := &opening{v, identity}
	results := resultsOf(t, 4, func(i int, e *fleet.Enrollment) {
		if i == 3 {
			counting(i, e)
		}
	})
	enrollResults(results, member("vault", u))
	if got, want := tallyOf(results), (tally{checked: 1, already: 1, stored: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, i := range []int{0, 3} {
		if o := results[i].Outcomes[0]; !o.IsSealed() {
			t.Errorf("account %d: %+v", i, o)
		}
	}
	if code, err := v.Code(results[3].Account, now); err != nil || code.Value == codeOf(t, results[3].Account, one) {
		t.Errorf("the vault's first code is %v, %v: that of counter 0, which another token has shown", code, err)
	}
}

// An opening vault is unlocked when it is asked for a code.
type opening struct {
	*vault.Vault
	identity string
}

func (o *opening) Code(a oath.Account, at time.Time) (oath.Code, error) {
	if err := o.UnlockWithIdentity(o.identity); err != nil {
		return oath.Code{}, err
	}
	return o.Vault.Code(a, at)
}

// A shut vault is asked to be opened, and is not.
type shut struct {
	*vault.Vault
	asked int
}

func (s *shut) Code(oath.Account, time.Time) (oath.Code, error) {
	s.asked++
	return oath.Code{}, oath.ErrWrongPassword
}

func (s *shut) Replace(oath.Account, oath.Secret) error {
	s.asked++
	return oath.ErrWrongPassword
}

// The owner of a locked vault is asked once to open it, however many accounts are there.
func TestEnrollAsksOnce(t *testing.T) {
	for _, change := range []func(int, *fleet.Enrollment){nothing, replacing} {
		s := &shut{Vault: newVault(t)}
		s.Lock()
		enrollResults(resultsOf(t, 20, nil), member("vault", s))
		results := resultsOf(t, 21, change)
		enrollResults(results, member("vault", s))
		if got, want := tallyOf(results), (tally{failed: 20, stored: 1}); got != want || s.asked != 1 {
			t.Errorf("got %+v, want %+v, and was asked %d times", got, want, s.asked)
		}
		if err := results[19].Err(); !errors.Is(err, oath.ErrWrongPassword) {
			t.Errorf("the last one: %v", err)
		}
	}
}

// A stopping vault stores two accounts, and then says why it stores no more, or did not do
// all of it well.
type stopping struct{ *vault.Vault }

func (s stopping) PutAll(accounts iter.Seq2[oath.Account, oath.Secret], done func(int, error)) error {
	s.Vault.PutAll(func(yield func(oath.Account, oath.Secret) bool) {
		n := 0
		for a, s := range accounts {
			if n++; n > 2 || !yield(a, s) {
				return
			}
		}
	}, done)
	return errBusy
}

func TestEnrollStops(t *testing.T) {
	for _, locked := range []bool{true, false} {
		s := stopping{newVault(t)}
		if locked {
			s.Lock()
		}
		results := resultsOf(t, 5, nil)
		enrollResults(results, member("vault", s))
		want := tally{checked: 2, skipped: 3}
		if locked {
			want = tally{stored: 2, skipped: 3}
		}
		if got := tallyOf(results); got != want || fleet.Failures(results[:2]) != nil || !errors.Is(results[4].Err(), errBusy) {
			t.Errorf("locked %t: got %+v: %v", locked, got, fleet.Failures(results))
		}
		all := resultsOf(t, 2, func(_ int, e *fleet.Enrollment) { e.Account.Issuer = "Other" })
		enrollResults(all, member("vault", s))
		if err := fleet.Failures(all); locked && !errors.Is(err, errBusy) {
			t.Errorf("after all were stored: %v", err)
		}
	}
}
