package vktest_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// opensc runs a client of the daemon in another process.
func opensc(t *testing.T, d *vktest.Daemon, args ...string) (string, error) {
	t.Helper()
	oathtest.RequireTool(t, "opensc-tool")
	cmd := exec.Command("opensc-tool", args...)
	cmd.Env = append(os.Environ(), d.Env())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// readers returns a line for each reader the daemon shows, with Yes or No for a card.
func readers(t *testing.T, d *vktest.Daemon) string {
	t.Helper()
	out, err := opensc(t, d, "--list-readers")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var lines []string
	for line := range strings.Lines(out) {
		if number, reader, _ := strings.Cut(line, " "); number == "0" || number == "1" {
			lines = append(lines, strings.Join(strings.Fields(reader), " "))
		}
	}
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, d *vktest.Daemon, first, second string) {
	t.Helper()
	names := d.Readers()
	want := first + " " + names[0] + "\n" + second + " " + names[1]
	if got := readers(t, d); got != want {
		t.Errorf("readers:\n%s\nwant:\n%s\nlog:\n%s", got, want, d.Log())
	}
}

// newKey makes a key for a slot of a daemon.
func newKey(t *testing.T, config virtualkey.Config) *virtualkey.Key {
	t.Helper()
	return vktest.New(t, config).Key
}

func TestPlug(t *testing.T) {
	t.Parallel()
	d := vktest.Launch(t)
	expect(t, d, "No", "No")
	pull := d.Plug(t, 0, newKey(t, virtualkey.Config{Serial: 1}))
	expect(t, d, "Yes", "No")
	d.Plug(t, 1, newKey(t, virtualkey.Config{Serial: 2}))
	expect(t, d, "Yes", "Yes")
	pull()
	pull()
	expect(t, d, "No", "Yes")
	d.Plug(t, 0, newKey(t, virtualkey.Config{Serial: 3}))
	expect(t, d, "Yes", "Yes")
}

// A key that a fault pulled out leaves its slot to the next.
func TestPlugAfterPull(t *testing.T) {
	t.Parallel()
	d := vktest.Launch(t)
	first := virtualkey.Fault{Nth: 1, Kind: virtualkey.FaultPull}
	pull := d.Plug(t, 0, newKey(t, virtualkey.Config{Faults: []virtualkey.Fault{first}}))
	opensc(t, d, "--reader", "0", "--send-apdu", "00:A4:04:00") // fails, for the key is gone
	d.Plug(t, 0, newKey(t, virtualkey.Config{}))
	pull()
	expect(t, d, "Yes", "No")
}

func TestPause(t *testing.T) {
	t.Parallel()
	d := vktest.Launch(t)
	slots := d.Slots()
	d.Plug(t, 0, newKey(t, virtualkey.Config{}))
	d.Pause()
	if got := readers(t, d); got != "" {
		t.Errorf("a paused daemon shows %q", got)
	}
	d.Resume(t)
	if !slices.Equal(d.Slots(), slots) {
		t.Errorf("the slots moved from %v to %v", slots, d.Slots())
	}
	expect(t, d, "No", "No")
	d.Plug(t, 1, newKey(t, virtualkey.Config{}))
	expect(t, d, "No", "Yes")
}

// Keys that start together get daemons of their own, whose readers are named as the
// firmware has it.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	vktest.Launch(t) // or skip
	var started sync.WaitGroup
	for i, want := range []string{"YubiKey OTP+FIDO+CCID", "YubiKey OTP+FIDO+CCID", "Yubikey 4 OTP+U2F+CCID", "Yubikey NEO OTP+U2F+CCID"} {
		firmware := [...]virtualkey.Version{{}, {5, 4, 3}, {4, 3, 7}, {3, 4, 0}}[i]
		started.Go(func() {
			key := vktest.Start(t, virtualkey.Config{Firmware: firmware})
			out, err := key.Command("opensc-tool", "--list-readers").Output()
			if err != nil || key.Reader() != "Yubico "+want+" 00 00" || strings.Count(string(out), want) != 1 {
				t.Errorf("the key of firmware %v is in %q: %v\n%s", firmware, key.Reader(), err, out)
			}
		})
	}
	started.Wait()
}

func TestStop(t *testing.T) {
	t.Parallel()
	d := vktest.Launch(t)
	if _, err := os.Stat(d.Socket()); err != nil {
		t.Error(err)
	}
	d.Stop()
	if _, err := os.Stat(filepath.Dir(d.Socket())); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s was left behind: %v", filepath.Dir(d.Socket()), err)
	}
	for _, slot := range d.Slots() {
		if open(slot) {
			t.Errorf("slot %s is still open", slot)
		}
	}
}

// open reports whether a slot waits for a key.
func open(slot string) bool {
	conn, err := net.Dial("tcp", slot)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// orphan is the environment variable that makes TestOrphan the parent of a daemon,
// which waits to be killed.
const orphan = "VKTEST_ORPHAN"

// A daemon ends with its parent, however that ends, and its folder goes.
func TestOrphan(t *testing.T) {
	t.Parallel()
	d := vktest.Launch(t) // or skip
	if os.Getenv(orphan) != "" {
		fmt.Println(d.Socket(), d.Slots()[0])
		select {}
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestOrphan$")
	parent.Env = append(os.Environ(), orphan+"=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var socket, slot string
	_, err = fmt.Fscan(out, &socket, &slot)
	parent.Process.Kill()
	parent.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if err := oathtest.Await("the end of the daemon, which outlived its parent, at "+slot, func() bool { return !open(slot) }); err != nil {
		t.Error(err)
	}
	if err := oathtest.Await("the end of "+filepath.Dir(socket), func() bool {
		_, err := os.Stat(filepath.Dir(socket))
		return errors.Is(err, fs.ErrNotExist)
	}); err != nil {
		t.Error(err)
	}
}

// Keys for PC/SC in this very process share its daemon. A third waits for a slot.
func TestHere(t *testing.T) {
	vktest.Shared(t) // or skip
	service, err := pcsc.Connect()
	if errors.Is(err, pcsc.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	service.Close()
	for i := range 5 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			key := vktest.Here(t, virtualkey.Config{Serial: uint32(1 + i)})
			service, err := pcsc.Connect()
			if err != nil {
				t.Fatal(err)
			}
			defer service.Close()
			card, err := service.Open(t.Context(), key.Reader())
			if err != nil {
				t.Fatal(err)
			}
			defer card.Close()
			selectManagement := []byte("\x00\xa4\x04\x00\x08\xa0\x00\x00\x05\x27\x47\x11\x17")
			if reply, err := card.Transmit(selectManagement); err != nil || !strings.HasPrefix(string(reply), "Virtual mgr - FW version") {
				t.Errorf("SELECT: %q, %v", reply, err)
			}
			if n := strings.Count(key.Trace(), " > 00a4"); n != 1 {
				t.Errorf("the trace has %d SELECTs:\n%s", n, key.Trace())
			}
		})
	}
}

// What a test does to a key, another program sees.
func TestStart(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "ykman")
	key := vktest.Start(t, virtualkey.Config{Serial: 42, Touch: virtualkey.TouchNever})
	// alice reports whether ykman does something with the account.
	alice := func(want bool, args ...string) {
		t.Helper()
		cmd := key.Command("ykman", append([]string{"oath", "accounts"}, args...)...)
		out, err := cmd.CombinedOutput()
		if got := err == nil && strings.Contains(string(out), "GitHub:alice"); got != want {
			t.Errorf("ykman %q: %v, %t\n%s", args, err, got, out)
		}
	}
	out, err := key.Command("ykman", "oath", "accounts", "add", "--touch", "GitHub:alice", "JBSWY3DPEHPK3PXP").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	alice(true, "list")
	touched := make(chan bool)
	go func() {
		defer close(touched)
		key.Touch()
	}()
	alice(true, "code", "alice")
	<-touched
	key.Pull()
	alice(false, "list")
	key.Plug()
	key.ClearExchanges()
	alice(true, "list")
	if key.Exchanges() == 0 {
		t.Error("no exchange was counted")
	}
	key.SetFaults(virtualkey.Fault{Nth: 1, INS: 0xa1, Kind: virtualkey.FaultPull})
	alice(false, "list")
	key.SetFaults()
	key.Plug()
	alice(true, "list")
}

// A module of somebody else's may use this package. It needs the modules that ours
// does, and a line to find ours.
func TestOutside(t *testing.T) {
	t.Parallel()
	oathtest.RequireTool(t, "go", "ykman")
	vktest.Launch(t) // or skip
	repository, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	const ours = "github.com/tokenctl/tokenctl"
	requirements, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := errors.Join(
		os.CopyFS(dir, os.DirFS("testdata/outside")),
		os.WriteFile(filepath.Join(dir, "go.mod"), fmt.Appendf(nil, "%s\nrequire %s v0.0.0\nreplace %[2]s => %s\n",
			strings.Replace(string(requirements), "module "+ours, "module example.com/outside", 1), ours, repository), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(repository, "go.sum"))
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-count=1", "-v", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if unpacked := filepath.Join(repository, "bin", "libifdvpcd.so"); os.Getenv("TOKENCTL_VPCD") == "" && exists(unpacked) {
		cmd.Env = append(cmd.Env, "TOKENCTL_VPCD="+unpacked)
	}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS: ") != 2 {
		t.Errorf("go test in a module outside: %v\n%s", err, out)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
