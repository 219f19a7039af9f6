package capture

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
)

// Clipboard returns the picture on the clipboard, which osascript writes in AppleScript,
// as in «data PNGf89504E47»; or else its text.
func Clipboard(ctx context.Context) ([]byte, error) {
	if script, err := output(ctx, "osascript", "-e", "the clipboard as «class PNGf»"); err == nil {
		digits := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(script)), "«data PNGf"), "»")
		return hex.DecodeString(digits)
	}
	text, err := output(ctx, "pbpaste")
	if err == nil && len(bytes.TrimSpace(text)) == 0 {
		err = ErrEmpty
	}
	return text, err
}

// Screen returns a picture of the main screen. The system asks the person to allow it.
func Screen(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "") // screencapture does not write to a pipe
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "screen.png")
	if _, err := output(ctx, "screencapture", "-x", "-t", "png", file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}
