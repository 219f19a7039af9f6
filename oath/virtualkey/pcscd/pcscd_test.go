package pcscd

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// unpacked is where .ci/deps puts a driver.
const unpacked = "../../../bin/libifdvpcd.so"

func launch(t *testing.T, o Options) *Daemon {
	t.Helper()
	oathtest.NeedsTool(t, nil)
	if _, err := os.Stat(unpacked); err == nil {
		o.Driver = unpacked
	}
	d, err := Launch(t.Context(), o)
	if errors.Is(err, ErrMissing) {
		oathtest.NeedsTool(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Stop)
	return d
}

// Whoever loses the race for a port learns of it, be it the first or the second.
func TestPortTaken(t *testing.T) {
	d := launch(t, Options{Slots: 2})
	for slot := range 2 {
		d.Pause()
		port := choosePort()
		rival, err := net.ListenTCP("tcp4", &net.TCPAddr{Port: port + slot})
		if err != nil {
			t.Fatal(err)
		}
		defer rival.Close()
		if err := d.startAt(t.Context(), port); !errors.Is(err, errPortTaken) {
			t.Errorf("slot %d: %v, want %v", slot, err, errPortTaken)
		}
	}
}

// No slot takes a card from another machine.
func TestKeepLocal(t *testing.T) {
	d := launch(t, Options{Slots: 2})
	if err := keepLocal(d.process.pid); err != nil {
		t.Skip(err)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		ip, _, err := net.ParseCIDR(a.String())
		if err != nil || ip.To4() == nil {
			continue
		}
		for slot := range 2 {
			conn, err := net.Dial("tcp4", fmt.Sprint(ip, ":", d.port+slot))
			if err == nil {
				conn.Close()
			}
			if (err == nil) != ip.IsLoopback() {
				t.Errorf("slot %d at %v: %v", slot, ip, err)
			}
		}
	}
}

// A file that is no driver is left as it is.
func TestLeaveOneSlot(t *testing.T) {
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range [][]byte{nil, []byte("\x7fELF"), self, self[:len(self)/2]} {
		was := bytes.Clone(file)
		if err := leaveOneSlot(file); err == nil || !bytes.Equal(file, was) {
			t.Errorf("a file of %d bytes: %v", len(file), err)
		}
	}
}

// What would be another line of the configuration is no name.
func TestReaderName(t *testing.T) {
	for _, name := range []string{"a\"b", "a\nLIBPATH /tmp/evil.so", "é", strings.Repeat("a", 101)} {
		if _, err := Launch(t.Context(), Options{Reader: name}); err == nil || !strings.Contains(err.Error(), "name") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
