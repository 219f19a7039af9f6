package qr

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// requireTool ends a test that another maker's program is missing for, or is not
// wanted in.
func requireTool(t *testing.T, name string) {
	t.Helper()
	_, err := exec.LookPath(name)
	oathtest.NeedsTool(t, err)
}

// qrencode returns the picture that qrencode makes of a text.
func qrencode(t *testing.T, text string, options ...string) image.Image {
	t.Helper()
	cmd := exec.Command("qrencode", append(options, "-o", "-")...)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// zbarimg returns the texts that zbarimg reads in a picture, one a line.
func zbarimg(t *testing.T, picture []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(name, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("zbarimg", "--quiet", "--raw", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(out), "\n")
}
