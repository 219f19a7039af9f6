//go:build linux

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/ykoath"
)

// A desktop shows notifications, and passes on what it is asked.
type desktop chan string

func (d desktop) Notify(app string, replaces uint32, icon, summary, body string, actions []string, hints map[string]dbus.Variant, expire int32) (uint32, *dbus.Error) {
	d <- app + ": " + summary + body
	return 7, nil
}

func (d desktop) CloseNotification(id uint32) *dbus.Error {
	d <- "closed"
	if id != 7 {
		d <- "another one"
	}
	return nil
}

// Where no terminal shows that a touch is awaited, the desktop does, until it is over; or
// else the command that was given.
func TestTouchNotification(t *testing.T) {
	oathtest.RequireTool(t, "dbus-daemon")
	r := newRig(t)
	daemon := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address", "--address=unix:path="+filepath.Join(t.TempDir(), "bus"))
	stdout, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.background(daemon); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	bus, err := dbus.Connect(strings.TrimSpace(address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bus.Close() })
	shown := make(desktop, 8)
	const name = "org.freedesktop.Notifications"
	if err := bus.Export(shown, "/org/freedesktop/Notifications", name); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.RequestName(name, 0); err != nil {
		t.Fatal(err)
	}

	red := r.plug("red", 0, virtualkey.Config{Touch: virtualkey.TouchNever, TouchTimeout: 2 * time.Hour})
	put(t, red, oath.Account{Issuer: "Bank", Name: "erin", Touch: true})
	home := t.TempDir()
	start := func(args ...string) (wait func() outcome) {
		var said, code trace
		c := exec.Command("tokenctl", args...)
		c.Env = append(r.environment(home), busVariable+"="+strings.TrimSpace(address), noticeVariable+"=1ms")
		c.Stdout, c.Stderr = &code, &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return func() outcome {
			c.Wait()
			return outcome{c.ProcessState.ExitCode(), code.String(), said.String()}
		}
	}

	wait := start("code", "Bank:erin", "--at", "59")
	if got := <-shown; got != "tokenctl: Touch the key, please." {
		t.Errorf("shown: %q", got)
	}
	touch(t, red)
	if got := <-shown; got != "closed" {
		t.Errorf("then: %q", got)
	}
	if got := wait(); got != (outcome{0, "287082\n", "Touch the key, please.\n"}) {
		t.Errorf("%v", got)
	}

	wait = start("code", "Bank:erin", "--at", "59", "--touch-command", "echo shown; touch "+home+"/here; exec sleep 1000")
	if err := oathtest.Await("the command", func() bool {
		_, err := os.Stat(home + "/here")
		return err == nil
	}); err != nil {
		t.Error(err)
	}
	touch(t, red)
	if got := wait(); got != (outcome{0, "287082\n", "Touch the key, please.\nshown\n"}) {
		t.Errorf("%v", got)
	}

	wait = start("code", "Bank:erin", "--at", "59", "--touch-command", "exit 3")
	touch(t, red)
	if got := wait(); got.status != 0 || got.stdout != "287082\n" {
		t.Errorf("a command that fails: %v", got)
	}
	if len(shown) > 0 {
		t.Errorf("beside a command, the desktop showed %q", <-shown)
	}
}

// put puts an account on a key, with the secret of RFC 6238.
func put(t *testing.T, d *device, a oath.Account) {
	t.Helper()
	secret, err := oath.ParseSecret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	if err != nil {
		t.Fatal(err)
	}
	session, err := ykoath.Select(d.Key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Put(a.WithDefaults(), secret); err != nil {
		t.Fatal(err)
	}
}

// touch touches a key once it waits for that.
func touch(t *testing.T, d *device) {
	t.Helper()
	if err := d.Touch(t.Context()); err != nil {
		t.Error(err)
	}
}
