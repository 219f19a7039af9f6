package pcscd

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// Whoever loses the race for a port learns of it, be it the first or the second.
func TestPortTaken(t *testing.T) {
	oathtest.NeedsTool(t, nil)
	d, err := Launch(t.Context(), Options{})
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

// What would be another line of the configuration is no name.
func TestReaderName(t *testing.T) {
	for _, name := range []string{"a\"b", "a\nLIBPATH /tmp/evil.so", "é", strings.Repeat("a", 101)} {
		if _, err := Launch(t.Context(), Options{Reader: name}); err == nil || !strings.Contains(err.Error(), "name") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
