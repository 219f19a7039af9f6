//go:build linux

package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/pcsc"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// A rig is a PC/SC daemon of its own and the virtual keys that are plugged in.
type rig struct {
	tb      testing.TB
	daemon  *vktest.Daemon // nil with -short
	keys    map[string]*device
	holder  *holder       // of a key, another program; nil if there is none
	talk    *conversation // on the terminal; nil if there is none
	printer *printer      // nil if there is none
}

// newRig starts a daemon for the length of a test, or skips the test where that
// cannot be. With -short there is none, until a key is plugged in: then the test is
// skipped.
func newRig(tb testing.TB) *rig {
	tb.Helper()
	r := &rig{tb: tb, keys: make(map[string]*device)}
	if testing.Short() {
		return r
	}
	if _, err := pcsc.Connect(); errors.Is(err, pcsc.ErrUnavailable) {
		tb.Skip(err)
	}
	r.daemon = vktest.Launch(tb)
	return r
}

// A device is a virtual key, in a slot or on the table.
type device struct {
	*virtualkey.Key
	trace  trace
	slot   int
	pull   func()
	waited chan time.Time // ends a wait of an hour
}

// after has short waits of the key pass by themselves. One of an hour passes when
// the test says so.
func (d *device) after(wait time.Duration) <-chan time.Time {
	if wait < time.Hour {
		return time.After(wait)
	}
	return d.waited
}

// plug plugs a key in that has a name in this test. One of a new name is made as
// the config says; another is the same as before.
func (r *rig) plug(name string, slot int, config virtualkey.Config) *device {
	r.tb.Helper()
	oathtest.NeedsTool(r.tb, nil)
	d, known := r.keys[name]
	if !known {
		d = &device{waited: make(chan time.Time)}
		config.Trace, config.After = &d.trace, d.after
		d.Key = vktest.New(r.tb, config).Key
		r.keys[name] = d
	}
	d.slot = slot
	d.pull = r.daemon.Plug(r.tb, slot, d.Key)
	return d
}

// again plugs a key in that was pulled out, faults aside.
func (r *rig) again(d *device) {
	r.tb.Helper()
	d.pull()
	d.SetFaults()
	d.pull = r.daemon.Plug(r.tb, d.slot, d.Key)
}

// environment is what a program needs to find the daemon and the printer, and
// nothing of the user's own.
func (r *rig) environment(home string) []string {
	all := []string{"PCSCLITE_CSOCK_NAME=" + home + "/nowhere"}
	if r.daemon != nil {
		all = []string{r.daemon.Env()}
	}
	if r.printer != nil {
		all = append(all, r.printer.environment())
	}
	return append(all,
		"PATH="+os.Getenv("PATH"), "HOME="+home, "LC_ALL=C.UTF-8",
		"XDG_CONFIG_HOME="+home+"/config", "XDG_DATA_HOME="+home+"/data", "XDG_STATE_HOME="+home+"/state")
}

// An outcome is what a program did.
type outcome struct {
	status         int
	stdout, stderr string
}

func (o outcome) String() string {
	return fmt.Sprintf("status %d\n[stdout]\n%s[stderr]\n%s", o.status, o.stdout, o.stderr)
}

// run runs a program of the first argument's name on a standard input.
func (r *rig) run(stdin string, command ...string) outcome {
	r.tb.Helper()
	var stdout, stderr bytes.Buffer
	c := exec.Command(command[0], command[1:]...)
	c.Env = r.environment(r.tb.TempDir())
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := c.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		r.tb.Fatal(err)
	}
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must runs a program that succeeds, and returns what it printed.
func (r *rig) must(stdin string, command ...string) string {
	r.tb.Helper()
	o := r.run(stdin, command...)
	if o.status != 0 {
		r.tb.Fatalf("%s: %v", strings.Join(command, " "), o)
	}
	return o.stdout
}

// A trace is what virtualkey.Config.Trace receives.
type trace struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *trace) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *trace) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// take returns the names of the commands since it was last called.
func (t *trace) take() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.text.Reset()
	return namesIn(t.text.String())
}

// namesIn returns the names of the commands in a trace.
func namesIn(trace string) []string {
	var names []string
	for line := range strings.Lines(trace) {
		if _, text, found := strings.Cut(strings.TrimSpace(line), " > "); found {
			apdu, err := hex.DecodeString(text)
			if err != nil {
				panic(err)
			}
			names = append(names, nameOf(apdu))
		}
	}
	return names
}

// commands are the instructions of the OATH applet, from YKOATH, those that
// read the serial number, and the one that uses a PIV slot (NIST SP 800-73-4).
var commands = map[byte]string{
	0x01: "PUT", 0x02: "DELETE", 0x03: "SET CODE", 0x04: "RESET", 0x05: "RENAME",
	0xa1: "LIST", 0xa2: "CALCULATE", 0xa3: "VALIDATE", 0xa5: "SEND REMAINING",
	0x1d: "READ CONFIG", 0x87: "GENERAL AUTHENTICATE",
}

func nameOf(apdu []byte) string {
	switch {
	case len(apdu) < 5:
		return "short"
	case apdu[1] == 0xa4 && apdu[2] == 0x04:
		return selectNames[hex.EncodeToString(apdu[5:])]
	case apdu[1] == 0xa4:
		return "CALCULATE ALL"
	}
	return commands[apdu[1]]
}

var selectNames = map[string]string{
	"a0000005272101":   "SELECT",
	"a000000527471117": "SELECT Management",
	"a0000005272001":   "SELECT OTP",
}

// parseKey reads the flags that describe a key, which are those of virtualkey.
func parseKey(args []string) (name string, slot int, config virtualkey.Config, err error) {
	f := flag.NewFlagSet("plug", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.IntVar(&slot, "slot", 0, "")
	f.DurationVar(&config.TouchTimeout, "touch-timeout", 0, "")
	f.Func("serial", "", func(s string) error {
		n, err := strconv.ParseUint(s, 10, 32)
		config.Serial = uint32(n)
		return err
	})
	f.Func("firmware", "", func(s string) error { return config.Firmware.UnmarshalText([]byte(s)) })
	f.Func("touch", "", func(s string) error { return config.Touch.UnmarshalText([]byte(s)) })
	f.Func("disable", "", func(s string) (err error) {
		config.Disable = map[string]virtualkey.Capability{
			"oath": virtualkey.CapabilityOATH, "otp": virtualkey.CapabilityOTP, "piv": virtualkey.CapabilityPIV,
		}[s]
		if config.Disable == 0 {
			err = fmt.Errorf("no application %q", s)
		}
		return err
	})
	f.Func("quirk", "", func(s string) error { return config.Quirks.UnmarshalText([]byte(s)) })
	f.Func("fault", "", func(s string) error {
		var fault virtualkey.Fault
		err := fault.UnmarshalText([]byte(s))
		config.Faults = append(config.Faults, fault)
		return err
	})
	if err := f.Parse(args); err != nil {
		return "", 0, config, err
	}
	if f.NArg() != 1 {
		return "", 0, config, errors.New("usage: plug [-slot N] [flags of virtualkey] NAME")
	}
	return f.Arg(0), slot, config, nil
}

// parseFaults reads faults as virtualkey's flag --fault has them.
func parseFaults(specs []string) ([]virtualkey.Fault, error) {
	var faults []virtualkey.Fault
	for _, spec := range specs {
		var fault virtualkey.Fault
		if err := fault.UnmarshalText([]byte(spec)); err != nil {
			return nil, err
		}
		faults = append(faults, fault)
	}
	return faults, nil
}

// sameCommands compares a trace with the names that were expected.
func sameCommands(got, want []string) error {
	if !slices.Equal(got, want) {
		return fmt.Errorf("the key was sent %q, want %q", got, want)
	}
	return nil
}
