package oathtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
)

// RFC 4226, appendix D: the codes of the counters 0 to 9.
var rfc4226 = []string{
	"755224", "287082", "359152", "969429", "338314",
	"254676", "287922", "162583", "399871", "520489",
}

func testRFC4226(t *testing.T, s Suite) {
	b := s.bench(t)
	a := hotp("", "RFC 4226", 0)
	b.put(a, usualKey)
	for counter, want := range rfc4226 {
		if got := b.code(a, now).Value; got != want {
			t.Errorf("counter %d: code %s, want %s", counter, got, want)
		}
	}
}

// RFC 6238, appendix B, with the keys as its errata have them: as long as the
// hash.
var rfc6238 = []struct {
	unix                 int64
	sha1, sha256, sha512 string
}{
	{59, "94287082", "46119246", "90693936"},
	{1111111109, "07081804", "68084774", "25091201"},
	{1111111111, "14050471", "67062674", "99943326"},
	{1234567890, "89005924", "91819424", "93441116"},
	{2000000000, "69279037", "90698825", "38618901"},
	{20000000000, "65353130", "77737706", "47863826"},
}

const (
	sha256Key = "12345678901234567890123456789012"
	sha512Key = "1234567890123456789012345678901234567890123456789012345678901234"
)

func testRFC6238(t *testing.T, s Suite) {
	b := s.bench(t)
	for _, hash := range s.algorithms() {
		a := totp("RFC 6238", hash.String())
		a.Algorithm, a.Digits = hash, 8
		b.put(a, map[oath.Algorithm]string{oath.SHA1: usualKey, oath.SHA256: sha256Key, oath.SHA512: sha512Key}[hash])
		for _, v := range rfc6238 {
			want := map[oath.Algorithm]string{oath.SHA1: v.sha1, oath.SHA256: v.sha256, oath.SHA512: v.sha512}[hash]
			if got := b.code(a, time.Unix(v.unix, 0)).Value; got != want {
				t.Errorf("%v at %d: code %s, want %s", hash, v.unix, got, want)
			}
		}
	}
}

// algorithms returns those that the token has.
func (s Suite) algorithms() []oath.Algorithm {
	if s.NoSHA512 {
		return []oath.Algorithm{oath.SHA1, oath.SHA256}
	}
	return []oath.Algorithm{oath.SHA1, oath.SHA256, oath.SHA512}
}

// testKinds has one account of every type, algorithm, length and some periods.
func testKinds(t *testing.T, s Suite) {
	b := s.bench(t)
	var all []oath.Account
	var ids []oath.ID
	add := func(a oath.Account) {
		b.put(a, usualKey)
		all = append(all, a)
		ids = append(ids, a.ID())
	}
	for _, hash := range s.algorithms() {
		for digits := 6; digits <= 8; digits++ {
			a := totp("Kinds", fmt.Sprintf("totp-%v-%d", hash, digits))
			a.Algorithm, a.Digits = hash, digits
			add(a)
			a = hotp("Kinds", fmt.Sprintf("hotp-%v-%d", hash, digits), 7)
			a.Algorithm, a.Digits = hash, digits
			add(a)
		}
	}
	for _, period := range []int{1, 15, 60, 77, oath.MaxPeriod} {
		a := totp("Kinds", "period")
		a.Period = period
		add(a)
	}
	b.holds(ids...)
	entries := b.entries(now)
	for _, a := range all {
		b.fits(entries[a.ID()].Account, a)
		b.expect(a, usualKey, now)
	}
	accounts, err := b.List()
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[oath.ID]oath.Account)
	for _, a := range accounts {
		listed[a.ID()] = a
	}
	for _, a := range all {
		b.fits(listed[a.ID()], a)
	}
	if s.NoSHA512 {
		a := totp("Kinds", "SHA-512")
		a.Algorithm = oath.SHA512
		b.is(b.Put(a, secret(t, usualKey)), oath.ErrUnsupported, "Put with SHA-512")
		b.holds(ids...)
	}
}

// testCodes checks that a code in Codes is the right one, or zero where it must
// be asked for; and that it comes with the time in which it is valid.
func testCodes(t *testing.T, s Suite) {
	b := s.bench(t)
	usual, slow, counted := totp("Codes", "usual"), totp("Codes", "slow"), hotp("Codes", "counted", 0)
	slow.Period = 60
	for _, a := range []oath.Account{usual, slow, counted} {
		b.put(a, usualKey)
	}
	for _, at := range []time.Time{now, now.Add(29 * time.Second), now.Add(time.Hour), time.Unix(0, 0)} {
		entries := b.entries(at)
		if len(entries) != 3 {
			t.Fatalf("Codes returns %d accounts of 3", len(entries))
		}
		for _, a := range []oath.Account{usual, slow} {
			want, err := oath.Compute(a, secret(t, usualKey), at)
			if err != nil {
				t.Fatal(err)
			}
			if got := entries[a.ID()].Code; !got.IsZero() && got != want {
				t.Errorf("Codes: %q has %+v, want %+v", a.ID(), got, want)
			}
			if got := b.code(a, at); got != want {
				t.Errorf("Code(%q) = %+v, want %+v", a.ID(), got, want)
			}
		}
		if got := entries[counted.ID()].Code; !got.IsZero() {
			t.Errorf("Codes gives an HOTP code: %+v", got)
		}
	}
	if entries := b.entries(now); entries[usual.ID()].Code.IsZero() {
		t.Error("Codes leaves out the code of the most usual kind of account")
	}
}

// testSecrets has secrets of every size about the blocks of the hashes, beyond
// which HMAC hashes the key first.
func testSecrets(t *testing.T, s Suite) {
	b := s.bench(t)
	long := ""
	for i := range oath.MaxSecretSize {
		long += string(rune('!' + i%90))
	}
	sizes := []int{oath.MinSecretSize, 10, 13, 14, 15, 16, 20, 32, 63, 64, 65, 100, 127, 128, 129, 256, oath.MaxSecretSize}
	for _, hash := range s.algorithms() {
		for _, size := range sizes {
			a := totp("Secrets", "one")
			a.Algorithm = hash
			if err := b.Replace(a, secret(t, long[:size])); err != nil {
				t.Fatalf("%v, %d bytes: %v", hash, size, err)
			}
			b.expect(a, long[:size], now)
		}
	}
}

func testSteam(t *testing.T, s Suite) {
	b := s.bench(t)
	a := totp(oath.SteamIssuer, "gaben")
	if a.Digits != oath.SteamDigits {
		t.Fatalf("a Steam account has %d digits", a.Digits)
	}
	b.put(a, usualKey)
	for i := range 20 {
		at := now.Add(time.Duration(i) * 30 * time.Second)
		b.expect(a, usualKey, at)
		want, err := oath.Compute(a, secret(t, usualKey), at)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.entries(at)[a.ID()].Code; !got.IsZero() && got != want {
			t.Errorf("Codes at %d: %+v, want %+v", at.Unix(), got, want)
		}
	}
}

// testCounter checks that a counter moves by one with Code, and with nothing else.
func testCounter(t *testing.T, s Suite) {
	b := s.bench(t)
	a, other := hotp("Bank", "alice", 1000), hotp("Bank", "bob", 0)
	b.put(a, usualKey)
	b.put(other, usualKey)
	for range 5 {
		b.entries(now)
		b.ids()
		b.expect(a, usualKey, now)
		a.Counter++
	}
	if _, err := b.Code(hotp("Bank", "carol", 0), now); err == nil {
		t.Error("a code of an account that is not there")
	}
	b.is(b.Put(a, secret(t, usualKey)), oath.ErrExists, "Put over a counter")
	b.expect(a, usualKey, now)
	b.expect(other, usualKey, now)
}

// A token that responds to challenges does so with any hash, whatever the code looks like,
// and moves no counter: a key says that it cannot.
func testRespond(t *testing.T, s Suite) {
	b := s.bench(t)
	responder, ok := b.Token.(interface {
		Respond(a oath.Account, challenge uint64) (oath.Response, error)
	})
	if !ok {
		t.Skip("it answers no challenges")
	}
	accounts := []oath.Account{totp("Steam", "s"), totp("", "minute"), hotp("", "h", 0)}
	accounts[1].Period = 60
	for _, hash := range s.algorithms() {
		a := totp("", hash.String())
		a.Algorithm, a.Digits = hash, 8
		accounts = append(accounts, a)
	}
	for _, a := range accounts {
		a = a.WithDefaults()
		b.put(a, usualKey)
		for _, challenge := range []uint64{0, 1, 56666666, 1<<64 - 1} {
			got, err := responder.Respond(a, challenge)
			want, wrong := a.Respond(secret(t, usualKey), challenge)
			if wrong != nil {
				t.Fatal(wrong)
			}
			switch same, chance := got.Equal(want); {
			case a.Type == oath.HOTP && errors.Is(err, oath.ErrUnsupported):
			case err != nil || !same || chance != 0 || got.Digits != want.Digits && !a.IsSteam():
				t.Errorf("%q, challenge %d: got %+v, %v, want %+v", a.ID(), challenge, got, err, want)
			}
		}
	}
	if got := b.code(hotp("", "h", 0), now).Value; got != rfc4226[0] {
		t.Errorf("the counter was moved: the next code is %s", got)
	}
	if _, err := responder.Respond(totp("", "none"), 1); !errors.Is(err, oath.ErrNotFound) {
		t.Errorf("of an account that is not there: %v", err)
	}
}
