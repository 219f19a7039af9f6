//go:build unix && !darwin

package capture

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Clipboard returns the picture on the clipboard, or else its text. It returns ErrEmpty,
// ErrTooLarge, ErrNoDesktop, ErrNoPaste, or the cause of the context's end.
func Clipboard(ctx context.Context) ([]byte, error) {
	switch {
	case os.Getenv("WAYLAND_DISPLAY") != "":
		return waylandClipboard(ctx)
	case os.Getenv("DISPLAY") != "":
		return x11Clipboard(ctx)
	}
	return nil, ErrNoDesktop
}

// Screen returns a picture of the screen, of all monitors. On Wayland, the desktop may
// ask the person first. It returns ErrScreen, ErrTooLarge, ErrNoDesktop, or the cause of
// the context's end.
func Screen(ctx context.Context) ([]byte, error) {
	switch {
	case os.Getenv("WAYLAND_DISPLAY") != "":
		return portalScreen(ctx)
	case os.Getenv("DISPLAY") != "":
		return x11Screen(ctx)
	}
	return nil, ErrNoDesktop
}

// waylandClipboard asks wl-paste. A Wayland client may read the clipboard while its
// window has the keyboard, and wl-paste knows how to come by that.
func waylandClipboard(ctx context.Context) ([]byte, error) {
	const paste = "wl-paste"
	list, err := output(ctx, paste, "--list-types")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, ErrNoPaste
	case err != nil && (strings.Contains(err.Error(), "Nothing is copied") || strings.Contains(err.Error(), "No selection")):
		return nil, ErrEmpty
	case err != nil:
		return nil, err
	}
	there := strings.Split(string(list), "\n")
	for _, format := range formats {
		if slices.Contains(there, format) {
			return output(ctx, paste, "--no-newline", "--type", format)
		}
	}
	return nil, ErrEmpty
}
