//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// A pivDesk is a key, and a vault that a passphrase opens.
type pivDesk struct {
	*rig
	key             *device
	vault           string
	passphrase, pin string // flags that give them
}

func newPIVDesk(t *testing.T) pivDesk {
	r, dir := newRig(t), t.TempDir()
	for name, content := range map[string]string{"passphrase": "correct horse battery staple", "pin": "123456"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := pivDesk{
		rig: r, key: r.plug("key", 0, virtualkey.Config{}), vault: filepath.Join(dir, "vault"),
		passphrase: "--passphrase-file=" + filepath.Join(dir, "passphrase"), pin: "--pin-file=" + filepath.Join(dir, "pin"),
	}
	d.do("init", d.passphrase)
	return d
}

// do runs a command on the vault.
func (d pivDesk) do(args ...string) outcome {
	d.tb.Helper()
	o := d.run("", append([]string{"tokenctl", "vault"}, append(args, "--vault", d.vault)...)...)
	d.tb.Log(args, o)
	return o
}

// TestPINForgotten has the next program find the key as if it had never been given
// its PIN.
func TestPINForgotten(t *testing.T) {
	t.Parallel()
	d := newPIVDesk(t)
	for _, command := range [][]string{{"add-key", d.passphrase, "--yes", "--unattested"}, {"show-key", d.pin, "--yes"}} {
		if o := d.do(command...); o.status != 0 {
			t.Fatal(o)
		}
	}
	if reply, err := d.key.Transmit([]byte{0, 0x20, 0, 0x80}); err != nil || fmt.Sprintf("%x", reply) == "9000" {
		t.Errorf("whether the PIN is known, the key answers %x, %v", reply, err)
	}
}

// TestManagementKeyBehindPIN has ykman keep the management key behind the PIN.
func TestManagementKeyBehindPIN(t *testing.T) {
	oathtest.RequireTool(t, "ykman")
	t.Parallel()
	d := newPIVDesk(t)
	d.must("", "ykman", "-d", "12345678", "piv", "access", "change-management-key", "--protect", "--generate",
		"--pin", "123456", "--force", "--management-key", "010203040506070801020304050607080102030405060708")
	o := d.do("add-key", d.passphrase, "--yes", "--unattested")
	if o.status != term.ExitPassword || !strings.Contains(o.stderr, "--pin-file if it is protected") {
		t.Errorf("without the PIN: %v", o)
	}
	if o := d.do("add-key", d.passphrase, d.pin, "--yes", "--unattested"); o.status != 0 {
		t.Errorf("with the PIN: %v", o)
	}
}
