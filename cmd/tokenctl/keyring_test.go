//go:build linux

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// startKeyring starts a session bus with GNOME's keyring on it, unlocked, until the
// test ends, and returns the bus's address.
func (r *rig) startKeyring() (address string, err error) {
	r.tb.Helper()
	for _, tool := range []string{"dbus-daemon", "dbus-send", "gnome-keyring-daemon"} {
		oathtest.RequireTool(r.tb, tool)
	}
	home := r.tb.TempDir()
	bus := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address", "--address=unix:path="+home+"/bus")
	stdout, err := bus.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := r.background(bus); err != nil {
		return "", err
	}
	if address, err = bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return "", fmt.Errorf("starting dbus-daemon: %w", err)
	}
	environment := append(r.environment(home), "XDG_RUNTIME_DIR="+home, busVariable+"="+strings.TrimSpace(address))
	keyring := exec.Command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	keyring.Env, keyring.Stdin = environment, strings.NewReader("its password")
	if err := r.background(keyring); err != nil {
		return "", err
	}
	return strings.TrimSpace(address), awaitSecretService(environment)
}

// busVariable leads programs to the session bus.
const busVariable = "DBUS_SESSION_BUS_ADDRESS"

// background runs a program until the test ends.
func (r *rig) background(c *exec.Cmd) error {
	if err := c.Start(); err != nil {
		return err
	}
	r.tb.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return nil
}

// awaitSecretService waits until the bus has a keyring. To ask for that itself
// would make the bus start one.
func awaitSecretService(environment []string) error {
	var failed error
	return cmp.Or(oathtest.Await("the keyring", func() bool {
		c := exec.Command("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/",
			"org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets")
		c.Env = environment
		reply, err := c.Output()
		failed = err
		return err != nil || bytes.Contains(reply, []byte("boolean true"))
	}), failed)
}

func scriptKeyring(ts *testscript.TestScript, neg bool, args []string) {
	address, err := rigOf(ts).startKeyring()
	ts.Check(err)
	ts.Setenv(busVariable, address)
}
