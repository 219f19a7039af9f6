//go:build linux

package capture

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// start runs Hold within this process, until its context is done.
func start(t *testing.T, ctx context.Context, clearAfter time.Duration) (c *Copier, ended chan error) {
	t.Helper()
	in, text := io.Pipe()
	answer, out := io.Pipe()
	ended = make(chan error, 1)
	go func() {
		ended <- Hold(ctx, in, out, clearAfter)
		out.Close()
	}()
	c = newCopier(text, answer)
	if err := c.await(ready); err != nil {
		t.Fatal(err)
	}
	return c, ended
}

// pasted returns what another program finds on the clipboard, by a command, and whether it
// finds anything.
func pasted(name string, args ...string) (string, bool) {
	out, err := exec.Command(name, args...).Output()
	return string(out), err == nil
}

// Whatever form another program asks for, it has the code; and KDE's clipboard manager, the
// hint to forget it.
func TestCopyX11(t *testing.T) {
	oathtest.RequireTool(t, "xclip")
	startX11(t, 24)
	ctx, cancel := context.WithCancel(t.Context())
	c, ended := start(t, ctx, time.Hour)
	if clipboardOwner(t) != xproto.WindowNone {
		t.Error("the clipboard has an owner before anything was copied")
	}
	if err := c.Copy("287082"); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		"UTF8_STRING": "287082", "STRING": "287082", "TEXT": "287082", "text/plain;charset=utf-8": "287082", hint: hintValue,
		"TARGETS": "TARGETS\n" + hint + "\nUTF8_STRING\nSTRING\nTEXT\ntext/plain\ntext/plain;charset=utf-8\n",
	} {
		if got, ok := pasted("xclip", "-selection", "clipboard", "-o", "-target", target); !ok || got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
	if got, ok := pasted("xclip", "-selection", "clipboard", "-o", "-target", "image/png"); ok {
		t.Errorf("as a picture: %q", got)
	}
	if data, err := Clipboard(t.Context()); err != nil || string(data) != "287082" {
		t.Errorf("got %q, %v", data, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	gone := func() bool { return clipboardOwner(t) == xproto.WindowNone }
	if err := oathtest.Await("an empty clipboard", gone); err != nil {
		t.Error(err)
	}
}

// What was copied is cleared after a while; what another program copied meanwhile stays.
func TestCopyX11Cleared(t *testing.T) {
	startX11(t, 24)
	c, ended := start(t, t.Context(), time.Millisecond)
	if err := c.Copy("287082"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := oathtest.Await("an empty clipboard", func() bool { return clipboardOwner(t) == xproto.WindowNone }); err != nil {
		t.Error(err)
	}

	c, ended = start(t, t.Context(), time.Hour)
	if err := c.Copy("287082"); err != nil {
		t.Fatal(err)
	}
	own(t, "UTF8_STRING", []byte("a letter"))
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got, _ := pasted("xclip", "-selection", "clipboard", "-o"); got != "a letter" {
		t.Errorf("got %q", got)
	}
}

// A Copier that is given nothing copies nothing, and one without a server says so.
func TestCopyNothing(t *testing.T) {
	startX11(t, 24)
	own(t, "UTF8_STRING", []byte("a letter"))
	if err := oathtest.Await("its owner", func() bool { return clipboardOwner(t) != xproto.WindowNone }); err != nil {
		t.Fatal(err)
	}
	c, ended := start(t, t.Context(), time.Hour)
	c.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got, _ := pasted("xclip", "-selection", "clipboard", "-o"); got != "a letter" {
		t.Errorf("got %q", got)
	}
	c, ended = start(t, t.Context(), time.Hour)
	if err := c.Copy(strings.Repeat("1", maxText+1)); err == nil || <-ended == nil {
		t.Error("a long text was copied")
	}

	t.Setenv("DISPLAY", ":64999")
	var out bytes.Buffer
	if err := Hold(t.Context(), strings.NewReader("1"), &out, time.Hour); err == nil || !strings.Contains(out.String(), "connecting to the X server") {
		t.Errorf("%v, %q", err, &out)
	}
	if _, err := StartCopier(exec.Command("true")); err == nil || !strings.Contains(err.Error(), "ended") {
		t.Errorf("a program that is no holder: %v", err)
	}
	if _, err := StartCopier(exec.Command("echo", "it is full")); err == nil || err.Error() != "it is full" {
		t.Errorf("a holder that fails: %v", err)
	}
}

func TestCopyWayland(t *testing.T) {
	dir := startSway(t)
	ctx, cancel := context.WithCancel(t.Context())
	c, ended := start(t, ctx, time.Hour)
	if err := c.Copy("287082"); err != nil {
		t.Fatal(err)
	}
	if got, _ := pasted("wl-paste", "--no-newline"); got != "287082" {
		t.Errorf("got %q", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got, ok := pasted("wl-paste", "--no-newline"); ok {
		t.Errorf("after it was cleared: %q", got)
	}
	files, _ := filepath.Glob(filepath.Join(os.TempDir(), "wl-copy-buffer-*", "*"))
	for _, file := range files {
		if text, _ := os.ReadFile(file); string(text) == "287082" {
			t.Errorf("%s is left", file)
		}
	}

	c, ended = start(t, t.Context(), time.Hour)
	if err := c.Copy("287082"); err != nil {
		t.Fatal(err)
	}
	other := exec.Command("wl-copy", "--foreground", "a letter")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Process.Kill(); other.Wait() })
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got, _ := pasted("wl-paste", "--no-newline"); got != "a letter" {
		t.Errorf("got %q", got)
	}
	t.Setenv("PATH", dir)
	if _, err := FindPlace(); !errors.Is(err, ErrNoCopy) {
		t.Errorf("without wl-copy: %v", err)
	}
}

// A wl-copy that knows what is sensitive is given the flag.
func TestCopySensitive(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\ncase $* in\n--help) echo '  -s, --sensitive  Offer a hint' ;;\n--clear) kill $(cat " + dir + "/pid) ;;\n" +
		"*) echo $$ >" + dir + "/pid; echo \"$*\" >" + dir + "/args; cat >" + dir + "/text; exec sleep 600 ;;\nesac\n"
	paste := "#!/bin/sh\ncat " + dir + "/text\n"
	err := errors.Join(os.WriteFile(dir+"/wl-copy", []byte(script), 0o700), os.WriteFile(dir+"/wl-paste", []byte(paste), 0o700))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("WAYLAND_DISPLAY", "wayland-test")
	ctx, cancel := context.WithCancel(t.Context())
	c, ended := start(t, ctx, time.Hour)
	if err := c.Copy("287082"); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	args, _ := os.ReadFile(dir + "/args")
	if got := strings.TrimSpace(string(args)); got != "--foreground --type text/plain --sensitive" {
		t.Errorf("wl-copy %s", got)
	}
}

// On Windows below Linux, the clipboard is PowerShell's affair: it is given the code on its
// standard input, and the script says what the clipboard's history is to leave out.
func TestCopyWSL(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\nprintf '%s' \"$*\" >" + dir + "/args; cat >" + dir + "/text; echo copied\n"
	if err := os.WriteFile(dir+"/powershell.exe", []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("WSL_DISTRO_NAME", "Debian")
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	t.Setenv("SSH_CONNECTION", "")
	if place, err := FindPlace(); place != Desktop || err != nil {
		t.Errorf("%v, %v", place, err)
	}
	c, ended := start(t, t.Context(), 1500*time.Millisecond)
	if err := c.Copy("287082"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	args, _ := os.ReadFile(dir + "/args")
	text, _ := os.ReadFile(dir + "/text")
	if string(text) != "287082" || strings.Contains(string(args), "287082") || !strings.Contains(string(args), "Start-Sleep -Milliseconds 1500;") {
		t.Errorf("powershell %s; read %q", args, text)
	}
}

func TestFindPlace(t *testing.T) {
	for _, test := range []struct {
		ssh, display, wayland, term string
		want                        Place
		err                         error
	}{
		{"", ":0", "", "xterm", Desktop, nil},
		{"", ":0", "", "", Desktop, nil},
		{"192.0.2.1 1 192.0.2.2 22", "", "", "xterm", Terminal, nil},
		{"192.0.2.1 1 192.0.2.2 22", ":0", "wayland-0", "xterm", Terminal, nil}, // of whoever sits at that computer
		{"192.0.2.1 1 192.0.2.2 22", "localhost:10.0", "", "xterm", Desktop, nil},
		{"", "", "", "xterm", Terminal, nil},
		{"", "", "", "linux", 0, ErrNoClipboard},
		{"", "", "", "", 0, ErrNoClipboard},
	} {
		t.Setenv("WSL_DISTRO_NAME", "")
		t.Setenv("SSH_CONNECTION", test.ssh)
		t.Setenv("DISPLAY", test.display)
		t.Setenv("WAYLAND_DISPLAY", test.wayland)
		t.Setenv("TERM", test.term)
		if got, err := FindPlace(); got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%+v: %v, %v", test, got, err)
		}
	}
}

func TestByTerminal(t *testing.T) {
	t.Setenv("TMUX", "")
	for screen, want := range map[string]string{"": "\x1b]52;c;Mjg3MDgy\a", "1.pts": "\x1bP\x1b]52;c;Mjg3MDgy\a\x1b\\"} {
		t.Setenv("STY", screen)
		var out bytes.Buffer
		if err := ByTerminal(t.Context(), &out, "287082"); err != nil || out.String() != want {
			t.Errorf("got %q, %v", &out, err)
		}
	}
}
