// Package capture takes pictures of what is in front of a person: the clipboard, the
// screen, a camera; and takes a stream of pictures apart. A [Copier] is the other way: it
// puts a text on the clipboard.
//
// A picture comes as the bytes of a file, in one of the formats that oath/qr reads. What
// is in it may be anybody's: sizes are bounded, and a program that does not answer is
// given up when the context ends.
package capture

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

var (
	// ErrEmpty is returned for a clipboard with neither a picture nor text.
	ErrEmpty = errors.New("neither a picture nor text on the clipboard")

	// ErrTooLarge is returned for a picture of more than MaxSize bytes.
	ErrTooLarge = fmt.Errorf("it is larger than %d MB", MaxSize>>20)

	// ErrNoDesktop says that there is no desktop to take a picture of.
	ErrNoDesktop = errors.New("no desktop here: neither $WAYLAND_DISPLAY nor $DISPLAY is set")

	// ErrNoPaste is returned where the clipboard takes a program that is not there.
	ErrNoPaste = errors.New("reading the clipboard needs wl-paste, which was not found")

	// ErrScreen says that the desktop gave no picture of the screen.
	ErrScreen = errors.New("the desktop gave no picture of the screen")

	// ErrNoCamera is returned where no camera, or none that can be read.
	ErrNoCamera = errors.New("no camera")
)

// MaxSize bounds a picture, in bytes.
const MaxSize = 64 << 20

// formats are what is asked of a clipboard, in order: pictures by their media types, and
// text by its names on Wayland and X11 (ICCCM, "Target Atoms").
var formats = []string{"image/png", "image/jpeg", "image/bmp", "image/tiff", "image/webp", "text/plain;charset=utf-8", "UTF8_STRING"}

// output returns what a program writes, MaxSize bytes at most.
func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	var out, complaint bounded
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = &out, &complaint
	err := c.Run()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case out.over:
		return nil, ErrTooLarge
	case err != nil:
		return nil, complained(name, err, complaint)
	}
	return out.data, nil
}

// complained returns why a program failed, with the beginning of what it wrote.
func complained(name string, err error, complaint bounded) error {
	words := strings.Join(strings.Fields(string(complaint.data[:min(len(complaint.data), 500)])), " ")
	return fmt.Errorf("%s: %w: %s", name, err, words)
}

// A bounded buffer refuses what is beyond MaxSize, which ends the program that writes.
type bounded struct {
	data []byte
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.data)+len(p) > MaxSize {
		b.over = true
		return 0, ErrTooLarge
	}
	b.data = append(b.data, p...)
	return len(p), nil
}
