package pcscd

import (
	"bytes"
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// Whoever loses the race for a port learns of it, be it the first or the second.
func TestPortTaken(t *testing.T) {
	oathtest.NeedsTool(t, nil)
	d, err := Launch(t.Context(), Options{Slots: 2})
	if errors.Is(err, ErrMissing) {
		oathtest.NeedsTool(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop()
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
