package virtualkey

import (
	"context"
	"fmt"
	"time"
)

// A Touch says when the finger comes after the key began to blink. Its zero
// value is at once.
type Touch struct {
	after time.Duration
	never bool
}

// TouchNever is the finger that does not come, unless [Key.Touch] brings it.
var TouchNever = Touch{never: true}

// TouchAfter is the finger that comes after a while.
func TouchAfter(d time.Duration) Touch { return Touch{after: d} }

// UnmarshalText reads "auto", "never", or a duration such as 2s, and returns an error for
// anything else.
func (t *Touch) UnmarshalText(text []byte) error {
	switch string(text) {
	case "auto":
		*t = Touch{}
		return nil
	case "never":
		*t = TouchNever
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("touch %q is not auto, never or a duration", text)
	}
	*t = TouchAfter(d)
	return nil
}

// String returns the touch as UnmarshalText reads it.
func (t Touch) String() string {
	switch {
	case t.never:
		return "never"
	case t.after == 0:
		return "auto"
	}
	return t.after.String()
}

// Touch waits until the key blinks, and touches it: a finger that comes on command,
// before the one of Config.Touch, if that comes at all. The error is the context's
// cause, if that ends first.
func (k *Key) Touch(ctx context.Context) error {
	select {
	case k.finger <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// touched waits for the finger and says whether it came in time.
func (k *Key) touched(ctx context.Context) bool {
	touch, timeout := k.config.Touch, k.config.TouchTimeout
	if touch == (Touch{}) {
		return ctx.Err() == nil
	}
	late := touch.never || touch.after > timeout
	if !late {
		timeout = touch.after
	}
	select {
	case <-ctx.Done():
		return false
	case <-k.finger:
		return true
	case <-k.config.After(timeout):
		return !late
	}
}
