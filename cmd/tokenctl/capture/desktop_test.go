//go:build linux

package capture

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// background runs a program until the test ends, and returns what it writes.
func background(t *testing.T, name string, args ...string) *bufio.Reader {
	t.Helper()
	c := exec.Command(name, args...)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return bufio.NewReader(out)
}

// firstLine returns what a program says when it is ready.
func firstLine(t *testing.T, out *bufio.Reader) string {
	t.Helper()
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// startX11 starts an X server with nothing on its screen, and leads programs to it.
func startX11(t *testing.T, depth int) {
	t.Helper()
	oathtest.RequireTool(t, "Xvfb")
	out := background(t, "Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0", fmt.Sprintf("1280x1024x%d", depth))
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("DISPLAY", ":"+firstLine(t, out))
	t.Setenv("XAUTHORITY", filepath.Join(t.TempDir(), "none"))
}

const testURI = "otpauth://totp/Example:alice@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example"

func testSymbol(t *testing.T, text string) *qr.Symbol {
	t.Helper()
	s, err := qr.Encode(text, qr.LevelM)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func writeFile(t *testing.T, name string, write func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	path := filepath.Join(t.TempDir(), name)
	if err := errors.Join(write(&b), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

// onScreen waits until texts can be read on the screen, and nothing else, by tokenctl and
// by zbarimg.
func onScreen(t *testing.T, want ...string) {
	t.Helper()
	oathtest.RequireTool(t, "zbarimg")
	slices.Sort(want)
	var got, judged []string
	err := oathtest.Await(fmt.Sprint(want), func() bool {
		picture, err := Screen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, _ = qr.Read(bytes.NewReader(picture))
		if slices.Sort(got); !slices.Equal(got, want) {
			return false
		}
		file := writeFile(t, "screen.bmp", func(b *bytes.Buffer) error { b.Write(picture); return nil })
		out, _ := exec.Command("zbarimg", "--quiet", "--raw", file).Output()
		judged = strings.Fields(string(out))
		slices.Sort(judged)
		return slices.Equal(judged, want)
	})
	if err != nil {
		t.Errorf("%v: read %q, zbarimg %q", err, got, judged)
	}
}

// Two windows with a QR code each, one large and one small, at every depth of colours.
func TestScreenX11(t *testing.T) {
	oathtest.RequireTool(t, "feh")
	other := strings.ReplaceAll(testURI, "alice", "bob")
	for _, depth := range []int{24, 16} {
		t.Run(fmt.Sprint(depth), func(t *testing.T) {
			startX11(t, depth)
			for i, text := range []string{testURI, other} {
				file := writeFile(t, "qr.png", func(b *bytes.Buffer) error { return testSymbol(t, text).WritePNG(b, 2+4*i) })
				background(t, "feh", "--geometry", fmt.Sprintf("+%d+%d", 40+400*i, 300-200*i), file)
			}
			onScreen(t, testURI, other)
		})
	}
}

// What WriteTerminal writes can be read in a terminal of any colours; WriteText, in a
// dark one.
func TestTerminalX11(t *testing.T) {
	oathtest.RequireTool(t, "xterm")
	symbol := testSymbol(t, testURI)
	for name, test := range map[string]struct {
		write func(*bytes.Buffer) error
		args  []string
	}{
		"dark":                 {func(b *bytes.Buffer) error { return symbol.WriteTerminal(b) }, []string{"-bg", "black", "-fg", "white"}},
		"light":                {func(b *bytes.Buffer) error { return symbol.WriteTerminal(b) }, []string{"-bg", "white", "-fg", "black"}},
		"odd":                  {func(b *bytes.Buffer) error { return symbol.WriteTerminal(b) }, []string{"-bg", "#fdf6e3", "-fg", "#657b83"}},
		"dark, without colour": {func(b *bytes.Buffer) error { return symbol.WriteText(b) }, []string{"-bg", "black", "-fg", "white"}},
	} {
		t.Run(name, func(t *testing.T) {
			startX11(t, 24)
			file := writeFile(t, "qr.txt", test.write)
			args := append(test.args, "-u8", "-fa", "DejaVu Sans Mono", "-fs", "9", "-geometry", "80x50", "-e", "sh", "-c", `cat "$1"; read line`, "sh", file)
			background(t, "xterm", args...)
			onScreen(t, testURI)
		})
	}
}

// own puts something on the clipboard, as another program would.
func own(t *testing.T, kind string, data []byte) {
	t.Helper()
	oathtest.RequireTool(t, "xclip")
	c := exec.Command("xclip", "-selection", "clipboard", "-target", kind, "-quiet")
	c.Stdin = bytes.NewReader(data)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
}

func TestClipboardX11(t *testing.T) {
	var picture bytes.Buffer
	if err := testSymbol(t, testURI).WritePNG(&picture, 4); err != nil {
		t.Fatal(err)
	}
	var large bytes.Buffer // some megabytes, which come in parts
	noise := image.NewNRGBA(image.Rect(0, 0, 1500, 1500))
	for i := range noise.Pix {
		noise.Pix[i] = byte(i * i >> 3)
	}
	noise.Set(0, 0, color.White)
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&large, noise); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		kind string
		data []byte
		want error
	}{
		"PNG":       {"image/png", picture.Bytes(), nil},
		"large":     {"image/png", large.Bytes(), nil},
		"JPEG":      {"image/jpeg", encoded(t, 100, false), nil},
		"text":      {"UTF8_STRING", []byte(testURI), nil},
		"too large": {"image/png", make([]byte, MaxSize+1), ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			startX11(t, 24)
			if _, err := Clipboard(t.Context()); !errors.Is(err, ErrEmpty) {
				t.Errorf("empty: %v", err)
			}
			own(t, test.kind, test.data)
			if err := oathtest.Await("its owner", func() bool { return clipboardOwner(t) != xproto.WindowNone }); err != nil {
				t.Fatal(err)
			}
			data, err := Clipboard(t.Context())
			if !errors.Is(err, test.want) || test.want == nil && !bytes.Equal(data, test.data) {
				t.Errorf("%d bytes, %v, want %d, %v", len(data), err, len(test.data), test.want)
			}
		})
	}
}

func clipboardOwner(t *testing.T) xproto.Window {
	x, err := connectX11(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	atoms, err := x.atoms("CLIPBOARD")
	if err != nil {
		t.Fatal(err)
	}
	owner, err := xproto.GetSelectionOwner(x.Conn, atoms[0]).Reply()
	if err != nil {
		t.Fatal(err)
	}
	return owner.Owner
}

// An owner that takes the clipboard and never answers is given up with the context.
func TestClipboardX11Silent(t *testing.T) {
	startX11(t, 24)
	x, err := connectX11(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	window, failed := x.newWindow()
	atoms, err := x.atoms("CLIPBOARD")
	if err = errors.Join(failed, err); err != nil {
		t.Fatal(err)
	}
	if err := xproto.SetSelectionOwnerChecked(x.Conn, window, atoms[0], xproto.TimeCurrentTime).Check(); err != nil {
		t.Fatal(err)
	}
	gaveUp := errors.New("gave up")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		x.await(func(event xgb.Event) bool {
			_, asked := event.(xproto.SelectionRequestEvent)
			return asked
		})
		cancel(gaveUp)
	}()
	if _, err := Clipboard(ctx); !errors.Is(err, gaveUp) {
		t.Errorf("%v", err)
	}
}

func TestNoDesktop(t *testing.T) {
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("DISPLAY", "")
	_, err := Clipboard(t.Context())
	_, err2 := Screen(t.Context())
	if !errors.Is(err, ErrNoDesktop) || !errors.Is(err2, ErrNoDesktop) {
		t.Errorf("%v, %v", err, err2)
	}
	t.Setenv("DISPLAY", ":64999")
	if _, err := Screen(t.Context()); err == nil {
		t.Error("a display that is not there was read")
	}
}

// A portal on a bus of its own, which answers as the test says.
type portal struct {
	bus    *dbus.Conn
	answer func(p *portal, handle dbus.ObjectPath)
}

func (p *portal) Screenshot(sender dbus.Sender, parent string, options map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	handle := dbus.ObjectPath("/org/freedesktop/portal/desktop/request/1_1/t")
	if p.answer != nil {
		go p.answer(p, handle)
	}
	return handle, nil
}

func (p *portal) respond(handle dbus.ObjectPath, status uint32, uri any) {
	p.bus.Emit(handle, "org.freedesktop.portal.Request.Response", status, map[string]dbus.Variant{"uri": dbus.MakeVariant(uri)})
}

// startPortal starts a Wayland session that has a portal and nothing else.
func startPortal(t *testing.T, answer func(*portal, dbus.ObjectPath)) {
	t.Helper()
	oathtest.RequireTool(t, "dbus-daemon")
	address := firstLine(t, background(t, "dbus-daemon", "--session", "--nofork", "--print-address", "--address=unix:path="+filepath.Join(t.TempDir(), "bus")))
	t.Setenv("WAYLAND_DISPLAY", "wayland-test")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bus.Close() })
	p := &portal{bus, answer}
	if err := bus.Export(p, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Screenshot"); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.RequestName("org.freedesktop.portal.Desktop", 0); err != nil {
		t.Fatal(err)
	}
}

func TestScreenPortal(t *testing.T) {
	dir := t.TempDir()
	shot, text, link := filepath.Join(dir, "Screenshot from today.png"), filepath.Join(dir, "notes.txt"), filepath.Join(dir, "link.png")
	write := func(name string, data []byte) {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text, []byte("not a picture"))
	escaped := "file://" + strings.ReplaceAll(shot, " ", "%20")
	for name, test := range map[string]struct {
		status uint32
		uri    any
		want   string // of the error; "" if there is none
	}{
		"a picture":                 {0, escaped, ""},
		"declined":                  {1, "", "it was declined"},
		"failed":                    {2, "", "status 2"},
		"no URI":                    {0, 7, "it is not in a file"},
		"on the web":                {0, "https://example.com/x.png", "it is not in a file"},
		"on another computer":       {0, "file://other" + shot, "it is not in a file"},
		"not a picture":             {0, "file://" + text, "not a picture"},
		"a link":                    {0, "file://" + link, "too many levels"},
		"a device":                  {0, "file:///dev/zero", "not a regular file"},
		"not there":                 {0, "file://" + dir + "/none.png", "no such file"},
		"an answer to someone":      {9, escaped, ""},
		"an answer of another form": {0, map[string]string{}, "it is not in a file"},
	} {
		t.Run(name, func(t *testing.T) {
			whole := encoded(t, 20, true)
			write(shot, whole)
			os.Symlink(shot, link)
			startPortal(t, func(p *portal, handle dbus.ObjectPath) {
				if test.status == 9 {
					p.respond("/org/freedesktop/portal/desktop/request/1_2/t", 2, "")
					p.respond(handle, 0, test.uri)
					return
				}
				p.respond(handle, test.status, test.uri)
			})
			data, err := Screen(t.Context())
			_, left := os.Stat(shot)
			switch {
			case test.want == "" && (err != nil || !bytes.Equal(data, whole) || !errors.Is(left, os.ErrNotExist)):
				t.Errorf("%d bytes, %v; the file: %v", len(data), err, left)
			case test.want != "" && (!errors.Is(err, ErrScreen) || !strings.Contains(err.Error(), test.want) || left != nil):
				t.Errorf("%v, want %s; the file: %v", err, test.want, left)
			}
			if _, err := os.Stat(text); err != nil {
				t.Errorf("what is not a picture: %v", err)
			}
		})
	}
}

// A portal that does not answer is given up with the context, and so is a bus without one.
func TestScreenPortalSilent(t *testing.T) {
	gaveUp := errors.New("gave up")
	ctx, cancel := context.WithCancelCause(t.Context())
	startPortal(t, func(*portal, dbus.ObjectPath) { cancel(gaveUp) })
	if _, err := Screen(ctx); !errors.Is(err, gaveUp) {
		t.Errorf("silent: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	if _, err := Screen(t.Context()); !errors.Is(err, ErrScreen) {
		t.Errorf("no bus: %v", err)
	}
}

// startSway starts a Wayland desktop that has no screen, leads programs to it, and returns
// a folder of its own.
func startSway(t *testing.T) (dir string) {
	t.Helper()
	oathtest.RequireTool(t, "sway", "wl-copy", "wl-paste")
	dir, err := os.MkdirTemp("", "") // which nobody can reach, unlike t.TempDir
	config := filepath.Join(dir, "sway")
	if err := errors.Join(err, os.WriteFile(config, []byte("xwayland disable\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	sway := []string{"sway", "--config", config}
	if os.Getuid() == 0 { // sway does not start as root
		const nobody = 65534
		os.Chown(dir, nobody, nobody)
		os.Chown(config, nobody, nobody)
		sway = append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, sway...)
	}
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("WLR_BACKENDS", "headless")
	t.Setenv("WLR_RENDERER", "pixman")
	background(t, sway[0], sway[1:]...)
	var sockets []string
	err = oathtest.Await("sway", func() bool {
		sockets, _ = filepath.Glob(filepath.Join(dir, "wayland-?"))
		return len(sockets) == 1
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("WAYLAND_DISPLAY", sockets[0])
	return dir
}

// wl-paste reads what wl-copy copied, on a Wayland desktop that has no screen.
func TestClipboardWayland(t *testing.T) {
	dir := startSway(t)
	if _, err := Clipboard(t.Context()); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty: %v", err)
	}
	for _, test := range []struct {
		kind string
		data []byte
		want error
	}{
		{"image/png", encoded(t, 300, true), nil},
		{"image/jpeg", encoded(t, 300, false), nil},
		{"text/plain;charset=utf-8", []byte(testURI + "\n"), nil},
		{"image/png", make([]byte, MaxSize+1), ErrTooLarge},
		{"application/x-other", []byte("x"), ErrEmpty},
	} {
		c := exec.Command("wl-copy", "--foreground", "--type", test.kind)
		c.Stdin = bytes.NewReader(test.data)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Process.Kill(); c.Wait() })
		err := oathtest.Await(test.kind, func() bool {
			types, _ := exec.Command("wl-paste", "--list-types").Output()
			data, _ := exec.Command("wl-paste", "--no-newline", "--type", test.kind).Output()
			return strings.Contains(string(types), test.kind) && len(data) == len(test.data)
		})
		data, failed := Clipboard(t.Context())
		if err != nil || !errors.Is(failed, test.want) || test.want == nil && !bytes.Equal(data, test.data) {
			t.Errorf("%s: %d bytes, %v, want %d, %v; %v", test.kind, len(data), failed, len(test.data), test.want, err)
		}
		exec.Command("wl-copy", "--clear").Run() // and wl-copy removes its own file
		c.Wait()
	}
	t.Setenv("PATH", dir)
	if _, err := Clipboard(t.Context()); !errors.Is(err, ErrNoPaste) {
		t.Errorf("without wl-paste: %v", err)
	}
}
