//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

const (
	aliceURI = "otpauth://totp/GitHub:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	bobURI   = "otpauth://totp/GitHub:bob?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&period=60"
	carolURI = "otpauth://totp/GitHub:carol?secret=KRSXG5CTMVRXEZLUKN2XAZLSKRSXG5CT"
)

// TestPulledOut pulls the key out at each APDU of each command that changes it,
// before the key carries it out and after. Plugged in again, the key is as it was
// before the command or as it should be after it, and never in between; but for what
// --overwrite puts beside, which the same command again takes off.
func TestPulledOut(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, stdin string
		args        []string
	}{
		{"enroll", carolURI, []string{"enroll", "-"}},
		{"overwrite", strings.Replace(carolURI, "carol", "alice", 1), []string{"enroll", "-", "--overwrite"}},
		{"code", "", []string{"code", "GitHub:alice"}},
		{"rename", "", []string{"rename", "alice", "GitHub:dave"}},
		{"delete", "", []string{"delete", "alice", "--yes"}},
		{"password", "", []string{"password", "set", "--new-password-file", password}},
		{"reset", "", []string{"reset", "--yes"}},
	} {
		for _, kind := range []virtualkey.FaultKind{virtualkey.FaultPull, virtualkey.FaultPullAfter} {
			fault := virtualkey.Fault{Nth: 1, Kind: kind}
			t.Run(test.name+"/"+strings.TrimPrefix(fault.String(), "1:"), func(t *testing.T) {
				t.Parallel()
				command := append([]string{"tokenctl"}, test.args...)
				pullOut(t, kind, password, test.stdin, command)
			})
		}
	}
}

// pullOut pulls the key out at one APDU of a command after the other.
func pullOut(t *testing.T, kind virtualkey.FaultKind, password, stdin string, command []string) {
	r := newRig(t)
	before := preparedState(r)
	old := snapshot(r, password)
	r.must(stdin, command...)
	done := snapshot(r, password)
	r.keys["prepared"].pull()

	for nth := 1; ; nth++ {
		state := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(state, before, 0o600); err != nil {
			t.Fatal(err)
		}
		d := r.plug(fmt.Sprint(nth), 0, virtualkey.Config{State: state})
		d.SetFaults(virtualkey.Fault{Nth: nth, Kind: kind})
		o := r.run(stdin, command...)
		if sent := len(d.trace.take()); sent < nth {
			if o.status != 0 || nth == 1 {
				t.Fatalf("%d APDUs: %v", sent, o)
			}
			return
		}
		r.again(d)
		found := snapshot(r, password)
		checkPulled(t, nth, o, beside.ReplaceAllString(found, ""), old, done)
		if beside.MatchString(found) {
			r.must(stdin, command...)
			if found = snapshot(r, password); found != done {
				t.Errorf("pulled out at APDU %d, and again, the key has:\n%s", nth, found)
			}
		}
		d.pull()
	}
}

// beside is what --overwrite leaves for a while.
var beside = regexp.MustCompile(`(?m)^tokenctl-new:GitHub:alice\t.*\n`)

// checkPulled checks what a command said whose key was pulled out, and what the
// key was found to be.
func checkPulled(t *testing.T, nth int, o outcome, found, old, done string) {
	t.Helper()
	if o.status != term.ExitNoKey && o.status != term.ExitPartial {
		t.Errorf("pulled out at APDU %d: %v", nth, o)
	}
	if o.stdout != "" {
		t.Errorf("pulled out at APDU %d, it printed %q", nth, o.stdout)
	}
	if !strings.Contains(o.stderr, "removed") || !strings.Contains(o.stderr, "Plug it in again") {
		t.Errorf("pulled out at APDU %d, it says %q", nth, o.stderr)
	}
	switch {
	case found != old && found != done:
		t.Errorf("pulled out at APDU %d, the key has:\n%s\nbefore:\n%s\nand after:\n%s", nth, found, old, done)
	case o.status == term.ExitPartial && found != done:
		t.Errorf("pulled out at APDU %d, the key is as before, but: %v", nth, o)
	}
}

// preparedState plugs in a key with two accounts, and returns its state.
func preparedState(r *rig) []byte {
	r.tb.Helper()
	state := filepath.Join(r.tb.TempDir(), "prepared")
	r.plug("prepared", 0, virtualkey.Config{State: state})
	r.must(aliceURI+"\n"+bobURI, "tokenctl", "enroll", "-")
	b, err := os.ReadFile(state)
	if err != nil {
		r.tb.Fatal(err)
	}
	return b
}

// snapshot returns what is on the key: accounts, codes at a certain time, and
// whether there is a password.
func snapshot(r *rig, password string) string {
	r.tb.Helper()
	codes := []string{"tokenctl", "code", "--at", "59"}
	o := r.run("", codes...)
	if o.status == term.ExitPassword {
		return r.must("", slices.Concat(codes, []string{"--password-file", password})...) + "password\n"
	}
	if o.status != 0 {
		r.tb.Fatal(o)
	}
	return o.stdout
}
