package virtualkey_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// plugTouched makes a key with an HOTP account that wants a touch.
func plugTouched(t *testing.T, config virtualkey.Config) card {
	t.Helper()
	c := plugOATH(t, config)
	c.ok(put("a", 0x11, 6, rfcSecret, 0x78, 2))
	return c
}

var next = apdu("00 a2 00 01", name("a"), tlv(0x74, nil))

// A touch that does not come moves no counter.
func TestTouchTimeout(t *testing.T) {
	for _, touch := range []virtualkey.Touch{virtualkey.TouchNever, virtualkey.TouchAfter(time.Minute)} {
		var waited time.Duration
		c := plugTouched(t, virtualkey.Config{Touch: touch, After: func(d time.Duration) <-chan time.Time {
			waited = d
			return closed()
		}})
		c.fails("6982", next)
		c.fails("6982", next)
		if waited != virtualkey.DefaultTouchTimeout {
			t.Errorf("touch %v: waited %v, want %v", touch, waited, virtualkey.DefaultTouchTimeout)
		}
	}
}

func closed() <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}

func TestTouchComes(t *testing.T) {
	var waited time.Duration
	c := plugTouched(t, virtualkey.Config{Touch: virtualkey.TouchAfter(3 * time.Second), After: func(d time.Duration) <-chan time.Time {
		waited = d
		return closed()
	}})
	if got := otp(t, c.ok(next)); got != "755224" || waited != 3*time.Second {
		t.Errorf("after %v: %s", waited, got)
	}
	c = plugTouched(t, virtualkey.Config{})
	if got := otp(t, c.ok(next)); got != "755224" {
		t.Errorf("at once: %s", got)
	}
}

// A finger on command comes before the one that is slow, or does not come at all.
func TestTouchOnCommand(t *testing.T) {
	for _, touch := range []virtualkey.Touch{virtualkey.TouchNever, virtualkey.TouchAfter(time.Second)} {
		c := plugTouched(t, virtualkey.Config{Touch: touch, After: func(time.Duration) <-chan time.Time { return nil }})
		touched := make(chan error)
		go func() { touched <- c.Touch(t.Context()) }()
		if got := otp(t, c.ok(next)); got != "755224" {
			t.Errorf("touch %v: %s", touch, got)
		}
		if err := <-touched; err != nil {
			t.Errorf("touch %v: %v", touch, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Touch(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("touch %v: a key that does not blink: %v", touch, err)
		}
	}
}

// A key that waits for a touch can be pulled out, and released.
func TestTouchAborted(t *testing.T) {
	waiting := make(chan bool)
	c := plugTouched(t, virtualkey.Config{Touch: virtualkey.TouchNever, After: func(time.Duration) <-chan time.Time {
		waiting <- true
		return nil
	}})
	go func() { <-waiting; c.Pull() }()
	if reply, err := c.Transmit(next); !errors.Is(err, virtualkey.ErrPulled) {
		t.Errorf("pulled: %x, %v", reply, err)
	}
	if reply, err := c.Transmit(next); !errors.Is(err, virtualkey.ErrPulled) {
		t.Errorf("after it was pulled: %x, %v", reply, err)
	}

	c.Plug()
	c.ok(selectOATH)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-waiting; cancel() }()
	if reply, err := c.TransmitContext(ctx, next); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %x, %v", reply, err)
	}
}

func TestTouchText(t *testing.T) {
	for _, s := range []string{"auto", "never", "3s", "250ms"} {
		var touch virtualkey.Touch
		if err := touch.UnmarshalText([]byte(s)); err != nil || touch.String() != s {
			t.Errorf("%s: %v, %v", s, touch, err)
		}
	}
	for _, s := range []string{"", "often", "3", "-1s"} {
		var touch virtualkey.Touch
		if touch.UnmarshalText([]byte(s)) == nil {
			t.Errorf("%q is %v", s, touch)
		}
	}
}
