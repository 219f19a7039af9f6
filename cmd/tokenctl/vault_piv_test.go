//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// TestPINForgotten has the next program find the key as if it had never been told
// its PIN.
func TestPINForgotten(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	for name, content := range map[string]string{"passphrase": "correct horse battery staple", "pin": "123456"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := r.plug("key", 0, virtualkey.Config{})
	run := func(args ...string) {
		t.Helper()
		r.must("", append([]string{"tokenctl", "vault"}, append(args, "--vault", filepath.Join(dir, "vault"))...)...)
	}
	passphrase, pin := "--passphrase-file="+filepath.Join(dir, "passphrase"), "--pin-file="+filepath.Join(dir, "pin")
	run("init", passphrase)
	run("add-key", passphrase, "--yes")
	run("show-key", pin, "--yes")
	if reply, err := d.Transmit([]byte{0, 0x20, 0, 0x80}); err != nil || fmt.Sprintf("%x", reply) == "9000" {
		t.Errorf("whether the PIN is known, the key answers %x, %v", reply, err)
	}
}
