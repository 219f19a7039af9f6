package fleet_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/fleet"
	"github.com/tokenctl/tokenctl/oath/vault"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// Instructions of the OATH applet, from YKOATH.
const (
	insPut       = 0x01
	insCalculate = 0xa2
)

// at returns a fault at the first command of that instruction.
func at(ins byte, kind virtualkey.FaultKind) virtualkey.Fault {
	return virtualkey.Fault{Nth: 1, INS: ins, Kind: kind}
}

// A lying token computes wrong codes, and may refuse to delete.
type lying struct {
	oath.Token
	refuses error
}

func (l lying) Code(a oath.Account, at time.Time) (oath.Code, error) {
	code, err := l.Token.Code(a, at)
	code.Value = strings.Repeat("x", len(code.Value))
	return code, err
}

func (l lying) Delete(id oath.ID) error {
	if l.refuses != nil {
		return l.refuses
	}
	return l.Token.Delete(id)
}

var enrollTests = []struct {
	name    string
	token   func(t *testing.T) oath.Token
	account oath.Account // GitHub:alice, if not set
	replace bool

	state   fleet.State
	already bool
	err     error
	there   bool // whether the token has the account afterwards
}{
	{name: "on a key", token: withKey(virtualkey.Config{}), state: fleet.Checked, there: true},
	{name: "on a key, counted", token: withKey(virtualkey.Config{}), account: hotp("GitHub:alice"), state: fleet.Checked, there: true},
	{name: "in a vault", token: withVault(false), state: fleet.Checked, there: true},
	{name: "in a locked vault", token: withVault(true), state: fleet.Stored, err: oath.ErrLocked, there: true},

	{name: "again", token: withKey(virtualkey.Config{}, one), state: fleet.Checked, already: true, there: true},
	{name: "again, another secret", token: withKey(virtualkey.Config{}, other), err: oath.ErrExists, there: true},
	{name: "again, counted", token: withCounter(virtualkey.Config{}), account: hotp("GitHub:alice"), err: oath.ErrExists, there: true},
	{name: "again, in a vault", token: withVault(false, one), state: fleet.Checked, already: true, there: true},
	{name: "again, in a vault, another secret", token: withVault(false, other), err: oath.ErrExists, there: true},
	{name: "again, in a locked vault", token: withVault(true, one), err: oath.ErrLocked, there: true},
	{name: "instead of another", token: withKey(virtualkey.Config{}, other), replace: true, state: fleet.Checked, there: true},
	{name: "instead of another, vault", token: withVault(false, other), replace: true, state: fleet.Checked, there: true},
	{name: "instead of another, locked vault", token: withVault(true, other), replace: true, err: oath.ErrLocked, there: true},

	{name: "on a full key", token: fullKey, err: oath.ErrNoSpace},
	{name: "on a locked key", token: lockedKey, err: oath.ErrLocked},
	{name: "on an old key", token: withKey(virtualkey.Config{Firmware: virtualkey.Version{4, 0, 0}}), account: sha512, err: oath.ErrUnsupported},
	{name: "on no key", token: nil, err: errBusy},

	{name: "pulled before it is stored", token: withFault(at(insPut, virtualkey.FaultPull)), err: oath.ErrRemoved},
	{name: "pulled when it is stored", token: withFault(at(insPut, virtualkey.FaultPullAfter)), err: oath.ErrRemoved, there: true},
	{name: "pulled before it is checked", token: withFault(at(insCalculate, virtualkey.FaultPull)), state: fleet.Stored, err: oath.ErrRemoved, there: true},
	{name: "not touched", token: withKey(virtualkey.Config{Touch: virtualkey.TouchNever}), account: touched, state: fleet.Stored, err: oath.ErrTouchTimeout, there: true},

	{name: "wrong code", token: withLies(nil), err: fleet.ErrUnequal},
	{name: "wrong code for good", token: withLies(errBusy), err: fleet.ErrUnequal, there: true},
}

var (
	sha512  = oath.Account{Issuer: "GitHub", Name: "alice", Algorithm: oath.SHA512}.WithDefaults()
	touched = oath.Account{Issuer: "GitHub", Name: "alice", Touch: true}.WithDefaults()
)

// withKey returns what makes a key that has the account with those secrets.
func withKey(c virtualkey.Config, secrets ...string) func(*testing.T) oath.Token {
	return func(t *testing.T) oath.Token {
		k := newKey(t, c)
		for _, s := range secrets {
			put(t, k, s, "GitHub:alice")
		}
		return k
	}
}

func withCounter(c virtualkey.Config) func(*testing.T) oath.Token {
	return func(t *testing.T) oath.Token {
		k := newKey(t, c)
		if err := k.Put(hotp("GitHub:alice"), secret(t, one)); err != nil {
			t.Fatal(err)
		}
		return k
	}
}

func withFault(f virtualkey.Fault) func(*testing.T) oath.Token {
	return func(t *testing.T) oath.Token {
		k := newKey(t, virtualkey.Config{})
		k.device.SetFaults(f)
		return k
	}
}

func withVault(locked bool, secrets ...string) func(*testing.T) oath.Token {
	return func(t *testing.T) oath.Token {
		v := newVault(t)
		for _, s := range secrets {
			put(t, v, s, "GitHub:alice")
		}
		if locked {
			v.Lock()
		}
		return v
	}
}

func fullKey(t *testing.T) oath.Token {
	k := newKey(t, virtualkey.Config{})
	for i := range 64 {
		put(t, k, one, "filler"+string(rune('0'+i)))
	}
	return k
}

func lockedKey(t *testing.T) oath.Token {
	k := newKey(t, virtualkey.Config{})
	k.lock(t)
	return k
}

func withLies(refuses error) func(*testing.T) oath.Token {
	return func(t *testing.T) oath.Token { return lying{newKey(t, virtualkey.Config{}), refuses} }
}

// enroll puts an account on one token.
func enroll(e fleet.Enrollment, m *fleet.Member) fleet.Outcome {
	r := fleet.Result{Enrollment: e}
	enrollAll(&r, []*fleet.Member{m}, func(fleet.Outcome) {})
	return r.Outcomes[0]
}

// enrollAll puts an account on tokens.
func enrollAll(r *fleet.Result, members []*fleet.Member, report func(fleet.Outcome)) {
	fleet.Enroll(context.Background(), []*fleet.Result{r}, members, func(_ *fleet.Result, o fleet.Outcome) { report(o) })
}

func TestEnroll(t *testing.T) {
	for _, test := range enrollTests {
		t.Run(test.name, func(t *testing.T) {
			m := failing("broken")
			var token oath.Token
			if test.token != nil {
				token = test.token(t)
				m = member("token", token)
			}
			e := fleet.Enrollment{Account: test.account, Secret: secret(t, one), Replace: test.replace, Now: func() time.Time { return now }}
			if e.Account == (oath.Account{}) {
				e.Account = totp("GitHub:alice")
			}
			o := enroll(e, m)
			if o.Member != m || o.State != test.state || o.Already != test.already || !errors.Is(o.Err, test.err) {
				t.Errorf("got %+v, want state %d, already %t, error %v", o, test.state, test.already, test.err)
			}
			if checked := o.State == fleet.Checked; checked != (o.Code.Value == codeOf(t, e.Account, one)) {
				t.Errorf("the state is %d with code %q", o.State, o.Code.Value)
			}
			if token != nil {
				checkThere(t, token, test.there)
			}
		})
	}
}

// checkThere checks whether the account is on the token, as is found later.
func checkThere(t *testing.T, token oath.Token, want bool) {
	t.Helper()
	if l, ok := token.(lying); ok {
		token = l.Token
	}
	if k, ok := token.(*key); ok {
		k.device.SetFaults()
		k.device.Plug()
		if k.Session = selectApplet(t, k.device); k.Locked() {
			return
		}
	}
	accounts, err := token.List()
	if err != nil {
		t.Fatal(err)
	}
	_, err = oath.Match(accounts, "GitHub:alice")
	if there := err == nil; there != want {
		t.Errorf("the account is there: %t, want %t", there, want)
	}
}

// What went wrong half way is finished by enrolling again.
func TestEnrollAgain(t *testing.T) {
	red, blue, v := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{}), newVault(t)
	red.device.SetFaults(at(insCalculate, virtualkey.FaultPull))
	blue.device.SetFaults(at(insPut, virtualkey.FaultPullAfter))
	f := fleet.Fleet{member("red", red), member("blue", blue), member("vault", v)}
	e := fleet.Enrollment{Account: totp("GitHub:alice"), Secret: secret(t, one), Now: func() time.Time { return now }}
	if got := states(e, f); got != "stored failed checked" {
		t.Errorf("first: %s", got)
	}
	for _, k := range []*key{red, blue} {
		k.device.SetFaults()
		k.device.Plug()
		k.Session = selectApplet(t, k.device)
	}
	if got := states(e, f); got != "already already already" {
		t.Errorf("again: %s", got)
	}
}

func states(e fleet.Enrollment, f fleet.Fleet) string {
	var list []string
	for _, m := range f {
		o := enroll(e, m)
		state := map[fleet.State]string{fleet.Failed: "failed", fleet.Stored: "stored", fleet.Checked: "checked"}[o.State]
		if o.Already {
			state = "already"
		}
		list = append(list, state)
	}
	return strings.Join(list, " ")
}

// The same period is asked of the token and computed, however long a touch takes.
func TestEnrollAtTheEndOfAPeriod(t *testing.T) {
	k := newKey(t, virtualkey.Config{})
	clock := time.Unix(58, 0) // it is read once before, for what the key holds
	e := fleet.Enrollment{Account: totp("GitHub:alice"), Secret: secret(t, one), Now: func() time.Time {
		defer func() { clock = clock.Add(time.Second) }()
		return clock
	}}
	if o := enroll(e, member("key", k)); o.State != fleet.Checked || o.Code.Value != "287082" {
		t.Errorf("got %+v", o)
	}
}

// A curious vault would ask for its passphrase to compute a code.
type curious struct {
	*vault.Vault
	asked bool
}

func (c *curious) Code(a oath.Account, at time.Time) (oath.Code, error) {
	c.asked = true
	return c.Vault.Code(a, at)
}

func TestEnrollAsksForNoPassphrase(t *testing.T) {
	c := &curious{Vault: newVault(t)}
	c.Lock()
	e := fleet.Enrollment{Account: totp("GitHub:alice"), Secret: secret(t, one), Now: func() time.Time { return now }}
	if o := enroll(e, member("vault", c)); o.State != fleet.Stored || c.asked {
		t.Errorf("state %d, asked %t", o.State, c.asked)
	}
}

// A Result is reported as it happens, forgets what is tried again, and keeps a code that is
// good now.
func TestResult(t *testing.T) {
	red, blue, sealed, other, at0 := newKey(t, virtualkey.Config{}), newKey(t, virtualkey.Config{}), newVault(t), newKey(t, virtualkey.Config{}), now
	blue.device.SetFaults(at(insCalculate, virtualkey.FaultPull))
	sealed.Lock()
	put(t, other, "09876543210987654321", "GitHub:alice")
	r := fleet.Result{Enrollment: fleet.Enrollment{Account: totp("GitHub:alice"), Secret: secret(t, one), Now: func() time.Time { return at0 }}}
	reported := ""
	report := func(o fleet.Outcome) { reported += o.Member.Name + " " }
	f := fleet.Fleet{member("red", red), member("blue", blue), member("other", other), failing("broken"), member("sealed", sealed)}
	enrollAll(&r, f, report)
	if reported != "red blue other broken sealed " || names(r.Where()) != "red blue sealed" || !r.IsOn("red") || r.IsOn("blue") || r.IsOn("sealed") {
		t.Errorf("reported %s, on %s", reported, names(r.Where()))
	}
	want := `blue: "GitHub:alice" is there, but was not checked: CALCULATE: the key was pulled out
other: "GitHub:alice": the account is already there, with another secret
broken: "GitHub:alice" is not there: in use by another program`
	if r.Err().Error() != want {
		t.Errorf("got %q, want %q", r.Err(), want)
	}

	before := r.Code
	if r.Renew(); r.Code != before || r.Code.Value != codeOf(t, r.Account, one) {
		t.Errorf("a code that is good became %v", r.Code)
	}
	at0 = r.Code.Until
	if r.Renew(); !r.Code.From.Equal(at0) {
		t.Errorf("a code that has expired became %v", r.Code)
	}
	counted := fleet.Result{Enrollment: fleet.Enrollment{Account: hotp("Bank:bob"), Secret: secret(t, one), Now: r.Now}}
	enrollAll(&counted, f[:1], report)
	before = counted.Code
	if counted.Renew(); before.IsZero() || counted.Code != before {
		t.Errorf("the counted code %v became %v", before, counted.Code)
	}

	blue.device.SetFaults()
	blue.device.Plug()
	blue.Session = selectApplet(t, blue.device)
	for _, m := range f[:4] {
		r.Forget(m.Name) // but what was checked stays
	}
	enrollAll(&r, f[1:2], report)
	if err := r.Err(); err != nil || names(r.Where()) != "red sealed blue" || !r.IsOn("blue") {
		t.Errorf("tried again: %v, on %s", err, names(r.Where()))
	}
	for sent, want := range map[error]string{
		oath.ErrRemoved: "is not there, nothing was sent",
		errors.Join(oath.ErrRemoved, oath.ErrUnsure): "may be there or not",
	} {
		r.Outcomes = []fleet.Outcome{{Member: f[0], Err: sent}}
		if err := r.Err(); !errors.Is(err, oath.ErrRemoved) || !strings.Contains(err.Error(), want) {
			t.Errorf("removed: %v, want %q", err, want)
		}
	}
}

// What was left out is refused at once, and no token is opened for it.
func TestZeroValues(t *testing.T) {
	k := newKey(t, virtualkey.Config{})
	unopened := &fleet.Member{Name: "unopened", Open: func() (oath.Token, error) { panic("opened") }}
	r := &fleet.Result{Enrollment: fleet.Enrollment{Account: totp("a"), Secret: secret(t, one)}}
	fleet.Enroll(t.Context(), []*fleet.Result{r}, []*fleet.Member{unopened}, nil)
	r.Renew()
	if o := r.Outcomes[0]; o.State != fleet.Failed || !errors.Is(o.Err, fleet.ErrNoClock) || !r.Code.IsZero() {
		t.Errorf("no clock: got %+v", o)
	}
	r = &fleet.Result{Enrollment: fleet.Enrollment{Account: totp("a"), Now: fleet.At(now)}}
	fleet.Enroll(t.Context(), []*fleet.Result{r}, []*fleet.Member{member("red", k), member("vault", newVault(t)), {Name: "none"}}, nil)
	for i, want := range []error{oath.ErrInvalid, oath.ErrInvalid, nil} {
		if o := r.Outcomes[i]; o.State != fleet.Failed || o.Err == nil || want != nil && !errors.Is(o.Err, want) {
			t.Errorf("no secret, on %s: got %+v", o.Member.Name, o)
		}
	}
	all := fleet.Fleet{member("red", k), member("blue", newKey(t, virtualkey.Config{}))}
	for _, do := range []func(fleet.Comparison) error{
		func(c fleet.Comparison) error { _, err := all.Compare(c); return err },
		func(c fleet.Comparison) error { _, err := all.ForeseeSync(nil, c); return err },
	} {
		expectError(t, do(fleet.Comparison{}), fleet.ErrNoClock)
		if err := do(fleet.Comparison{Now: fleet.At(now)}); err != nil {
			t.Errorf("without a source of randomness: %v", err)
		}
	}
}
