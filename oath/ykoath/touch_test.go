package ykoath_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// touchy returns a session on a key that waits for as long as it takes, and its touch
// account, as the owner knows it and as LIST shows it.
func touchy(t *testing.T) (k *vktest.Key, s *ykoath.Session, known, listed oath.Account) {
	t.Helper()
	k = vktest.New(t, virtualkey.Config{Touch: virtualkey.TouchNever, TouchTimeout: 1 << 62})
	s = selectApplet(t, k)
	known = put(t, s, oath.Account{Name: "alice", Touch: true})
	listed = known
	listed.Touch = false
	return k, s, known, listed
}

// endTouch has a context end while the key waits for a touch.
func endTouch(t *testing.T, k *vktest.Key, s *ykoath.Session, cause error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	s.Context = ctx
	s.Touch = func() func() {
		before := k.Exchanges()
		go func() {
			oathtest.Await("a command", func() bool { return k.Exchanges() > before })
			cancel(cause)
		}()
		return nil
	}
}

// A session says when the key waits for a touch, be it known before or not, and when
// that is over. It says so once, and not of what needs none.
func TestSessionTouch(t *testing.T) {
	k, s, known, listed := touchy(t)
	plain := put(t, s, oath.Account{Name: "bob"})
	var mu sync.Mutex
	var events []string
	note := func(event string) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, event)
	}
	s.Touch = func() func() {
		note("waits")
		go k.Touch()
		return func() { note("over") }
	}
	for _, a := range []oath.Account{known, listed} {
		events = nil
		wantCode(t, s, a, rfcSecret)
		if _, err := s.Respond(a, 1); err != nil {
			t.Error(err)
		}
		if len(events) != 4 || events[0] != "waits" || events[1] != "over" || events[2] != "waits" || events[3] != "over" {
			t.Errorf("touch known: %t: %q", a.Touch, events)
		}
	}
	events = nil
	s.Touch = func() func() { note("waits"); return nil }
	plain.Touch = true // as its owner has it, who is wrong
	wantCode(t, s, plain, rfcSecret)
	if len(events) != 1 {
		t.Errorf("got %q", events)
	}
}

// A context ends the wait. What comes after it is not sent; and a change that was not
// sent is no unsure one.
func TestSessionContext(t *testing.T) {
	k, s, known, _ := touchy(t)
	enough := errors.New("enough")
	endTouch(t, k, s, enough)
	_, err := s.Code(known, now)
	wantError(t, err, enough)
	sent := k.Exchanges()
	for name, err := range map[string]error{
		"Put":    s.Put(accountOf("bob"), newSecret(t, rfcSecret)),
		"Delete": s.Delete(known.ID()),
	} {
		if !errors.Is(err, enough) || errors.Is(err, oath.ErrUnsure) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if k.Exchanges() != sent {
		t.Errorf("%d more commands were sent", k.Exchanges()-sent)
	}
	s.Context, s.Touch = nil, nil
	if got := list(t, s); got != "alice" {
		t.Errorf("there is %q", got)
	}
}

// A counter may have moved, or not, when the wait for a touch was ended.
func TestSessionContextUnsure(t *testing.T) {
	k, s, _, _ := touchy(t)
	a := put(t, s, oath.Account{Name: "counts", Type: oath.HOTP, Touch: true})
	enough := errors.New("enough")
	endTouch(t, k, s, enough)
	_, err := s.Code(a, now)
	wantError(t, err, enough)
	wantError(t, err, oath.ErrUnsure)
}
