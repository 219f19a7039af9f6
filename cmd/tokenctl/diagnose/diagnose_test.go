//go:build linux

package diagnose

import (
	"fmt"
	"io/fs"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/keys"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// A client of a socket is known by the link that its process has; one that has ended is
// none any more, though the daemon has not noticed.
func TestClientSockets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial := func() (*net.UnixConn, string) {
		c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { accepted.Close() })
		raw, err := c.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var link string
		raw.Control(func(fd uintptr) { link, err = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)) })
		if err != nil {
			t.Fatal(err)
		}
		return c, link
	}
	first, firstLink := dial()
	second, secondLink := dial()
	defer second.Close()
	check := func(want ...string) {
		t.Helper()
		got, err := clientSockets(path)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	check(firstLink, secondLink)
	first.Close()
	check(secondLink)
	if got, err := clientSockets(path + "x"); len(got) > 0 || err != nil {
		t.Errorf("of another socket: %q, %v", got, err)
	}
	if found, seen := Here().openers([]string{secondLink}); len(found) > 0 || !seen[secondLink] {
		t.Errorf("this program's own socket: %v, %v", found, seen)
	}
}

// endless is a /proc with more processes, and more files of each, than can be; it counts
// what is looked at.
type endless struct{ links, listed *int }

func (e endless) Open(name string) (fs.File, error) {
	if name != "proc" && !strings.HasSuffix(name, "/fd") {
		return nil, fs.ErrNotExist
	}
	return endlessFolder{e}, nil
}

func (e endless) ReadLink(string) (string, error) {
	*e.links++
	return "/etc/passwd", nil
}

func (e endless) Lstat(string) (fs.FileInfo, error) { return nil, fs.ErrNotExist }

type endlessFolder struct{ endless }

func (endlessFolder) Stat() (fs.FileInfo, error) { return nil, fs.ErrInvalid }
func (endlessFolder) Read([]byte) (int, error)   { return 0, fs.ErrInvalid }
func (endlessFolder) Close() error               { return nil }

func (f endlessFolder) ReadDir(n int) (entries []fs.DirEntry, err error) {
	if n <= 0 {
		n = math.MaxInt16 // which stands for all
	}
	for i := range n {
		entries = append(entries, fs.FileInfoToDirEntry(numbered(i)))
	}
	*f.listed += n
	return entries, nil
}

// numbered is a file whose name is a number.
type numbered int

func (n numbered) Name() string     { return strconv.Itoa(int(n)) }
func (numbered) Size() int64        { return 0 }
func (numbered) Mode() fs.FileMode  { return fs.ModeDir }
func (numbered) ModTime() time.Time { return time.Time{} }
func (numbered) IsDir() bool        { return true }
func (numbered) Sys() any           { return nil }

func TestEndlessProcesses(t *testing.T) {
	var links, listed int
	found, seen := System{Files: endless{&links, &listed}}.openers([]string{"socket:[1]"})
	if len(found) > 0 || len(seen) > 0 {
		t.Errorf("found %v, %v", found, seen)
	}
	if links != maxLinks || listed > maxLinks+maxProcesses {
		t.Errorf("%d links were read, and %d names, want %d links", links, listed, maxLinks)
	}
}

// Whether a key on USB has no reader follows from its name, from who has claimed its
// interface, and from how many readers there are.
func TestWithoutReader(t *testing.T) {
	const driver = "usr/lib/pcsc/drivers/ifd-ccid.bundle/Info.plist"
	device := func(claimed bool) fstest.MapFS {
		files := fstest.MapFS{
			"sys/bus/usb/devices/1-1/idVendor":            {Data: []byte("20a0\n")},
			"sys/bus/usb/devices/1-1/product":             {Data: []byte("Nitrokey 3\n")},
			"sys/bus/usb/devices/1-1/busnum":              {Data: []byte("1\n")},
			"sys/bus/usb/devices/1-1/devnum":              {Data: []byte("12\n")},
			"sys/bus/usb/devices/1-1:1.1/bInterfaceClass": {Data: []byte("0b\n")},
		}
		if claimed {
			files["sys/bus/usb/devices/1-1:1.1/driver/bind"] = &fstest.MapFile{}
		}
		return files
	}
	with := func(files fstest.MapFS, more ...string) fstest.MapFS {
		for _, name := range more {
			files[name] = &fstest.MapFile{}
		}
		return files
	}
	opener := func(files fstest.MapFS, name string) fstest.MapFS {
		files["proc/77/comm"] = &fstest.MapFile{Data: []byte(name + "\n")}
		files["proc/77/fd/3"] = &fstest.MapFile{Data: []byte("/dev/bus/usb/001/012"), Mode: fs.ModeSymlink}
		return files
	}
	nitrokey, other := pcsc.Reader{Name: "Nitrokey Nitrokey 3 [CCID/ICCD Interface] 00 00"}, pcsc.Reader{Name: "Other 00 00"}
	for _, test := range []struct {
		name    string
		files   fstest.MapFS
		readers []pcsc.Reader
		want    string
	}{
		{"it is a reader", device(true), []pcsc.Reader{nitrokey}, ""},
		{"no driver", device(false), nil, "no-driver"},
		{"not taken", with(device(false), driver), nil, "no-reader"},
		{"not taken, beside another", with(device(false), driver), []pcsc.Reader{other}, "no-reader"},
		{"held by a program", opener(device(true), "scdaemon"), nil, "usb-held"},
		{"held by one that is not seen", device(true), nil, "usb-held"},
		{"pcscd's, under another name", opener(device(true), "pcscd"), []pcsc.Reader{other}, ""},
		{"claimed, under another name perhaps", device(true), []pcsc.Reader{other}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := &examination{System: System{Files: test.files, OS: "linux"}}
			e.usb(e.usbKeys(), test.readers)
			got := ""
			for _, f := range e.findings {
				got += f.Cause
				if f.Text == "" || f.Advice == "" || f.Grade != Fault {
					t.Errorf("%+v", f)
				}
			}
			if got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

// Whatever keeps a key from being used has a cause of its own, says which key it is, and
// what to do.
func TestUnusable(t *testing.T) {
	reader := pcsc.Reader{Name: "Yubico YubiKey OTP+FIDO+CCID 00 00", ATR: []byte{0x3b, 0x80}}
	yubikey := ykoath.Device{Serial: 7, Version: ykoath.Version{5, 7, 1}}
	usbOff, nfcOff := yubikey, yubikey
	usbOff.NoOATH, nfcOff.NoOATHNFC = true, true
	seen := make(map[string]bool)
	for _, test := range []struct {
		err    error
		device ykoath.Device
		grade  Grade
		want   string
	}{
		{pcsc.ErrNoPermission, ykoath.Device{}, Fault, "policy"},
		{pcsc.ErrMute, ykoath.Device{}, Fault, "mute"},
		{oath.ErrSilent, yubikey, Fault, "silent"},
		{ykoath.ErrUnproven, yubikey, Fault, "unproven"},
		{pcsc.ErrRemoved, yubikey, Notice, "removed"},
		{ykoath.ErrNoApplet, usbOff, Fault, "oath-off"},
		{ykoath.ErrNoApplet, nfcOff, Fault, "oath-off-nfc"},
		{ykoath.ErrNoApplet, yubikey, Fault, "no-applet"},
		{ykoath.ErrNoApplet, ykoath.Device{}, Notice, "other-card"},
		{ykoath.ErrMalformed, yubikey, Fault, "key"},
	} {
		e := &examination{System: System{Files: fstest.MapFS{}, OS: "linux", User: `al"ice`}}
		e.unusable(keys.Info{Reader: reader.Name, Device: test.device, Err: fmt.Errorf("SELECT: %w", test.err)}, reader)
		if len(e.findings) != 1 {
			t.Fatalf("%s: %+v", test.want, e.findings)
		}
		f := e.findings[0]
		named := reader.Name
		if test.device.Serial != 0 {
			named = "key:7"
		}
		if f.Cause != test.want || f.Grade != test.grade || !strings.Contains(f.Text, named) || f.Advice == "" && f.Grade == Fault {
			t.Errorf("%s: %+v", test.want, f)
		}
		if seen[f.Text] {
			t.Errorf("%s: another cause says %q", f.Cause, f.Text)
		}
		seen[f.Text] = true
	}
}
