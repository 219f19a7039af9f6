package fleet_test

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

var verdicts = [...]string{fleet.Alike: "same", fleet.Apart: "different", fleet.Reshaped: "reshaped", fleet.Uncompared: "uncompared", fleet.Lacking: "lacking"}

// compare compares tokens, which are called key:1 and so on.
func compare(t *testing.T, touch bool, tokens ...oath.Token) []fleet.Compared {
	t.Helper()
	var f fleet.Fleet
	for i, token := range tokens {
		f = append(f, member(fmt.Sprintf("key:%d", i+1), token))
	}
	rows, err := f.Compare(fleet.Comparison{Now: fleet.At(now), Random: rand.Reader, MayTouch: func(int) bool { return touch }})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// found returns the verdicts that are not "same", as in "a=different b=lacking(c)".
func found(rows []fleet.Compared) string {
	var list []string
	for _, row := range rows {
		if row.Verdict() == fleet.Alike {
			continue
		}
		text := string(row.Account.ID()) + "=" + verdicts[row.Verdict()]
		for _, twin := range row.Twins {
			text += "(" + string(twin.ID) + ")"
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}

// One wrong secret among 32 on two keys is found, in one exchange an account and key.
func TestCompareFindsOneWrongSecret(t *testing.T) {
	for wrong := range 32 {
		first, second := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{})
		for i := range 32 {
			id := fmt.Sprintf("Issuer:%02d", i)
			put(t, first, one+id, id)
			if i == wrong {
				id += " "
			}
			put(t, second, one+id, strings.TrimSpace(id))
		}
		before := first.device.Exchanges()
		rows := compare(t, false, first, second)
		if got, want := found(rows), fmt.Sprintf("Issuer:%02d=different", wrong); len(rows) != 32 || got != want {
			t.Errorf("got %d accounts, %q, want %q", len(rows), got, want)
		}
		if wrong > 0 {
			continue
		}
		calculateAll := 1 + 2 // pieces of its answer
		if got := first.device.Exchanges() - before; got != 32+calculateAll {
			t.Errorf("%d exchanges", got)
		}
	}
}

// What was enrolled on several tokens together is the same on each: of every kind that
// can be compared, with touch.
func TestCompareEnrolled(t *testing.T) {
	first, second, v := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{}), newVault(t)
	accounts := []oath.Account{
		totp("a"), totp("60/b"), totp("Steam:c"), {Name: "d", Algorithm: oath.SHA512, Digits: 8}, {Name: "e", Touch: true}, {Name: "f", Algorithm: oath.SHA256},
	}
	var results []*fleet.Result
	var sheet []fleet.Plan
	for _, a := range accounts {
		a = a.WithDefaults()
		results = append(results, &fleet.Result{Enrollment: fleet.Enrollment{Account: a, Secret: secret(t, one), Now: fleet.At(now)}})
		sheet = append(sheet, fleet.Plan{Account: a, Secret: secret(t, one)})
	}
	members := []*fleet.Member{member("key:1", first), member("key:2", second), member(fleet.VaultName, v)}
	fleet.Enroll(t.Context(), results, members, func(_ *fleet.Result, o fleet.Outcome) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
	})
	all := append(fleet.Fleet(members), member("sheet", fleet.NewSecrets(sheet)))
	for _, touch := range []bool{true, false} {
		asked := 0
		rows, err := all.Compare(fleet.Comparison{Now: fleet.At(now), Random: rand.Reader, MayTouch: func(n int) bool { asked = n; return touch }})
		if err != nil || asked != 2 || len(rows) != len(accounts) {
			t.Fatalf("%d touches, %d accounts, %v", asked, len(rows), err)
		}
		want := map[bool]string{true: "", false: "e=uncompared"}[touch]
		if got := found(rows); got != want {
			t.Errorf("with touch %v: got %q, want %q", touch, got, want)
		}
	}
}

func TestCompareVerdicts(t *testing.T) {
	increasing := func(t *testing.T, k *key) {
		t.Helper()
		name, secret := "i", one
		data := append([]byte{0x71, byte(len(name))}, name...)
		data = append(append(data, 0x73, byte(2+len(secret)), 0x21, 6), secret...)
		data = append(data, 0x78, 0x01)
		if _, err := k.device.Transmit(append([]byte{0, 1, 0, 0, byte(len(data))}, data...)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name string
		put  func(a, b *key)
		want string
	}{
		{"nothing", func(a, b *key) {}, ""},
		{"only here", func(a, b *key) { put(t, a, one, "x y"); put(t, b, one+"other", "x") }, "x=different y=lacking"},
		{"renamed", func(a, b *key) { put(t, a, one, "old"); put(t, b, one, "new"); put(t, b, other, "z") },
			"new=lacking(old) old=lacking(new) z=lacking"},
		{"renamed, and of another length", func(a, b *key) {
			put(t, a, one, "old")
			if err := b.Put(oath.Account{Name: "new", Digits: 8}.WithDefaults(), secret(t, one)); err != nil {
				t.Fatal(err)
			}
		}, "new=lacking old=lacking"},
		{"another period", func(a, b *key) { put(t, a, one, "x"); put(t, b, one, "60/x") }, "60/x=lacking(x) x=lacking(60/x)"},
		{"another length", func(a, b *key) {
			put(t, a, one, "x")
			if err := b.Put(oath.Account{Name: "x", Digits: 8}.WithDefaults(), secret(t, one)); err != nil {
				t.Fatal(err)
			}
		}, "x=reshaped"},
		{"another hash", func(a, b *key) {
			put(t, a, one, "x")
			if err := b.Put(oath.Account{Name: "x", Algorithm: oath.SHA256}.WithDefaults(), secret(t, one)); err != nil {
				t.Fatal(err)
			}
		}, "x=different"},
		{"a period of years", func(a, b *key) {
			for _, k := range []*key{a, b} {
				for _, name := range []string{"2000000000/x", "86401/x", "86400/x"} {
					data := append([]byte{0x71, byte(len(name))}, name...)
					data = append(append(data, 0x73, byte(2+len(one)), 0x21, 6), one...)
					if _, err := k.device.Transmit(append([]byte{0, 1, 0, 0, byte(len(data))}, data...)); err != nil {
						t.Fatal(err)
					}
				}
				k.Session = selectApplet(t, k.device)
			}
		}, "2000000000/x=uncompared 86401/x=uncompared"},
		{"counters", func(a, b *key) {
			for _, k := range []*key{a, b} {
				if err := k.Put(hotp("x"), secret(t, one)); err != nil {
					t.Fatal(err)
				}
			}
		}, "x=uncompared"},
		{"a counter and none", func(a, b *key) {
			put(t, a, one, "x")
			if err := b.Put(hotp("x"), secret(t, one)); err != nil {
				t.Fatal(err)
			}
		}, "x=uncompared"},
		{"increasing", func(a, b *key) { increasing(t, a); increasing(t, b) }, ""},
		{"increasing on one", func(a, b *key) { increasing(t, a); put(t, b, one, "i") }, ""},
		{"increasing, another secret", func(a, b *key) { increasing(t, a); put(t, b, other, "i") }, "i=different"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{})
			test.put(a, b)
			for _, pair := range [][2]oath.Token{{timing{a}, timing{b}}, {timing{b}, timing{a}}} {
				rows := compare(t, true, pair[0], pair[1])
				if got := found(rows); got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
			}
			for _, k := range []*key{a, b} { // nothing was made useless, and no counter was moved
				accounts, err := k.List()
				if err != nil {
					t.Fatal(err)
				}
				for _, account := range accounts {
					code, err := k.Code(account, now)
					if err != nil {
						t.Errorf("%s: %v", account.ID(), err)
					}
					want, err := oath.Compute(account.WithDefaults(), secret(t, one), now)
					if account.Type == oath.HOTP && (err != nil || code != want) {
						t.Errorf("%s: got %v, want %v, %v", account.ID(), code, want, err)
					}
				}
			}
		})
	}
}

// timing is a key whose owner can distinguish a touch that does not come from a refusal.
type timing struct{ *key }

func (k timing) Respond(a oath.Account, challenge uint64) (oath.Response, error) {
	r, err := k.Session.Respond(a, challenge)
	if errors.Is(err, oath.ErrTouchTimeout) {
		err = oath.ErrPast
	}
	return r, err
}

// An account that only takes increasing times is compared by the present one, and the
// others of the key by a random one.
func TestCompareAtPresent(t *testing.T) {
	k, v := newKey(t, virtualkey.Config{}), newVault(t)
	put(t, k, one, "x")
	put(t, v, one, "x y")
	data := append([]byte{0x71, 1, 'y', 0x73, byte(2 + len(one)), 0x21, 6}, one...)
	data = append(data, 0x78, 0x01)
	if _, err := k.device.Transmit(append([]byte{0, 1, 0, 0, byte(len(data))}, data...)); err != nil {
		t.Fatal(err)
	}
	k.Session = selectApplet(t, k.device)
	for _, row := range compare(t, false, timing{k}, v) {
		if y := row.Account.Name == "y"; row.Verdict() != fleet.Alike || row.AtPresent != y || row.Chance != 0 {
			t.Errorf("got %+v", row)
		}
	}
}

// A card that has truncated responses alone is asked twice, and that is enough for less
// than one chance in 10^9.
func TestCompareTruncated(t *testing.T) {
	for digits := 6; digits <= 8; digits++ {
		whole, card := newKey(t, virtualkey.Config{}), &truncating{Key: newKey(t, virtualkey.Config{}).device}
		session, err := ykoath.Select(card, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []oath.Token{whole, session} {
			for i, key := range []string{one, map[bool]string{true: one, false: other}[token == whole]} {
				a := oath.Account{Name: fmt.Sprint(i), Digits: digits}.WithDefaults()
				if err := token.Put(a, secret(t, key)); err != nil {
					t.Fatal(err)
				}
			}
		}
		card.challenges = nil
		rows := compare(t, false, whole, session)
		if got := found(rows); got != "1=different" {
			t.Errorf("got %q", got)
		}
		if chance := rows[0].Chance; chance <= 0 || chance > 1e-9 {
			t.Errorf("%d digits: the chance is %g", digits, chance)
		}
		if len(card.challenges) > 4 {
			t.Errorf("%d challenges for 2 accounts", len(card.challenges))
		}
	}
}

// A truncating card gives no response as a whole, and remembers the challenges.
type truncating struct {
	*virtualkey.Key
	challenges []uint64
}

func (c *truncating) Transmit(command []byte) ([]byte, error) {
	if len(command) > 13 && command[1] == 0xa2 {
		c.challenges = append(c.challenges, binary.BigEndian.Uint64(command[len(command)-8:]))
		command[3] = 1
	}
	return c.Key.Transmit(command)
}

// A card that has not the secret cannot pass for one that has: not by what it was sent
// before, nor by returning what it is sent, nor by silence or rubbish.
func TestCompareHostile(t *testing.T) {
	honest := newVault(t)
	put(t, honest, one, "a")
	seen := make(map[uint64]bool)
	var before oath.Response
	for name, respond := range map[string]func(challenge uint64) (oath.Response, error){
		"echo": func(challenge uint64) (oath.Response, error) {
			return oath.Response{HMAC: binary.BigEndian.AppendUint64(make([]byte, 12), challenge), Digits: 6}, nil
		},
		"replay":              func(uint64) (oath.Response, error) { return before, nil },
		"empty":               func(uint64) (oath.Response, error) { return oath.Response{HMAC: []byte{}, Digits: 6}, nil },
		"zero":                func(uint64) (oath.Response, error) { return oath.Response{}, nil },
		"no digits, any code": func(uint64) (oath.Response, error) { return oath.Response{Digits: -1}, nil },
		"refuses":             func(uint64) (oath.Response, error) { return oath.Response{}, errBusy },
	} {
		liar := &forger{Session: newKey(t, virtualkey.Config{}).Session}
		put(t, liar, other, "a")
		for range 3 {
			liar.respond = func(challenge uint64) (oath.Response, error) {
				if seen[challenge] {
					t.Errorf("challenge %d came twice", challenge)
				}
				seen[challenge] = true
				r, err := respond(challenge)
				before, _ = totp("a").Respond(secret(t, one), challenge) // whatever it overhears comes too late
				return r, err
			}
			rows := compare(t, false, honest, liar)
			want := fleet.Apart
			if name == "refuses" {
				want = fleet.Uncompared
			}
			if len(rows) != 1 || rows[0].Verdict() != want {
				t.Errorf("%s: got %q", name, found(rows))
			}
		}
	}
	for challenge := range seen {
		if challenge >= totp("a").TimeStep(now) {
			t.Errorf("challenge %d lies ahead of the time", challenge)
		}
	}
}

type forger struct {
	*ykoath.Session
	respond func(challenge uint64) (oath.Response, error)
}

func (l *forger) Respond(_ oath.Account, challenge uint64) (oath.Response, error) {
	return l.respond(challenge)
}

// A key that is pulled out is asked no more, and what it proved before counts.
func TestComparePulled(t *testing.T) {
	a, b := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{})
	put(t, a, one, "x y z")
	put(t, b, one, "x y z")
	b.device.SetFaults(virtualkey.Fault{Nth: 3, Kind: virtualkey.FaultPull})
	rows := compare(t, false, a, b)
	if got := found(rows); got != "y=uncompared z=uncompared" {
		t.Errorf("got %q", got)
	}
	if err := rows[2].Answers[1].Err; err == nil || rows[2].Answers[0].Group == 0 {
		t.Errorf("got %+v", rows[2])
	}
}

// A computer whose clock lags by decades has no challenges to give.
func TestCompareClock(t *testing.T) {
	_, err := fleet.Fleet{}.Compare(fleet.Comparison{Now: fleet.At(now.AddDate(-50, 0, 0)), Random: rand.Reader})
	if err == nil {
		t.Error("no error")
	}
}

// Other makers' cards are compared as well, also with each other.
func TestCompareVendors(t *testing.T) {
	reference := newKey(t, virtualkey.Config{})
	accounts := []oath.Account{totp("a"), totp("60/b"), totp("Steam:c"), oath.Account{Name: "d", Algorithm: oath.SHA256, Digits: 8}.WithDefaults()}
	fill := func(k *key) {
		for i, a := range accounts {
			if err := k.Put(a, secret(t, one+fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(reference)
	for quirk := virtualkey.Quirks(1); quirk <= virtualkey.StrictlyIncreasing; quirk <<= 1 {
		card := newKey(t, virtualkey.Config{Quirks: quirk})
		fill(card)
		rows := compare(t, false, reference, card)
		if got := found(rows); got != "" || len(rows) != len(accounts) || rows[0].Chance != 0 {
			t.Errorf("%v: got %q", quirk, got)
		}
	}
	for _, firmware := range []virtualkey.Version{{2, 4, 0}, {3, 4, 9}, {4, 2, 6}, {5, 2, 4}} {
		card := newKey(t, virtualkey.Config{Firmware: firmware})
		fill(card)
		if got := found(compare(t, false, reference, card)); got != "" {
			t.Errorf("firmware %v: got %q", firmware, got)
		}
	}
}
