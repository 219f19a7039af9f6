package ykoath_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// rfcSecret is the secret of RFC 4226, appendix D.
const rfcSecret = "12345678901234567890"

// now is any time at which an account of 30 seconds has another code than one of
// 60 or 7.
var now = time.Unix(1234567890, 0)

func plug(t *testing.T, c virtualkey.Config) *virtualkey.Key {
	t.Helper()
	if c.After == nil {
		c.After = func(time.Duration) <-chan time.Time { // no test waits for a finger
			passed := make(chan time.Time)
			close(passed)
			return passed
		}
	}
	return vktest.New(t, c).Key
}

func selectApplet(t *testing.T, card ykoath.Card) *ykoath.Session {
	t.Helper()
	s, err := ykoath.Select(card, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open returns a session on a key that was never used.
func open(t *testing.T, c virtualkey.Config) *ykoath.Session {
	t.Helper()
	return selectApplet(t, plug(t, c))
}

func newSecret(t *testing.T, key string) oath.Secret {
	t.Helper()
	s, err := oath.NewSecret([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put stores an account with rfcSecret.
func put(t *testing.T, s *ykoath.Session, a oath.Account) oath.Account {
	t.Helper()
	a = a.WithDefaults()
	if err := s.Put(a, newSecret(t, rfcSecret)); err != nil {
		t.Fatalf("storing %q: %v", a.ID(), err)
	}
	return a
}

// accountOf returns a TOTP account of that ID.
func accountOf(id oath.ID) oath.Account { return id.Account(oath.TOTP).WithDefaults() }

// wantCode checks that the key computes what we do.
func wantCode(t *testing.T, s *ykoath.Session, a oath.Account, secret string) {
	t.Helper()
	want, err := oath.Compute(a, newSecret(t, secret), now)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Code(a, now)
	if err != nil {
		t.Errorf("the code of %q: %v", a.ID(), err)
	} else if got != want {
		t.Errorf("the code of %q is %+v, want %+v", a.ID(), got, want)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// list returns the IDs on the key, joined by spaces.
func list(t *testing.T, s *ykoath.Session) string {
	t.Helper()
	accounts, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(accounts))
	for i, a := range accounts {
		ids[i] = string(a.ID())
	}
	return strings.Join(ids, " ")
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A cardFunc is a card for which no virtual key has the fault.
type cardFunc func(command []byte) ([]byte, error)

func (f cardFunc) Transmit(command []byte) ([]byte, error) { return f(command) }

// answering returns a card that answers SELECT as a key of firmware 5.7.1 does,
// and everything else with the bytes given in hexadecimal.
func answering(t *testing.T, response string) ykoath.Card {
	t.Helper()
	selected := unhex(t, "7903050701 71080001020304050607 9000")
	rest := unhex(t, response)
	return cardFunc(func(command []byte) ([]byte, error) {
		if command[1] == 0xa4 && command[2] == 0x04 {
			return selected, nil
		}
		return rest, nil
	})
}
