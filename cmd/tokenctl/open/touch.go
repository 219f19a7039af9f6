package open

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
)

// A touchedKey is a key that says when it waits for a touch.
type touchedKey struct {
	*keys.Key
	o *Opener
}

// TouchNotice is how long a key may take to answer before it is safe to say that it
// waits for a touch. It does not say so beforehand for every account.
var TouchNotice = 400 * time.Millisecond

const touchPlease = "Touch the key, please."

// Code computes a code as ykoath.Session does.
func (k touchedKey) Code(a oath.Account, at time.Time) (code oath.Code, err error) {
	err = k.touching(a, func() error { code, err = k.Session.Code(a, at); return err })
	return code, err
}

// Respond responds to a challenge as ykoath.Session does.
func (k touchedKey) Respond(a oath.Account, challenge uint64) (r oath.Response, err error) {
	err = k.touching(a, func() error { r, err = k.Session.Respond(a, challenge); return err })
	return r, err
}

// touching has the key compute something. A refusal that comes at once is for another
// reason than a touch that did not.
func (k touchedKey) touching(a oath.Account, compute func() error) error {
	notice := TouchNotice
	if a.Touch {
		notice = 0
	}
	done := k.o.awaitTouch(k.Reader, notice)
	err := compute()
	if asked := done(); !asked && errors.Is(err, oath.ErrTouchTimeout) {
		return oath.ErrPast
	}
	return err
}

// awaitTouch asks for a touch if the key in a reader is still silent a while from now.
// Until done is called, which reports whether it asked, a file says so to other commands:
// this one may be broken off, and the key continues to wait.
func (o *Opener) awaitTouch(reader string, notice time.Duration) (done func() (asked bool)) {
	path, unknown := touchFile(reader)
	var mu sync.Mutex
	asked, over := false, false
	var unshow func()
	ask := func() {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return
		}
		asked = true
		o.Note(touchPlease)
		unshow = o.showTouch()
		if unknown == nil && os.MkdirAll(filepath.Dir(path), 0o700) == nil {
			os.WriteFile(path, []byte(o.Now().Format(time.RFC3339)), 0o600)
		}
	}
	var timer *time.Timer
	if notice == 0 {
		ask()
	} else {
		timer = time.AfterFunc(notice, ask)
	}
	return func() bool {
		if timer != nil {
			timer.Stop()
		}
		mu.Lock()
		defer mu.Unlock()
		over = true
		if unshow != nil {
			unshow()
		}
		if asked && unknown == nil {
			os.Remove(path)
		}
		return asked
	}
}

// touchFile returns the file that says that the key in a reader was asked for a touch.
func touchFile(reader string) (string, error) {
	state, err := stateFolder()
	sum := sha256.Sum256([]byte(reader))
	return filepath.Join(state, "touch-"+hex.EncodeToString(sum[:8])), err
}

// maxTouch is how long a key may wait for a touch, whether or not its program still does:
// a YubiKey for 15 seconds, one other maker's card for 30.
const maxTouch = 30 * time.Second

// TouchAwaited returns for how much longer the key in a reader may wait for a touch that
// an earlier command asked for.
func (o *Opener) TouchAwaited(reader string) time.Duration {
	path, err := touchFile(reader)
	if err != nil {
		return 0
	}
	text, _ := os.ReadFile(path)
	asked, err := time.Parse(time.RFC3339, string(text))
	left := asked.Add(maxTouch).Sub(o.Now())
	if err != nil || left <= 0 || left > maxTouch {
		return 0
	}
	return left
}

// busy is TouchAwaited for a key in use, and says so.
func (o *Opener) busy(reader string) time.Duration {
	left := o.TouchAwaited(reader)
	if left > 0 {
		o.Note("The key still waits for a touch that an earlier command asked for.\nTouch it, or wait: it gives up in %d seconds at most.", int(left.Seconds())+1)
	}
	return left
}

// Changes reports each time that a key was plugged in or pulled out, until the context is
// done: once to begin with, if one is there.
func (o *Opener) Changes(ctx context.Context, changed func()) error {
	f, err := o.connect(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	for seen := []string(nil); ; changed() {
		if seen, err = f.Change(ctx, seen); err != nil {
			return err
		}
	}
}

// connect connects to the readers.
func (o *Opener) connect(ctx context.Context) (*keys.Finder, error) {
	f, err := keys.Connect(ctx, o.Random)
	if err == nil {
		f.Busy = o.busy
		f.Held = func(reader string) { // so that it waits for no touch any more
			if path, err := touchFile(reader); err == nil {
				os.Remove(path)
			}
		}
	}
	return f, err
}
