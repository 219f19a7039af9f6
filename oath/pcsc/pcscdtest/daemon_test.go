package pcscdtest

import (
	"errors"
	"net"
	"testing"
)

// Whoever loses the race for a port learns of it, be it the first or the second.
func TestPortTaken(t *testing.T) {
	driver, err := findDriver()
	check(t, err)
	for slot := range 2 {
		d := &Daemon{dir: t.TempDir()}
		if err := d.prepare(driver); err != nil {
			t.Fatal(err)
		}
		port := choosePort()
		rival, err := net.ListenTCP("tcp4", &net.TCPAddr{Port: port + slot})
		if err != nil {
			t.Fatal(err)
		}
		defer rival.Close()
		if err := d.startAt(port); !errors.Is(err, errPortTaken) {
			t.Errorf("slot %d: %v, want %v", slot, err, errPortTaken)
			d.Stop()
		}
	}
}
