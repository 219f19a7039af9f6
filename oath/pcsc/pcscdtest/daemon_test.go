package pcscdtest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
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

// The driver need not be installed, and a half download is none.
func TestDriverIsFoundUnpacked(t *testing.T) {
	root := t.TempDir()
	write := func(path string) string {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("tokenctl/go.mod")
	write("tokenctl/bin/vpcd.x7Gf3a/driver")
	write("bin/libifdvpcd.so") // of another module
	folder := filepath.Dir(write("tokenctl/cmd/tokenctl/main.go"))
	look := func(named, want string) {
		t.Helper()
		if got := lookForDriver(named, folder, filepath.Join(root, "lib*")); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	look("", "")
	installed := write("lib64/pcsc/drivers/serial/libifdvpcd.so")
	look("", installed)
	unpacked := write("tokenctl/bin/libifdvpcd.so")
	look("", unpacked)
	look("/elsewhere/vpcd.so", "/elsewhere/vpcd.so")
}
